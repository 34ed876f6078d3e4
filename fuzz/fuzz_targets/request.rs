//! A certificate request in DER: what can be read has a subject and key that are copied to the byte.
#![no_main]

use kubepki::x509::{Name, PublicKey, Request};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = Request::from_der(bytes) else { return };
    let _ = request.verify_signature();
    assert_eq!(Name::from_der(request.subject.as_der()).unwrap(), request.subject);
    assert_eq!(PublicKey::from_der(request.public_key.as_der()).unwrap(), request.public_key);
});
