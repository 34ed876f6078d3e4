//! `KP-ET005`: a revocation list that does etcd no good.

use std::path::PathBuf;

use crate::audit::custody::is_etcds;
use crate::audit::etcd::{asked, release};
use crate::audit::rule::rule;
use crate::audit::{Fault, File, Node, Remedy, Severity};
use crate::disk::content::{Content, Encoding, Item};
use crate::moment::span;
use crate::x509::{Certificate, Crl};

rule! {
    /// A revocation list of etcd's is out of date, of another CA, or not in the encoding that etcd reads.
    ///
    /// ## Why it matters
    ///
    /// etcd reads the list anew for each connection. One that it cannot read locks everybody out: from release 3.6 on
    /// it reads DER only, and PEM no more; before, PEM too if nothing stands before it. Of the rest it looks at the
    /// serial numbers alone, and neither at who signed the list nor at its dates: one that is out of date, or of
    /// another CA, is taken, and lets in who has been revoked since, or shuts out who happens to have the same number.
    ///
    /// Looked at are the files that `--client-crl-file` and `--peer-crl-file` of the manifest name, and those among
    /// etcd's certificates.
    ///
    /// ## What to do
    ///
    /// Have who holds the key of etcd's CA make a new list: `openssl ca -gencrl -crldays 30 | openssl crl -outform DER
    /// -out crl.der`.
    ///
    /// ## References
    ///
    /// etcd, `checkCRL` in client/pkg/transport/listener_tls.go: `x509.ParseCRL` until release 3.5,
    /// `x509.ParseRevocationList` since commit 16d1ef949 (3.6); RFC 5280 §5.
    "KP-ET005" "unusable-etcd-revocation" Medium Node "etcd members with a revocation list"
}

const NEW: &str = "have a new list made, in DER, by who has the key of etcd's CA";

/// The files with lists of etcd's that it is not known to read.
fn beside<'a>(node: &Node<'a>) -> Vec<File<'a>> {
    let strays = node.items().filter(|(_, item)| matches!(item, Item::Crl(_)));
    let files = strays.filter_map(|(path, _)| node.view.file(path));
    files.filter(is_etcds).collect()
}

fn applies(node: &Node<'_>) -> bool {
    !asked(node).is_empty() || !beside(node).is_empty()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let (asked, mut faults) = (asked(node), Vec::new());
    let mut seen: Vec<PathBuf> = Vec::new();
    for (pod, door, file) in &asked {
        seen.push(file.path());
        let authorities = authorities(node, door.authority());
        match file.content().and_then(|content| content.crls().next()) {
            None => {
                let message = format!("holds no revocation list, and etcd lets no {} in without", door.of);
                faults.push(
                    Fault::new(file.path(), message, Remedy::by_hand(NEW)).severity(Severity::High).of(file),
                );
            }
            Some(crl) => {
                faults.extend(unread(file, release(pod)).map(|fault| fault.of(file)));
                faults.extend(outdated(file, crl, &authorities));
            }
        }
    }
    for file in beside(node).iter().filter(|file| !seen.contains(&file.path())) {
        let authorities = authorities(node, None);
        for crl in file.content().into_iter().flat_map(Content::crls) {
            faults.extend(outdated(file, crl, &authorities));
        }
    }
    faults.dedup();
    faults
}

/// The fault of a list that etcd cannot read.
fn unread(file: &File<'_>, release: Option<(u16, u16)>) -> Option<Fault> {
    let Encoding::Pem(form) = file.content()?.encoding else { return None };
    // `ParseCRL` takes PEM where the file begins with it.
    let tolerated = !form.outside && !form.byte_order_mark;
    let (message, severity) = match release {
        Some(release) if release < (3, 6) && tolerated => return None,
        Some((major, minor)) => {
            (format!("is PEM, which etcd {major}.{minor} does not read: it lets nobody in"), Severity::High)
        }
        None => (
            "is PEM, which etcd does not read from 3.6 on: then it lets nobody in".to_owned(),
            Severity::Medium,
        ),
    };
    Some(
        Fault::new(file.path(), message, Remedy::by_hand("openssl crl -in FILE -outform DER -out FILE.new"))
            .severity(severity),
    )
}

/// The faults of a list that etcd takes although it is not right.
fn outdated(file: &File<'_>, crl: &Crl, authorities: &[&Certificate]) -> Vec<Fault> {
    let now = file.view.now();
    let fault = |message: String| Fault::new(file.path(), message, Remedy::by_hand(NEW)).of(file);
    let stale = crl.next_update.filter(|next| *next < now).map(|next| {
        fault(format!(
            "should have been replaced {} ago: etcd lets in who was revoked since",
            span(now - next)
        ))
    });
    let foreign = !authorities.is_empty() && !authorities.iter().any(|ca| crl.is_of(ca));
    let foreign = foreign.then(|| {
        let own = authorities.first().map(|ca| ca.subject.to_string()).unwrap_or_default();
        fault(format!("is of `{}`, and not signed by etcd's CA `{own}`", crl.issuer))
    });
    stale.into_iter().chain(foreign).collect()
}

/// The CAs whose clients are let in: those that the manifest names, else etcd's.
fn authorities<'a>(node: &Node<'a>, named: Option<&str>) -> Vec<&'a Certificate> {
    let file = named.and_then(|path| node.file(path));
    if let Some(certificates) = file.and_then(|file| file.content()?.certificates().ok()) {
        return certificates;
    }
    node.credential("etcd-ca").map(|case| case.certificates()).unwrap_or_default()
}
