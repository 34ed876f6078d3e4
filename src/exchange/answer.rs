//! Answers: certificates that came back, each held to the key that waits for it, to its target and to its CA.
//!
//! A certificate belongs to whoever has its key, so that answers are known by their keys: it does not matter who signed
//! them, with which program, and how the files are called.

use std::collections::HashMap;
use std::path::PathBuf;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::Refusal;
use super::ask::{Waiting, waiting_place};
use super::hold::names;
use crate::apply::{self, ApplyError};
use crate::audit::{Case, View};
use crate::disk::FileRole;
use crate::disk::write::{Change, NewFile};
use crate::moment::date;
use crate::target::Blueprint;
use crate::x509::{Certificate, PrivateKey, chain};

/// The certificates of one file, the one that it is about first.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The file.
    pub file: String,
    /// The node that it says it is for, where it says so.
    pub node: Option<String>,
    /// The certificates.
    pub chain: Vec<Certificate>,
}

/// What the answers come to.
#[derive(Default)]
pub struct Taken {
    /// The files that are written.
    pub change: Change,
    /// The names of what got its certificate.
    pub names: Vec<String>,
    /// How many were there already.
    pub known: usize,
    /// How many are for nodes that are not looked at.
    pub others: usize,
    /// Keys that waited and are in their places now.
    pub done: Vec<PathBuf>,
    /// What is not taken: then nothing is.
    pub refusals: Vec<Refusal>,
}

/// Works out what the answers are for.
///
/// # Errors
/// When a file cannot be made.
pub fn take(
    view: &View<'_>,
    answers: &[Answer],
    waiting: &Waiting,
    now: OffsetDateTime,
) -> Result<Taken, ApplyError> {
    let mut taken = Taken::default();
    let keys = keys(view, waiting);
    let (authorities, leaves): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.chain.first().is_some_and(Certificate::is_ca));
    let given: Vec<&Certificate> = authorities.iter().filter_map(|answer| answer.chain.first()).collect();
    let mut installed: HashMap<usize, &Certificate> = HashMap::new();
    for answer in &authorities {
        let Some(certificate) = answer.chain.first() else { continue };
        let Some((case, key)) =
            keys.get(certificate.public_key.as_der()).filter(|(case, _)| case.is_authority())
        else {
            continue;
        };
        if case.certificate() == Some(certificate) {
            taken.known += 1;
            continue;
        }
        let reasons = reasons(case, certificate, &[], case.certifier_certificate(), now);
        if !reasons.is_empty() {
            let name = format!("{} ({})", apply::name(case), answer.file);
            taken.refusals.push(Refusal { name, reasons });
            continue;
        }
        installed.insert(case.index, certificate);
        taken.change.files.extend(waited(case, key, waiting)?);
        taken.change.files.push(certificate_file(case, &[certificate])?);
        taken.done(case, waiting);
    }
    for answer in leaves {
        let Some(certificate) = answer.chain.first() else { continue };
        let Some((case, key)) = keys.get(certificate.public_key.as_der()) else {
            unmatched(view, answer, &mut taken);
            continue;
        };
        if case.certificate() == Some(certificate) {
            taken.known += 1;
            continue;
        }
        let Some(issuer) = case.issuer() else { continue };
        let trusted = issuer.certificate().or_else(|| installed.get(&issuer.index).copied());
        let sent: Vec<&Certificate> = answer.chain.iter().skip(1).collect();
        let leads = |ca: &&Certificate| chain::leads_to(certificate, &sent, ca).is_ok();
        let authority = trusted.or_else(|| given.iter().copied().find(leads));
        let reasons = reasons(case, certificate, &sent, authority, now);
        if !reasons.is_empty() {
            taken
                .refusals
                .push(Refusal { name: format!("{} ({})", apply::name(case), answer.file), reasons });
            continue;
        }
        let Some(authority) = authority else { continue };
        if issuer.certificate().is_none() && installed.insert(issuer.index, authority).is_none() {
            taken.change.files.push(certificate_file(&issuer, &[authority])?);
            taken.names.push(apply::name(&issuer));
        }
        let root = view.spec.authority.root_certificate();
        let behind = |one: &&Certificate| *one != authority && Some(*one) != root;
        let mut chain: Vec<&Certificate> = answer.chain.iter().filter(behind).collect();
        chain.extend(case.followed_by().map(|_| authority));
        taken.change.files.extend(files(case, key, authority, &chain, waiting)?);
        taken.done(case, waiting);
    }
    for authority in authorities {
        taken.refusals.extend(stranger(view, authority, &installed));
    }
    Ok(taken)
}

impl Taken {
    fn done(&mut self, case: &Case<'_>, waiting: &Waiting) {
        if waiting.contains_key(&case.key_path()) {
            self.done.push(waiting_place(&case.key_path()));
        }
        self.names.push(apply::name(case));
    }
}

/// Every key that waits for a certificate, or has one, by its public half; one that waits apart goes before one in use.
fn keys<'a>(view: &'a View<'a>, waiting: &'a Waiting) -> HashMap<&'a [u8], (Case<'a>, &'a PrivateKey)> {
    let mut keys = HashMap::new();
    for case in view.cases().filter(|case| case.certifier().is_some()) {
        for key in case.private_key().into_iter().chain(waiting.get(&case.key_path())) {
            keys.insert(key.public_key().as_der(), (case, key));
        }
    }
    keys
}

/// An answer for no key that is here.
fn unmatched(view: &View<'_>, answer: &Answer, taken: &mut Taken) {
    let here = |node: &String| view.targets.list.iter().any(|target| target.site.to_string() == *node);
    if answer.node.as_ref().is_some_and(|node| !here(node)) {
        taken.others += 1;
        return;
    }
    let subject = answer.chain.first().map(|one| one.subject.to_string()).unwrap_or_default();
    let reasons = vec![format!("`{subject}` is for a key that is not here")];
    taken.refusals.push(Refusal { name: answer.file.clone(), reasons });
}

/// A CA that is not the cluster's: one that nothing here needs, under the name of one that is here.
fn stranger(view: &View<'_>, answer: &Answer, installed: &HashMap<usize, &Certificate>) -> Option<Refusal> {
    let certificate = answer.chain.first()?;
    let own = || view.cases().filter(Case::is_authority).filter_map(|case| case.certificate());
    if own().any(|ca| ca == certificate) || installed.values().any(|ca| *ca == certificate) {
        return None;
    }
    let rival =
        own().find(|ca| ca.subject == certificate.subject && ca.public_key != certificate.public_key)?;
    let (found, wanted) = (certificate.public_key.fingerprint(), rival.public_key.fingerprint());
    let reason = format!("`{}` has the key {found}, the one that is here {wanted}", certificate.subject);
    Some(Refusal { name: answer.file.clone(), reasons: vec![reason] })
}

/// Everything that is wrong with an answer.
fn reasons(
    case: &Case<'_>,
    certificate: &Certificate,
    sent: &[&Certificate],
    authority: Option<&Certificate>,
    now: OffsetDateTime,
) -> Vec<String> {
    let mut reasons = faults(certificate, sent, authority, case.is_authority(), now);
    if let Some(blueprint) = case.blueprint() {
        reasons.extend(unspecified(certificate, blueprint));
    }
    reasons
}

/// Everything that is wrong with an answer, whatever it is for: a CA or not.
pub(super) fn faults(
    certificate: &Certificate,
    sent: &[&Certificate],
    authority: Option<&Certificate>,
    for_ca: bool,
    now: OffsetDateTime,
) -> Vec<String> {
    let mut reasons = Vec::new();
    match authority {
        None => reasons.push(format!(
            "it is signed by `{}`, and the certificate of that CA is neither here nor among the answers",
            certificate.issuer
        )),
        Some(ca) => {
            if let Err(fault) = chain::leads_to(certificate, sent, ca) {
                reasons.push(format!("it is not signed by `{}`: {fault}", ca.subject));
            }
            if certificate.not_after > ca.not_after {
                reasons.push(format!(
                    "it ends on {}, its CA before it, on {}",
                    date(certificate.not_after),
                    date(ca.not_after)
                ));
            }
            if ca.not_after < now {
                reasons.push(format!("its CA has ended on {}", date(ca.not_after)));
            }
        }
    }
    if certificate.is_ca() && !for_ca {
        reasons.push("it is the certificate of a CA".to_owned());
    }
    if let Some(error) = certificate.refusal() {
        reasons.push(format!("Kubernetes' components do not read it: {error}"));
    }
    if certificate.not_after < now {
        reasons.push(format!("it has ended on {}", date(certificate.not_after)));
    }
    reasons
}

/// What a certificate says beside what it ought to say.
fn unspecified(certificate: &Certificate, blueprint: &Blueprint) -> Vec<String> {
    let mut reasons = names(&certificate.subject_alt_names, &blueprint.subject_alt_names, "the spec");
    if !blueprint.subjects.iter().any(|subject| subject.means(&certificate.subject)) {
        let wanted = blueprint.subjects.first().map(ToString::to_string).unwrap_or_default();
        reasons.push(format!("its subject is `{}`, the spec's `{wanted}`", certificate.subject));
    }
    if certificate.is_ca() {
        let length = certificate.basic_constraints.and_then(|basic| basic.path_len);
        if length != blueprint.path_length {
            let word = |length: Option<u8>| length.map_or("none".to_owned(), |length| length.to_string());
            let (own, wanted) = (word(length), word(blueprint.path_length));
            reasons.push(format!("its path length is {own}, the spec's {wanted}"));
        }
        if certificate.name_constraints.as_deref() != blueprint.name_constraints.as_ref() {
            reasons.push("its name constraints are not those of the spec".to_owned());
        }
    }
    if !certificate.usages.allows_same(&blueprint.usages) {
        let (own, wanted) = (certificate.usages.to_string(), blueprint.usages.to_string());
        reasons.push(format!("its usages are `{own}`, the spec's `{wanted}`"));
    }
    reasons
}

/// What is written for an answer.
fn files(
    case: &Case<'_>,
    key: &PrivateKey,
    authority: &Certificate,
    chain: &[&Certificate],
    waiting: &Waiting,
) -> Result<Vec<NewFile>, ApplyError> {
    if case.is_kubeconfig() {
        return Ok(vec![apply::kubeconfig_file(case, authority, chain, key)?]);
    }
    let mut files = waited(case, key, waiting)?;
    files.push(certificate_file(case, chain)?);
    Ok(files)
}

/// The file of a key that has waited apart.
fn waited(case: &Case<'_>, key: &PrivateKey, waiting: &Waiting) -> Result<Vec<NewFile>, ApplyError> {
    if waiting.get(&case.key_path()).is_none_or(|own| own.public_key() != key.public_key()) {
        return Ok(Vec::new());
    }
    let text = key.to_pem().map_err(apply::failed(case))?;
    let bytes = Zeroizing::new(text.as_bytes().to_vec());
    Ok(vec![NewFile { path: case.key_path(), bytes, mode: FileRole::Key.mode() }])
}

fn certificate_file(case: &Case<'_>, chain: &[&Certificate]) -> Result<NewFile, ApplyError> {
    let text = apply::chain_pem(case, chain)?;
    let role = FileRole::Certificate;
    Ok(NewFile { path: case.path(role), bytes: Zeroizing::new(text.into_bytes()), mode: role.mode() })
}
