//! `KP-RV001`: a certificate that is revoked and still there.

use std::path::Path;

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::x509::Crl;

rule! {
    /// A certificate is on a revocation list of its CA, and still in its place.
    ///
    /// ## Why it matters
    ///
    /// Whoever asks the list refuses it: etcd, with `--client-crl-file`. Whoever does not, and the API server never
    /// does, goes on believing it: then nothing has been revoked at all.
    ///
    /// Lists count that lie below the directory and that a CA has signed whose certificate is there too.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate. The old one is believed by Kubernetes until it expires: if its
    /// key is in other hands, replace the CA.
    ///
    /// ## References
    ///
    /// RFC 5280 §5 and §6.3.
    "KP-RV001" "revoked" High Sighting "certificates whose CA has a revocation list"
}

/// The lists of a certificate's issuer.
fn lists<'a>(sighting: &Sighting<'a>) -> impl Iterator<Item = (&'a Path, &'a Crl)> {
    let issuer = &sighting.certificate().issuer;
    // One with a critical extension that is not known here must not be used: it may be about certificates of others.
    let usable = move |crl: &Crl| crl.issuer == *issuer && crl.unknown_critical().is_none();
    sighting.view.crls().iter().copied().filter(move |(_, crl)| usable(crl))
}

/// More CAs of one name are not tried: a hostile directory must not take hours.
const MOST: usize = 64;

fn applies(sighting: &Sighting<'_>) -> bool {
    lists(sighting).next().is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let authorities = sighting.view.authorities(certificate.issuer.as_der());
    let found = lists(sighting).find_map(|(path, crl)| {
        let entry = crl.entry(certificate)?;
        authorities.iter().take(MOST).any(|ca| crl.is_of(ca)).then_some((path, entry))
    });
    let Some((path, entry)) = found else { return Vec::new() };
    let reason = entry.reason_name().map(|reason| format!(" ({reason})")).unwrap_or_default();
    vec![sighting.fault(format!("is revoked by {}{reason}", path.display()), Remedy::Rekey)]
}
