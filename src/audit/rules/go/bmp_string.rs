//! `KP-GO009`: a name with code points that are no characters.

use crate::audit::release::refused;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::version::Refusal;
use crate::x509::Name;
use crate::x509::name_form::NameFault;

rule! {
    /// A name in a certificate is a BMPString with code points that are no characters, which Go refuses since 1.25.
    ///
    /// ## Why it matters
    ///
    /// No component reads the certificate: "x509: invalid RDNSequence: invalid attribute value: invalid BMPString".
    ///
    /// How this is to be repaired is told by the rule that is about the fault as such (KP-X5021): here it is said which
    /// releases refuse it. It is high where the release that is meant (`--target-kubernetes`, or the cluster's own) does,
    /// else only told.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate without the fault. Do not rely on a GODEBUG setting: they are taken away again.
    ///
    /// ## References
    ///
    /// Go 1.25 release notes, crypto/x509, on T61String and BMPString; `parseASN1String`.
    "KP-GO009" "go-bmp-string" High Sighting "certificates"
}

/// There is no setting for it, so that patch releases refuse it too.
const SINCE: Refusal = Refusal::since(25, 0);

/// Its tag (X.680 §8.6).
const BMP_STRING: u8 = 0x1e;

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let names = [&certificate.subject, &certificate.issuer].into_iter();
    // Most have none.
    let names = names.filter(|name| name.as_der().contains(&BMP_STRING)).flat_map(Name::faults);
    let mut recent = names.filter(|fault| matches!(fault, NameFault::Characters { recent: true, .. }));
    if recent.next().is_none() {
        return Vec::new();
    }
    refused(
        sighting,
        SINCE,
        "a BMPString in its names has code points that are no characters",
        Remedy::Reissue,
    )
}
