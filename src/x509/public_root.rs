//! The CAs that the world trusts: Mozilla's root programme, as rustls has it.

use std::collections::HashMap;
use std::sync::LazyLock;

use der::Tag;
use webpki_roots::TLS_SERVER_ROOTS;

use super::der::{elements, sequence, value};
use super::{Certificate, PublicKey};

const WHAT: &str = "the public root";

/// The keys of public roots by the content octets of their names.
type Anchors<'a> = HashMap<&'a [u8], Vec<&'a [u8]>>;

static ANCHORS: LazyLock<Anchors<'static>> = LazyLock::new(|| {
    let mut anchors = Anchors::new();
    for anchor in TLS_SERVER_ROOTS {
        anchors.entry(anchor.subject.as_ref()).or_default().push(anchor.subject_public_key_info.as_ref());
    }
    anchors
});

/// Whether a CA is one of the public web: a root that Mozilla's programme has, by name and key, or one that such a root
/// has signed.
#[must_use]
pub fn is_public(ca: &Certificate) -> bool {
    is_among(ca, &ANCHORS)
}

fn is_among(ca: &Certificate, anchors: &Anchors<'_>) -> bool {
    let named = |name: &[u8]| {
        let content = value(name, Tag::Sequence, WHAT).unwrap_or_default();
        anchors.get(content).map(Vec::as_slice).unwrap_or_default().to_vec()
    };
    let own = value(ca.public_key.as_der(), Tag::Sequence, WHAT).unwrap_or_default();
    named(ca.subject.as_der()).contains(&own)
        || named(ca.issuer.as_der()).into_iter().any(|key| signed(ca, key))
}

/// Whether a root with this key, in content octets, has signed a CA.
fn signed(ca: &Certificate, key: &[u8]) -> bool {
    let parts = elements(key, WHAT).unwrap_or_default();
    let key = sequence(&parts, WHAT).and_then(|der| PublicKey::from_der(&der));
    key.is_ok_and(|key| ca.verify_signature(&key).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::forge::{Forge, key};

    #[test]
    fn roots_and_what_they_signed_are_public() {
        let root = key();
        let ca = |subject, issuer| Forge::ca(subject, issuer, root.public_key());
        let certificate = |subject, issuer| ca(subject, issuer).sign(&root);
        let (root_ca, below) = (certificate("root", "root"), certificate("below", "root"));
        let other = certificate("other", "other");
        let content = |der| value(der, Tag::Sequence, WHAT).unwrap();
        let anchors =
            Anchors::from([(content(root_ca.subject.as_der()), vec![content(root_ca.public_key.as_der())])]);
        assert!(is_among(&root_ca, &anchors) && is_among(&below, &anchors));
        assert!(!is_among(&other, &anchors), "the key alone does not make it one");
        assert!(!is_public(&root_ca));
        assert!(ANCHORS.len() > 100);
    }
}
