//! What kubelets have sent, octet for octet (`tests/fixtures/kubelet`), and what they understand of the answers.
//!
//! The answers are read here without a line of the program's own encoders.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kubepki::x509::{Certificate, Request, pem};
use serde_json::Value;

use super::client::{Client, Reply};

/// What a program sent, request after request: head and body of each.
pub struct Recording(Vec<(String, Vec<u8>)>);

/// A request for a certificate, as a program understands it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub name: String,
    pub uid: String,
    version: String,
    request: Vec<u8>,
    pub usages: Vec<String>,
    pub conditions: Vec<String>,
    certificate: Vec<u8>,
}

/// What fields of a message of protobuf hold, by their numbers; numbers and the like are passed over.
struct Fields<'a>(Vec<(u64, &'a [u8])>);

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

impl Recording {
    pub fn open(file: &str) -> Self {
        let path = format!("{}/tests/fixtures/kubelet/{file}", env!("CARGO_MANIFEST_DIR"));
        let octets = std::fs::read(path).unwrap();
        let (mut rest, mut requests) = (octets.as_slice(), Vec::new());
        while !rest.is_empty() {
            let end = rest.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            let head = String::from_utf8(rest[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            requests.push((head, rest[end..end + length].to_vec()));
            rest = &rest[end + length..];
        }
        Self(requests)
    }

    /// The octets of the first request.
    pub fn first(&self) -> Vec<u8> {
        let (head, body) = &self.0[0];
        [head.as_bytes(), body].concat()
    }

    /// Sends everything over one connection, as it was sent, and reads the answers as the program does: every one
    /// but the last is whole, the last is a watch. What the program ends with is what it has waited for.
    pub fn replay(&self, client: &mut Client) -> Seen {
        let (mut seen, mut version) = (Seen::default(), String::new());
        for (head, body) in &self.0 {
            let target = head.split(' ').nth(1).unwrap();
            let sent =
                put(&put(head, "metadata.name%3D", &seen.name, "csr-"), "resourceVersion=", &version, "1");
            client.send(&[sent.as_bytes(), body].concat()).unwrap();
            let reply = client.reply().unwrap();
            let protobuf = head.contains(&format!("Accept: {PROTOBUF}"));
            if target.contains("watch=true") {
                let reply = reply.code(200);
                let kind = if protobuf {
                    "application/vnd.kubernetes.protobuf;stream=watch"
                } else {
                    "application/json"
                };
                assert_eq!(reply.header("content-type"), kind);
                return wait(client, &seen, protobuf, target.contains("sendInitialEvents"));
            }
            if target.starts_with("/healthz") {
                assert_eq!(reply.code(200).body, b"ok");
                continue;
            }
            if reply.code == 409 {
                assert!(target.ends_with("/certificatesigningrequests"), "{target}");
                continue;
            }
            let created = head.starts_with("POST");
            let reply = reply.code(if created { 201 } else { 200 });
            assert_eq!(reply.header("content-type"), if protobuf { PROTOBUF } else { "application/json" });
            let (found, at) = read(&reply, protobuf, target.contains('?'));
            version = at;
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(seen.uid.is_empty() || seen.uid == found[0].uid, "the uid stays the same");
            seen = found[0].clone();
            if created {
                assert!(
                    contains(body, &seen.request)
                        || contains(body, STANDARD.encode(&seen.request).as_bytes())
                );
            }
        }
        panic!("it watches at the end");
    }
}

impl Seen {
    /// The certificate that the program takes: it is for the key that it asked for.
    pub fn issued(&self) -> Certificate {
        let certificate = Certificate::all_from_pem(&self.certificate).unwrap().remove(0);
        let asked = self.asked();
        assert_eq!(certificate.public_key, asked.public_key);
        assert_eq!(certificate.subject, asked.subject);
        assert_eq!(certificate.subject_alt_names, asked.subject_alt_names);
        certificate
    }

    pub fn asked(&self) -> Request {
        Request::from_der(&pem::first_block(&self.request).unwrap().contents).unwrap()
    }

    fn of_json(object: &Value) -> Self {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let octets = |path: &str| STANDARD.decode(text(path)).unwrap();
        let list = |path: &str| object.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
        let words =
            |values: Vec<Value>| values.iter().map(|value| value.as_str().unwrap().to_owned()).collect();
        Self {
            name: text("/metadata/name"),
            uid: text("/metadata/uid"),
            version: text("/metadata/resourceVersion"),
            request: octets("/spec/request"),
            usages: words(list("/spec/usages")),
            conditions: words(list("/status/conditions").iter().map(|one| one["type"].clone()).collect()),
            certificate: octets("/status/certificate"),
        }
    }

    /// By the numbers of `k8s.io/api/certificates/v1/generated.proto`.
    fn of_protobuf(octets: &[u8]) -> Self {
        let object = Fields::of(octets);
        let part = |number| Fields::of(object.first(number));
        let (metadata, spec, status) = (part(1), part(2), part(3));
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
        Self {
            name: text(metadata.first(1)),
            uid: text(metadata.first(5)),
            version: text(metadata.first(6)),
            request: spec.first(1).to_vec(),
            usages: spec.all(5).map(text).collect(),
            conditions: status.all(1).map(|one| text(Fields::of(one).first(1))).collect(),
            certificate: status.first(2).to_vec(),
        }
    }
}

impl<'a> Fields<'a> {
    fn of(mut octets: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        while !octets.is_empty() {
            let tag = number(&mut octets);
            match tag & 7 {
                0 => drop(number(&mut octets)),
                2 => {
                    let length = usize::try_from(number(&mut octets)).unwrap();
                    let (content, rest) = octets.split_at(length);
                    fields.push((tag >> 3, content));
                    octets = rest;
                }
                other => panic!("wire type {other}"),
            }
        }
        Self(fields)
    }

    fn all(&self, number: u64) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(known, _)| *known == number).map(|(_, content)| *content)
    }

    fn first(&self, number: u64) -> &'a [u8] {
        self.all(number).next().unwrap_or_default()
    }
}

/// Puts a value where another was recorded that begins so and belongs to another store.
fn put(head: &str, before: &str, value: &str, begins: &str) -> String {
    let Some(at) = head.find(&format!("{before}{begins}")) else { return head.to_owned() };
    let (kept, rest) = head.split_at(at + before.len());
    let end = rest.find(['&', ' ']).unwrap();
    format!("{kept}{value}{}", &rest[end..])
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

fn number(octets: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (first, rest) = octets.split_first().unwrap();
        *octets = rest;
        value |= u64::from(first & 0x7f) << shift;
        shift += 7;
        if first & 0x80 == 0 {
            return value;
        }
    }
}

/// The kind and the message in the envelope of protobuf (`k8s.io/apimachinery/pkg/runtime/generated.proto`).
fn unwrap(octets: &[u8]) -> (String, &[u8]) {
    let envelope = Fields::of(octets.strip_prefix(b"k8s\0").unwrap());
    let of_type = Fields::of(envelope.first(1));
    assert!(
        [&b"certificates.k8s.io/v1"[..], b"v1"].contains(&of_type.first(1)),
        "{envelope:?}",
        envelope = envelope.0
    );
    (String::from_utf8(of_type.first(2).to_vec()).unwrap(), envelope.first(2))
}

/// The objects in an answer, and its resourceVersion.
fn read(reply: &Reply, protobuf: bool, list: bool) -> (Vec<Seen>, String) {
    if protobuf {
        let (kind, message) = unwrap(&reply.body);
        if list {
            assert_eq!(kind, "CertificateSigningRequestList");
            let fields = Fields::of(message);
            let version = Fields::of(fields.first(1)).first(2).to_vec();
            return (fields.all(2).map(Seen::of_protobuf).collect(), String::from_utf8(version).unwrap());
        }
        assert_eq!(kind, "CertificateSigningRequest");
        let seen = Seen::of_protobuf(message);
        let version = seen.version.clone();
        return (vec![seen], version);
    }
    let value = reply.json();
    let version = value["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    match value["items"].as_array() {
        Some(items) => (items.iter().map(Seen::of_json).collect(), version),
        None => (vec![Seen::of_json(&value)], version),
    }
}

/// Reads events until the certificate is there: as the kubelet does, which believes nothing before the bookmark that ends
/// the beginning, if it has asked for one.
fn wait(client: &mut Client, before: &Seen, protobuf: bool, bookmark: bool) -> Seen {
    let issued =
        |seen: &Seen| seen.conditions.iter().any(|kind| kind == "Approved") && !seen.certificate.is_empty();
    let (mut seen, mut listed, mut octets) = (before.clone(), !bookmark, Vec::new());
    while !listed || !issued(&seen) {
        octets.extend(client.chunk().unwrap());
        for (kind, object) in events(&mut octets, protobuf) {
            match kind.as_str() {
                "BOOKMARK" => listed = true,
                "ADDED" | "MODIFIED" => {
                    assert_eq!(object.uid, before.uid);
                    assert!(object.conditions.iter().all(|kind| kind == "Approved"), "{object:?}");
                    seen = object;
                }
                other => panic!("{other}: {object:?}"),
            }
        }
    }
    seen
}

/// The events that have come whole: type and object.
fn events(octets: &mut Vec<u8>, protobuf: bool) -> Vec<(String, Seen)> {
    let mut events = Vec::new();
    loop {
        if protobuf {
            let Some(length) = octets.first_chunk::<4>() else { break };
            let end = 4 + usize::try_from(u32::from_be_bytes(*length)).unwrap();
            if octets.len() < end {
                break;
            }
            let frame: Vec<u8> = octets.drain(..end).skip(4).collect();
            let event = Fields::of(&frame);
            let (kind, message) = unwrap(Fields::of(event.first(2)).first(1));
            assert_eq!(kind, "CertificateSigningRequest");
            events.push((String::from_utf8(event.first(1).to_vec()).unwrap(), Seen::of_protobuf(message)));
        } else {
            let Some(end) = octets.iter().position(|octet| *octet == b'\n') else { break };
            let line: Vec<u8> = octets.drain(..=end).collect();
            let event: Value = serde_json::from_slice(&line).unwrap();
            assert_eq!(event["object"]["kind"], "CertificateSigningRequest");
            events.push((event["type"].as_str().unwrap().to_owned(), Seen::of_json(&event["object"])));
        }
    }
    events
}
