//! `status.certificate`: what it must be, and that it is given once.

use kubepki::csr::validate::{Endpoint, update};
use kubepki::x509::pem;

use crate::bed::{CLIENT, Edit, ask, authority, texts};

type Row = (Endpoint, Vec<u8>, Vec<u8>, Vec<&'static str>);

fn block(label: &str, content: &[u8]) -> Vec<u8> {
    pem::encode(label, content).unwrap().into_bytes()
}

/// Where, what was, what is to be, and what is wrong with that.
pub fn rows() -> Vec<Row> {
    use Endpoint::{Approval, Main, Status};
    let good = authority().0.to_pem().unwrap().into_bytes();
    let der = authority().0.as_der();
    let none = Vec::new;
    let with_header = {
        let text = String::from_utf8(good.clone()).unwrap();
        text.replacen("-----\n", "-----\nKey: value\n\n", 1).into_bytes()
    };
    let content = |why| {
        vec![format!("status.certificate: Invalid value: \"<certificate data>\": {why}").leak()
            as &'static str]
    };
    let set = "status.certificate: Forbidden: updates may not set certificate content";
    let modify = "status.certificate: Forbidden: updates may not modify existing certificate content";
    vec![
        (Status, none(), good.clone(), vec![]),
        (Status, none(), [b"before\n", &good[..], b"between\n", &good, b"after"].concat(), vec![]),
        (Status, none(), block("CERTIFICATE", &[der, der].concat()), vec![]),
        (Status, none(), b"junk".to_vec(), content("must contain at least one CERTIFICATE PEM block")),
        (
            Status,
            none(),
            b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n".to_vec(),
            content("must contain at least one CERTIFICATE PEM block"),
        ),
        (
            Status,
            none(),
            [&good[..], &block("PRIVATE KEY", b"x")].concat(),
            content("only CERTIFICATE PEM blocks are allowed, found \"PRIVATE KEY\""),
        ),
        (
            Status,
            none(),
            block("TRUSTED CERTIFICATE", der),
            content("only CERTIFICATE PEM blocks are allowed, found \"TRUSTED CERTIFICATE\""),
        ),
        (
            Status,
            none(),
            block("X509 CERTIFICATE", der),
            content("only CERTIFICATE PEM blocks are allowed, found \"X509 CERTIFICATE\""),
        ),
        (Status, none(), with_header, content("no PEM block headers are permitted")),
        (
            Status,
            none(),
            block("CERTIFICATE", b""),
            content("found CERTIFICATE PEM block containing 0 certificates"),
        ),
        (Status, none(), block("CERTIFICATE", b"junk"), content("x509: malformed certificate")),
        (Status, none(), block("CERTIFICATE", &[der, b"x"].concat()), content("x509: malformed certificate")),
        // Given once.
        (Status, good.clone(), good.clone(), vec![]),
        (Status, good.clone(), [&good[..], b"\n"].concat(), vec![modify]),
        (Status, good.clone(), none(), vec![modify]),
        (Approval, none(), good.clone(), vec![set]),
        (Main, none(), good.clone(), vec![set]),
        (Approval, good.clone(), none(), vec![set]),
        // What was bad before may stay, and is not better for being another.
        (Status, b"junk".to_vec(), b"junk".to_vec(), vec![]),
        (Status, b"junk".to_vec(), b"junk too".to_vec(), vec![modify]),
    ]
}

#[test]
fn a_certificate_is_one_and_is_given_once() {
    for (index, (endpoint, before, after, expected)) in rows().into_iter().enumerate() {
        let object = |content: &[u8]| ask(CLIENT, "c", "CN=a").has_certificate(content);
        let errors = texts(&update(&object(&after), &object(&before), endpoint));
        assert_eq!(errors, expected, "row {index}");
    }
}

/// Nothing is asked about approval, the key, the order or the end of what is written: clients must require Approved.
#[test]
fn a_certificate_can_be_written_to_a_request_that_was_denied() {
    let denied = ask(CLIENT, "c", "CN=a").has_condition("Denied");
    let good = authority().0.to_pem().unwrap().into_bytes();
    assert!(update(&denied.clone().has_certificate(&good), &denied, Endpoint::Status).is_empty());
}
