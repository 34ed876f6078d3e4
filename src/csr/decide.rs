//! The one function: what is to be done about a request now.

use super::approve::{Trace, approve, waits};
use super::expire::{Expired, expired};
use super::lifetime::{Validity, validity};
use super::object::{APPROVED, CertificateSigningRequest, DENIED, FAILED, Object};
use super::policy::{Outcome, Policy};
use super::refusal::Refusal;
use super::request::{RequestError, Wanted};
use super::{admission, usage, validate};
use crate::x509::{Profile, PublicKey};

use time::OffsetDateTime;

/// What is to be done about a request, and why.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What is to be done.
    pub step: Step,
    /// Every rule that was asked.
    pub traces: Vec<Trace>,
}

/// What is to be done about a request.
#[derive(Clone, Debug)]
pub enum Step {
    /// It is approved: the condition's reason and message, and the rule that decided.
    Approve {
        /// The reason.
        reason: String,
        /// The message.
        message: String,
        /// The rule.
        rule: String,
    },
    /// It is denied.
    Deny {
        /// The reason.
        reason: String,
        /// The message.
        message: String,
        /// The rule.
        rule: String,
    },
    /// It is signed.
    Sign(Box<Order>),
    /// It is approved, but its signer does not sign such: the Failed condition's message.
    Fail(String),
    /// It should be signed, but cannot be now: it stays approved, and is tried again.
    Retry(String),
    /// It is cleaned away.
    Remove(Expired),
    /// Nothing: why.
    Rest(&'static str),
}

/// The reason of the Failed condition that a signer sets (`pkg/controller/certificates/signer`).
pub const SIGNER_VALIDATION_FAILURE: &str = "SignerValidationFailure";

/// A certificate to be signed.
#[derive(Clone, Debug)]
pub struct Order {
    /// The signer.
    pub signer: String,
    /// The CA, by its name.
    pub authority: String,
    /// What the certificate says.
    pub profile: Profile,
    /// For which key.
    pub public_key: PublicKey,
    /// Whether the CA's certificate follows it.
    pub append_chain: bool,
}

/// Decides: cleaning first, then approval, then signing.
#[must_use]
pub fn decide(object: &CertificateSigningRequest, policy: &Policy<'_>, now: OffsetDateTime) -> Decision {
    if let Some(step) = settled(object, policy, now) {
        return plain(step);
    }
    decide_read(object, &Wanted::read(&object.spec.request.0), policy, now)
}

/// The same where the request in the object has been read before: its signature is three quarters of the work.
#[must_use]
pub fn decide_read(
    object: &CertificateSigningRequest,
    read: &Result<Wanted, RequestError>,
    policy: &Policy<'_>,
    now: OffsetDateTime,
) -> Decision {
    if read.is_ok() && settled(object, policy, now).is_none() {
        // It cannot have come through the API; whoever has put it there can mend it.
        let errors = validate::stored(object, read);
        if !errors.is_empty() {
            return plain(Step::Retry(Refusal::invalid(object.name(), errors).message));
        }
    }
    decide_valid(object, read, policy, now)
}

/// The same of an object with which nothing is wrong by [`validate::stored`].
#[must_use]
pub fn decide_valid(
    object: &CertificateSigningRequest,
    read: &Result<Wanted, RequestError>,
    policy: &Policy<'_>,
    now: OffsetDateTime,
) -> Decision {
    if let Some(step) = settled(object, policy, now) {
        return plain(step);
    }
    let wanted = match read {
        Ok(wanted) => wanted,
        Err(error) => return plain(Step::Retry(format!("unable to parse csr: {error}"))),
    };
    // Nor could it have been made so there, and no mending makes it another request.
    let signer = &object.spec.signer_name;
    let refusal = admission::masters(signer, wanted)
        .or_else(|| admission::node_restriction(signer, wanted, &policy.requester(object)));
    if let Some(refusal) = refusal {
        return plain(Step::Fail(refusal));
    }
    if waits(object) { ask(object, wanted, policy) } else { plain(sign(object, wanted, policy, now)) }
}

fn plain(step: Step) -> Decision {
    Decision { step, traces: Vec::new() }
}

/// What can be said without looking at the request.
fn settled(object: &CertificateSigningRequest, policy: &Policy<'_>, now: OffsetDateTime) -> Option<Step> {
    if policy.clean
        && let Some(case) = expired(object, now)
    {
        return Some(Step::Remove(case));
    }
    if object.certificate().is_some() {
        return Some(Step::Rest("it has its certificate"));
    }
    if object.has(DENIED) {
        return Some(Step::Rest("it is denied"));
    }
    let failed =
        object.condition(FAILED).is_some_and(|failed| ["True", ""].contains(&failed.status.as_str()));
    if failed {
        return Some(Step::Rest("it has failed"));
    }
    let served = policy.signer(&object.spec.signer_name).is_some();
    (object.has(APPROVED) && !served).then_some(Step::Rest("no signer of its name is served"))
}

fn ask(object: &CertificateSigningRequest, wanted: &Wanted, policy: &Policy<'_>) -> Decision {
    let requester = policy.requester(object);
    let (verdict, traces) = approve(object, wanted, &requester, policy);
    let step = match verdict {
        None => Step::Rest("it waits for approval"),
        Some(verdict) => {
            let (reason, message, rule) = (verdict.reason, verdict.message, verdict.rule);
            match verdict.outcome {
                Outcome::Deny => Step::Deny { reason, message, rule },
                _ => Step::Approve { reason, message, rule },
            }
        }
    };
    Decision { step, traces }
}

fn sign(
    object: &CertificateSigningRequest,
    wanted: &Wanted,
    policy: &Policy<'_>,
    now: OffsetDateTime,
) -> Step {
    let Some(signer) = policy.signer(&object.spec.signer_name) else {
        return Step::Rest("no signer of its name is served");
    };
    let usages = object.spec.usages.as_deref().unwrap_or_default();
    if let Err(message) = signer.check(wanted, usages) {
        return Step::Fail(message);
    }
    let Some(ends) = policy.authority_ends(signer) else {
        return Step::Retry(format!("the CA `{}` is not at hand", signer.authority));
    };
    let requested = object.spec.expiration_seconds;
    let Validity { not_before, not_after } = match validity(signer.longest, requested, now, ends) {
        Ok(validity) => validity,
        Err(error) => return Step::Retry(error),
    };
    let usages = match usage::certified(usages) {
        Ok(usages) => usages,
        Err(unknown) => return Step::Retry(unknown),
    };
    let subject = match wanted.subject.to_name() {
        Ok(subject) => subject,
        Err(error) => return Step::Retry(error.to_string()),
    };
    let profile = Profile {
        path_length: None,
        name_constraints: None,
        subject,
        subject_alt_names: wanted.subject_alt_names(),
        usages,
        ca: signer.makes_authorities(),
        not_before,
        not_after,
    };
    Step::Sign(Box::new(Order {
        signer: signer.name.clone(),
        authority: signer.authority.clone(),
        profile,
        public_key: wanted.public_key.clone(),
        append_chain: signer.append_chain,
    }))
}
