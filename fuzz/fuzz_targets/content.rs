//! The bytes of any file: PEM with whatever in it, DER, text.
#![no_main]

use kubepki::disk::Content;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let content = Content::parse(bytes);
    let _ = (
        content.certificates(),
        content.private_key().is_ok(),
        content.public_keys(),
        content.kubeconfig().is_ok(),
    );
});
