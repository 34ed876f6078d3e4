//! What a decision is made by: signers, rules of approval, permissions.

use std::net::IpAddr;
use std::slice;

use time::Duration;

use super::approve::Verdict;
use super::object::CertificateSigningRequest;
use super::rbac::Rbac;
use super::request::Wanted;
use super::signer::{Pattern, Range, Signer};
use super::user::{MASTERS, User};
use crate::spec::Spec;

/// What a decision is made by.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The signers that are served.
    pub signers: &'a [Signer],
    /// When each CA ends, by its name.
    pub authorities: &'a [(String, time::OffsetDateTime)],
    /// The user's own rules of approval, in their order.
    pub rules: &'a [Rule],
    /// The cluster: the nodes whose kubelets are approved as servers.
    pub spec: Option<&'a Spec>,
    /// Who may do what.
    pub rbac: &'a Rbac,
    /// Whether `spec.username` and its kin are to be believed: only where whoever wrote them has checked them.
    pub trust_requester: bool,
    /// Whether old objects are cleaned away.
    pub clean: bool,
}

impl<'a> Policy<'a> {
    /// The signer with this name.
    #[must_use]
    pub fn signer(&self, name: &str) -> Option<&'a Signer> {
        self.signers.iter().find(|signer| signer.name == name)
    }

    /// When the CA of a signer ends.
    #[must_use]
    pub fn authority_ends(&self, signer: &Signer) -> Option<time::OffsetDateTime> {
        self.authorities.iter().find(|(name, _)| *name == signer.authority).map(|(_, ends)| *ends)
    }

    /// Who asks, as far as that can be believed.
    #[must_use]
    pub fn requester(&self, object: &CertificateSigningRequest) -> User {
        if !self.trust_requester {
            return User::anonymous();
        }
        let spec = &object.spec;
        User {
            name: spec.username.clone().unwrap_or_default(),
            uid: spec.uid.clone().unwrap_or_default(),
            groups: spec.groups.clone().unwrap_or_default(),
            extra: spec.extra.clone().unwrap_or_default(),
        }
    }
}

/// A rule of approval. Everything that it names must hold. Of the lists of a rule that approves, everything in the request
/// must be in them; of those of a rule that denies or stops, something: so no rule approves what it does not name, and none
/// is escaped by asking for more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: Option<String>,
    /// What is done where it holds.
    pub outcome: Outcome,
    /// The message of the condition; without one, the rule is named.
    pub message: Option<String>,
    /// The signers; `example.com/*` stands for all of a domain.
    pub signers: Vec<Pattern>,
    /// The users who may ask.
    pub users: Vec<Pattern>,
    /// The groups, one of which who asks must be in.
    pub groups: Vec<Pattern>,
    /// The common names.
    pub common_names: Option<Vec<Pattern>>,
    /// The organizations.
    pub organizations: Option<Vec<Pattern>>,
    /// The DNS names.
    pub dns_names: Option<Vec<Pattern>>,
    /// The IP addresses.
    pub ip_addresses: Option<Vec<Range>>,
    /// The e-mail addresses.
    pub email_addresses: Option<Vec<Pattern>>,
    /// The URIs.
    pub uris: Option<Vec<Pattern>>,
    /// The usages.
    pub usages: Option<Vec<String>>,
    /// The longest lifetime that may be asked for; then one must be asked for. A rule that does not approve holds where it
    /// is not kept.
    pub max_lifetime: Option<Duration>,
}

/// What is done about a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It is approved.
    Approve,
    /// It is denied.
    Deny,
    /// It is left for a person; later rules are not asked.
    #[default]
    Pending,
}

impl Outcome {
    /// Every outcome with its word in a policy.
    pub const ALL: [(&'static str, Self); 3] =
        [("approve", Self::Approve), ("deny", Self::Deny), ("pending", Self::Pending)];
}

impl Rule {
    /// What the rule says of a request.
    ///
    /// # Errors
    /// Why it does not hold.
    pub(super) fn decide(
        &self,
        name: &str,
        object: &CertificateSigningRequest,
        wanted: &Wanted,
        requester: &User,
    ) -> Result<Verdict, String> {
        let spec = &object.spec;
        any(&self.signers, "the signer", &spec.signer_name)?;
        any(&self.users, "the requester", &requester.name)?;
        let in_group = |pattern: &Pattern| requester.groups.iter().any(|group| pattern.matches(group));
        if !self.groups.is_empty() && !self.groups.iter().any(in_group) {
            return Err(format!("{:?} is in none of its groups", requester.name));
        }
        let subject = &wanted.subject;
        let common_name = slice::from_ref(&subject.common_name);
        self.text(self.common_names.as_deref(), "common name", common_name, Pattern::matches)?;
        self.text(self.organizations.as_deref(), "organization", &subject.organization, Pattern::matches)?;
        // Whoever is in this group may do everything: it must be named, and a wildcard does not.
        let names_masters = || self.organizations.iter().flatten().any(|pattern| pattern.0 == MASTERS);
        if self.approves() && subject.organization.iter().any(|group| group == MASTERS) && !names_masters() {
            return Err(format!("organization {MASTERS:?} is approved only where a rule names it"));
        }
        self.text(self.dns_names.as_deref(), "DNS name", &wanted.dns_names, Pattern::matches_dns)?;
        self.text(
            self.email_addresses.as_deref(),
            "e-mail address",
            &wanted.email_addresses,
            Pattern::matches,
        )?;
        self.text(self.uris.as_deref(), "URI", &wanted.uris, Pattern::matches)?;
        self.list(
            self.ip_addresses.as_deref(),
            "address",
            &wanted.ip_addresses,
            IpAddr::to_string,
            Range::holds,
        )?;
        let usages = spec.usages.as_deref().unwrap_or_default();
        self.list(
            self.usages.as_deref(),
            "usage",
            usages,
            |usage| format!("{usage:?}"),
            |own, usage| own == usage,
        )?;
        self.lifetime(spec.expiration_seconds)?;
        let message = self.message.clone().unwrap_or_else(|| format!("Decided by {name}."));
        let reason = if self.outcome == Outcome::Deny { "AutoDenied" } else { super::approve::AUTO_APPROVED };
        Ok(Verdict { outcome: self.outcome, reason: reason.to_owned(), message, rule: name.to_owned() })
    }
}

impl Rule {
    fn approves(&self) -> bool {
        self.outcome == Outcome::Approve
    }

    fn text(
        &self,
        patterns: Option<&[Pattern]>,
        what: &str,
        values: &[String],
        matches: fn(&Pattern, &str) -> bool,
    ) -> Result<(), String> {
        self.list(
            patterns,
            what,
            values,
            |value| format!("{value:?}"),
            |pattern, value| matches(pattern, value),
        )
    }

    /// Whether a list holds of the values of a request; what is said where it does not.
    fn list<P, V>(
        &self,
        list: Option<&[P]>,
        what: &str,
        values: &[V],
        tell: impl Fn(&V) -> String,
        holds: impl Fn(&P, &V) -> bool,
    ) -> Result<(), String> {
        let Some(list) = list else { return Ok(()) };
        let is_in = |value: &&V| list.iter().any(|own| holds(own, value));
        if self.approves() {
            match values.iter().find(|value| !is_in(value)) {
                None => Ok(()),
                Some(value) => Err(format!("{what} {} is not among its", tell(value))),
            }
        } else if values.iter().any(|value| is_in(&value)) {
            Ok(())
        } else {
            Err(format!("no {what} is among its"))
        }
    }

    fn lifetime(&self, asked: Option<i32>) -> Result<(), String> {
        let Some(longest) = self.max_lifetime else { return Ok(()) };
        let is_kept = asked.is_some_and(|seconds| Duration::seconds(seconds.into()) <= longest);
        if is_kept == self.approves() {
            return Ok(());
        }
        let asked = asked.map_or_else(|| "no lifetime".to_owned(), |seconds| format!("{seconds} s"));
        Err(format!("asks for {asked}, and at most {} s are allowed", longest.whole_seconds()))
    }
}

fn any(patterns: &[Pattern], what: &str, value: &str) -> Result<(), String> {
    if patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(value)) {
        Ok(())
    } else {
        Err(format!("{what} is {value:?}"))
    }
}
