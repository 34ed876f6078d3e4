//! An object as YAML or JSON, and after a line of `---` another that is to replace it: created, written to each endpoint, decided
//! on; what must hold of every outcome holds.
#![no_main]

use std::sync::OnceLock;

use kubepki::csr::admission::Admission;
use kubepki::csr::policy::{Outcome, Rule};
use kubepki::csr::rbac::Rbac;
use kubepki::csr::signer::{BUILT_IN, Custom, Pattern, Rules, Signer};
use kubepki::csr::strategy::{self, Birth};
use kubepki::csr::validate::{self, Endpoint};
use kubepki::csr::{CertificateSigningRequest, Object, Policy, Step, User, decide};
use kubepki::spec::Spec;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (old, new) = text.split_once("\n---\n").unwrap_or((text, text));
    let Ok(old) = serde_yaml::from_str::<CertificateSigningRequest>(old) else { return };
    let rbac = Rbac::default();
    let admission = Admission { rbac: &rbac };
    let masters = User::known("root", &["system:masters".to_owned()]);
    let birth = Birth { now: NOW, uid: "u".to_owned(), suffix: "abcde".to_owned() };
    for user in
        [masters.clone(), User::anonymous(), User::known("system:node:a", &["system:nodes".to_owned()])]
    {
        match strategy::create(old.clone(), &user, &admission, &birth) {
            Ok(made) => {
                assert_eq!(made.spec.username.as_deref(), Some(user.name.as_str()));
                assert!(made.conditions().is_empty() && made.certificate().is_none());
                assert!(validate::create(&made).is_empty());
                step(&made);
            }
            Err(refusal) => assert!(!refusal.message.is_empty()),
        }
    }
    step(&old);
    let Ok(new) = serde_yaml::from_str::<CertificateSigningRequest>(new) else { return };
    for endpoint in [Endpoint::Main, Endpoint::Approval, Endpoint::Status] {
        let Ok(stored) = strategy::update(new.clone(), &old, endpoint, &masters, &admission, NOW) else {
            continue;
        };
        assert_eq!(stored.spec, old.spec);
        let both = |object: &CertificateSigningRequest| object.has("Approved") && object.has("Denied");
        assert!(!both(&stored) || both(&old));
        assert!(old.certificate().is_none() || stored.certificate() == old.certificate());
        assert_eq!(
            strategy::update(stored.clone(), &stored, endpoint, &masters, &admission, NOW).as_ref(),
            Ok(&stored)
        );
        step(&stored);
    }
});

/// Decides, with every signer there is and a rule that approves.
fn step(object: &CertificateSigningRequest) {
    static SIGNERS: OnceLock<Vec<Signer>> = OnceLock::new();
    let signers = SIGNERS.get_or_init(|| {
        let custom = Custom {
            common_names: vec![Pattern("*a*".to_owned())],
            dns_names: vec![Pattern("*".to_owned())],
            permitted_usages: vec!["client auth".to_owned()],
            ..Custom::default()
        };
        let custom = ("example.com/a", Rules::Custom(Box::new(custom)));
        let all = BUILT_IN.iter().map(|signer| (signer.name, Rules::BuiltIn(signer))).chain([custom]);
        all.map(|(name, rules)| Signer {
            name: name.to_owned(),
            rules,
            longest: Duration::hours(8760),
            authority: "ca".to_owned(),
            append_chain: false,
        })
        .collect()
    });
    let rules =
        [Rule { outcome: Outcome::Approve, users: vec![Pattern("system:*".to_owned())], ..Rule::default() }];
    let spec = Spec::empty();
    for trust_requester in [false, true] {
        let policy = Policy {
            signers,
            authorities: &[("ca".to_owned(), datetime!(2036-11-22 12:00 UTC))],
            rules: &rules,
            spec: Some(&spec),
            rbac: &Rbac::default(),
            trust_requester,
            clean: true,
        };
        if let Step::Sign(order) = decide(object, &policy, NOW).step {
            assert!(object.has("Approved") && !object.has("Denied") && object.certificate().is_none());
            assert!(!order.profile.ca && order.profile.not_after > order.profile.not_before);
        }
    }
}
