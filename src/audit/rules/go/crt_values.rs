//! `KP-GO007`: an RSA private key whose numbers do not agree.

use crate::audit::key::{holds_private_keys, malformed};
use crate::audit::release::{later, verdict};
use crate::audit::rule::rule;
use crate::audit::{Fault, Scene, Severity};
use crate::version::Refusal;

rule! {
    /// The numbers in an RSA private key do not agree with each other, which Go refuses since 1.24.
    ///
    /// ## Why it matters
    ///
    /// The component that loads the key does not start: "crypto/rsa: invalid CRT exponent", or "coefficient".
    ///
    /// How this is to be repaired is told by the rule that is about the fault as such (KP-KY012): here it is said which
    /// releases refuse it. It is high where the release that is meant (`--target-kubernetes`, or the cluster's own) does,
    /// else only told.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate. Do not rely on a GODEBUG setting: they are taken away again.
    ///
    /// ## References
    ///
    /// Go 1.24 release notes, crypto/x509; `GODEBUG` setting `x509rsacrt`.
    "KP-GO007" "go-crt-values" High Scene "private keys"
}

/// The setting `x509rsacrt` decides.
const SINCE: Refusal = Refusal::since(24, 0).by_setting();

fn applies(scene: &Scene<'_>) -> bool {
    scene.views.iter().any(holds_private_keys)
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let all = scene.views.iter().flat_map(malformed);
    all.filter_map(|key| {
        let (severity, message) =
            verdict(&key.view.terms, SINCE, &format!("its RSA key is malformed, {}", key.relation))?;
        let fault = key.fault(message).severity(severity);
        Some(if severity == Severity::Info { fault.cured_by(later()) } else { fault })
    })
    .collect()
}
