//! The user's own rules of approval: the first that holds decides.

use std::net::IpAddr;

use ipnet::IpNet;
use kubepki::csr::policy::{Outcome, Rule};
use kubepki::csr::signer::{Pattern, Range};
use time::Duration;

use crate::bed::{Edit, World, ask};

type Row = (&'static str, Vec<Rule>, &'static str, &'static str, &'static str);

fn patterns(text: &str) -> Vec<Pattern> {
    text.split(' ').filter(|text| !text.is_empty()).map(|text| Pattern(text.to_owned())).collect()
}

fn ranges(text: &str) -> Vec<Range> {
    let range =
        |text: &str| text.parse::<IpNet>().unwrap_or_else(|_| IpNet::from(text.parse::<IpAddr>().unwrap()));
    text.split(' ').map(|text| Range(range(text))).collect()
}

/// A rule for `example.com/a` that approves.
fn approve(edit: impl FnOnce(&mut Rule)) -> Rule {
    let mut rule = Rule { outcome: Outcome::Approve, signers: patterns("example.com/a"), ..Rule::default() };
    edit(&mut rule);
    rule
}

fn rule(outcome: Outcome) -> Rule {
    Rule { outcome, ..Rule::default() }
}

/// What it is, the rules, the request with `usages|request`, what is done, and what the first rule says.
pub fn rows() -> Vec<Row> {
    const YES: &str = "approve AutoApproved: Decided by rule 1.";
    const NO: &str = "rest it waits for approval";
    vec![
        // Outcomes
        ("no rule", vec![], "s|CN=a", NO, ""),
        ("approve", vec![approve(|_| {})], "s|CN=a", YES, "Decided by rule 1."),
        (
            "deny",
            vec![rule(Outcome::Deny)],
            "s|CN=a",
            "deny AutoDenied: Decided by rule 1.",
            "Decided by rule 1.",
        ),
        (
            "a message",
            vec![approve(|it| it.message = Some("Fine.".into()))],
            "s|CN=a",
            "approve AutoApproved: Fine.",
            "Fine.",
        ),
        (
            "a name",
            vec![approve(|it| it.name = Some("web".into()))],
            "s|CN=a",
            "approve AutoApproved: Decided by web.",
            "Decided by web.",
        ),
        (
            "the first decides",
            vec![rule(Outcome::Deny), approve(|_| {})],
            "s|CN=a",
            "deny AutoDenied: Decided by rule 1.",
            "",
        ),
        (
            "the second, where the first does not hold",
            vec![approve(|it| it.users = patterns("jane")), rule(Outcome::Deny)],
            "s|CN=a",
            "deny AutoDenied: Decided by rule 2.",
            r#"the requester is "system:anonymous""#,
        ),
        ("pending stops", vec![rule(Outcome::Pending), approve(|_| {})], "s|CN=a", NO, "Decided by rule 1."),
        (
            "what does not hold does not stop",
            vec![Rule { users: patterns("jane"), ..Rule::default() }, approve(|_| {})],
            "s|CN=a",
            "approve AutoApproved: Decided by rule 2.",
            "",
        ),
        // A rule that does not approve holds where something is in its lists, so that nobody escapes it by asking for more.
        (
            "denied among others",
            vec![Rule { organizations: Some(patterns("system:masters")), ..rule(Outcome::Deny) }],
            "s|O=dev, O=system:masters",
            "deny AutoDenied: Decided by rule 1.",
            "",
        ),
        (
            "not denied",
            vec![Rule { organizations: Some(patterns("system:masters")), ..rule(Outcome::Deny) }],
            "s|O=dev",
            NO,
            "no organization is among its",
        ),
        (
            "not denied for asking for nothing",
            vec![Rule { organizations: Some(patterns("system:masters")), ..rule(Outcome::Deny) }],
            "s|CN=a",
            NO,
            "no organization is among its",
        ),
        (
            "one DNS name denied",
            vec![Rule { dns_names: Some(patterns("*.prod.example.com")), ..rule(Outcome::Deny) }],
            "s|dns:a, dns:b.prod.example.com",
            "deny AutoDenied: Decided by rule 1.",
            "",
        ),
        (
            "one address denied",
            vec![Rule { ip_addresses: Some(ranges("10.0.0.0/8")), ..rule(Outcome::Deny) }],
            "s|ip:192.0.2.1, ip:10.1.2.3",
            "deny AutoDenied: Decided by rule 1.",
            "",
        ),
        (
            "no address denied",
            vec![Rule { ip_addresses: Some(ranges("10.0.0.0/8")), ..rule(Outcome::Deny) }],
            "s|ip:192.0.2.1",
            NO,
            "no address is among its",
        ),
        (
            "one usage denied",
            vec![Rule { usages: Some(vec!["cert sign".into()]), ..rule(Outcome::Deny) }],
            "s+cert sign|CN=a",
            "deny AutoDenied: Decided by rule 1.",
            "",
        ),
        (
            "a long lifetime denied",
            vec![Rule { max_lifetime: Some(Duration::hours(1)), ..rule(Outcome::Deny) }],
            "s|CN=a|3601",
            "deny AutoDenied: Decided by rule 1.",
            "",
        ),
        (
            "no lifetime denied",
            vec![Rule { max_lifetime: Some(Duration::hours(1)), ..rule(Outcome::Deny) }],
            "s|CN=a",
            "deny AutoDenied: Decided by rule 1.",
            "",
        ),
        (
            "a short lifetime not denied",
            vec![Rule { max_lifetime: Some(Duration::hours(1)), ..rule(Outcome::Deny) }],
            "s|CN=a|3600",
            NO,
            "asks for 3600 s, and at most 3600 s are allowed",
        ),
        (
            "an empty list denies nothing",
            vec![Rule { organizations: Some(vec![]), ..rule(Outcome::Deny) }],
            "s|O=a",
            NO,
            "no organization is among its",
        ),
        (
            "two lists deny together",
            vec![Rule {
                organizations: Some(patterns("a")),
                usages: Some(vec!["client auth".into()]),
                ..rule(Outcome::Deny)
            }],
            "s|O=a",
            NO,
            "no usage is among its",
        ),
        (
            "pending for one of several",
            vec![Rule { organizations: Some(patterns("admins")), ..rule(Outcome::Pending) }, approve(|_| {})],
            "s|O=dev, O=admins",
            NO,
            "Decided by rule 1.",
        ),
        (
            "not pending",
            vec![Rule { organizations: Some(patterns("admins")), ..rule(Outcome::Pending) }, approve(|_| {})],
            "s|O=dev",
            "approve AutoApproved: Decided by rule 2.",
            "no organization is among its",
        ),
        // Signers, users, groups
        (
            "another signer",
            vec![approve(|it| it.signers = patterns("example.com/b"))],
            "s|CN=a",
            NO,
            r#"the signer is "example.com/a""#,
        ),
        ("a domain's signers", vec![approve(|it| it.signers = patterns("example.com/*"))], "s|CN=a", YES, ""),
        (
            "a signer among several",
            vec![approve(|it| it.signers = patterns("example.com/b example.com/a"))],
            "s|CN=a",
            YES,
            "",
        ),
        ("whoever asks", vec![approve(|it| it.users = patterns("*"))], "s|CN=a", YES, ""),
        ("a group", vec![approve(|it| it.groups = patterns("system:unauthenticated"))], "s|CN=a", YES, ""),
        (
            "another group",
            vec![approve(|it| it.groups = patterns("dev ops"))],
            "s|CN=a",
            NO,
            r#""system:anonymous" is in none of its groups"#,
        ),
        // Subjects
        (
            "a common name",
            vec![approve(|it| it.common_names = Some(patterns("*.example.com")))],
            "s|CN=a.b.example.com",
            YES,
            "",
        ),
        (
            "another common name",
            vec![approve(|it| it.common_names = Some(patterns("*.example.com")))],
            "s|CN=a.example.org",
            NO,
            r#"common name "a.example.org" is not among its"#,
        ),
        (
            "no common name where some are named",
            vec![approve(|it| it.common_names = Some(patterns("a")))],
            "s|",
            NO,
            r#"common name "" is not among its"#,
        ),
        (
            "the last common name counts",
            vec![approve(|it| it.common_names = Some(patterns("a")))],
            "s|CN=a, CN=b",
            NO,
            r#"common name "b" is not among its"#,
        ),
        (
            "an organization",
            vec![approve(|it| it.organizations = Some(patterns("web-*")))],
            "s|O=web-1, O=web-2, CN=a",
            YES,
            "",
        ),
        (
            "one organization of two",
            vec![approve(|it| it.organizations = Some(patterns("web-*")))],
            "s|O=web-1, O=dev, CN=a",
            NO,
            r#"organization "dev" is not among its"#,
        ),
        (
            "no organization is none too many",
            vec![approve(|it| it.organizations = Some(vec![]))],
            "s|CN=a",
            YES,
            "",
        ),
        (
            "any organization is too many",
            vec![approve(|it| it.organizations = Some(vec![]))],
            "s|O=dev",
            NO,
            r#"organization "dev" is not among its"#,
        ),
        (
            "masters by a star",
            vec![approve(|it| it.organizations = Some(patterns("*")))],
            "s|O=system:masters",
            NO,
            r#"organization "system:masters" is approved only where a rule names it"#,
        ),
        (
            "masters by no word about organizations",
            vec![approve(|_| {})],
            "s|O=system:masters",
            NO,
            r#"organization "system:masters" is approved only where a rule names it"#,
        ),
        (
            "masters by name",
            vec![approve(|it| it.organizations = Some(patterns("system:masters")))],
            "s|O=system:masters",
            YES,
            "",
        ),
        (
            "masters denied by a star",
            vec![rule(Outcome::Deny)],
            "s|O=system:masters",
            "deny AutoDenied: Decided by rule 1.",
            "",
        ),
        (
            "a control character under a star",
            vec![approve(|it| it.common_names = Some(patterns("*")))],
            "s|CN=a\nb",
            NO,
            r#"common name "a\nb" is not among its"#,
        ),
        (
            "NUL under a star",
            vec![approve(|it| it.common_names = Some(patterns("system:*")))],
            "s|CN=system:\0",
            NO,
            r#"common name "system:\0" is not among its"#,
        ),
        // Names
        (
            "a DNS name",
            vec![approve(|it| it.dns_names = Some(patterns("*.example.com")))],
            "s|dns:A.Example.com",
            YES,
            "",
        ),
        (
            "a DNS name of two labels under a star",
            vec![approve(|it| it.dns_names = Some(patterns("*.example.com")))],
            "s|dns:a.b.example.com",
            NO,
            r#"DNS name "a.b.example.com" is not among its"#,
        ),
        (
            "a DNS name that only looks like it",
            vec![approve(|it| it.dns_names = Some(patterns("*.example.com")))],
            "s|dns:evilexample.com",
            NO,
            r#"DNS name "evilexample.com" is not among its"#,
        ),
        (
            "a wildcard under a star",
            vec![approve(|it| it.dns_names = Some(patterns("*.example.com")))],
            "s|dns:*.example.com",
            YES,
            "",
        ),
        (
            "a wildcard under a name",
            vec![approve(|it| it.dns_names = Some(patterns("a.example.com")))],
            "s|dns:*.example.com",
            NO,
            r#"DNS name "*.example.com" is not among its"#,
        ),
        (
            "NUL in a DNS name",
            vec![approve(|it| it.dns_names = Some(patterns("*.example.com *")))],
            "s|dns:a\0.example.com",
            NO,
            r#"DNS name "a\0.example.com" is not among its"#,
        ),
        (
            "one DNS name of two",
            vec![approve(|it| it.dns_names = Some(patterns("a b")))],
            "s|dns:a, dns:c",
            NO,
            r#"DNS name "c" is not among its"#,
        ),
        (
            "an address",
            vec![approve(|it| it.ip_addresses = Some(ranges("192.0.2.7")))],
            "s|ip:192.0.2.7",
            YES,
            "",
        ),
        (
            "a subnet",
            vec![approve(|it| it.ip_addresses = Some(ranges("192.0.2.0/24 2001:db8::/32")))],
            "s|ip:192.0.2.255, ip:2001:db8::1",
            YES,
            "",
        ),
        (
            "an address outside",
            vec![approve(|it| it.ip_addresses = Some(ranges("192.0.2.0/24")))],
            "s|ip:192.0.3.0",
            NO,
            "address 192.0.3.0 is not among its",
        ),
        (
            "an e-mail address",
            vec![approve(|it| it.email_addresses = Some(patterns("*@example.com")))],
            "s|email:a@example.com",
            YES,
            "",
        ),
        (
            "another e-mail address",
            vec![approve(|it| it.email_addresses = Some(patterns("*@example.com")))],
            "s|email:a@example.org",
            NO,
            r#"e-mail address "a@example.org" is not among its"#,
        ),
        (
            "a URI",
            vec![approve(|it| it.uris = Some(patterns("spiffe://example.org/*")))],
            "s|uri:spiffe://example.org/ns/a",
            YES,
            "",
        ),
        (
            "another URI",
            vec![approve(|it| it.uris = Some(patterns("spiffe://example.org/*")))],
            "s|uri:spiffe://example.org.evil/a",
            NO,
            r#"URI "spiffe://example.org.evil/a" is not among its"#,
        ),
        // Usages and lifetimes
        ("usages", vec![approve(|it| it.usages = Some(vec!["server auth".into()]))], "s|CN=a", YES, ""),
        (
            "a usage too many",
            vec![approve(|it| it.usages = Some(vec!["server auth".into()]))],
            "s+c|CN=a",
            NO,
            r#"usage "client auth" is not among its"#,
        ),
        (
            "a usage by its other name",
            vec![approve(|it| it.usages = Some(vec!["digital signature".into()]))],
            "signing|CN=a",
            NO,
            r#"usage "signing" is not among its"#,
        ),
        (
            "no lifetime where there is a longest",
            vec![approve(|it| it.max_lifetime = Some(Duration::hours(1)))],
            "s|CN=a",
            NO,
            "asks for no lifetime, and at most 3600 s are allowed",
        ),
        (
            "the longest lifetime",
            vec![approve(|it| it.max_lifetime = Some(Duration::hours(1)))],
            "s|CN=a|3600",
            YES,
            "",
        ),
        (
            "a second more",
            vec![approve(|it| it.max_lifetime = Some(Duration::hours(1)))],
            "s|CN=a|3601",
            NO,
            "asks for 3601 s, and at most 3600 s are allowed",
        ),
    ]
}

#[test]
fn the_first_rule_that_holds_decides() {
    for (what, rules, request, expected, said) in rows() {
        let parts: Vec<&str> = request.split('|').collect();
        let object = ask("example.com/a", parts[0], parts[1]).with(|object| {
            object.spec.expiration_seconds = parts.get(2).map(|seconds| seconds.parse().unwrap());
        });
        let world = World { rules, ..World::new() };
        assert_eq!(world.step(&object), expected, "{what}");
        let traces = world.decide(&object).traces;
        assert!(said.is_empty() || traces[0].said == said, "{what}: {:?}", traces[0].said);
    }
}

/// The rules come before what Kubernetes and the spec say, so that they can forbid it.
#[test]
fn a_rule_can_stop_what_would_be_approved_without_it() {
    let rbac = || crate::bed::rbac(&["system:anonymous create certificatesigningrequests/nodeclient"]);
    let object = crate::bed::node_client();
    assert!(World { rbac: rbac(), ..World::new() }.step(&object).starts_with("approve"));
    let world = World { rules: vec![rule(Outcome::Pending)], rbac: rbac(), ..World::new() };
    assert_eq!(world.step(&object), "rest it waits for approval");
}

/// Who asks is anonymous where the file is not trusted.
#[test]
fn a_user_counts_only_where_the_file_is_trusted() {
    let rules = || vec![approve(|it| it.users = patterns("jane"))];
    let object = ask("example.com/a", "s", "CN=a").asked_by("jane", &[]);
    assert_eq!(World { rules: rules(), ..World::new() }.step(&object), "rest it waits for approval");
    let world = World { rules: rules(), trust_requester: true, ..World::new() };
    assert_eq!(world.step(&object), "approve AutoApproved: Decided by rule 1.");
}
