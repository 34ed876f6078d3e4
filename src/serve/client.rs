//! Who a client's certificate says it is (`k8s.io/apiserver/pkg/authentication/request/x509`): the user is its last common
//! name, the groups are all its organizations.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;
use time::OffsetDateTime;

use crate::csr::User;
use crate::x509::path::{Conditions, Purpose, Validator};
use crate::x509::{Certificate, hex::hex, sha256};

/// The uid of a user in a subject (`k8s.io/apiserver/pkg/authentication/request/x509`, `UserUIDOID`).
const UID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57683.2");

/// Where it is noted by which certificate somebody came (`user.CredentialIDKey`).
const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";

/// As many certificates as a client may send: paths are searched in them.
const LONGEST_CHAIN: usize = 10;

/// The fewest bits of an RSA key: those that Go takes.
const LEAST_RSA_BITS: usize = 1024;

/// A user, and until when the certificate says so.
#[derive(Clone, Debug)]
pub struct Client {
    /// The user.
    pub user: User,
    /// The first moment at which it holds.
    pub from: OffsetDateTime,
    /// The last.
    pub until: OffsetDateTime,
}

/// Reads and validates what a client has sent: its own certificate first.
///
/// # Errors
/// Why it does not count, for the log: the client is told nothing but 401.
pub fn client(chain: &[&[u8]], authorities: &[Certificate], now: OffsetDateTime) -> Result<Client, String> {
    if chain.len() > LONGEST_CHAIN {
        return Err(format!("the client sends {} certificates", chain.len()));
    }
    let read = |der: &&[u8]| Certificate::from_der(der).and_then(Certificate::accepted);
    let chain: Vec<Certificate> =
        chain.iter().map(read).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let Some((own, between)) = chain.split_first() else { return Err("no certificate".to_owned()) };
    let anchors: Vec<&Certificate> = authorities.iter().collect();
    let between: Vec<&Certificate> = between.iter().collect();
    let validator = Validator::new(&anchors, &between);
    let conditions =
        Conditions { purpose: Purpose::Client, least_rsa_bits: LEAST_RSA_BITS, ..Conditions::at(now) };
    let verdict = validator.validate(own, &conditions);
    if let Some(reason) = verdict.reasons.first() {
        return Err(format!("{}: {}", own.subject, reason.fault));
    }
    let path = verdict.path.iter().map(|step| step.certificate);
    let from = path.clone().map(|certificate| certificate.not_before).max();
    let until = path.map(|certificate| certificate.not_after).min();
    Ok(Client {
        user: user(own)?,
        from: from.unwrap_or(own.not_before),
        until: until.unwrap_or(own.not_after),
    })
}

/// The user that a certificate is about.
fn user(certificate: &Certificate) -> Result<User, String> {
    let attributes = || certificate.subject.relative_names().iter().flatten();
    let of = |oid: ObjectIdentifier| {
        attributes().filter(move |attribute| attribute.oid == oid).map(|attribute| attribute.value.clone())
    };
    let name = of(rfc4519::CN).next_back().unwrap_or_default();
    if name.is_empty() {
        // It authenticates nobody (`x509.CommonNameUserConversion`).
        return Err("the certificate has no common name".to_owned());
    }
    let mut user = User::known(&name, &of(rfc4519::O).collect::<Vec<_>>());
    let mut uids: Vec<String> = of(UID).collect();
    if let (Some(uid), true) = (uids.pop(), uids.is_empty()) {
        user.uid = uid;
    }
    let credential = format!("X509SHA256={}", hex(&sha256(certificate.as_der())));
    user.extra.insert(CREDENTIAL.to_owned(), vec![credential]);
    Ok(user)
}
