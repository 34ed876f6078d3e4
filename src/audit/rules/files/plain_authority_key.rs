//! `KP-FS014`: keys of CAs that are not encrypted.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene, Severity};
use crate::disk::FileRole;
use crate::spec::AuthorityMode;

rule! {
    /// The private keys of CAs are not encrypted.
    ///
    /// ## Why it matters
    ///
    /// Who gets at a disk, a snapshot or a backup has the cluster. The controller manager signs kubelets' certificates
    /// with the key of the cluster's CA and reads no encrypted one, so every default cluster has it in the clear, and
    /// this is said once. The other keys need not be there at all: nothing that runs reads the key of the front proxy's
    /// CA or of etcd's.
    ///
    /// Where the spec says that the CAs are external, no key of theirs belongs there at all.
    ///
    /// ## What to do
    ///
    /// `kubepki ca encrypt ca.key` encrypts one in its place; `apply` and `renew` then ask for the passphrase when they
    /// sign with it. Better still, keep the keys off the machine, and put one beside its certificate for the run that
    /// signs.
    ///
    /// ## References
    ///
    /// NIST SP 800-57 part 1, §8.2.2.2.
    "KP-FS014" "plain-authority-key" Info Scene "clusters with a CA's key"
}

fn plain<'a>(scene: &'a Scene<'a>) -> Vec<Case<'a>> {
    let plain = |case: &Case<'_>| case.private_key().is_some() && case.sealed_key().is_none();
    scene.cases().filter(|case| case.is_authority() && plain(case)).collect()
}

fn applies(scene: &Scene<'_>) -> bool {
    let mut authorities = scene.cases().filter(Case::is_authority);
    authorities.any(|case| case.present(FileRole::Key).is_some())
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let plain = plain(scene);
    let Some(first) = plain.first() else { return Vec::new() };
    let others = match plain.len() {
        1 => "is not encrypted".to_owned(),
        many => format!("and {} other keys of CAs are not encrypted", many - 1),
    };
    let external = first.view.terms.given && first.view.spec.authority.mode == AuthorityMode::External;
    let (message, severity) = if external {
        (format!("{others}; the spec says that they are elsewhere"), Severity::High)
    } else {
        (others, Severity::Info)
    };
    let remedy =
        Remedy::advice("keep the keys of CAs off the machine, encrypted, but for the run that signs");
    vec![Fault::new(first.path(FileRole::Key), message, remedy).severity(severity).about(first)]
}
