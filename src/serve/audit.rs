//! The audit log: one line of JSON for every request and every decision of the loop, in the form of `audit.k8s.io/v1`
//! (level Metadata), which the tools of clusters read.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tokio::sync::mpsc;

use crate::csr::User;
use crate::csr::object::{GROUP, RESOURCE};
use crate::disk::DiskError;
use crate::disk::rolling::Rolling;
use crate::store::outcome;

use super::attributes::{Resource, Subject};
use super::bundle::{self, News, Turn};

/// The log.
#[derive(Debug)]
pub struct Audit {
    lines: mpsc::Sender<Vec<u8>>,
}

/// What is noted of a request.
#[derive(Debug)]
pub struct Entry<'a> {
    /// What the request is known by.
    pub id: &'a str,
    /// The path and the query.
    pub uri: &'a str,
    /// What it is about.
    pub subject: &'a Subject,
    /// Who asks; nothing where that did not count.
    pub user: Option<&'a User>,
    /// In whose name.
    pub other: Option<&'a User>,
    /// From where.
    pub source: String,
    /// By which program.
    pub agent: &'a str,
    /// The HTTP status of the answer.
    pub code: u16,
    /// Whether it was let in, and why not.
    pub refusal: Option<&'a str>,
    /// By what it was let in.
    pub grant: &'a str,
    /// When it came.
    pub received: OffsetDateTime,
    /// When it was answered.
    pub answered: OffsetDateTime,
}

/// So large a file is put aside, and so many are kept (`--audit-log-maxsize` has 100 MB).
const LARGEST: u64 = 100 << 20;
const KEPT: usize = 10;

/// As many lines wait to be written; then requests wait.
const WAITING: usize = 8192;

/// How long lines wait for others.
const BREATH: Duration = Duration::from_millis(10);

/// The longest text of a client that is noted.
const LONGEST: usize = 2048;

const MICROS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

impl Audit {
    /// Opens the log. The thread that writes ends when the log is dropped, and has then written everything; what cannot be
    /// written is told to `complain`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(
        path: &Path,
        complain: impl Fn(&DiskError) + Send + 'static,
    ) -> Result<(Self, JoinHandle<()>), DiskError> {
        let mut file = Rolling::open(path, LARGEST, KEPT)?;
        let (lines, mut waiting) = mpsc::channel::<Vec<u8>>(WAITING);
        let writer = std::thread::spawn(move || {
            let mut group = Vec::new();
            let mut told = false;
            while waiting.blocking_recv_many(&mut group, WAITING) > 0 {
                let bytes: Vec<u8> = group.drain(..).flatten().collect();
                match file.write(&bytes) {
                    Ok(()) => told = false,
                    Err(error) if !told => {
                        complain(&error);
                        told = true;
                    }
                    Err(_) => {}
                }
                // More come meanwhile: to be woken for each costs more than to write it.
                std::thread::sleep(BREATH);
            }
        });
        Ok((Self { lines }, writer))
    }

    /// Notes a request.
    pub async fn request(&self, entry: &Entry<'_>) {
        // Who writes has ended only when nobody asks any more.
        let _ = self.lines.send(line(&entry.line())).await;
    }

    /// Notes what has become of a trust bundle because somebody has changed its file.
    pub fn bundle(&self, news: &News, now: OffsetDateTime) {
        let _ = self.lines.blocking_send(line(&change(news, now)));
    }

    /// Notes a decision of the loop.
    pub fn decision(&self, event: &outcome::Event, now: OffsetDateTime) {
        if let Some(value) = decision(event, now) {
            let _ = self.lines.blocking_send(line(&value));
        }
    }
}

fn line(value: &impl Serialize) -> Vec<u8> {
    // It has text and numbers only, so it can be written.
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn micros(moment: OffsetDateTime) -> String {
    moment.format(MICROS).unwrap_or_default()
}

/// At most so much of a text.
fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or_default()
}

/// A line about a request (`k8s.io/apiserver/pkg/apis/audit/v1`, `Event`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    kind: &'static str,
    api_version: &'static str,
    level: &'static str,
    #[serde(rename = "auditID")]
    audit_id: &'a str,
    stage: &'static str,
    #[serde(rename = "requestURI")]
    request_uri: &'a str,
    verb: &'a str,
    user: Who<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonated_user: Option<Who<'a>>,
    #[serde(rename = "sourceIPs")]
    source_ips: [&'a str; 1],
    user_agent: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_ref: Option<Reference<'a>>,
    response_status: Outcome,
    request_received_timestamp: String,
    stage_timestamp: String,
    annotations: Annotations<'a>,
}

#[derive(Default, Serialize)]
struct Who<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<&'a BTreeMap<String, Vec<String>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference<'a> {
    resource: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    api_group: &'a str,
    api_version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subresource: &'a str,
}

#[derive(Serialize)]
struct Outcome {
    metadata: Nothing,
    code: u16,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Annotations<'a> {
    #[serde(rename = "authorization.k8s.io/decision")]
    decision: &'static str,
    #[serde(rename = "authorization.k8s.io/reason")]
    reason: &'a str,
}

impl<'a> From<&'a User> for Who<'a> {
    fn from(user: &'a User) -> Self {
        let extra = (!user.extra.is_empty()).then_some(&user.extra);
        Self { username: Some(&user.name), uid: &user.uid, groups: Some(&user.groups), extra }
    }
}

impl<'a> From<&'a Resource> for Reference<'a> {
    fn from(of: &'a Resource) -> Self {
        Self {
            resource: cut(&of.name),
            namespace: cut(&of.namespace),
            name: cut(&of.object),
            api_group: cut(&of.group),
            api_version: cut(&of.version),
            subresource: cut(&of.subresource),
        }
    }
}

impl Entry<'_> {
    fn line(&self) -> Line<'_> {
        Line {
            kind: "Event",
            api_version: "audit.k8s.io/v1",
            level: "Metadata",
            audit_id: self.id,
            stage: "ResponseComplete",
            request_uri: cut(self.uri),
            verb: &self.subject.verb,
            user: self.user.map(Who::from).unwrap_or_default(),
            impersonated_user: self.other.map(Who::from),
            source_ips: [&self.source],
            user_agent: cut(self.agent),
            object_ref: self.subject.resource.as_ref().map(Reference::from),
            response_status: Outcome { metadata: Nothing {}, code: self.code },
            request_received_timestamp: micros(self.received),
            stage_timestamp: micros(self.answered),
            annotations: Annotations {
                decision: if self.refusal.is_some() { "forbid" } else { "allow" },
                reason: cut(self.refusal.unwrap_or(self.grant)),
            },
        }
    }
}

/// A change of a file, as if somebody had asked for it; one that cannot be used is refused.
fn change(news: &News, now: OffsetDateTime) -> Value {
    let verb = match &news.outcome {
        Ok(Turn::Created) => "create",
        Ok(Turn::Updated) | Err(_) => "update",
        Ok(Turn::Deleted) => "delete",
    };
    let file = news.path.display().to_string();
    let mut annotations = json!({"kubepki/file": cut(&file)});
    let mut status = json!({"metadata": {}, "code": 200});
    if let Err(problem) = &news.outcome {
        annotations["kubepki/message"] = cut(problem).into();
        status = json!({"metadata": {}, "status": "Failure", "reason": "Invalid", "code": 422});
    }
    let mut reference =
        json!({"resource": bundle::RESOURCE, "apiGroup": GROUP, "apiVersion": bundle::VERSION});
    if !news.name.is_empty() {
        reference["name"] = cut(&news.name).into();
    }
    own(verb, &reference, &annotations, Some(&status), now)
}

/// A decision of the loop, as if a controller had asked for it.
fn decision(event: &outcome::Event, now: OffsetDateTime) -> Option<Value> {
    use outcome::Event as E;
    let (verb, name, annotations) = match event {
        E::Admitted { name, requester } => ("create", name, json!({"kubepki/requester": requester})),
        E::Approved { name, rule, message } => {
            ("approve", name, json!({"kubepki/rule": rule, "kubepki/message": message}))
        }
        E::Denied { name, rule, message } => {
            ("deny", name, json!({"kubepki/rule": rule, "kubepki/message": message}))
        }
        E::Signed { name, signer, serial, not_after } => {
            let said =
                json!({"kubepki/signer": signer, "kubepki/serial": serial, "kubepki/notAfter": not_after});
            ("sign", name, said)
        }
        E::Failed { name, message } => ("fail", name, json!({"kubepki/message": message})),
        E::Removed { name, case } => ("delete", name, json!({"kubepki/message": case.to_string()})),
        _ => return None,
    };
    let reference = json!({"resource": RESOURCE, "apiGroup": GROUP, "apiVersion": "v1", "name": name});
    Some(own(verb, &reference, &annotations, None, now))
}

/// What the server does by itself.
fn own(
    verb: &str,
    reference: &Value,
    annotations: &Value,
    status: Option<&Value>,
    now: OffsetDateTime,
) -> Value {
    let mut event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete",
        "verb": verb, "user": {"username": "system:kubepki"}, "objectRef": reference,
        "requestReceivedTimestamp": micros(now), "stageTimestamp": micros(now), "annotations": annotations,
    });
    if let Some(status) = status {
        event["responseStatus"] = status.clone();
    }
    event
}
