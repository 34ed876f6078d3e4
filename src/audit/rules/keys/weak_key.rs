//! `KP-KY005`: a key whose private half can be computed.

use crate::audit::rule::rule;
use crate::audit::{Fault, Key, Remedy, Severity};
use crate::target::Aim;
use crate::x509::public_key::PublicKeyKind;
use crate::x509::weakness::{Weakness, weakness};

rule! {
    /// An RSA key gives its private half away: its primes lie close together, its modulus is divisible by a small number or
    /// bears the fingerprint of a faulty library (ROCA), or its public exponent is no exponent.
    ///
    /// ## Why it matters
    ///
    /// Whoever has the certificate can compute the private key, at once or with some hours of work, and is whom it names.
    ///
    /// A public exponent of less than 65537 is no such fault, and only mentioned: with 3 it takes another mistake to do
    /// harm. One of more than 31 bits is refused by Go. One modulus in 239 million bears the fingerprint by chance. Keys
    /// that Debian's OpenSSL made in 2006 to 2008 are not known here.
    ///
    /// ## What to do
    ///
    /// Take the key for stolen. `kubepki apply` makes a new key and certificate. A CA or `sa.key` has to be replaced, and
    /// what made it should make no more.
    ///
    /// ## References
    ///
    /// CVE-2022-26320 and IACR ePrint 2023/026 (close primes); CVE-2017-15361 and M. Nemec et al., "The Return of
    /// Coppersmith's Attack", ACM CCS 2017 (ROCA); FIPS 186-5 §5.5 (exponents).
    "KP-KY005" "weak-key" Critical Key "RSA keys"
}

fn applies(key: &Key<'_>) -> bool {
    matches!(key.public.kind(), PublicKeyKind::Rsa { .. }) && is_first(key)
}

fn check(key: &Key<'_>) -> Vec<Fault> {
    let Some(weakness) = weakness(key.public) else { return Vec::new() };
    let fault = |severity, remedy| {
        vec![Fault::new(key.path(), format!("its RSA key is weak: {weakness}"), remedy).severity(severity)]
    };
    let remedy = match key.case() {
        Some(case) if case.is_leaf() => Remedy::Rekey,
        Some(_) => Remedy::by_hand("replace it: its private key can be computed"),
        None => Remedy::by_hand("take the key for stolen; replace it, or remove it if nothing reads it"),
    };
    match weakness {
        Weakness::ExponentSmall(_) => fault(Severity::Low, Remedy::advice("its successor will have 65537")),
        Weakness::ExponentLarge => fault(Severity::High, remedy),
        _ => fault(Severity::Critical, remedy),
    }
}

/// Whether this is where a key is told of: in a certificate rather than in the file beside it, in the authority's file
/// rather than in a copy.
fn is_first(key: &Key<'_>) -> bool {
    let Some(case) = key.case() else { return true };
    if matches!(case.target.aim, Aim::Copy { .. })
        && case.original().is_some_and(|original| !original.is_absent())
    {
        return false;
    }
    let certificate = case.certificate().filter(|certificate| certificate.public_key == *key.public);
    let private = || case.private_key().is_some_and(|private| private.public_key() == key.public);
    match certificate {
        Some(_) => key.path() == case.certificate_path() && key.private.is_none(),
        None => !private() || key.path() == case.key_path(),
    }
}
