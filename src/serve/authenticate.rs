//! Who asks: by the certificate of the connection, by a bootstrap token, in somebody else's name, or nobody.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use time::OffsetDateTime;

use crate::api::status::Status;
use crate::csr::rbac::{Attributes, Rbac};
use crate::csr::{Refusal, User};

use super::attributes::cannot;
use super::credentials::Current;
use super::link::Link;

/// Who asks.
///
/// # Errors
/// 401 when a certificate or a token does not count; the reason is for the log, and not for the client.
pub fn authenticate(
    link: &Link,
    headers: &HeaderMap,
    current: &Current,
    now: OffsetDateTime,
) -> Result<User, String> {
    let mut problems = Vec::new();
    match link.client(current, now) {
        Some(Ok(user)) => return Ok(user),
        Some(Err(problem)) => problems.push(problem),
        None => {}
    }
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok()).unwrap_or_default();
    let mut words = header.split_whitespace();
    if words.next().is_some_and(|word| word.eq_ignore_ascii_case("bearer"))
        && let Some(bearer) = words.next()
    {
        match current.tokens.user(bearer, now) {
            Some(user) => return Ok(user),
            None => problems.push("the token does not count".to_owned()),
        }
    }
    match problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(User::anonymous()),
    }
}

/// What the headers begin with that ask for something in somebody else's name (`k8s.io/api/authentication/v1`).
const IMPERSONATE: &str = "impersonate-";

/// In whose name something is asked for: that of who asks, or of somebody for whom who asks may speak.
///
/// # Errors
/// 403 when who asks may not; 400 when it is not said for whom.
pub fn impersonate(user: User, headers: &HeaderMap, rbac: &Rbac) -> Result<User, Status> {
    if !headers.keys().any(|name| name.as_str().starts_with(IMPERSONATE)) {
        return Ok(user);
    }
    let all = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    let Some(name) = all("impersonate-user").into_iter().next().filter(|name| !name.is_empty()) else {
        return Err(Status::bad_request("requested without impersonating a user"));
    };
    let may = |group: &str, resource: &str, subresource: &str, name: &str| {
        let wanted = Attributes { verb: "impersonate", group, resource, subresource, name };
        if rbac.allows(&user, &wanted) {
            return Ok(());
        }
        let text = cannot(&user.name, "impersonate", resource, group);
        let message = format!("{resource} {} is forbidden: {text}", crate::x509::go::quoted(name));
        Err(Status::new(403, Refusal::forbidden("", "").reason.to_string().as_str(), message))
    };
    may("", "users", "", &name)?;
    let groups = all("impersonate-group");
    for group in &groups {
        may("", "groups", "", group)?;
    }
    let mut other = User::known(&name, &groups);
    if let Some(uid) = all("impersonate-uid").into_iter().next() {
        may("authentication.k8s.io", "uids", "", &uid)?;
        other.uid = uid;
    }
    for header in headers.keys() {
        let Some(key) = header.as_str().strip_prefix("impersonate-extra-") else { continue };
        let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy().into_owned();
        let values = all(header.as_str());
        for value in &values {
            may("authentication.k8s.io", "userextras", &key, value)?;
        }
        other.extra.insert(key, values);
    }
    Ok(other)
}
