//! Signers of the user's own: what each refuses, with the value and what there is.

use ipnet::IpNet;
use kubepki::csr::signer::{Custom, Pattern, Range};

use crate::bed::{Edit, World, ask};

type Row = (&'static str, &'static str, &'static str);

fn patterns(text: &str) -> Vec<Pattern> {
    text.split(' ').map(|text| Pattern(text.to_owned())).collect()
}

fn custom() -> Custom {
    Custom {
        common_names: patterns("*.example.com web"),
        organizations: patterns("dev* ops"),
        dns_names: patterns("*.example.com"),
        ip_addresses: vec![Range("192.0.2.0/24".parse::<IpNet>().unwrap())],
        email_addresses: patterns("*@example.com"),
        uris: patterns("spiffe://example.com/*"),
        required_usages: vec!["server auth".into()],
        permitted_usages: vec!["digital signature".into(), "key encipherment".into()],
        ..Custom::default()
    }
}

/// Usages, request, and what is done once it is approved.
pub fn rows() -> Vec<Row> {
    vec![
        ("s", "CN=web", "sign"),
        (
            "s+d+k",
            "O=dev, O=ops, CN=a.example.com, dns:a.example.com, ip:192.0.2.1, email:a@example.com, uri:spiffe://example.com/a",
            "sign",
        ),
        ("s", "", "sign"),
        ("s", "dns:a.example.com", "sign"),
        ("s", "CN=other", "fail common name `other` is not allowed: there are `*.example.com`, `web`"),
        ("s", "CN=we\nb", r"fail common name `we\nb` is not allowed: there are `*.example.com`, `web`"),
        ("s", "CN=\u{202e}.example.com", "sign"),
        (
            "s",
            "CN=web, CN=other",
            "fail common name `other` is not allowed: there are `*.example.com`, `web`",
        ),
        ("s", "O=root, CN=web", "fail organization `root` is not allowed: there are `dev*`, `ops`"),
        ("s", "O=dev, O=root, CN=web", "fail organization `root` is not allowed: there are `dev*`, `ops`"),
        ("s", "C=DE, CN=web", "fail subject country `DE` is not allowed"),
        ("s", "ST=s, CN=web", "fail subject province `s` is not allowed"),
        ("s", "L=l, CN=web", "fail subject locality `l` is not allowed"),
        ("s", "street=s, CN=web", "fail subject street address `s` is not allowed"),
        ("s", "postal=p, CN=web", "fail subject postal code `p` is not allowed"),
        ("s", "OU=u, OU=v, CN=web", "fail subject organizational unit `u`, `v` is not allowed"),
        ("s", "serial=1, CN=web", "fail subject serial number `1` is not allowed"),
        ("s", "DC=d, UID=u, KUID=k, CN=web", "sign"),
        (
            "s",
            "CN=web, dns:a.b.example.com",
            "fail DNS subjectAltName `a.b.example.com` is not allowed: there are `*.example.com`",
        ),
        ("s", "CN=web, dns:A.EXAMPLE.com", "sign"),
        (
            "s",
            "CN=web, dns:example.com",
            "fail DNS subjectAltName `example.com` is not allowed: there are `*.example.com`",
        ),
        (
            "s",
            "CN=web, dns:a\0.example.com",
            r"fail DNS subjectAltName `a\0.example.com` is not allowed: there are `*.example.com`",
        ),
        (
            "s",
            "CN=web, ip:192.0.3.1",
            "fail IP subjectAltName `192.0.3.1` is not allowed: there are `192.0.2.0/24`",
        ),
        (
            "s",
            "CN=web, ip:2001:db8::1",
            "fail IP subjectAltName `2001:db8::1` is not allowed: there are `192.0.2.0/24`",
        ),
        (
            "s",
            "CN=web, email:a@example.org",
            "fail email subjectAltName `a@example.org` is not allowed: there are `*@example.com`",
        ),
        (
            "s",
            "CN=web, uri:spiffe://example.org/a",
            "fail URI subjectAltName `spiffe://example.org/a` is not allowed: there are `spiffe://example.com/*`",
        ),
        ("s", "CN=web, other:a, dir:b, rid:1.2.3, ca!, oid!", "sign"),
        ("d", "CN=web", "fail usage `server auth` is required"),
        (
            "s+c",
            "CN=web",
            "fail usage `client auth` is not allowed: there are `server auth`, `digital signature`, `key encipherment`",
        ),
        (
            "s+signing",
            "CN=web",
            "fail usage `signing` is not allowed: there are `server auth`, `digital signature`, `key encipherment`",
        ),
        // The first of several
        (
            "c",
            "C=DE, O=root, CN=other, dns:a, ip:::1",
            "fail common name `other` is not allowed: there are `*.example.com`, `web`",
        ),
        (
            "c",
            "C=DE, O=root, dns:a, ip:::1",
            "fail organization `root` is not allowed: there are `dev*`, `ops`",
        ),
        ("c", "C=DE, dns:a, ip:::1", "fail subject country `DE` is not allowed"),
        ("c", "dns:a, ip:::1", "fail DNS subjectAltName `a` is not allowed: there are `*.example.com`"),
        ("c", "ip:::1", "fail IP subjectAltName `::1` is not allowed: there are `192.0.2.0/24`"),
    ]
}

const NAME: &str = "example.com/serving";

#[test]
fn each_refusal_says_the_value_and_what_there_is() {
    let world = World::with_custom(NAME, custom());
    for (usages, request, expected) in rows() {
        let object = ask(NAME, usages, request).has_condition("Approved");
        assert_eq!(world.step(&object), expected, "{usages} {request:?}");
    }
}

#[test]
fn a_signer_of_nothing_allows_nothing() {
    let world = World::with_custom(NAME, Custom::default());
    for (usages, request, expected) in [
        ("s", "CN=a", "fail common name `a` is not allowed"),
        ("s", "O=a", "fail organization `a` is not allowed"),
        ("s", "dns:a", "fail DNS subjectAltName `a` is not allowed"),
        ("s", "ip:192.0.2.1", "fail IP subjectAltName `192.0.2.1` is not allowed"),
        ("s", "email:a@b", "fail email subjectAltName `a@b` is not allowed"),
        ("s", "uri:a:b", "fail URI subjectAltName `a:b` is not allowed"),
        ("s", "", "fail usage `server auth` is not allowed"),
    ] {
        let object = ask(NAME, usages, request).has_condition("Approved");
        assert_eq!(world.step(&object), expected, "{request}");
    }
}

/// Whoever is in this group may do everything: a star does not stand for it.
#[test]
fn masters_must_be_named() {
    for (organizations, expected) in [
        ("*", "fail organization `system:masters` is not allowed: there are `*`"),
        ("system:*", "fail organization `system:masters` is not allowed: there are `system:*`"),
        ("* system:masters", "sign"),
    ] {
        let custom = Custom {
            organizations: patterns(organizations),
            permitted_usages: vec!["client auth".into()],
            ..Custom::default()
        };
        let object = ask(NAME, "c", "O=system:masters").has_condition("Approved");
        assert_eq!(World::with_custom(NAME, custom).step(&object), expected);
    }
}

#[test]
fn a_signer_of_authorities_makes_authorities_and_appends_its_chain_where_it_says_so() {
    let custom = Custom {
        common_names: patterns("*"),
        permitted_usages: vec!["cert sign".into()],
        authority: true,
        ..Custom::default()
    };
    let mut world = World::with_custom(NAME, custom);
    world.signers.last_mut().unwrap().append_chain = true;
    let object = ask(NAME, "cert sign", "CN=sub").has_condition("Approved");
    assert!(world.order(&object).append_chain);
    let certificate = world.certificate(&object);
    assert!(certificate.is_ca() && certificate.subject_key_identifier.is_some());
    assert_eq!(certificate.usages.to_string(), "cert sign");
}
