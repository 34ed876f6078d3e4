//! `KP-ST001`: a file that ought to be there is not.

use std::path::Path;

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::disk::FileRole;
use crate::disk::kubeconfig::Source;
use crate::target::{Absent, Aim};

rule! {
    /// A certificate, key or kubeconfig that the cluster needs is not there.
    ///
    /// ## Why it matters
    ///
    /// The component that reads it does not start. A lost CA is worse than a missing one: a second CA in its place
    /// would be trusted by nobody who knew the first, so kubepki makes a CA only where nothing shows that there was
    /// one. A CA certificate without its key is no fault: then somebody else signs.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes what can be made. A lost CA or `sa.key` must come back from a backup or from another
    /// control plane.
    ///
    /// ## References
    ///
    /// Kubernetes, "PKI certificates and requirements".
    "KP-ST001" "missing" High Case "credentials"
}

fn applies(case: &Case<'_>) -> bool {
    case.is_ours()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let missing = |role: FileRole| {
        case.entry(role).is_some_and(|entry| entry.file.required && entry.found.is_missing())
    };
    let fault = |role: FileRole, message: &str, remedy: Remedy| Fault::one(case.path(role), message, remedy);
    match &case.target.aim {
        Aim::Authority { absent, .. } if missing(FileRole::Certificate) => {
            let orphans = case.orphans().count();
            if case.may_be_made() {
                fault(FileRole::Certificate, "missing", Remedy::Issue)
            } else if case.root().is_some() && case.private_key().is_some() {
                // The same name for the same key: what it has signed stays as good as it was.
                fault(FileRole::Certificate, "missing, although its key is there", Remedy::Reissue)
            } else if !case.is_absent() {
                let remedy = Remedy::by_hand(
                    "put the certificate of that key back, or move the key away to begin anew",
                );
                fault(FileRole::Certificate, "missing, although its key is there", remedy)
            } else if orphans > 0 {
                let message = format!("missing, although {orphans} certificates of it are there");
                let remedy = Remedy::by_hand("put the CA back, or move its certificates away to begin anew");
                fault(FileRole::Certificate, &message, remedy)
            } else {
                fault(FileRole::Certificate, "missing", Remedy::by_hand(given(*absent)))
            }
        }
        Aim::KeyPair { absent, .. } if missing(FileRole::Key) => {
            if case.may_be_made() {
                fault(FileRole::Key, "missing", Remedy::Issue)
            } else if !case.is_absent() {
                let remedy = Remedy::by_hand(
                    "put the key back: a new one makes every service account token worthless",
                );
                fault(FileRole::Key, "missing, although its public key is there", remedy)
            } else {
                fault(FileRole::Key, "missing", Remedy::by_hand(given(*absent)))
            }
        }
        Aim::KeyPair { .. } if missing(FileRole::PublicKey) => {
            fault(FileRole::PublicKey, "missing", Remedy::Rewrite)
        }
        Aim::Pair { .. } if case.is_absent() => fault(FileRole::Certificate, "missing", Remedy::Issue),
        Aim::Pair { .. } if missing(FileRole::Key) => {
            fault(FileRole::Key, "missing, although its certificate is there", Remedy::Rekey)
        }
        Aim::Pair { .. } if missing(FileRole::Certificate) => {
            fault(FileRole::Certificate, "missing, although its key is there", Remedy::Reissue)
        }
        Aim::Kubeconfig { .. } if case.is_absent() => fault(FileRole::Kubeconfig, "missing", Remedy::Issue),
        Aim::Kubeconfig { .. } if !case.is_rotated() => kubeconfig(case),
        Aim::Copy { .. } if case.is_absent() => {
            let entry = case.entries().first();
            entry.map(|entry| from_authority(&entry.file.path)).into_iter().collect()
        }
        Aim::Copy { .. } => {
            let gone = case.entries().iter().filter(|entry| entry.found.is_missing());
            // The key of a CA that signs elsewhere is not missing.
            let to_be_had = gone.filter(|entry| entry.file.role != FileRole::Key || has_key(case));
            to_be_had.map(|entry| from_authority(&entry.file.path)).collect()
        }
        _ => Vec::new(),
    }
}

fn from_authority(path: &Path) -> Fault {
    Fault::new(path.to_owned(), "missing: the authority has it", Remedy::Copy)
}

fn kubeconfig(case: &Case<'_>) -> Vec<Fault> {
    let Some(kubeconfig) = case.kubeconfig() else { return Vec::new() };
    let path = case.path(FileRole::Kubeconfig);
    let fault = |message: &str, remedy| Fault::one(path.clone(), message, remedy);
    match (&kubeconfig.certificate, &kubeconfig.key) {
        // What `kubeadm certs generate-csr` leaves: the key is there and waits for its certificate.
        (Source::Absent, Source::Embedded(Ok(_))) => fault("holds no client certificate", Remedy::Reissue),
        (Source::Absent, _) => fault("holds no client certificate", Remedy::Rekey),
        (_, Source::Absent) => fault("holds no client key", Remedy::Rekey),
        (Source::File(file), _) | (_, Source::File(file)) => {
            fault(&format!("takes its client credentials from `{}`", file.escape_debug()), Remedy::Rekey)
        }
        _ => Vec::new(),
    }
}

fn given(absent: Absent) -> &'static str {
    match absent {
        Absent::Given => "put it there: the spec's authority.mode says that it is given",
        Absent::Make | Absent::Joining | Absent::Root => {
            "copy it from the first control plane, or name the directory that has it with --authority"
        }
    }
}

fn has_key(case: &Case<'_>) -> bool {
    let portable = |original: &Case<'_>| !original.is_in_token() && original.token_key().is_none();
    let has = |original: &Case<'_>| original.private_key().is_some() || original.may_be_made();
    case.original().is_some_and(|original| portable(&original) && has(&original))
}
