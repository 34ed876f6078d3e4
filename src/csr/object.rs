//! The CertificateSigningRequest of `certificates.k8s.io/v1`, and what is asked of it.

use k8s_openapi::ByteString;
pub use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestCondition as Condition,
    CertificateSigningRequestSpec, CertificateSigningRequestStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use time::OffsetDateTime;

/// The `apiVersion` of the object.
pub const API_VERSION: &str = "certificates.k8s.io/v1";

/// Its `kind`.
pub const KIND: &str = "CertificateSigningRequest";

/// Its resource.
pub const RESOURCE: &str = "certificatesigningrequests";

/// Its API group.
pub const GROUP: &str = "certificates.k8s.io";

/// A condition type that Kubernetes itself sets.
pub const APPROVED: &str = "Approved";
/// A condition type that Kubernetes itself sets.
pub const DENIED: &str = "Denied";
/// A condition type that Kubernetes itself sets.
pub const FAILED: &str = "Failed";

/// What an object says of itself. Presence is asked and not `status`, as upstream does: validation lets nothing but `True`
/// in.
pub trait Object {
    /// Its name.
    fn name(&self) -> &str;
    /// The identity that stays when the name is used again.
    fn uid(&self) -> &str;
    /// Its conditions.
    fn conditions(&self) -> &[Condition];
    /// The condition of a type.
    fn condition(&self, kind: &str) -> Option<&Condition>;
    /// Whether it has the condition.
    fn has(&self, kind: &str) -> bool;
    /// The certificate, if one was issued.
    fn certificate(&self) -> Option<&[u8]>;
    /// `Approved,Issued`: the column that kubectl prints (`printers/internalversion/printers.go`).
    fn state(&self) -> String;
    /// Adds a condition, its times unset.
    fn add_condition(&mut self, kind: &str, reason: &str, message: &str);
    /// Sets the certificate.
    fn set_certificate(&mut self, pem: Vec<u8>);
}

impl Object for CertificateSigningRequest {
    fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default()
    }

    fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions().iter().find(|condition| condition.type_ == kind)
    }

    fn has(&self, kind: &str) -> bool {
        self.condition(kind).is_some()
    }

    fn certificate(&self) -> Option<&[u8]> {
        let certificate = self.status.as_ref()?.certificate.as_ref()?;
        (!certificate.0.is_empty()).then_some(certificate.0.as_slice())
    }

    fn state(&self) -> String {
        let mut state = if self.has(DENIED) {
            DENIED
        } else if self.has(APPROVED) {
            APPROVED
        } else {
            "Pending"
        }
        .to_owned();
        if self.has(FAILED) {
            state += ",Failed";
        }
        if self.certificate().is_some() {
            state += ",Issued";
        }
        state
    }

    fn add_condition(&mut self, kind: &str, reason: &str, message: &str) {
        let status = self.status.get_or_insert_default();
        status.conditions.get_or_insert_default().push(Condition {
            type_: kind.to_owned(),
            status: "True".to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_update_time: None,
            last_transition_time: None,
        });
    }

    fn set_certificate(&mut self, pem: Vec<u8>) {
        self.status.get_or_insert_default().certificate = Some(ByteString(pem));
    }
}

/// A moment as an object says it: whole seconds.
#[must_use]
pub fn time(moment: OffsetDateTime) -> Time {
    Time(Timestamp::from_second(moment.unix_timestamp()).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The moment that an object says.
#[must_use]
pub fn moment(time: &Time) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(time.0.as_second()).ok()
}
