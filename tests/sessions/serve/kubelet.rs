//! What a kubelet does to get its certificates, request by request (`k8s.io/client-go/util/certificate`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kubepki::api::codec::{Format, encode};
use kubepki::x509::{KeyAlgorithm, Name, PrivateKey, Request, SubjectAltName};
use serde_json::{Value, json};

use super::client::{Client, P, Who};
use super::recorded::{Recording, Seen};
use super::who::TOKENS;
use super::{Served, certificate, eventually, object};
use crate::testbed::{SINGLE, Testbed};

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// Sends a request as a kubelet does, in protobuf, and returns its name and uid.
fn post(client: &mut Client, object: &Value) -> (String, String) {
    let bytes = encode(Format::Protobuf, object).unwrap();
    assert!(bytes.starts_with(b"k8s\0"));
    let accept = format!("{PROTOBUF},application/json");
    let reply = client.ask("POST", P, &[("Content-Type", PROTOBUF), ("Accept", &accept)], &bytes).code(201);
    assert_eq!(reply.header("content-type"), PROTOBUF);
    let kind = kubepki::api::schema::find("certificates.k8s.io/v1", "CertificateSigningRequest").unwrap();
    let ignore = kubepki::api::options::FieldValidation::Ignore;
    let made = kubepki::api::codec::decode(Format::Protobuf, &reply.body, kind, ignore).unwrap().value;
    let text = |path: &str| made.pointer(path).and_then(Value::as_str).unwrap().to_owned();
    (text("/metadata/name"), text("/metadata/uid"))
}

/// Watches for a request as client-go 1.35 and later does, until it is approved and signed.
fn wait(client: &mut Client, name: &str, uid: &str) {
    let query = format!(
        "allowWatchBookmarks=true&fieldSelector=metadata.name%3D{name}&resourceVersionMatch=NotOlderThan&\
         sendInitialEvents=true&timeout=7m28s&timeoutSeconds=448"
    );
    client.watch(&query).code(200);
    let (mut bookmark, mut done) = (false, false);
    while !bookmark || !done {
        for (kind, object) in client.events().unwrap() {
            match kind.as_str() {
                "BOOKMARK" => bookmark = true,
                "ADDED" | "MODIFIED" => {
                    assert_eq!(object["metadata"]["uid"], uid);
                    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
                    let is = |kind: &str| conditions.iter().any(|condition| condition["type"] == kind);
                    assert!(!is("Denied") && !is("Failed"), "{object}");
                    done = is("Approved") && object["status"]["certificate"].is_string();
                }
                other => panic!("{other}: {object}"),
            }
        }
    }
}

fn kubelet(name: &str, signer: &str, usages: &[&str]) -> (Value, PrivateKey) {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let mut object = object("", signer, name, &["system:nodes"], &key, usages);
    object["metadata"] = json!({"generateName": "csr-"});
    (object, key)
}

const CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";

const SERVING: &str = "kubernetes.io/kubelet-serving";

/// What has been recorded, of the oldest and of the newest.
const PROGRAMS: [&str; 2] = ["kubelet-1.20", "client-go-1.36"];

/// A server that knows a node, `worker1`, and has a token.
fn served() -> Served {
    let bed = Testbed::applied(SINGLE);
    bed.write("tokens.yaml", TOKENS);
    bed.write(
        "fleet.yaml",
        SINGLE.to_owned() + "- {name: worker1, roles: [worker], addresses: [192.0.2.21]}\n",
    );
    Served::of(bed, &["--bootstrap-tokens", "tokens.yaml", "-f", "fleet.yaml"])
}

/// Sends what was recorded.
fn replay(served: &Served, who: &Who, file: &str) -> Seen {
    Recording::open(file).replay(&mut served.connect(who))
}

#[test]
fn kubelets_join_and_rotate() {
    for program in PROGRAMS {
        let served = served();
        // The token is in what was recorded.
        let first = replay(&served, &Who::default(), &format!("{program}/join.http"));
        assert_eq!(first.issued().subject.to_string(), "O=system:nodes, CN=system:node:worker1");
        assert!(first.name.starts_with("csr-"), "{program}: {}", first.name);
        let object = served.admin().get(&format!("{P}/{}", first.name)).code(200).json();
        assert_eq!(object["spec"]["username"], "system:bootstrap:abcdef");
        assert_eq!(object["spec"]["signerName"], CLIENT);
        assert_eq!(object["spec"]["usages"], json!(first.usages));
        // With a certificate it asks for the next one.
        let node = served.user("system:node:worker1", &["system:nodes"]);
        let next = replay(&served, &node, &format!("{program}/rotate.http"));
        assert!(next.issued().not_after >= first.issued().not_after);
        assert_ne!((&next.name, &next.uid), (&first.name, &first.uid));
        let log = || served.bed.read("out/.kubepki/audit.log");
        let has = |verb: &str| log().contains(&format!("\"verb\":\"{verb}\""));
        eventually("decisions are in the audit log", || has("approve") && has("sign"));
    }
}

#[test]
fn a_kubelet_that_does_not_rotate_finds_its_request_again() {
    for program in PROGRAMS {
        let served = served();
        let named = replay(&served, &Who::default(), &format!("{program}/named.http"));
        assert!(named.name.starts_with("node-csr-"), "{program}: {}", named.name);
        assert_eq!(named.issued().subject.to_string(), "O=system:nodes, CN=system:node:worker1");
        if program == "kubelet-1.20" {
            let again = replay(&served, &Who::default(), "kubelet-1.20/again.http");
            assert_eq!(again, named, "what is there already, not another");
        }
    }
}

/// What one node has sent is another's in nobody's hands, and nothing in those of who is not known.
#[test]
fn what_a_kubelet_sends_is_good_for_nobody_else() {
    let served = served();
    let other = served.user("system:node:worker2", &["system:nodes"]);
    let expired = TOKENS.replace("abcdef", "000001");
    served.bed.write("tokens.yaml", expired);
    for program in PROGRAMS {
        for (file, who, code) in [
            ("rotate.http", &other, 403),
            ("serving.http", &other, 403),
            ("rotate.http", &Who::default(), 403),
            ("serving.http", &Who::default(), 403),
        ] {
            let octets = Recording::open(&format!("{program}/{file}")).first();
            let mut client = served.connect(who);
            client.send(&octets).unwrap();
            let refused = client.reply().unwrap();
            assert_eq!(refused.code, code, "{program}/{file}");
        }
        let octets = Recording::open(&format!("{program}/join.http")).first();
        eventually("the token is forgotten", || {
            let mut client = served.connect(&Who::default());
            client.send(&octets).unwrap();
            client.reply().unwrap().code == 401
        });
    }
}

#[test]
fn what_a_node_comes_with_is_printed() {
    let bed = Testbed::applied(SINGLE);
    let secret = bed.run(&["manifests", "bootstrap-token", "--ttl", "1h"]).success().stdout;
    bed.write("tokens.yaml", &secret);
    let field = |name: &str| {
        let line = secret.lines().find(|line| line.trim().starts_with(&format!("{name}:"))).unwrap();
        line.split_once(": ").unwrap().1.trim_matches('"').to_owned()
    };
    let token = format!("{}.{}", field("token-id"), field("token-secret"));
    let served = Served::of(bed, &["--bootstrap-tokens", "tokens.yaml"]);
    let server = format!("https://127.0.0.1:{}", served.port);
    let print = ["manifests", "bootstrap-kubeconfig", "-d", "out", "--server", &server, "--token", &token];
    let kubeconfig = served.bed.run(&print).success().stdout;
    served.bed.write("bootstrap.conf", kubeconfig);
    let get = ["--kubeconfig", "bootstrap.conf", "--tls-server-name", "kubernetes", "get", "csr"];
    served.bed.peer("kubectl", &get).success().err("No resources found");
    let print = ["manifests", "bootstrap-kubeconfig", "-d", "out", "--server", "http://a", "--token", &token];
    served.bed.run(&print).failure().err("begins with https://");
}

/// A node asks for its certificate as a server with names that the spec gives it, and with one that is another's.
#[test]
fn a_serving_certificate_is_held_to_the_spec() {
    let served = served();
    let node = served.user("system:node:worker1", &["system:nodes"]);
    let mut client = served.connect(&node);
    let mut ask = |names: &[SubjectAltName]| {
        let (mut asked, key) = kubelet("system:node:worker1", SERVING, &["digital signature", "server auth"]);
        let subject = Name::new("system:node:worker1", &["system:nodes".to_owned()]).unwrap();
        let request = Request::make(&subject, names, &key).unwrap().to_pem().unwrap();
        asked["spec"]["request"] = STANDARD.encode(request).into();
        post(&mut client, &asked)
    };
    let address = |text: &str| SubjectAltName::Ip(text.parse().unwrap());
    let (other, _) = ask(&[address("192.0.2.10")]);
    for program in PROGRAMS {
        let issued = replay(&served, &node, &format!("{program}/serving.http")).issued();
        assert_eq!(issued.subject.to_string(), "O=system:nodes, CN=system:node:worker1");
        assert_eq!(
            issued.subject_alt_names,
            [SubjectAltName::Dns("worker1".to_owned()), address("192.0.2.21")]
        );
    }
    let (own, uid) = ask(&[SubjectAltName::Dns("worker1".to_owned()), address("192.0.2.21")]);
    wait(&mut served.connect(&node), &own, &uid);
    let issued = certificate(&mut served.connect(&node), &own);
    served.bed.write("serving.crt", issued.to_pem().unwrap());
    let verify = [
        "verify",
        "-purpose",
        "sslserver",
        "-verify_ip",
        "192.0.2.21",
        "-CAfile",
        "out/pki/ca.crt",
        "serving.crt",
    ];
    served.bed.peer("openssl", &verify).success();
    // What came before it has been decided on, too: nobody has approved it.
    let object = served.admin().get(&format!("{P}/{other}")).code(200).json();
    assert_eq!(object["status"], json!({}));
}
