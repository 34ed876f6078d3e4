//! One object on the desk: what is to be done about it, with everything that can be made ready before anything is written.

use std::sync::Arc;

use time::OffsetDateTime;

use super::admission::admit;
use super::entry::{Asked, Reason, Requester};
use super::outcome::Event;
use super::{Authorities, Entry, StoreError, Stored};
use crate::csr::decide::{Order, SIGNER_VALIDATION_FAILURE, Step, decide_valid};
use crate::csr::expire::expired;
use crate::csr::object::{APPROVED, DENIED, FAILED, time};
use crate::csr::request::{RequestError, Wanted};
use crate::csr::{CertificateSigningRequest, Object, Policy, User, validate};
use crate::x509::issue::long_serial;
use crate::x509::{Certificate, pem};

/// What decisions are made with.
#[derive(Debug)]
pub struct Desk<'a> {
    /// Signers, rules, permissions.
    pub policy: Policy<'a>,
    /// The CAs.
    pub authorities: &'a Authorities,
    /// Whether what a file says of who asks is believed before it is a request.
    pub trust_files: bool,
    /// Now.
    pub now: OffsetDateTime,
}

/// What is to be done about an object.
#[derive(Debug)]
pub struct Task {
    /// The object as it was read.
    pub stored: Stored,
    /// What is to be written.
    pub wants: Wants,
    /// The certificate that goes into it, once the ledger has it.
    pub entry: Option<Entry>,
    /// The CA's certificate, where it follows.
    pub chain: Option<String>,
    /// What is told once it is done.
    pub events: Vec<Event>,
    /// Why it is tried again.
    pub retry: Option<String>,
    /// Why nothing is done about it.
    pub invalid: Option<String>,
    /// Whether there is more to be decided once this is written.
    pub again: bool,
}

/// What is to be written.
#[derive(Debug)]
pub enum Wants {
    /// Nothing.
    Nothing,
    /// Another object in its place.
    Write(Arc<CertificateSigningRequest>),
    /// Nothing in its place.
    Remove,
}

impl Desk<'_> {
    /// Decides about an object as often as there is something to decide: what is approved now is signed now.
    #[must_use]
    pub fn look(&self, stored: Stored, read: &Result<Wanted, RequestError>) -> Task {
        // A copy is made when something is written into it: most looks find nothing to do.
        let mut object = Arc::clone(&stored.object);
        let mut task = Task {
            wants: Wants::Nothing,
            entry: None,
            chain: None,
            events: Vec::new(),
            retry: None,
            invalid: None,
            again: false,
            stored,
        };
        if object.uid().is_empty() {
            // It is kept with its uid before anything is signed for it: the uid is what the ledger knows it by.
            let policy = Policy { trust_requester: self.trust_files, ..self.policy };
            match admit((*object).clone(), &policy, self.now) {
                Ok(admitted) => {
                    let requester = admitted.spec.username.clone().unwrap_or_default();
                    task.events.push(Event::Admitted { name: admitted.name().to_owned(), requester });
                    task.wants = Wants::Write(Arc::new(admitted));
                    task.again = true;
                }
                Err(error) => task.invalid = Some(error.to_string()),
            }
            return task;
        }
        if let Some(problem) = self.problem(&object, read) {
            task.invalid = Some(problem);
            return task;
        }
        if self.decide(&mut object, read, &mut task) {
            task.wants = Wants::Write(object);
        }
        task
    }

    /// What is wrong with an object that others could write to.
    fn problem(
        &self,
        object: &CertificateSigningRequest,
        read: &Result<Wanted, RequestError>,
    ) -> Option<String> {
        // What is to be cleaned away may be as it likes: nothing else is decided about it.
        if self.policy.clean && expired(object, self.now).is_some() {
            return None;
        }
        let errors = validate::stored(object, read);
        let words: Vec<String> = errors.iter().map(ToString::to_string).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }

    /// Does to the object what is decided about it. Says whether it has changed.
    fn decide(
        &self,
        object: &mut Arc<CertificateSigningRequest>,
        read: &Result<Wanted, RequestError>,
        task: &mut Task,
    ) -> bool {
        let name = object.name().to_owned();
        let (mut changed, mut by) = (false, None);
        loop {
            match decide_valid(object, read, &self.policy, self.now).step {
                Step::Approve { reason, message, rule } => {
                    self.add(Arc::make_mut(object), APPROVED, &reason, &message);
                    task.events.push(Event::Approved { name: name.clone(), rule: rule.clone(), message });
                    (changed, by) = (true, Some(rule));
                }
                Step::Deny { reason, message, rule } => {
                    self.add(Arc::make_mut(object), DENIED, &reason, &message);
                    task.events.push(Event::Denied { name, rule, message });
                    return true;
                }
                Step::Fail(message) => {
                    self.add(Arc::make_mut(object), FAILED, SIGNER_VALIDATION_FAILURE, &message);
                    task.events.push(Event::Failed { name, message });
                    return true;
                }
                Step::Sign(order) => {
                    match self.sign(object, &order, by) {
                        Ok((entry, chain)) => (task.entry, task.chain, changed) = (Some(entry), chain, true),
                        Err(error) => task.retry = Some(error.to_string()),
                    }
                    return changed;
                }
                Step::Remove(case) => {
                    task.events.push(Event::Removed { name, case });
                    task.wants = Wants::Remove;
                    return false;
                }
                Step::Retry(problem) => {
                    task.retry = Some(self.with_cause(&object.spec.signer_name, problem));
                    return changed;
                }
                Step::Rest(_) => return changed,
            }
        }
    }

    /// Makes a certificate and its entry in the ledger.
    fn sign(
        &self,
        object: &CertificateSigningRequest,
        order: &Order,
        rule: Option<String>,
    ) -> Result<(Entry, Option<String>), StoreError> {
        let unable = || crate::x509::Error::Primitive("signing with the CA");
        let authority = self.authorities.get(&order.authority).ok_or_else(unable)?;
        let issuer = authority.issuer().ok_or_else(unable)?;
        let der = issuer.sign(&order.profile, &order.public_key, &long_serial()?)?;
        issuer.check(&der)?;
        let condition = object.condition(APPROVED);
        let text = |text: Option<&Option<String>>| text.cloned().flatten().unwrap_or_default();
        let decision = Reason {
            rule,
            reason: text(condition.map(|condition| &condition.reason)),
            message: text(condition.map(|condition| &condition.message)),
        };
        let mut entry = Entry::new(&Certificate::from_der(&der)?, &order.signer, decision, self.now);
        entry.request = Some(Asked { name: object.name().to_owned(), uid: object.uid().to_owned() });
        let User { name: username, groups, .. } = self.policy.requester(object);
        entry.requester = Some(Requester { username, groups });
        Ok((entry, order.append_chain.then(|| authority.pem().to_owned())))
    }

    /// A problem with what is behind it, where that is the CA.
    fn with_cause(&self, signer: &str, problem: String) -> String {
        let authority = self.policy.signer(signer).map(|signer| signer.authority.as_str());
        match authority.and_then(|authority| self.authorities.problem(authority)) {
            Some(cause) => format!("{problem}: {cause}"),
            None => problem,
        }
    }

    fn add(&self, object: &mut CertificateSigningRequest, kind: &str, reason: &str, message: &str) {
        object.add_condition(kind, reason, message);
        let conditions = object.status.as_mut().and_then(|status| status.conditions.as_mut());
        if let Some(condition) = conditions.and_then(|conditions| conditions.last_mut()) {
            condition.last_update_time = Some(time(self.now));
            condition.last_transition_time = Some(time(self.now));
        }
    }
}

impl Task {
    /// Puts the certificate of an entry into the object: the one that was just made, or the one that a run before had made
    /// and not put there.
    ///
    /// # Errors
    /// When the entry has none.
    pub fn certify(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let Wants::Write(object) = &mut self.wants else { return Ok(()) };
        let der = entry.der().ok_or(crate::x509::Error::Missing("certificate in the ledger"))?;
        let text = pem::encode("CERTIFICATE", &der)? + self.chain.as_deref().unwrap_or_default();
        Arc::make_mut(object).set_certificate(text.into_bytes());
        self.events.push(Event::Signed {
            name: object.name().to_owned(),
            signer: entry.signer.clone(),
            serial: entry.serial.clone(),
            not_after: entry.not_after.clone(),
        });
        Ok(())
    }
}
