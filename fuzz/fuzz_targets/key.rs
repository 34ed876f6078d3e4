//! A private key in DER or PEM: what is accepted signs, under the public key that it says it has, and is written so that
//! it is read again.
#![no_main]

use kubepki::x509::PrivateKey;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let from_der = PrivateKey::from_der(bytes);
    let from_pem = PrivateKey::from_pem(bytes);
    for key in from_der.into_iter().chain(from_pem.ok()) {
        let _ = (key.public_key().identifier(), key.sign(b"message").is_ok());
        let Ok(text) = key.to_pem() else { continue };
        let again = PrivateKey::from_pem(text.as_bytes()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
    }
});
