//! What the server says of itself: health, version, discovery, OpenAPI.

use serde_json::json;

use crate::api::codec::Format;
use crate::api::status::Status;
use crate::api::{discovery, openapi};

use super::answer::Answer;
use super::call::Call;
use super::route::ROUTES;

/// The version of Kubernetes whose API is spoken.
#[must_use]
pub fn version(kubernetes: &str) -> Answer {
    let numbers: Vec<&str> = kubernetes.trim_start_matches('v').splitn(3, '.').collect();
    let at = |index: usize| numbers.get(index).copied().unwrap_or("0");
    let value = json!({
        "major": at(0), "minor": at(1), "gitVersion": kubernetes, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    });
    // This and the paths are for people whoever asks, as upstream (`WriteRawJSON`).
    Answer::object(200, Format::Json, &value).pretty()
}

/// The paths that there are.
#[must_use]
pub fn paths() -> Answer {
    let paths: Vec<&str> =
        ROUTES.iter().map(|route| route.path).filter(|path| !path.contains('{') && *path != "/").collect();
    Answer::object(200, Format::Json, &json!({"paths": paths})).pretty()
}

/// Discovery of groups, or of the core group: all at once where the client knows that, else in the old form.
///
/// # Errors
/// 406 when the client takes neither.
pub fn groups(call: &Call, core: bool) -> Result<Answer, Status> {
    let form = discovery::Form::of(&call.accept)?;
    let value = if core { discovery::core(form) } else { discovery::groups(form) };
    Ok(Answer::typed(form.content_type(), value.to_string()))
}

/// Discovery of one group.
///
/// # Errors
/// 404 when there is no such group.
pub fn group(group: &str) -> Result<Answer, Status> {
    let value = discovery::group(group).ok_or_else(Status::no_such_path)?;
    Ok(Answer::object(200, Format::Json, &value))
}

/// Discovery of a group's version.
///
/// # Errors
/// 404 when there is no such group.
pub fn resources(group: &str, version: &str) -> Result<Answer, Status> {
    let value = discovery::resources(group, version).ok_or_else(Status::no_such_path)?;
    Ok(Answer::object(200, Format::Json, &value))
}

/// OpenAPI v2.
///
/// # Errors
/// 406 when the client takes none of its forms.
pub fn open_api(call: &Call) -> Result<Answer, Status> {
    openapi::v2(&call.accept).map(|(content_type, bytes)| Answer::typed(content_type, bytes))
}

/// The index of OpenAPI v3.
#[must_use]
pub fn open_api_index() -> Answer {
    Answer::object(200, Format::Json, openapi::v3_index())
}

/// OpenAPI v3 of a group's version.
///
/// # Errors
/// 404 when there is no such group.
pub fn open_api_group(group: &str, version: &str) -> Result<Answer, Status> {
    let value = openapi::v3_group(group, version).ok_or_else(Status::no_such_path)?;
    Ok(Answer::object(200, Format::Json, value))
}
