//! How a file that somebody has put into a store becomes a request.

use time::OffsetDateTime;

use super::StoreError;
use super::birth::birth;
use crate::csr::admission::Admission;
use crate::csr::{CertificateSigningRequest, Policy, strategy};

/// The object as if it had been sent to the API server: with a uid and a name, asked for by whoever is believed to have,
/// and without anything that it says of itself and only a server can know, its own approval before all.
///
/// # Errors
/// What the API server would refuse it with.
pub fn admit(
    mut object: CertificateSigningRequest,
    policy: &Policy<'_>,
    now: OffsetDateTime,
) -> Result<CertificateSigningRequest, StoreError> {
    let user = policy.requester(&object);
    object.metadata.resource_version = None;
    let admission = Admission { rbac: policy.rbac };
    Ok(strategy::create(object, &user, &admission, &birth(now)?)?)
}
