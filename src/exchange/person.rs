//! People: a kubeconfig with a key that is made where its owner is, and the certificate that belongs to it.
//!
//! A person is in no spec. What the spec says of a node's credential is a rule here: a client and nothing else, of the
//! cluster's own CA, with a name and groups, and without power that nobody has said.

use time::OffsetDateTime;

use super::answer::{Answer, faults};
use super::bundle::digest;
use super::hold::Held;
use super::{Refusal, Slip};
use crate::csr::power::{Power, powers};
use crate::disk::Kubeconfig;
use crate::spec::Period;
use crate::store::name::escape;
use crate::target::{Aim, Targets};
use crate::x509::public_key::PublicKeyKind;
use crate::x509::{Certificate, ExtendedKeyUsage, KeyUsage, Name, PublicKey, Request, Usages, chain};

/// The credential that a slip of a person names; the node is empty.
const CREDENTIAL: &str = "user";

/// The CA that the API server believes about clients.
pub const SIGNER: &str = "ca";

impl Slip {
    /// Whether it is for a person, and not for a node's credential.
    #[must_use]
    pub fn is_person(&self) -> bool {
        self.node.is_empty() && self.credential == CREDENTIAL
    }

    /// Where its certificate is in a bundle.
    pub(super) fn answer(&self) -> String {
        match self.name.strip_prefix("user/") {
            Some(name) if self.is_person() => format!("certificates/users/{}.crt", escape(name)),
            // The CAs are nobody's alone.
            _ if self.node.is_empty() => format!("certificates/authority/{}.crt", self.credential),
            _ => format!("certificates/{}/{}.crt", self.node, self.credential),
        }
    }
}

/// What a person's key may be used for. Only RSA keys encipher others.
#[must_use]
pub fn usages(key: &PublicKey) -> Usages {
    let rsa = matches!(key.kind(), PublicKeyKind::Rsa { .. });
    let enciphers = rsa.then_some(KeyUsage::KeyEncipherment);
    Usages {
        key: [KeyUsage::DigitalSignature].into_iter().chain(enciphers).collect(),
        extended: vec![ExtendedKeyUsage::ClientAuth],
    }
}

/// What a request for a person asks for; `text` is the request in PEM.
#[must_use]
pub fn slip(request: &Request, text: &[u8], validity: Period) -> Slip {
    let user = request.subject.common_name().unwrap_or_default();
    Slip {
        name: format!("user/{user}"),
        node: String::new(),
        credential: CREDENTIAL.to_owned(),
        file: format!("requests/users/{}.csr", escape(user)),
        sha256: digest(text),
        signer: SIGNER.to_owned(),
        subject: request.subject.to_string(),
        subject_alt_names: Vec::new(),
        usages: usages(&request.public_key).names(),
        validity: validity.to_string(),
        public_key: request.public_key.fingerprint(),
    }
}

/// Why a person's request is not signed.
pub(super) fn reasons(
    held: &Held,
    slip: &Slip,
    targets: Option<&Targets>,
    allowed: &[String],
) -> Vec<String> {
    let mut reasons = Vec::new();
    if slip.signer != SIGNER {
        let signer = slip.signer.escape_debug();
        reasons.push(format!("it is for a user, and `{signer}` signs none: `{SIGNER}` does"));
    }
    let subject = &held.request.subject;
    if !is_plain(subject) {
        reasons.push(format!("its subject is `{subject}`: a user has one name, and groups"));
    }
    if let [name, ..] = &held.request.subject_alt_names[..] {
        reasons.push(format!("it is for a user, who has no other names, and asks for `{name}`"));
    }
    let more = held.usages.extended.iter().find(|usage| **usage != ExtendedKeyUsage::ClientAuth);
    reasons.extend(more.map(|usage| format!("it is for a user, and asks for the usage `{usage}`")));
    reasons.extend(powers(subject, allowed).iter().map(|power| {
        let flag = format!("--allow {}", power.identity.escape_debug());
        format!("{}; `{flag}` signs it all the same", Power::words(power))
    }));
    let longest =
        targets.into_iter().flat_map(|targets| &targets.list).find_map(|target| match &target.aim {
            Aim::Kubeconfig { certificate, .. } => Some(certificate.lifetime),
            _ => None,
        });
    if let Some(longest) = longest.filter(|longest| held.validity.duration() > *longest) {
        let wanted = Period::seconds(longest.whole_seconds());
        reasons.push(format!("it asks for {}, the spec gives {wanted} at most", held.validity));
    }
    reasons
}

/// Whether a subject is one common name and any number of organizations.
fn is_plain(subject: &Name) -> bool {
    let user = subject.common_name().filter(|user| !user.is_empty());
    let groups: Vec<String> = subject.organizations().into_iter().map(str::to_owned).collect();
    user.is_some_and(|user| Name::new(user, &groups).is_ok_and(|plain| plain.means(subject)))
}

/// The certificate for a kubeconfig that waits.
#[derive(Debug)]
pub struct Taken<'a> {
    /// The certificate, and what leads on from it.
    pub chain: &'a [Certificate],
    /// The CAs that the API server is to be known by.
    pub authorities: Vec<&'a Certificate>,
}

/// Finds the certificate for the key of a kubeconfig among answers, and holds it to the kubeconfig: to its user, and to its
/// CA where it has one. `file` is its name in refusals.
///
/// # Errors
/// When there is none, or it does not fit.
pub fn take<'a>(
    file: &str,
    config: &'a Kubeconfig,
    answers: &'a [Answer],
    now: OffsetDateTime,
) -> Result<Taken<'a>, Refusal> {
    let refusal = |reasons: Vec<String>| Refusal { name: file.to_owned(), reasons };
    let Some(key) = config.key.embedded() else {
        return Err(refusal(vec!["has no key in it that a certificate could be for".to_owned()]));
    };
    let own = |answer: &&Answer| answer.chain.first().is_some_and(|one| one.public_key == *key.public_key());
    let found = answers.iter().find(own).and_then(|answer| Some((answer, answer.chain.split_first()?)));
    let Some((answer, (certificate, sent))) = found else {
        return Err(refusal(vec!["none of the certificates is for its key".to_owned()]));
    };
    let sent: Vec<&Certificate> = sent.iter().collect();
    let known = config.authority.embedded().map(Vec::as_slice).unwrap_or_default();
    let given = answers.iter().filter_map(|answer| answer.chain.first()).filter(|one| one.is_ca());
    let candidates: Vec<&Certificate> =
        if known.is_empty() { given.collect() } else { known.iter().collect() };
    let leads = |ca: &&Certificate| chain::leads_to(certificate, &sent, ca).is_ok();
    let authority = candidates.iter().copied().find(leads).or(known.first());
    let mut reasons = faults(certificate, &sent, authority, false, now);
    if !certificate.usages.extended.contains(&ExtendedKeyUsage::ClientAuth) {
        reasons.push(format!("it is none of a client: its usages are `{}`", certificate.usages));
    }
    let user = certificate.subject.common_name().unwrap_or_default();
    if user != config.user {
        let (user, wanted) = (user.escape_debug(), config.user.escape_debug());
        reasons.push(format!("it is for the user `{user}`, the kubeconfig for `{wanted}`"));
    }
    if !reasons.is_empty() {
        return Err(refusal(reasons));
    }
    let authorities = if known.is_empty() { authority.into_iter().collect() } else { known.iter().collect() };
    Ok(Taken { chain: &answer.chain, authorities })
}
