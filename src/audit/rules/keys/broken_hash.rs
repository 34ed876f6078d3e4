//! `KP-KY002`: a signature over a hash for which collisions can be made.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};

rule! {
    /// A certificate is signed over SHA-1, MD5 or an older hash.
    ///
    /// ## Why it matters
    ///
    /// Who can make two contents with the same hash has one of them signed and shows the other: that was done with MD5
    /// for a CA in 2008, and with SHA-1 for PGP keys in 2020. Go refuses MD5 for long and SHA-1 since 1.18, without a
    /// way back since 1.24.
    ///
    /// A root's signature of itself is not looked at by anyone: that is KP-KY003.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate that is signed over SHA-256 or longer.
    ///
    /// ## References
    ///
    /// RFC 6194 (SHA-1), RFC 6151 (MD5); golang/go#41682.
    "KP-KY002" "broken-hash" Critical Sighting "certificates that another one has signed"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    !sighting.certificate().is_self_issued()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let algorithm = &sighting.certificate().signature_algorithm;
    let Some(hash) = algorithm.scheme().and_then(|scheme| scheme.broken_hash) else { return Vec::new() };
    vec![sighting.fault(format!("is signed over {hash} ({algorithm})"), Remedy::Reissue)]
}
