//! `KP-ID011`: a user with the name of a privileged component.

use crate::audit::identity::{home, user};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Sighting};

rule! {
    /// A client certificate of the cluster's CA has the common name of a component that is privileged by its name, and is
    /// not that component's.
    ///
    /// ## Why it matters
    ///
    /// Names are all that RBAC and `--requestheader-allowed-names` look at. Whoever holds it has the component's rights;
    /// as `front-proxy-client` it speaks for anyone as soon as one CA serves for both.
    ///
    /// ## What to do
    ///
    /// Give its holder another name.
    ///
    /// ## References
    ///
    /// Kubernetes, "Configure the Aggregation Layer", reusing a CA.
    "KP-ID011" "borrowed-name" High Sighting "client certificates with a name that is privileged"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    home(user(sighting.certificate())).is_some() && sighting.user().is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let Some((certificate, signer)) = sighting.issued() else { return Vec::new() };
    let user = user(certificate);
    let Some((credential, issuer, kubeconfig)) = home(user) else { return Vec::new() };
    let case = sighting.own_case();
    // Some distributions have the component's certificate in a kubeconfig, some in a file, some in both.
    let has_the_name = |case: &Case<'_>| {
        let subjects = case.blueprint().into_iter().flat_map(|blueprint| &blueprint.subjects);
        let named = subjects.into_iter().any(|subject| subject.common_name() == Some(user));
        case.target.credential == credential || (named && !case.is_the_users())
    };
    if case.is_some_and(|case| has_the_name(&case)) {
        return Vec::new();
    }
    // An older file of the component's is none of a user's.
    let in_kubeconfig = sighting.is_in_kubeconfig() || case.is_some_and(|case| case.is_kubeconfig());
    let the_users = case.is_some_and(|case| case.is_the_users());
    if signer.target.credential == issuer && in_kubeconfig == kubeconfig && !the_users {
        return Vec::new();
    }
    let message = format!("has the name of {credential}, `{user}`, and is not that");
    vec![sighting.fault_by_hand(message, "give its holder another name")]
}
