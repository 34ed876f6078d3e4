//! A private key under a passphrase, in DER or PEM: reading never panics, what would take too long is not begun, and what
//! opens is a key that signs and is written so that it is read again.
#![no_main]

use kubepki::x509::{EncryptedKey, PrivateKey};

/// More work than this for one input, and the fuzzer sees too few.
const MOST: u64 = 4096;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let from_der = EncryptedKey::from_der(bytes);
    let from_pem = EncryptedKey::from_pem(bytes);
    for key in from_der.into_iter().chain(from_pem.ok().flatten()) {
        // `PBKDF2-HMAC-SHA256 with 2048 rounds, AES-256-CBC`, `scrypt with N=16384, AES-256-CBC`
        let words = key.to_string();
        let costs = words.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<u64>().ok());
        if costs.max().is_some_and(|cost| cost > MOST) {
            continue;
        }
        assert!(key.opened().is_none());
        for passphrase in [&b"wrong"[..], b"secret"] {
            let Ok(opened) = key.open(passphrase) else { continue };
            let _ = opened.sign(b"message");
            let text = opened.to_pem().unwrap();
            let again = PrivateKey::from_pem(text.as_bytes()).unwrap();
            assert_eq!(again.public_key(), opened.public_key());
        }
    }
});
