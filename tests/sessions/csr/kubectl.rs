//! kubectl beside us: what it prints of the same objects, and that it takes our manifests. A server of a few lines gives it
//! the objects of a store.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use kubepki::csr::CertificateSigningRequest;
use kubepki::csr::object::{Object, moment};
use kubepki::disk::Notation;
use kubepki::moment::residual;
use serde_json::{Value, json};

use super::office;
use crate::testbed::{Ran, Testbed};

const GROUP: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/// An API server that knows nothing but the requests of a store.
struct Server {
    port: u16,
    posted: Arc<Mutex<Vec<Value>>>,
}

impl Server {
    fn of(bed: &Testbed) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let posted = Arc::new(Mutex::new(Vec::new()));
        let (store, received) = (bed.path("out/csr"), Arc::clone(&posted));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (store, received) = (store.clone(), Arc::clone(&received));
                std::thread::spawn(move || {
                    let mut objects: Vec<Value> = fs::read_dir(&store)
                        .unwrap()
                        .map(|entry| entry.unwrap().path())
                        .filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'))
                        .map(|path| {
                            Notation::of(&path).unwrap().read(&fs::read_to_string(&path).unwrap()).unwrap()
                        })
                        .collect();
                    objects.sort_by_key(|object| object["metadata"]["name"].as_str().unwrap().to_owned());
                    serve(&stream.unwrap(), &objects, &received);
                });
            }
        });
        Self { port, posted }
    }

    fn kubectl(&self, bed: &Testbed, arguments: &[&str]) -> Ran {
        let server = format!("--server=http://127.0.0.1:{}", self.port);
        let cache = format!("--cache-dir={}", bed.path("cache").display());
        let mut command = crate::testbed::peer("kubectl");
        command
            .args(arguments)
            .args([&server, &cache])
            .current_dir(bed.path(""))
            .env("TZ", "UTC")
            .env("HOME", bed.path(""));
        crate::testbed::Run::of(&mut command, &format!("kubectl {arguments:?}")).anyhow()
    }
}

fn serve(stream: &TcpStream, objects: &[Value], received: &Mutex<Vec<Value>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let (mut length, mut table) = (0, false);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let lower = header.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            table |= lower.starts_with("accept:") && lower.contains("as=table");
            if header.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let path = target.split('?').next()?;
        let name = path.strip_prefix(GROUP).map(|rest| rest.trim_start_matches('/'));
        let found = |name: &str| objects.iter().find(|object| object["metadata"]["name"] == name);
        let answer = match (method.as_str(), path, name) {
            ("GET", "/api", _) => Some(json!({"kind": "APIVersions", "versions": ["v1"]})),
            ("GET", "/apis", _) => Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [{
                "name": "certificates.k8s.io",
                "versions": [{"groupVersion": "certificates.k8s.io/v1", "version": "v1"}],
                "preferredVersion": {"groupVersion": "certificates.k8s.io/v1", "version": "v1"},
            }]})),
            ("GET", "/apis/certificates.k8s.io/v1", _) => Some(json!({
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "certificates.k8s.io/v1",
                "resources": [{"name": "certificatesigningrequests", "singularName": "", "namespaced": false,
                    "kind": "CertificateSigningRequest", "verbs": ["get", "list", "create"], "shortNames": ["csr"]}],
            })),
            ("GET", _, Some("")) if table => Some(rows(objects.iter())),
            ("GET", _, Some("")) => Some(json!({"kind": "CertificateSigningRequestList",
                "apiVersion": "certificates.k8s.io/v1", "metadata": {"resourceVersion": "1"}, "items": objects})),
            ("GET", _, Some(name)) if table => found(name).map(|object| rows(std::iter::once(object))),
            ("GET", _, Some(name)) => found(name).cloned(),
            ("POST", _, Some("")) => {
                let object: Value = serde_json::from_slice(&body).unwrap();
                received.lock().unwrap().push(object.clone());
                Some(object)
            }
            _ => None,
        };
        let status = match (&answer, method.as_str()) {
            (None, _) => "404 Not Found",
            (_, "POST") => "201 Created",
            _ => "200 OK",
        };
        let text = answer.map_or_else(|| "{}".to_owned(), |answer| answer.to_string());
        let mut stream = stream;
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            text.len()
        );
        stream.write_all((head + &text).as_bytes()).ok()?;
    }
}

/// The Table that the API server makes of objects (`printers/internalversion/printers.go`).
fn rows<'a>(objects: impl Iterator<Item = &'a Value>) -> Value {
    let columns = ["Name", "Age", "SignerName", "Requestor", "RequestedDuration", "Condition"];
    let columns: Vec<Value> = columns
        .iter()
        .map(|name| json!({"name": name, "type": "string", "format": if *name == "Name" { "name" } else { "" }, "priority": 0, "description": ""}))
        .collect();
    let rows: Vec<Value> = objects
        .map(|value| {
            let object: CertificateSigningRequest = serde_json::from_value(value.clone()).unwrap();
            let created = moment(object.metadata.creation_timestamp.as_ref().unwrap()).unwrap();
            let age = residual((time::OffsetDateTime::now_utc() - created).whole_seconds());
            let duration = object.spec.expiration_seconds.map_or("<none>".to_owned(), |seconds| residual(seconds.into()));
            json!({
                "cells": [object.name(), age, object.spec.signer_name, object.spec.username, duration, object.state()],
                "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value["metadata"]},
            })
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "1"},
        "columnDefinitions": columns, "rows": rows})
}

/// Objects of every state, with labels, times and texts that are hard to write.
fn store() -> Testbed {
    let bed = office();
    bed.submitted("plain", &[]);
    let names = [
        "--dns",
        "a.example.com",
        "--ip",
        "192.0.2.7",
        "--ip",
        "2001:db8::7",
        "--uri",
        "spiffe://x/y",
        "--email",
        "a@example.com",
    ];
    bed.submitted(
        "names-and-groups",
        &[&names[..], &["--group", "b", "--group", "a", "--expiration", "90m"]].concat(),
    );
    bed.submitted("denied", &["--expiration", "100h"]);
    let message = "It's 100% \"no\": <never> & nowhere\nin two lines";
    bed.csr(&["deny", "denied", "--reason", "yes", "--message", message]).success();
    bed.csr(&["approve", "names-and-groups", "--message", "2026-11-22"]).success();
    bed.csr(&["run", "--once"]).success();
    let text = bed.read("out/csr/plain.yaml");
    let labels = "metadata:\n  labels: {app10: \"1\", app2: \"true\", x: \"\"}\n  annotations: {note: 'a: b', long: \"1:30\", colon: \"0x1F\"}\n";
    bed.write("out/csr/plain.yaml", text.replace("metadata:\n", labels));
    bed
}

#[test]
fn kubectl_prints_what_we_print() {
    let bed = store();
    let server = Server::of(&bed);
    // A second may pass between the two.
    let aged = |text: &str| {
        let word = |word: &str| {
            if word.ends_with('s') && word.trim_end_matches('s').parse::<u32>().is_ok() {
                "AGE"
            } else {
                word
            }
            .to_owned()
        };
        text.lines().map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    for arguments in [&[][..], &["plain"], &["-o", "name"]] {
        let theirs = server.kubectl(&bed, &[&["get", "csr"], arguments].concat());
        assert_eq!(theirs.code, Some(0), "{}", theirs.stderr);
        let ours = bed.csr(&[&["list"], arguments].concat()).success().stdout;
        let (theirs, ours) = (aged(&theirs.stdout), aged(&ours));
        let blanks = |lines: &[String]| {
            lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(blanks(&ours), blanks(&theirs));
        if arguments.is_empty() {
            let first =
                |lines: &[String]| lines[0].find("SIGNERNAME").unwrap() - lines[0].find("AGE").unwrap();
            assert!(first(&ours).abs_diff(first(&theirs)) <= 1, "the column of ages may be one wider");
        }
    }
    for name in ["plain", "names-and-groups", "denied"] {
        let theirs = server.kubectl(&bed, &["describe", "csr", name]);
        assert_eq!(theirs.code, Some(0), "{}", theirs.stderr);
        assert_eq!(bed.csr(&["describe", name]).success().stdout, theirs.stdout);
        for format in ["yaml", "json"] {
            let theirs = server.kubectl(&bed, &["get", "csr", name, "-o", format]).stdout;
            assert_eq!(bed.csr(&["list", name, "-o", format]).success().stdout, theirs, "{name} {format}");
        }
        if name != "plain" {
            let theirs = server.kubectl(&bed, &["get", "csr", name, "-o", "yaml"]).stdout;
            assert_eq!(bed.read(format!("out/csr/{name}.yaml")), theirs, "the file is what kubectl prints");
        }
    }
    for format in ["yaml", "json"] {
        let theirs = server.kubectl(&bed, &["get", "csr", "-o", format]).stdout;
        assert_eq!(bed.csr(&["list", "-o", format]).success().stdout, theirs, "{format}");
    }
}

#[test]
fn kubectl_takes_our_manifests() {
    let bed = store();
    let server = Server::of(&bed);
    for file in ["plain.yaml", "names-and-groups.yaml"] {
        let printed = server
            .kubectl(&bed, &["create", "--dry-run=client", "--validate=false", "-o", "json", "-f", file]);
        assert_eq!(printed.code, Some(0), "{}", printed.stderr);
        let created = server.kubectl(&bed, &["create", "--validate=false", "-f", file]);
        assert_eq!(created.code, Some(0), "{}", created.stderr);
    }
    let posted = server.posted.lock().unwrap().clone();
    assert_eq!(posted.len(), 2);
    for object in posted {
        let name = object["metadata"]["name"].as_str().unwrap();
        let own = bed.stored(name);
        assert_eq!(object["spec"]["request"], serde_json::to_value(&own.spec.request).unwrap());
        assert_eq!(object["spec"]["signerName"], own.spec.signer_name);
    }
}
