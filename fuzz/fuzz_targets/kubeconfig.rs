//! A kubeconfig: reading it, and putting credentials into it, after which it reads back with them.
#![no_main]

use kubepki::disk::Kubeconfig;
use kubepki::disk::kubeconfig::{Entry, write};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let readable = Kubeconfig::parse(text).is_ok();
    let entry = Entry {
        cluster: "c",
        server: "https://192.0.2.1:6443",
        authority: Some("A"),
        user: "u",
        certificate: Some("C"),
        key: "K",
    };
    let written = write(Some(text), &entry).unwrap();
    if readable {
        assert_eq!(Kubeconfig::parse(&written).unwrap().server, entry.server);
    }
});
