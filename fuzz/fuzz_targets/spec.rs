//! A spec or kubeadm configuration, in YAML and in TOML: what loads has targets, and shows as a spec that loads.
#![no_main]

use kubepki::spec::kubeadm::Host;
use kubepki::spec::load::parse;
use kubepki::spec::show::Document;
use kubepki::target::{Selection, Targets};

const NOBODY: Host = Host { name: || None, address: |_| None };

libfuzzer_sys::fuzz_target!(|text: &str| {
    for toml in [false, true] {
        if let Ok((spec, _)) = parse(text, toml, NOBODY) {
            let _ = Targets::of(&spec, &Selection::default());
            let _ = kubepki::report::json(&Document::from(&spec), &mut Vec::new());
        }
    }
});
