//! `KP-ST005`: certificates of a file in the wrong order.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Severity};
use crate::x509::{Certificate, chain};

rule! {
    /// The certificates of a file stand in another order than its readers expect.
    ///
    /// ## Why it matters
    ///
    /// A server or client shows the first certificate as its own and takes the key for that one's: where it is
    /// another's, the component does not start. kubeadm signs with the first CA of a file, and puts the first into
    /// kubeconfigs. What follows a certificate must be who signed it, or strict peers do not find the way.
    ///
    /// ## What to do
    ///
    /// The credential's own certificate first, then who signed it, and so on. In a CA's file, first the CA that signs.
    /// `kubepki apply` issues a new certificate where the first is not the key's; CAs are put in order by hand.
    ///
    /// ## References
    ///
    /// RFC 8446 §4.4.2; RFC 5246 §7.4.2; kubernetes/kubeadm#1350.
    "KP-ST005" "bundle-order" Medium Case "files with several certificates"
}

/// More certificates of a file are not looked at: no chain is so long, and a hostile file must not take hours.
const MOST: usize = 64;

fn applies(case: &Case<'_>) -> bool {
    case.certificates().len() > 1
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let certificates = case.certificates();
    let Some(first) = certificates.first() else { return Vec::new() };
    let by_hand = || Remedy::by_hand("put them in order: its own certificate first, then who signed it");
    let fault = |message: String, remedy| Fault::new(case.certificate_path(), message, remedy);
    if let Some(key) = case.private_key()
        && first.public_key != *key.public_key()
    {
        let own = certificates.iter().position(|certificate| certificate.public_key == *key.public_key());
        // No certificate of the key at all is KP-ST003's.
        let Some(own) = own else { return Vec::new() };
        let message = format!("has its own certificate in place {}, not first", own + 1);
        let remedy = if case.is_authority() { by_hand() } else { Remedy::Reissue };
        return vec![fault(message, remedy).severity(Severity::High)];
    }
    if case.is_authority() {
        let signer = signer(case, &certificates).filter(|signer| *signer > 0);
        return signer
            .map(|signer| {
                let message = format!("has the CA that signs in place {}, not first", signer + 1);
                fault(message, Remedy::by_hand("put the CA that signs first"))
            })
            .into_iter()
            .collect();
    }
    misplaced(&certificates)
        .map(|(place, expected)| {
            let message = format!("has the signer of certificate {place} in place {expected}, not behind it");
            fault(message, by_hand())
        })
        .into_iter()
        .collect()
}

/// The position of the first certificate of a CA's file that has signed what the CA ought to have signed; none where
/// the first of all has, or none has.
fn signer(case: &Case<'_>, certificates: &[&Certificate]) -> Option<usize> {
    let signed: Vec<&Certificate> = case.orphans().filter_map(|leaf| leaf.certificate()).take(MOST).collect();
    certificates.iter().take(MOST).position(|ca| signed.iter().any(|leaf| chain::signed_by(leaf, ca).is_ok()))
}

/// The first certificate whose signer is in the file but does not follow it, and where the signer is; both counted from
/// one.
fn misplaced(certificates: &[&Certificate]) -> Option<(usize, usize)> {
    let certificates = certificates.get(..MOST).unwrap_or(certificates);
    certificates.iter().enumerate().find_map(|(index, certificate)| {
        if certificate.is_self_issued() {
            return None;
        }
        let signed = |ca: &&Certificate| chain::signed_by(certificate, ca).is_ok();
        let signer = certificates.iter().position(signed)?;
        (signer != index + 1).then_some((index + 1, signer + 1))
    })
}
