//! `KP-GO002`: a signature over SHA-1.

use crate::audit::release::refused;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::version::Refusal;

rule! {
    /// A certificate that is not its own issuer is signed over SHA-1, which Go refuses since 1.18.
    ///
    /// ## Why it matters
    ///
    /// Every component refuses the chain: "x509: cannot verify signature: insecure algorithm".
    ///
    /// How this is to be repaired is told by the rule that is about the fault as such (KP-KY002): here it is said which
    /// releases refuse it. It is high where the release that is meant (`--target-kubernetes`, or the cluster's own) does,
    /// else only told.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate without the fault. Do not rely on a GODEBUG setting: they are taken away again.
    ///
    /// ## References
    ///
    /// Go 1.18 release notes, crypto/x509; golang/go#41682; the setting `x509sha1` was removed in Go 1.24.
    "KP-GO002" "go-sha1" High Sighting "certificates that another one has signed"
}

/// The setting that brought it back is gone since 1.24.
const SINCE: Refusal = Refusal::since(18, 0);

fn applies(sighting: &Sighting<'_>) -> bool {
    !sighting.certificate().is_self_issued()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let scheme = sighting.certificate().signature_algorithm.scheme();
    if scheme.and_then(|scheme| scheme.broken_hash) != Some("SHA-1") {
        return Vec::new();
    }
    refused(sighting, SINCE, "its signature is over SHA-1", Remedy::Reissue)
}
