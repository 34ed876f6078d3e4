//! `KP-KY006`: a key of a kind that TLS no longer has.

use const_oid::ObjectIdentifier;
use const_oid::db::{DB, rfc5912};

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::x509::PublicKey;
use crate::x509::public_key::PublicKeyKind;
use crate::x509::scheme::Family;

rule! {
    /// A certificate's key is DSA, or on an elliptic curve other than P-256, P-384 and P-521, or on one that is spelt out
    /// instead of named.
    ///
    /// ## Why it matters
    ///
    /// Go reads P-224 but has no TLS with it; the other curves, and curves that are spelt out, it refuses to read, and DSA
    /// it has given up. So does rustls. Whoever is shown such a certificate closes the connection.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate. A CA has to be replaced.
    ///
    /// ## References
    ///
    /// RFC 5480 §2.1.1 (named curves only); RFC 8446 §4.2.3 and §4.2.7; Go, crypto/x509, `namedCurveFromOID`.
    "KP-KY006" "unsupported-curve" High Sighting "certificates with DSA or elliptic-curve keys"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    matches!(sighting.certificate().public_key.family(), Some(Family::Dsa | Family::Ecdsa))
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let Some(what) = kind(&sighting.certificate().public_key) else { return Vec::new() };
    vec![sighting.fault(format!("its key is {what}, with which there is no TLS"), Remedy::Rekey)]
}

/// What the key is, if it is none of the three curves.
fn kind(key: &PublicKey) -> Option<String> {
    let PublicKeyKind::Other(oid) = key.kind() else { return None };
    Some(match oid {
        _ if key.family() == Some(Family::Dsa) => "DSA".to_owned(),
        rfc5912::ID_EC_PUBLIC_KEY => "on a curve that is spelt out and not named".to_owned(),
        curve => format!("on the curve {}", name(curve)),
    })
}

fn name(curve: ObjectIdentifier) -> String {
    DB.by_oid(&curve).map_or_else(|| curve.to_string(), str::to_owned)
}
