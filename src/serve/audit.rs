//! The audit log: one line of JSON for every request and every decision of the loop, in the form of `audit.k8s.io/v1`
//! (level Metadata), which the tools of clusters read.

use std::path::Path;
use std::thread::JoinHandle;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tokio::sync::mpsc;

use crate::csr::User;
use crate::disk::DiskError;
use crate::disk::rolling::Rolling;
use crate::store::outcome;

use super::attributes::Subject;

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
            while waiting.blocking_recv_many(&mut group, 256) > 0 {
                let bytes: Vec<u8> = group.drain(..).flatten().collect();
                match file.write(&bytes) {
                    Ok(()) => told = false,
                    Err(error) if !told => {
                        complain(&error);
                        told = true;
                    }
                    Err(_) => {}
                }
            }
        });
        Ok((Self { lines }, writer))
    }

    /// Notes a request.
    pub async fn request(&self, entry: &Entry<'_>) {
        // Who writes has ended only when nobody asks any more.
        let _ = self.lines.send(line(&entry.value())).await;
    }

    /// Notes a decision of the loop.
    pub fn decision(&self, event: &outcome::Event, now: OffsetDateTime) {
        if let Some(value) = decision(event, now) {
            let _ = self.lines.blocking_send(line(&value));
        }
    }
}

fn line(value: &Value) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

fn micros(moment: OffsetDateTime) -> String {
    moment.format(MICROS).unwrap_or_default()
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

fn user(user: &User) -> Value {
    let mut value = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        value["uid"] = user.uid.clone().into();
    }
    if !user.extra.is_empty() {
        value["extra"] = json!(user.extra);
    }
    value
}

impl Entry<'_> {
    fn value(&self) -> Value {
        let mut value = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": self.id,
            "stage": "ResponseComplete", "requestURI": cut(self.uri), "verb": self.subject.verb,
            "user": self.user.map_or_else(|| json!({}), user),
            "sourceIPs": [self.source], "userAgent": cut(self.agent),
            "responseStatus": {"metadata": {}, "code": self.code},
            "requestReceivedTimestamp": micros(self.received), "stageTimestamp": micros(self.answered),
        });
        if let Some(other) = self.other {
            value["impersonatedUser"] = user(other);
        }
        if let Some(of) = &self.subject.resource {
            let mut object = json!({"resource": cut(&of.name), "apiGroup": cut(&of.group), "apiVersion": cut(&of.version)});
            for (field, text) in
                [("name", &of.object), ("subresource", &of.subresource), ("namespace", &of.namespace)]
            {
                if !text.is_empty() {
                    object[field] = cut(text).into();
                }
            }
            value["objectRef"] = object;
        }
        let decision = if self.refusal.is_some() { "forbid" } else { "allow" };
        value["annotations"] = json!({"authorization.k8s.io/decision": decision});
        if let Some(reason) = self.refusal {
            value["annotations"]["authorization.k8s.io/reason"] = cut(reason).into();
        }
        value
    }
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
    Some(json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete",
        "verb": verb, "user": {"username": "system:kubepki"},
        "objectRef": {
            "resource": "certificatesigningrequests", "apiGroup": "certificates.k8s.io", "apiVersion": "v1", "name": name,
        },
        "requestReceivedTimestamp": micros(now), "stageTimestamp": micros(now), "annotations": annotations,
    }))
}
