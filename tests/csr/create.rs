//! What an object must be to be created: `spec` and the names in it, every fault of each.

use kubepki::csr::validate;

use crate::bed::{CLIENT, Edit, LEGACY, ask, texts};

type Row = (&'static str, &'static str, Option<i32>, Vec<String>);

const ALL: &str = r#"supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping""#;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const SUBDOMAIN: &str = r"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// signerName, usages, expirationSeconds, and the faults of a request that is good but for them.
pub fn rows() -> Vec<Row> {
    let none = Vec::new;
    let one = |text: &str| vec![text.to_owned()];
    let bad = |value: &str, piece: &str, rule: &str| {
        format!("spec.signerName: Invalid value: {value:?}: validating label {piece:?}: {rule}")
    };
    let form = |value: &str| {
        vec![format!(
            "spec.signerName: Invalid value: {value:?}: must be a fully qualified domain and path of the form \
             'example.com/signer-name'"
        )]
    };
    let segments = |value: &str| {
        format!(
            "spec.signerName: Invalid value: {value:?}: should be a domain with at least two segments separated by dots"
        )
    };
    let long = |size| format!("spec.signerName: Too long: may not be more than {size} bytes");
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    // 253 bytes, each piece at most 63.
    let domain = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
    let seconds = |value| {
        one(&format!(
            "spec.expirationSeconds: Invalid value: {value}: may not specify a duration less than 600 seconds (10 minutes)"
        ))
    };
    vec![
        (CLIENT, "c", None, none()),
        ("kubernetes.io/whatever", "c", None, none()),
        ("example.com/a.b-c.1", "c", None, none()),
        // usages
        (CLIENT, "", None, one("spec.usages: Required value")),
        (
            CLIENT,
            "Client Auth",
            None,
            one(&format!(r#"spec.usages[0]: Unsupported value: "Client Auth": {ALL}"#)),
        ),
        (
            CLIENT,
            "c+cat<&>+c+cat<&>",
            None,
            vec![
                format!(r#"spec.usages[1]: Unsupported value: "cat\u003c\u0026\u003e": {ALL}"#),
                format!(r#"spec.usages[3]: Unsupported value: "cat\u003c\u0026\u003e": {ALL}"#),
                r#"spec.usages[2]: Duplicate value: "client auth""#.to_owned(),
                r#"spec.usages[3]: Duplicate value: "cat\u003c\u0026\u003e""#.to_owned(),
            ],
        ),
        (CLIENT, "d+d", None, one(r#"spec.usages[1]: Duplicate value: "digital signature""#)),
        (
            CLIENT,
            "d+d+d",
            None,
            vec![
                r#"spec.usages[1]: Duplicate value: "digital signature""#.to_owned(),
                r#"spec.usages[2]: Duplicate value: "digital signature""#.to_owned(),
            ],
        ),
        (CLIENT, "signing+d", None, none()),
        (
            CLIENT,
            "any+cert sign+client auth+code signing+content commitment+crl sign+data encipherment+decipher only+digital signature+email protection+encipher only+ipsec end system+ipsec tunnel+ipsec user+key agreement+key encipherment+microsoft sgc+netscape sgc+ocsp signing+s/mime+server auth+signing+timestamping",
            None,
            none(),
        ),
        // signerName
        ("", "c", None, one("spec.signerName: Required value")),
        (
            LEGACY,
            "c",
            None,
            one(
                r#"spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version"#,
            ),
        ),
        ("example.com", "c", None, form("example.com")),
        ("example.com/a/b", "c", None, form("example.com/a/b")),
        ("a/b", "c", None, one(&segments("a"))),
        ("/", "c", None, vec![bad("", "", LABEL), segments(""), bad("", "", SUBDOMAIN)]),
        ("example.com/", "c", None, vec![bad("", "", SUBDOMAIN)]),
        ("Example.com/a", "c", None, vec![bad("Example.com", "Example", LABEL)]),
        ("A.B.com/a", "c", None, vec![bad("A.B.com", "A", LABEL)]),
        ("exa_mple.com/a", "c", None, vec![bad("exa_mple.com", "exa_mple", LABEL)]),
        ("example.com./a", "c", None, vec![bad("example.com.", "", LABEL)]),
        ("-a.com/a", "c", None, vec![bad("-a.com", "-a", LABEL)]),
        ("example.com/a_b", "c", None, vec![bad("a_b", "a_b", SUBDOMAIN)]),
        ("example.com/*", "c", None, vec![bad("*", "*", SUBDOMAIN)]),
        ("example.com/A", "c", None, vec![bad("A", "A", SUBDOMAIN)]),
        ("example.com/a..b", "c", None, vec![bad("a..b", "", SUBDOMAIN)]),
        ("example.com/a.-b.C", "c", None, vec![bad("a.-b.C", "-b", SUBDOMAIN)]),
        (
            "LOCAL/A",
            "c",
            None,
            vec![bad("LOCAL", "LOCAL", LABEL), segments("LOCAL"), bad("A", "A", SUBDOMAIN)],
        ),
        // What is invisible is written out.
        (
            "ex\u{430}mple.com/\u{202e}a",
            "c",
            None,
            vec![
                bad("exаmple.com", "exаmple", LABEL),
                format!(
                    r#"spec.signerName: Invalid value: "\u202ea": validating label "\u202ea": {SUBDOMAIN}"#
                ),
            ],
        ),
        (
            leak(format!("{}.com/a", "a".repeat(64))),
            "c",
            None,
            vec![bad(&format!("{}.com", "a".repeat(64)), &"a".repeat(64), "must be no more than 63 bytes")],
        ),
        (leak(format!("{domain}/a")), "c", None, none()),
        (leak(format!("{domain}b/a")), "c", None, one(&long(253))),
        (leak(format!("a.com/{}", "a".repeat(253))), "c", None, none()),
        (
            leak(format!("a.com/{}", "a".repeat(254))),
            "c",
            None,
            vec![bad(&"a".repeat(254), &"a".repeat(254), "must be no more than 253 bytes")],
        ),
        // A path may be longer than the 317 bytes that its longest form has, where the domain is short.
        (leak(format!("a.com/{0}.{0}.{1}", "a".repeat(253), "a".repeat(57))), "c", None, none()),
        (leak(format!("a.com/{0}.{0}.{1}", "a".repeat(253), "a".repeat(58))), "c", None, one(&long(571))),
        // expirationSeconds
        (CLIENT, "c", Some(600), none()),
        (CLIENT, "c", Some(i32::MAX), none()),
        (CLIENT, "c", Some(599), seconds(599)),
        (CLIENT, "c", Some(0), seconds(0)),
        (CLIENT, "c", Some(-1), seconds(-1)),
        (CLIENT, "c", Some(i32::MIN), seconds(i32::MIN)),
        // Everything at once, in this order.
        (
            "a",
            "",
            Some(1),
            vec!["spec.usages: Required value".to_owned(), form("a").remove(0), seconds(1).remove(0)],
        ),
        // Nothing is asked about the subject, the names and the usages of a signer when a request is made.
        (KUBELET_WITH_ANYTHING, "crl sign", None, none()),
    ]
}

const KUBELET_WITH_ANYTHING: &str = crate::bed::KUBELET;

#[test]
fn every_fault_of_a_new_object_is_told_in_its_words_and_order() {
    for (signer, usages, seconds, expected) in rows() {
        let object = ask(signer, usages, "CN=a").with(|object| object.spec.expiration_seconds = seconds);
        assert_eq!(texts(&validate::create(&object)), expected, "{signer} {usages} {seconds:?}");
    }
}

#[test]
fn the_request_comes_before_its_usages() {
    let object = ask("", "", "CN=a").with(|object| object.spec.request.0 = b"<junk>".to_vec());
    assert_eq!(
        texts(&validate::create(&object)),
        [
            r#"spec.request: Invalid value: "PGp1bms+": PEM block type must be CERTIFICATE REQUEST"#,
            "spec.usages: Required value",
            "spec.signerName: Required value",
        ]
    );
}
