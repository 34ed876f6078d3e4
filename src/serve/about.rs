//! What the server says of itself: health, version, discovery, OpenAPI.

use serde_json::json;

use crate::api::codec::Format;
use crate::api::status::Status;
use crate::api::{discovery, openapi};

use super::answer::Answer;
use super::call::Call;
use super::route::ROUTES;

/// Health: `/healthz`, `/livez` and `/readyz`.
#[must_use]
pub fn health(call: &Call, stops: bool, stuck: bool) -> Answer {
    let (code, text) = checks(call.path.trim_matches('/'), call.query.get("verbose").is_some(), stops, stuck);
    Answer::text(code, text)
}

/// `ok`, or what is wrong; each check on its own line where that is so, or where it is asked for (`?verbose`), as
/// `k8s.io/apiserver/pkg/server/healthz` writes them. Whoever asks whether the server is ready learns more than whether it
/// answers.
fn checks(name: &str, verbose: bool, stops: bool, stuck: bool) -> (u16, String) {
    let mut checks = vec![("ping", None)];
    if name == "readyz" {
        checks.push(("store", stuck.then_some("the store or the ledger cannot be written")));
        checks.push(("shutdown", stops.then_some("the server stops")));
    }
    let failed = checks.iter().any(|(_, fault)| fault.is_some());
    if !failed && !verbose {
        return (200, "ok".to_owned());
    }
    let mut text = String::new();
    for (check, fault) in checks {
        text += &match fault {
            None => format!("[+]{check} ok\n"),
            Some(fault) => format!("[-]{check} failed: {fault}\n"),
        };
    }
    let (code, outcome) = if failed { (503, "failed") } else { (200, "passed") };
    (code, text + &format!("{name} check {outcome}\n"))
}

/// The version of Kubernetes whose API is spoken.
#[must_use]
pub fn version(kubernetes: &str) -> Answer {
    let numbers: Vec<&str> = kubernetes.trim_start_matches('v').splitn(3, '.').collect();
    let at = |index: usize| numbers.get(index).copied().unwrap_or("0");
    let value = json!({
        "major": at(0), "minor": at(1), "gitVersion": kubernetes, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "",
        "platform": format!("{}/{}", std::env::consts::OS, architecture(std::env::consts::ARCH)),
    });
    // This and the paths are for people whoever asks, as upstream (`WriteRawJSON`).
    Answer::object(200, Format::Json, &value).pretty()
}

/// What Go calls an architecture (`GOARCH`), which is what Kubernetes says.
fn architecture(name: &str) -> &str {
    match name {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_told_in_one_word_or_check_by_check() {
        let table = [
            ("healthz", false, true, true, 200, "ok"),
            ("livez", true, true, true, 200, "[+]ping ok\nlivez check passed\n"),
            ("readyz", false, false, false, 200, "ok"),
            (
                "readyz",
                true,
                false,
                false,
                200,
                "[+]ping ok\n[+]store ok\n[+]shutdown ok\nreadyz check passed\n",
            ),
            (
                "readyz",
                false,
                true,
                false,
                503,
                "[+]ping ok\n[+]store ok\n[-]shutdown failed: the server stops\nreadyz check failed\n",
            ),
            (
                "readyz",
                false,
                false,
                true,
                503,
                "[+]ping ok\n[-]store failed: the store or the ledger cannot be written\n[+]shutdown ok\n\
                 readyz check failed\n",
            ),
        ];
        for (name, verbose, stops, stuck, code, text) in table {
            assert_eq!(checks(name, verbose, stops, stuck), (code, text.to_owned()), "{name}");
        }
    }

    #[test]
    fn the_platform_is_called_as_go_calls_it() {
        assert_eq!(architecture("x86_64"), "amd64");
        assert_eq!(architecture("aarch64"), "arm64");
        assert_eq!(architecture("s390x"), "s390x");
    }
}
