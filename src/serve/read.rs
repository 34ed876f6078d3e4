//! Get and list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::status::{Cause, Details, Status};
use crate::csr::refusal::{Fault, FieldError};
use crate::csr::{CertificateSigningRequest, Refusal};
use crate::store::{Resident, Stored, Version};

use super::answer::Answer;
use super::call::Call;
use super::query::Query;
use super::selection::Selection;
use super::shape::{Form, Kind, Thing};
use super::source::{Item, Source};

/// One request.
///
/// # Errors
/// 404 when there is none of the name.
pub fn get(store: &Resident, call: &Call, name: &str, now: time::OffsetDateTime) -> Result<Answer, Status> {
    let form = call.form(now)?;
    Ok(form.one(200, Thing::Request(&find(store, name)?.object)))
}

/// The request of a name.
///
/// # Errors
/// 404 when there is none.
pub fn find(store: &Resident, name: &str) -> Result<Stored, Status> {
    store.request(name).ok_or_else(|| Status::refused(&Refusal::not_found(name), name))
}

/// An object as a value.
#[must_use]
pub fn value(object: &CertificateSigningRequest) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

/// Where a list goes on (`k8s.io/apiserver/pkg/storage/continue.go`).
#[derive(Debug, Serialize, Deserialize)]
struct Continue {
    /// The version of the token.
    v: String,
    /// The number that the list is the state of.
    rv: Version,
    /// The last name that was sent.
    start: String,
}

const TOKEN: &str = "meta.k8s.io/v1";

/// So many objects are looked at in one go.
const PAGE: usize = 500;

/// As many objects as a list holds where no limit is asked for.
const MOST: usize = usize::MAX;

/// The objects that are selected.
///
/// # Errors
/// When the query is not as it must be, or what it asks for is forgotten.
pub fn list(source: &Source, call: &Call, now: time::OffsetDateTime) -> Result<Answer, Status> {
    let form = call.form(now)?;
    let query = &call.query;
    let selection = Selection::of(query, source.kind())?;
    let (mut after, version) = begin(source, query)?;
    let limit =
        number(query, "limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(MOST);
    let mut objects: Vec<Item> = Vec::new();
    let mut more = false;
    'all: loop {
        let (page, _) = source.page(after.as_deref(), PAGE);
        let Some(last) = page.last() else { break };
        after = Some(last.thing().name().to_owned());
        let is_last = page.len() < PAGE;
        for item in page {
            if !selection.matches(item.thing()) {
                continue;
            }
            if objects.len() == limit {
                more = true;
                break 'all;
            }
            objects.push(item);
        }
        if is_last {
            break;
        }
    }
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let (true, Some(last)) = (more, objects.last()) {
        let token = Continue { v: TOKEN.to_owned(), rv: version, start: last.thing().name().to_owned() };
        let token = serde_json::to_vec(&token).unwrap_or_default();
        metadata["continue"] = URL_SAFE_NO_PAD.encode(token).into();
        if selection.is_everything() {
            let (rest, _) = source.page(Some(last.thing().name()), usize::MAX);
            metadata["remainingItemCount"] = rest.len().into();
        }
    }
    Ok(form.list(source.kind(), objects.iter().map(Item::thing), &metadata))
}

/// A list of requests as an answer.
#[must_use]
pub fn answer(form: &Form, objects: &[Stored], metadata: &Value) -> Answer {
    form.list(Kind::Request, objects.iter().map(|stored| Thing::Request(&stored.object)), metadata)
}

/// Behind which name a list begins, and the number that it is the state of.
fn begin(source: &Source, query: &Query) -> Result<(Option<String>, Version), Status> {
    let forbidden = |field: &str, detail: &str| {
        let error = FieldError::new(field, Fault::Forbidden, detail);
        Err(Status::invalid("ListOptions.meta.k8s.io", "", &[error]))
    };
    let matched = query.said("resourceVersionMatch");
    let wanted = version(query)?;
    let token = query.said("continue");
    if query.get("sendInitialEvents").is_some() {
        return forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
    match matched {
        Some(_) if token.is_some() => {
            return forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden when continue is provided",
            );
        }
        Some(_) if wanted.is_none() => {
            let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            return forbidden("resourceVersionMatch", detail);
        }
        Some("Exact") if wanted == Some(0) => {
            let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            return forbidden("resourceVersionMatch", detail);
        }
        None | Some("NotOlderThan" | "Exact") => {}
        Some(other) => {
            let fault = Fault::NotSupported(crate::csr::refusal::Value::Text(other.to_owned()));
            let detail = "supported values: \"Exact\", \"NotOlderThan\", \"\"";
            let error = FieldError::new("resourceVersionMatch", fault, detail);
            return Err(Status::invalid("ListOptions.meta.k8s.io", "", &[error]));
        }
    }
    let (oldest, now) = source.versions();
    if let Some(token) = token {
        let bad = || Status::bad_request("continue key is not valid: it was not made by this server");
        let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).map_err(|_| bad())?;
        let token: Continue = serde_json::from_slice(&bytes).map_err(|_| bad())?;
        if token.v != TOKEN || token.rv > now {
            return Err(bad());
        }
        // Who goes on, and watches from where the list began, is told of everything that has changed meanwhile.
        if token.rv < oldest {
            let message = "The provided continue parameter is too old to display a consistent list result. You must \
                           start a new list without the continue parameter.";
            return Err(Status::expired(message));
        }
        return Ok((Some(token.start), token.rv));
    }
    if let Some(wanted) = wanted {
        if wanted > now {
            return Err(too_large(wanted, now));
        }
        if matched == Some("Exact") && wanted != now {
            let message = format!("The resourceVersion for the provided list is too old: {wanted} ({now})");
            return Err(Status::expired(message));
        }
    }
    Ok((None, now))
}

/// A version that has not been yet.
fn too_large(wanted: Version, now: Version) -> Status {
    let message = format!("Timeout: Too large resource version: {wanted}, current: {now}");
    let cause = Cause {
        reason: "ResourceVersionTooLarge".to_owned(),
        message: "Too large resource version".to_owned(),
        field: String::new(),
    };
    let details = Details { causes: vec![cause], retry_after_seconds: Some(1), ..Details::default() };
    Status::new(504, "Timeout", message).about(details)
}

/// The version that a query asks for.
///
/// # Errors
/// 400 when it is none.
pub fn version(query: &Query) -> Result<Option<Version>, Status> {
    let Some(text) = query.said("resourceVersion") else { return Ok(None) };
    let parsed = text.parse::<Version>().map(Some);
    parsed.map_err(|_| Status::bad_request(format!("resourceVersion: Invalid value: {text:?}: is no number")))
}

/// A number in a query.
///
/// # Errors
/// 400 when it is none.
pub fn number(query: &Query, name: &str) -> Result<Option<i64>, Status> {
    let Some(text) = query.said(name) else { return Ok(None) };
    let parsed = text.parse::<i64>().map(Some);
    parsed.map_err(|_| Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")))
}
