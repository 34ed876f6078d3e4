//! Whatever is asked for: what is issued satisfies its signer's own rules, verifies under its CA, and says nothing that was not
//! looked at; no write changes what was asked for, nor both approves and denies.

use std::collections::HashSet;

use kubepki::csr::admission::Admission;
use kubepki::csr::object::Object;
use kubepki::csr::request::Wanted;
use kubepki::csr::signer::{Custom, Pattern};
use kubepki::csr::usage;
use kubepki::csr::validate::Endpoint;
use kubepki::csr::{CertificateSigningRequest, Step, strategy};
use kubepki::x509::{Subject, SubjectAltName, chain};
use proptest::prelude::*;
use time::Duration;

use crate::bed::{
    CLIENT, Edit, KUBELET, LEGACY, NOW, SERVING, World, asking, authority, condition, conditions, rbac,
    texts, user,
};
use crate::forge::csr;

const CUSTOM: &str = "example.com/a";

fn world() -> World {
    World::with_custom(
        CUSTOM,
        Custom {
            common_names: vec![Pattern("*".into())],
            organizations: vec![Pattern("system:*".into()), Pattern("dev".into())],
            dns_names: vec![Pattern("*".into())],
            permitted_usages: usage::names().into_iter().map(str::to_owned).collect(),
            ..Custom::default()
        },
    )
}

/// Words of a request: those that signers look at more often than others.
fn request() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => Just("O=system:nodes".to_owned()),
        4 => Just("CN=system:node:cp1".to_owned()),
        2 => Just("O=system:masters".to_owned()),
        2 => Just("dns:cp1".to_owned()),
        1 => "(CN|O|OU|C|ST|L|street|postal|serial|DC|UID|mail|KUID)=[a-zA-Z:@*\u{fc}\u{430} ._-]{0,12}",
        1 => "(dns|email|other|dir):[a-z0-9.*@-]{0,12}",
        1 => "uri:(spiffe|SPIFFE)://[a-z]{1,5}/[a-zA-Z%0-9]{0,5}",
        1 => any::<u32>().prop_map(|bits| format!("ip:{}", std::net::Ipv4Addr::from(bits))),
        1 => any::<u128>().prop_map(|bits| format!("ip:{}", std::net::Ipv6Addr::from(bits))),
        1 => Just("rid:1.2.3.4".to_owned()),
        1 => prop::sample::select(vec!["ca!", "ku!", "eku!", "oid!"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(word, 0..7).prop_map(|mut words| {
        let mut seen = HashSet::new();
        words.retain(|word| !word.ends_with('!') || seen.insert(word.clone()));
        words.join(", ")
    })
}

fn object() -> impl Strategy<Value = CertificateSigningRequest> {
    let signer = prop::sample::select(vec![CLIENT, KUBELET, SERVING, LEGACY, CUSTOM]);
    let usages = prop_oneof![
        prop::sample::select(vec!["c", "d+c", "d+c+k", "d+s", "d+s+k", "c+d"]).prop_map(str::to_owned),
        prop::sample::subsequence(usage::names(), 1..4).prop_map(|names| names.join("+")),
    ];
    let seconds = prop::option::of(prop_oneof![600..100_000, Just(i32::MAX)]);
    (signer, usages, request(), seconds).prop_map(|(signer, usages, request, seconds)| {
        asking(signer, &usages, csr(&request)).with(|object| object.spec.expiration_seconds = seconds)
    })
}

/// A status of whatever conditions.
fn status() -> impl Strategy<Value = Vec<(String, String, bool)>> {
    let kind = prop::sample::select(vec!["Approved", "Denied", "Failed", "X", ""]).prop_map(str::to_owned);
    let status =
        prop_oneof![8 => Just("True".to_owned()), 1 => Just("False".to_owned()), 1 => Just(String::new())];
    prop::collection::vec((kind, status, any::<bool>()), 0..4)
}

fn with_status(
    object: CertificateSigningRequest,
    status: &[(String, String, bool)],
    certificate: bool,
) -> CertificateSigningRequest {
    let object = object.with(|object| {
        for (kind, status, timed) in status {
            let mut condition = condition(kind, status);
            if !timed {
                (condition.last_update_time, condition.last_transition_time) = (None, None);
            }
            conditions(object).push(condition);
        }
    });
    if certificate { object.has_certificate(authority().0.to_pem().unwrap().as_bytes()) } else { object }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_issued_is_what_its_signer_allows_and_nothing_else(object in object()) {
        let world = world();
        let object = object.has_condition("Approved");
        let Step::Sign(order) = world.decide(&object).step else { return Ok(()) };
        let certificate = world.certificate(&object);
        let wanted = Wanted::read(&object.spec.request.0).unwrap();
        let asked = object.spec.usages.clone().unwrap();

        // It verifies under its CA, for now and not for longer than the CA.
        let (ca, _) = authority();
        prop_assert_eq!(chain::signed_by(&certificate, ca), Ok(()));
        prop_assert!(certificate.is_well_formed());
        prop_assert!(certificate.not_before == NOW - Duration::minutes(5) && certificate.not_after <= ca.not_after);
        let span = certificate.not_after - certificate.not_before;
        let most = object.spec.expiration_seconds.map_or(Duration::hours(8760), |seconds| Duration::seconds(seconds.into()));
        prop_assert!(span <= most.min(Duration::hours(8760)) + Duration::minutes(5));

        // Its signer's rules hold of the certificate itself, as somebody would check who has only that.
        let signer = world.signers.iter().find(|signer| signer.name == order.signer).unwrap();
        let reread = csr_of(&certificate);
        prop_assert_eq!(signer.check(&reread, &asked), Ok(()));
        prop_assert_eq!(sorted(&reread.subject), sorted(&wanted.subject));
        prop_assert!(signer.name != CLIENT || !wanted.subject.organization.iter().any(|group| group == "system:masters"));
        prop_assert!(signer.name != CUSTOM || !wanted.subject.organization.iter().any(|group| group == "system:masters"));

        // Nothing that was not looked at: names, usages, extensions, the CA bit.
        prop_assert_eq!(&certificate.subject_alt_names, &wanted.subject_alt_names());
        let other = |name: &SubjectAltName| matches!(name, SubjectAltName::Other(_));
        prop_assert!(!certificate.subject_alt_names.iter().any(other));
        prop_assert_eq!(&certificate.usages, &usage::certified(&asked).unwrap());
        prop_assert!(!certificate.is_ca());
        let arcs: Vec<u32> = certificate.extensions.iter().map(|extension| extension.oid.arcs().last().unwrap()).collect();
        prop_assert!(arcs.iter().all(|arc| [15, 37, 19, 35, 17].contains(arc)), "{:?}", arcs);
        prop_assert_eq!(certificate.public_key.as_der(), wanted.public_key.as_der());
        let critical = certificate.extensions.iter().find(|extension| extension.oid.arcs().last() == Some(17)).map(|it| it.critical);
        prop_assert_eq!(critical.unwrap_or(certificate.subject.is_empty()), certificate.subject.is_empty());
    }

    /// The same decision twice is the same, and what is decided can be written.
    #[test]
    fn a_decision_can_be_carried_out(object in object()) {
        let world = World { rbac: rbac(&["@system:unauthenticated create certificatesigningrequests/nodeclient"]), ..world() };
        let step = world.step(&object);
        prop_assert_eq!(&step, &world.step(&object));
        let admin = user("root", &["system:masters"]);
        let nobody = rbac(&[]);
        let admission = Admission { rbac: &nobody };
        let write = |object: &CertificateSigningRequest, endpoint, edit: &dyn Fn(&mut CertificateSigningRequest)| {
            let mut new = object.clone();
            edit(&mut new);
            strategy::update(new, object, endpoint, &admin, &admission, NOW)
        };
        match world.decide(&object).step {
            Step::Approve { reason, message, .. } => {
                let approved = write(&object, Endpoint::Approval, &|it| it.add_condition("Approved", &reason, &message)).unwrap();
                prop_assert_eq!(world.step(&approved), "sign");
            }
            Step::Fail(message) if object.spec.signer_name != LEGACY => {
                let failed = write(&object, Endpoint::Status, &|it| it.add_condition("Failed", "SignerValidationFailure", &message)).unwrap();
                prop_assert_eq!(world.step(&failed), "rest it has failed");
            }
            _ => {}
        }
    }

    /// Whatever is written where: the request stays, nothing is both approved and denied, what was decided stays decided, and
    /// to write the outcome again changes nothing.
    #[test]
    fn writes_keep_what_was_asked_and_decided(
        object in object(),
        (before, after) in (status(), status()),
        (had, has) in (any::<bool>(), any::<bool>()),
        other in object(),
        endpoint in prop::sample::select(vec![Endpoint::Main, Endpoint::Approval, Endpoint::Status]),
    ) {
        let old = with_status(object, &before, had);
        let mut new = with_status(old.clone().with(|it| it.status = None), &after, has);
        new.spec = other.spec;
        let admin = user("root", &["system:masters"]);
        let nobody = rbac(&[]);
        let admission = Admission { rbac: &nobody };
        let Ok(stored) = strategy::update(new, &old, endpoint, &admin, &admission, NOW) else { return Ok(()) };
        prop_assert_eq!(&stored.spec, &old.spec);
        let both = |object: &CertificateSigningRequest| object.has("Approved") && object.has("Denied");
        prop_assert!(!both(&stored) || both(&old));
        for kind in ["Approved", "Denied", "Failed"] {
            prop_assert!(!old.has(kind) || stored.has(kind), "{} is gone", kind);
        }
        if endpoint != Endpoint::Approval {
            prop_assert_eq!(stored.has("Approved"), old.has("Approved"));
            prop_assert_eq!(stored.has("Denied"), old.has("Denied"));
        }
        prop_assert!(old.certificate().is_none() || stored.certificate() == old.certificate());
        prop_assert!(endpoint == Endpoint::Status || stored.certificate() == old.certificate());
        // Again, by who has read it: the same.
        let again = strategy::update(stored.clone(), &stored, endpoint, &admin, &admission, NOW + Duration::hours(1));
        prop_assert_eq!(again.as_ref(), Ok(&stored));
    }

    /// Who creates an object is who is written into it, whatever it says, and to create it again makes the same.
    #[test]
    fn a_new_object_is_its_requesters(object in object(), before in status()) {
        let jane = user("jane", &["dev"]);
        let forged = with_status(object, &before, true).asked_by("root", &["system:masters"]);
        let Ok(made) = crate::bed::create(forged, &jane) else { return Ok(()) };
        prop_assert_eq!(made.spec.username.as_deref(), Some("jane"));
        prop_assert_eq!(made.status.clone(), Some(Default::default()));
        prop_assert_eq!(texts(&kubepki::csr::validate::create(&made)), Vec::<String>::new());
        prop_assert_eq!(crate::bed::create(made.clone(), &jane), Ok(made));
    }
}

/// A subject with the values of each type in an order of their own: a set has none.
fn sorted(subject: &Subject) -> Subject {
    let mut subject = subject.clone();
    for values in [
        &mut subject.country,
        &mut subject.province,
        &mut subject.locality,
        &mut subject.street_address,
        &mut subject.postal_code,
        &mut subject.organization,
        &mut subject.organizational_unit,
    ] {
        values.sort();
    }
    subject
}

/// What a certificate says, as a request for it would.
fn csr_of(certificate: &kubepki::x509::Certificate) -> Wanted {
    let mut forge = crate::forge::Forge::new("");
    forge.subject = certificate.subject.as_der().to_vec();
    let names = certificate.extensions.iter().find(|extension| extension.oid.to_string() == "2.5.29.17");
    let extensions: Vec<Vec<u8>> =
        names.map(|names| crate::forge::extension("2.5.29.17", false, &names.value)).into_iter().collect();
    forge.attributes = vec![crate::forge::request_for(&[&extensions])];
    Wanted::read(&forge.pem()).unwrap()
}
