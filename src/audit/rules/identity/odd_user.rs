//! `KP-ID010`: a user name that cannot be told from another.

use crate::audit::identity::{NODE, is_client, user};
use crate::audit::rule::rule;
use crate::audit::{Fault, Part, Remedy, Sighting};

rule! {
    /// A client certificate names no user, or one with control characters, with spaces around it, or longer than X.509
    /// allows.
    ///
    /// ## Why it matters
    ///
    /// Without a common name nobody is let in. A name that looks like another in a log or in a role binding is mistaken
    /// for it.
    ///
    /// ## What to do
    ///
    /// Reissue it with a plain name.
    ///
    /// ## References
    ///
    /// RFC 5280 Appendix A.1, `ub-common-name`; Kubernetes, "Authenticating", X.509 client certificates.
    "KP-ID010" "odd-user" Medium Sighting "client certificates"
}

/// `ub-common-name` of RFC 5280 Appendix A.1. Nodes may have longer names, and nothing in Kubernetes minds.
const LONGEST: usize = 64;

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting.part() == Part::Own && is_client(sighting.certificate())
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let user = user(certificate);
    let groups = certificate.subject.organizations();
    let problem = if user.is_empty() {
        Some("names no user".to_owned())
    } else if user.chars().count() > LONGEST && !user.starts_with(NODE) {
        Some(format!("names a user of {} characters: X.509 allows {LONGEST}", user.chars().count()))
    } else {
        let named = std::iter::once(("user", user)).chain(groups.into_iter().map(|group| ("group", group)));
        named.into_iter().find_map(|(what, name)| {
            let problem = if name.chars().any(char::is_control) {
                "with control characters"
            } else if name.trim() != name {
                "with spaces around it"
            } else if what == "group" && name.is_empty() {
                "without a name"
            } else {
                return None;
            };
            Some(format!("names the {what} `{}`, {problem}", name.escape_debug()))
        })
    };
    problem.map(|message| sighting.fault(message, Remedy::Reissue)).into_iter().collect()
}
