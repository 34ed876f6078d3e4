//! What a write may change, and what the server fills in (`pkg/registry/certificates/certificates/strategy.go`): create,
//! update, `/approval` and `/status`, each from the object that came and the one that is stored to the one to store, or
//! a refusal.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use time::OffsetDateTime;

use super::admission::{self, Admission};
use super::object::{APPROVED, CertificateSigningRequest, Condition, DENIED, Object, time};
use super::refusal::{MODIFIED, Refusal};
use super::request::{RequestError, Wanted};
use super::user::User;
use super::validate::{self, Endpoint};

/// What the world gives to a new object: the clock, and chance.
#[derive(Clone, Debug)]
pub struct Birth {
    /// Now.
    pub now: OffsetDateTime,
    /// A new uid.
    pub uid: String,
    /// The random end of a generated name, from [`NAME_ALPHABET`].
    pub suffix: String,
}

/// The characters of generated names (`k8s.io/apimachinery/pkg/util/rand`): no vowels, and nothing that looks like another.
pub const NAME_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// How many of them a generated name ends in, and how long its beginning is at most (`names.SimpleNameGenerator`).
pub const SUFFIX: usize = 5;
const BASE: usize = 63 - SUFFIX;

/// The object to store for one that came to be created.
///
/// # Errors
/// When it is not as it must be, or the user may not create it.
pub fn create(
    object: CertificateSigningRequest,
    user: &User,
    admission: &Admission<'_>,
    birth: &Birth,
) -> Result<CertificateSigningRequest, Refusal> {
    let request = Wanted::read(&object.spec.request.0);
    create_read(object, &request, user, admission, birth)
}

/// The same where the request in the object has been read before: its signature is most of the work.
///
/// # Errors
/// As for [`create`].
pub fn create_read(
    mut object: CertificateSigningRequest,
    request: &Result<Wanted, RequestError>,
    user: &User,
    admission: &Admission<'_>,
    birth: &Birth,
) -> Result<CertificateSigningRequest, Refusal> {
    admission::before(&object, user, admission)?;
    let metadata = &mut object.metadata;
    // Upstream answers 500 here, late; the fault is the sender's, so it is a 400.
    if metadata.resource_version.as_ref().is_some_and(|version| !version.is_empty()) {
        return Err(Refusal::bad_request("resourceVersion should not be set on objects to be created"));
    }
    if metadata.name.as_deref().unwrap_or_default().is_empty()
        && let Some(base) = metadata.generate_name.as_ref().filter(|base| !base.is_empty())
    {
        let base: String = cut(base, BASE);
        metadata.name = Some(format!("{base}{}", birth.suffix));
    }
    metadata.uid = Some(birth.uid.clone());
    metadata.creation_timestamp = Some(time(birth.now));
    metadata.resource_version = None;
    metadata.self_link = None;
    metadata.namespace = None;
    metadata.deletion_timestamp = None;
    metadata.deletion_grace_period_seconds = None;
    let spec = &mut object.spec;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    spec.username = some(&user.name);
    spec.uid = some(&user.uid);
    spec.groups = (!user.groups.is_empty()).then(|| user.groups.clone());
    spec.extra = (!user.extra.is_empty()).then(|| user.extra.clone());
    object.status = Some(super::object::CertificateSigningRequestStatus::default());
    let errors = validate::create_read(&object, request);
    if !errors.is_empty() {
        return Err(Refusal::invalid(object.name(), errors));
    }
    admission::create(&object, request)?;
    Ok(object)
}

/// The object to store for one that came to replace a stored one. What the endpoint may not change is silently as it was,
/// because controllers send back what they have read.
///
/// # Errors
/// When the object is not the stored one any more, is not as it must be, or the user may not change it so.
pub fn update(
    new: CertificateSigningRequest,
    old: &CertificateSigningRequest,
    endpoint: Endpoint,
    user: &User,
    admission: &Admission<'_>,
    now: OffsetDateTime,
) -> Result<CertificateSigningRequest, Refusal> {
    update_read(new, old, &Wanted::read(&old.spec.request.0), endpoint, user, admission, now)
}

/// The same where the request in the stored object has been read before.
///
/// # Errors
/// As for [`update`].
pub fn update_read(
    mut new: CertificateSigningRequest,
    old: &CertificateSigningRequest,
    request: &Result<Wanted, RequestError>,
    endpoint: Endpoint,
    user: &User,
    admission: &Admission<'_>,
    now: OffsetDateTime,
) -> Result<CertificateSigningRequest, Refusal> {
    same_object(&new, old)?;
    keep_metadata(&mut new.metadata, &old.metadata);
    new.spec = old.spec.clone();
    match endpoint {
        Endpoint::Main => new.status.clone_from(&old.status),
        Endpoint::Approval => {
            let certificate = old.status.as_ref().and_then(|status| status.certificate.clone());
            new.status.get_or_insert_default().certificate = certificate;
        }
        Endpoint::Status => restore_approval(&mut new, old),
    }
    if endpoint != Endpoint::Main {
        fill_times(&mut new, old, now);
    }
    let errors = validate::update_read(&new, old, request, endpoint);
    if !errors.is_empty() {
        return Err(Refusal::invalid(new.name(), errors));
    }
    admission::update(&new, old, endpoint, user, admission)?;
    Ok(new)
}

/// Whether a stored object may be deleted: it must be the one that was meant, where that is said.
///
/// # Errors
/// When it is another, or another version of it.
pub fn remove(
    old: &CertificateSigningRequest,
    uid: Option<&str>,
    resource_version: Option<&str>,
) -> Result<(), Refusal> {
    let stored = old.metadata.resource_version.as_deref().unwrap_or_default();
    for (what, meant, stored, then) in [
        ("UID", uid, old.uid(), "deleted and then recreated"),
        ("ResourceVersion", resource_version, stored, "modified"),
    ] {
        if let Some(meant) = meant.filter(|meant| *meant != stored) {
            let text = format!(
                "the {what} in the precondition ({meant}) does not match the {what} in record ({stored}). The object \
                 might have been {then}"
            );
            return Err(Refusal::precondition(old.name(), &text));
        }
    }
    Ok(())
}

/// What no update changes of the metadata (`rest.BeforeUpdate`).
fn keep_metadata(new: &mut ObjectMeta, old: &ObjectMeta) {
    new.uid.clone_from(&old.uid);
    new.generate_name.clone_from(&old.generate_name);
    new.creation_timestamp.clone_from(&old.creation_timestamp);
    new.resource_version.clone_from(&old.resource_version);
    new.generation = old.generation;
    new.namespace = None;
    new.self_link = None;
    if old.deletion_timestamp.is_some() {
        new.deletion_timestamp.clone_from(&old.deletion_timestamp);
    }
    if new.deletion_grace_period_seconds.is_none() {
        new.deletion_grace_period_seconds = old.deletion_grace_period_seconds;
    }
}

/// The body must be about the object that is stored: the same one, and its latest version if it says which.
fn same_object(new: &CertificateSigningRequest, old: &CertificateSigningRequest) -> Result<(), Refusal> {
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if new.name().is_empty() {
        let name = old.name();
        return Err(Refusal::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )));
    }
    if new.name() != old.name() {
        return Err(Refusal::other_name(new.name(), old.name()));
    }
    if let Some(uid) = said(&new.metadata.uid).filter(|uid| uid != old.uid()) {
        let text =
            format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid());
        return Err(Refusal::conflict(old.name(), &text));
    }
    match said(&new.metadata.resource_version) {
        Some(version) if Some(&version) != old.metadata.resource_version.as_ref() => {
            Err(Refusal::conflict(old.name(), MODIFIED))
        }
        _ => Ok(()),
    }
}

/// `/status` does not approve: where there are as many Approved, or Denied, as before, they are as they were.
fn restore_approval(new: &mut CertificateSigningRequest, old: &CertificateSigningRequest) {
    for kind in [APPROVED, DENIED] {
        let of = |object: &CertificateSigningRequest| -> Vec<Condition> {
            object.conditions().iter().filter(|condition| condition.type_ == kind).cloned().collect()
        };
        let (ours, theirs) = (of(old), of(new));
        if ours.len() != theirs.len() {
            continue;
        }
        let mut ours = ours.into_iter();
        let conditions = new.status.as_mut().and_then(|status| status.conditions.as_mut());
        for condition in conditions.into_iter().flatten().filter(|condition| condition.type_ == kind) {
            if let Some(own) = ours.next() {
                *condition = own;
            }
        }
    }
}

/// Times that nobody has given: the update's is now, the transition's that of the same state before.
fn fill_times(new: &mut CertificateSigningRequest, old: &CertificateSigningRequest, now: OffsetDateTime) {
    let conditions = new.status.as_mut().and_then(|status| status.conditions.as_mut());
    for condition in conditions.into_iter().flatten() {
        condition.last_update_time.get_or_insert_with(|| time(now));
        if condition.last_transition_time.is_none() {
            let before = |old: &&Condition| old.type_ == condition.type_ && old.status == condition.status;
            let before: Option<Time> =
                old.conditions().iter().filter(before).find_map(|old| old.last_transition_time.clone());
            condition.last_transition_time = Some(before.unwrap_or_else(|| time(now)));
        }
    }
}

/// At most so many bytes of a text, whole characters only.
fn cut(text: &str, length: usize) -> String {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
