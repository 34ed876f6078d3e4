//! `KP-TM005`: a CA that ends sooner than what it is to sign.

use time::Duration;

use crate::audit::lifetime::lifetime;
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::moment::{date, span};
use crate::x509::profile::BACKDATE;

rule! {
    /// A CA has less time left than the longest certificate that it is to sign.
    ///
    /// ## Why it matters
    ///
    /// What it signs from now on is cut short, and all of it ends on one day, that of the CA.
    ///
    /// ## What to do
    ///
    /// Begin with the CA's successor now. A CA that was made for no longer than its certificates is not told of: that is
    /// how the spec wants it.
    ///
    /// ## References
    ///
    /// RFC 5280 §6.1.3 (a)(2).
    "KP-TM005" "short-authority" Medium Case "CAs that sign"
}

fn applies(case: &Case<'_>) -> bool {
    case.is_authority() && case.certificate().is_some() && longest(case).is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let (Some(ca), Some(longest)) = (case.certificate(), longest(case)) else { return Vec::new() };
    let left = ca.not_after - case.view.now();
    // One that has expired is told of as such.
    if left.is_negative() || left >= longest || lifetime(ca) - BACKDATE <= longest {
        return Vec::new();
    }
    let message = format!(
        "ends {}, in {}, sooner than the certificates of {} that it signs",
        date(ca.not_after),
        span(left),
        span(longest)
    );
    let remedy = Remedy::advice("begin with the CA's successor: what it signs from now on is cut short");
    Fault::one(case.certificate_path(), message, remedy)
}

/// The longest life among those that it is to sign.
fn longest(case: &Case<'_>) -> Option<Duration> {
    let signed =
        case.view.cases().filter(|other| other.issuer().is_some_and(|issuer| issuer.index == case.index));
    signed.filter_map(|other| Some(other.blueprint()?.lifetime)).max()
}
