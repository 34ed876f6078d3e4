//! `KP-RV002`: a revocation list that verifiers refuse or ignore.

use crate::audit::custody::is_etcds;
use crate::audit::etcd::asked;
use crate::audit::rule::rule;
use crate::audit::{Fault, File, Remedy};
use crate::disk::content::Content;
use crate::moment::{date, span};
use crate::x509::Crl;
use crate::x509::hex::hex;

rule! {
    /// A revocation list is out of date, does not follow the one before it, or lacks what RFC 5280 demands.
    ///
    /// ## Why it matters
    ///
    /// Verifiers refuse such a list, and with it every certificate of the CA; or they pass over it, and nothing is
    /// revoked. Go reads lists of version 2 only.
    ///
    /// Whether a list of etcd's is out of date or of another CA is told by KP-ET005.
    ///
    /// ## What to do
    ///
    /// Have who holds the CA's key make a new list, with cRLNumber and authorityKeyIdentifier: `openssl ca -gencrl`
    /// with `crl_extensions` in its configuration.
    ///
    /// ## References
    ///
    /// RFC 5280 §5.1.2.1 (version), §5.1.2.5 (nextUpdate), §5.2.1 (authorityKeyIdentifier), §5.2.3 (cRLNumber), §5.3.1
    /// (reason codes).
    "KP-RV002" "poor-revocation-list" Medium File "revocation lists"
}

/// More CAs of one name are not tried: a hostile directory must not take hours.
const MOST: usize = 64;

fn applies(file: &File<'_>) -> bool {
    file.content().is_some_and(|content| content.crls().next().is_some())
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let crls = file.content().into_iter().flat_map(Content::crls);
    let messages = crls.flat_map(|crl| faults(file, crl));
    let remedy = || Remedy::by_hand("have a new list made by who has the CA's key");
    messages.map(|message| Fault::new(file.path(), message, remedy())).collect()
}

fn faults(file: &File<'_>, crl: &Crl) -> Vec<String> {
    let mut faults = Vec::new();
    let now = file.view.now();
    if now < crl.this_update {
        faults.push(format!("is not valid before {}", date(crl.this_update)));
    }
    if !is_asked_by_etcd(file) {
        if let Some(next) = crl.next_update.filter(|next| *next < now) {
            faults.push(format!("should have been replaced {} ago, on {}", span(now - next), date(next)));
        }
        let authorities = file.view.authorities(crl.issuer.as_der());
        if !authorities.is_empty() && !authorities.iter().take(MOST).any(|ca| crl.is_of(ca)) {
            faults.push(format!("says that it is of `{}`, whose key has not signed it", crl.issuer));
        }
    }
    if crl.next_update.is_none() {
        faults.push("does not say when the next one is due".to_owned());
    }
    if crl.version == 1 {
        faults.push("is of version 1, with neither a number nor the key of its CA".to_owned());
    } else {
        if crl.number.is_none() {
            faults.push("has no cRLNumber".to_owned());
        }
        if crl.authority_key_identifier.is_none() {
            faults.push("has no authorityKeyIdentifier".to_owned());
        }
    }
    if let Some(oid) = crl.unknown_critical() {
        faults.push(format!("has the critical extension {oid}, which nobody here knows"));
    }
    let odd = |code: u8| !(0..=10).contains(&code) || code == 7 || (code == 8 && !crl.is_delta());
    if let Some(code) = crl.revoked.iter().filter_map(|entry| entry.reason).find(|code| odd(*code)) {
        faults.push(format!("gives the reason {code}, which there is not in such a list"));
    }
    faults.extend(backward(file, crl));
    faults
}

/// Whether a list is later than another of its CA and has no greater number.
fn backward(file: &File<'_>, crl: &Crl) -> Option<String> {
    let number = crl.number.as_deref()?;
    let (path, other) = file.view.crls().iter().find(|(_, other)| {
        let size = |number: &[u8]| (without_zeros(number).len(), without_zeros(number).to_vec());
        let greater = other.number.as_deref().is_some_and(|theirs| size(theirs) >= size(number));
        other.issuer == crl.issuer && other.this_update < crl.this_update && greater
    })?;
    let theirs = other.number.as_deref().unwrap_or_default();
    Some(format!(
        "has the number {}, not greater than {} of {} before it",
        hex(number),
        hex(theirs),
        path.display()
    ))
}

fn without_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// Whether KP-ET005 looks at a list.
fn is_asked_by_etcd(file: &File<'_>) -> bool {
    let path = file.path();
    is_etcds(file)
        || file.node().is_some_and(|node| asked(&node).iter().any(|(.., asked)| asked.path() == path))
}
