//! `KP-SP002`: a certificate with other names than the spec gives it.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::x509::SubjectAltName;
use crate::x509::alt_name::lacking;

rule! {
    /// A certificate has other subject alternative names than the spec gives it.
    ///
    /// ## Why it matters
    ///
    /// Clients refuse a server that they reach by a name which is not in its certificate. A name that is no longer the
    /// server's can be somebody else's by now.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the right names for the same key. kubeadm keeps the old names, at
    /// every renewal, until the file is deleted.
    ///
    /// ## References
    ///
    /// RFC 9525 §6; RFC 5280 §4.2.1.6.
    "KP-SP002" "alt-name-drift" High Case "certificates that the spec describes"
}

fn applies(case: &Case<'_>) -> bool {
    case.specified().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some((certificate, blueprint)) = case.specified() else { return Vec::new() };
    let (there, wanted) = (&certificate.subject_alt_names, &blueprint.subject_alt_names);
    let difference = signed("+", &lacking(wanted, there)) + &signed("-", &lacking(there, wanted));
    if difference.is_empty() {
        return Vec::new();
    }
    let message = format!("SAN{difference}");
    Fault::one(case.certificate_path(), message, Remedy::Reissue)
}

/// ` + a + b`; of very many the first.
fn signed(sign: &str, names: &[&SubjectAltName]) -> String {
    const SHOWN: usize = 12;
    let mut text: String = names.iter().take(SHOWN).map(|name| format!(" {sign} {name}")).collect();
    if names.len() > SHOWN {
        text += &format!(" {sign} {} more", names.len() - SHOWN);
    }
    text
}
