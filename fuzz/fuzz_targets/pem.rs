//! The text of a PEM file: what it says of its blocks is what is written again.
#![no_main]

use kubepki::x509::{Certificate, pem};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = (pem::is_pem(bytes), Certificate::all_from_pem(bytes).is_ok());
    let Ok(blocks) = pem::blocks(bytes) else { return };
    for block in &blocks {
        assert!(block.line >= 1);
        let Ok(text) = pem::encode(&block.label, &block.contents) else { continue };
        let again = pem::blocks(text.as_bytes()).unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!((&again[0].label, &*again[0].contents), (&block.label, &*block.contents));
    }
});
