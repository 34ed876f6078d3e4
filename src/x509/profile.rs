//! What a certificate is to say, before anyone signs it.

use time::{Duration, OffsetDateTime};

use super::{Name, NameConstraints, SubjectAltName, Usages};

/// How early a certificate begins, so that a clock that is a little behind does not refuse it: kubeadm's `CertificateBackdate`,
/// the controller manager's and cfssl's.
pub const BACKDATE: Duration = Duration::minutes(5);

/// The content of a certificate to be issued, but for key, issuer and serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whom it is about.
    pub subject: Name,
    /// The names it speaks for, in the order in which they are to stand.
    pub subject_alt_names: Vec<SubjectAltName>,
    /// What its key may be used for.
    pub usages: Usages,
    /// Whether it is a certificate authority.
    pub ca: bool,
    /// Of a CA: how many CAs may stand between it and a leaf; any number where it does not say (RFC 5280 §4.2.1.9).
    pub path_length: Option<u8>,
    /// Of a CA: the names that may be certified below it.
    pub name_constraints: Option<NameConstraints>,
    /// The first moment of its validity.
    pub not_before: OffsetDateTime,
    /// The last moment of its validity.
    pub not_after: OffsetDateTime,
}
