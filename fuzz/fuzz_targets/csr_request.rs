//! `spec.request`, as it comes and as the content of a block: what is read can be written, and says nothing else then; who is
//! stricter reads nothing else.
#![no_main]

use kubepki::csr::request::Wanted;
use kubepki::x509::go::GoRequest;
use kubepki::x509::{Request, SubjectAltName, alt_name, pem};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Wanted::read(bytes).map_err(|error| error.to_string());
    let wrapped = pem::encode("CERTIFICATE REQUEST", bytes).unwrap();
    let read = GoRequest::from_der(bytes);
    let wanted = Wanted::unverified(wrapped.as_bytes());
    assert_eq!(read.is_ok(), wanted.is_ok());
    let (Ok(read), Ok(wanted)) = (read, wanted) else { return };
    let _ = read.verify_signature();
    assert!(wanted.subject.to_name().is_ok());
    let names = wanted.subject_alt_names();
    assert!(!names.iter().any(|name| matches!(name, SubjectAltName::Other(_))));
    assert_eq!(alt_name::decode(&alt_name::encode(&names).unwrap()).unwrap(), names);
    // The strict reader of the inspector sees the same key, and no fewer names.
    if let Ok(strict) = Request::from_der(bytes) {
        assert_eq!(strict.public_key, wanted.public_key);
        let seen =
            strict.subject_alt_names.iter().filter(|name| !matches!(name, SubjectAltName::Other(_))).count();
        assert_eq!(seen, names.len());
    }
});
