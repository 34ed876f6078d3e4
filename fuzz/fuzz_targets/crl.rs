//! A revocation list in DER: reading, checking and asking it never panics, and what was read is what is written.
#![no_main]

use kubepki::x509::{Crl, Name};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(crl) = Crl::from_der(bytes) else { return };
    assert_eq!(crl.as_der(), bytes);
    assert_eq!(Name::from_der(crl.issuer.as_der()).unwrap(), crl.issuer);
    assert!(crl.revoked.is_sorted());
    let _ = (crl.issuer.to_string(), crl.unknown_critical(), crl.is_delta());
    let _ = crl.revoked.iter().filter_map(|entry| entry.reason_name()).count();
});
