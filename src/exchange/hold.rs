//! Holding a request to what its slip says, and to the spec: who signs offline has nothing else to go by.

use const_oid::db::rfc5280;

use super::bundle::digest;
use super::{Slip, person};
use crate::csr::usage::certified;
use crate::spec::Period;
use crate::target::{Aim, Blueprint, Site, Target, Targets};
use crate::x509::alt_name::lacking;
use crate::x509::weakness::weakness;
use crate::x509::{KeyUsage, Request, SubjectAltName, Usages, pem};

/// A request that may be signed, and what is signed.
#[derive(Clone, Debug)]
pub struct Held {
    /// The request.
    pub request: Request,
    /// What the key may be used for.
    pub usages: Usages,
    /// How long the certificate is valid.
    pub validity: Period,
    /// Of a CA that the spec has under a root: what it says of the CA, which no request says.
    pub authority: Option<Blueprint>,
}

/// Holds a request to its slip, and to the spec's targets where they are given; one for a person to the rules for people.
/// `allowed` are the users and groups with power of their own that may be signed for.
///
/// # Errors
/// Every reason why it is not signed, with both values where two disagree.
pub fn hold(
    text: &[u8],
    slip: &Slip,
    targets: Option<&Targets>,
    allowed: &[String],
) -> Result<Held, Vec<String>> {
    let request = read(text).map_err(|reason| vec![reason])?;
    let mut reasons = own(&request, text, slip);
    let usages = certified(&slip.usages).unwrap_or_else(|unknown| {
        reasons.push(format!("its manifest asks for unknown usages: {unknown}"));
        Usages::default()
    });
    let authority = targets.and_then(|targets| authority(targets, slip)).cloned();
    if authority.is_none()
        && usages.key.iter().any(|usage| matches!(usage, KeyUsage::CertSign | KeyUsage::CrlSign))
    {
        reasons.push(match targets {
            Some(_) => "its manifest asks for the usages of a CA".to_owned(),
            None => "its manifest asks for the usages of a CA, which only a spec (-f) allows".to_owned(),
        });
    }
    if authority.is_none() && usages.extended.is_empty() {
        reasons.push("its manifest names no purpose: such a certificate would do for every one".to_owned());
    }
    let validity = slip.validity.parse::<Period>().ok().filter(|period| *period > Period::seconds(0));
    if validity.is_none() {
        reasons.push(format!("its manifest asks for the validity `{}`", slip.validity.escape_debug()));
    }
    let validity = validity.unwrap_or(Period::seconds(0));
    let held = Held { request, usages, validity, authority };
    if slip.is_person() {
        reasons.extend(person::reasons(&held, slip, targets, allowed));
    } else if let Some(targets) = targets {
        reasons.extend(specified(&held, slip, targets));
    }
    if reasons.is_empty() { Ok(held) } else { Err(reasons) }
}

/// The one request of a PEM file.
fn read(text: &[u8]) -> Result<Request, String> {
    let blocks = pem::blocks(text).map_err(|error| error.to_string())?;
    match &blocks[..] {
        // Old programs, Microsoft's among them, write the second label (RFC 7468 §7).
        [block] if ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"].contains(&block.label.as_str()) => {
            Request::from_der(&block.contents).map_err(|error| error.to_string())
        }
        blocks => Err(format!("holds {} PEM blocks, not one certificate request", blocks.len())),
    }
}

/// The request beside its slip.
fn own(request: &Request, text: &[u8], slip: &Slip) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut differs = |what: &str, found: &str, wanted: &str| {
        reasons.push(format!("{what} `{found}`, its manifest `{}`", wanted.escape_debug()));
    };
    let sha256 = digest(text);
    if sha256 != slip.sha256.to_lowercase() {
        differs("the file has the SHA-256", &sha256, &slip.sha256);
    }
    let key = request.public_key.fingerprint();
    if key != slip.public_key.to_lowercase() {
        differs("its key has the SHA-256", &key, &slip.public_key);
    }
    let subject = request.subject.to_string();
    if subject != slip.subject {
        differs("its subject is", &subject, &slip.subject);
    }
    let names: Vec<String> = request.subject_alt_names.iter().map(ToString::to_string).collect();
    reasons.extend(
        names
            .iter()
            .filter(|name| !slip.subject_alt_names.contains(name))
            .map(|name| format!("it asks for the name `{name}`, which its manifest does not have")),
    );
    let more = slip.subject_alt_names.iter().filter(|name| !names.contains(name));
    reasons.extend(more.map(|name| format!("it lacks the name `{}` of its manifest", name.escape_debug())));
    if let Err(fault) = request.verify_signature() {
        reasons.push(format!("it does not show that the requester has the key: {fault}"));
    }
    match (request.public_key.algorithm(), weakness(&request.public_key)) {
        (_, Some(weakness)) => reasons.push(format!("its key is weak: {weakness}")),
        (None, None) => reasons.push("its key is of no kind that Kubernetes' components use".to_owned()),
        _ => {}
    }
    for extension in &request.extensions {
        match extension.oid {
            rfc5280::ID_CE_SUBJECT_ALT_NAME
            | rfc5280::ID_CE_KEY_USAGE
            | rfc5280::ID_CE_EXT_KEY_USAGE
            | rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER => {}
            // An empty sequence: cA is false by default (RFC 5280 §4.2.1.9).
            rfc5280::ID_CE_BASIC_CONSTRAINTS if extension.value == [0x30, 0x00] => {}
            rfc5280::ID_CE_BASIC_CONSTRAINTS => reasons.push("it asks to be a CA".to_owned()),
            oid => reasons.push(format!("it asks for the extension {oid}, which is not given")),
        }
    }
    let asked = &request.usages;
    let signs = |usage: &&KeyUsage| matches!(usage, KeyUsage::CertSign | KeyUsage::CrlSign);
    reasons.extend(asked.key.iter().find(signs).map(|usage| format!("it asks for the usage `{usage}`")));
    let beyond = asked.extended.iter().find(|usage| !slip.usages.contains(&usage.to_string()));
    reasons.extend(
        beyond.map(|usage| format!("it asks for the usage `{usage}`, which its manifest does not have")),
    );
    reasons
}

/// What is asked beside what the spec says.
fn specified(held: &Held, slip: &Slip, targets: &Targets) -> Vec<String> {
    let Some(target) = target(targets, &slip.node, &slip.credential) else {
        let (credential, node) = (slip.credential.escape_debug(), slip.node.escape_debug());
        return vec![format!("the spec has no `{credential}` on a node `{node}`")];
    };
    let (Some(blueprint), Some(issuer)) = (target.aim.certificate(), targets.signer(target)) else {
        return vec![format!("the spec's `{}` is not signed by another", slip.credential)];
    };
    let mut reasons = Vec::new();
    if issuer.credential != slip.signer {
        let wanted = slip.signer.escape_debug();
        reasons
            .push(format!("the spec has it signed by `{}`, its manifest by `{wanted}`", issuer.credential));
    }
    let subject = &held.request.subject;
    if !blueprint.subjects.iter().any(|wanted| wanted.means(subject)) {
        let wanted = blueprint.subjects.first().map(ToString::to_string).unwrap_or_default();
        reasons.push(format!("its subject is `{subject}`, the spec's `{wanted}`"));
    }
    reasons.extend(names(&held.request.subject_alt_names, &blueprint.subject_alt_names, "the spec"));
    if !held.usages.allows_same(&blueprint.usages) {
        let (own, wanted) = (held.usages.to_string(), blueprint.usages.to_string());
        reasons.push(format!("its usages are `{own}`, the spec's `{wanted}`"));
    }
    if held.validity.duration() > blueprint.lifetime {
        let wanted = Period::seconds(blueprint.lifetime.whole_seconds());
        reasons.push(format!("it asks for {}, the spec gives {wanted}", held.validity));
    }
    reasons
}

/// The target of a credential on a node, or of one that the nodes share.
#[must_use]
pub fn target<'a>(targets: &'a Targets, node: &str, credential: &str) -> Option<&'a Target> {
    let site = if node.is_empty() { Site::Authority } else { Site::Node(node.to_owned()) };
    let found = targets.list.iter().find(|target| target.credential == credential && target.site == site)?;
    match found.aim {
        Aim::Copy { of, .. } => targets.list.get(of),
        _ => Some(found),
    }
}

/// What the spec says of a CA that it has under a root.
fn authority<'a>(targets: &'a Targets, slip: &Slip) -> Option<&'a Blueprint> {
    match &target(targets, &slip.node, &slip.credential)?.aim {
        Aim::Authority { certificate, root: Some(_), .. } => Some(certificate),
        _ => None,
    }
}

/// What two lists of names do not have in common, in words.
pub(super) fn names(own: &[SubjectAltName], wanted: &[SubjectAltName], whose: &str) -> Vec<String> {
    let more = lacking(own, wanted)
        .into_iter()
        .map(|name| format!("it has the name `{name}`, which {whose} has not"));
    let less = lacking(wanted, own).into_iter().map(|name| format!("it lacks the name `{name}` of {whose}"));
    more.chain(less).collect()
}
