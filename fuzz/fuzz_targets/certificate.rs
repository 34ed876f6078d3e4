//! A certificate in DER: reading, printing, checking its own signature and writing it again never panics, and what was
//! read is what is written, unless it is refused for an anomaly.
#![no_main]

use kubepki::x509::weakness::weakness;
use kubepki::x509::{Certificate, chain};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(certificate) = Certificate::from_der(bytes) else { return };
    assert_eq!(certificate.as_der(), bytes);
    let _ = (certificate.subject.to_string(), certificate.usages.to_string(), certificate.fingerprint());
    let _ = chain::signed_by(&certificate, &certificate);
    let _ = (certificate.subject.faults(), weakness(&certificate.public_key));
    let _ = certificate.signature_algorithm.fits(&certificate.public_key);
    let _ = certificate
        .anomalies
        .iter()
        .map(|anomaly| format!("{anomaly}, {}", anomaly.section()).len())
        .sum::<usize>();
    let again = Certificate::all_from_pem(certificate.to_pem().unwrap().as_bytes());
    match certificate.refusal() {
        Some(error) => assert_eq!(again.unwrap_err(), error),
        None => assert_eq!(again.unwrap(), [certificate]),
    }
});
