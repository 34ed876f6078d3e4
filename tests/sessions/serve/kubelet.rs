//! What a kubelet does to get its certificates, request by request (`k8s.io/client-go/util/certificate`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kubepki::api::codec::{Format, encode};
use kubepki::x509::{KeyAlgorithm, Name, PrivateKey, Request, SubjectAltName};
use serde_json::{Value, json};

use super::client::{Client, P, Who};
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

#[test]
fn a_kubelet_joins_and_rotates() {
    let bed = Testbed::applied(SINGLE);
    bed.write("tokens.yaml", TOKENS);
    let served = Served::of(bed, &["--bootstrap-tokens", "tokens.yaml"]);
    let token = Who::token("abcdef.0123456789abcdef");
    let mut client = served.connect(&token);
    assert_eq!(client.get("/healthz?timeout=1s").body, b"ok");
    let (asked, key) = kubelet("system:node:worker1", CLIENT, &["digital signature", "client auth"]);
    let (name, uid) = post(&mut client, &asked);
    wait(&mut client, &name, &uid);
    let mut again = served.connect(&token);
    let certificate_of_node = certificate(&mut again, &name);
    assert_eq!(certificate_of_node.subject.to_string(), "O=system:nodes, CN=system:node:worker1");
    // With its certificate it asks for the next one.
    let node = Who::with(certificate_of_node, key);
    let mut client = served.connect(&node);
    let (asked, _) = kubelet("system:node:worker1", CLIENT, &["digital signature", "client auth"]);
    let (name, uid) = post(&mut client, &asked);
    wait(&mut client, &name, &uid);
    let log = || served.bed.read("out/.kubepki/audit.log");
    let has = |verb: &str| log().contains(&format!("\"verb\":\"{verb}\""));
    eventually("decisions are in the audit log", || has("approve") && has("sign"));
    // Not for another, and a serving certificate is nobody's who is not in the spec.
    let (other, _) = kubelet("system:node:worker2", CLIENT, &["digital signature", "client auth"]);
    let bytes = encode(Format::Protobuf, &other).unwrap();
    served.connect(&node).ask("POST", P, &[("Content-Type", PROTOBUF)], &bytes).code(403);
}

#[test]
fn older_clients_list_and_then_watch() {
    let bed = Testbed::applied(SINGLE);
    bed.write("tokens.yaml", TOKENS);
    let served = Served::of(bed, &["--bootstrap-tokens", "tokens.yaml"]);
    let mut client = served.connect(&Who::token("abcdef.0123456789abcdef"));
    let (asked, _) = kubelet("system:node:worker1", CLIENT, &["digital signature", "client auth"]);
    let (name, _) = post(&mut client, &asked);
    let query = format!("fieldSelector=metadata.name%3D{name}&limit=500&resourceVersion=0");
    let list = client.get(&format!("{P}?{query}")).code(200).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    let is_signed = |object: &Value| object["status"]["certificate"].is_string();
    let mut done = is_signed(&list["items"][0]);
    client
        .watch(&format!("allowWatchBookmarks=true&fieldSelector=metadata.name%3D{name}&resourceVersion={version}&timeoutSeconds=60"))
        .code(200);
    while !done {
        done = client.events().unwrap().iter().any(|(_, object)| is_signed(object));
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
    const SERVING: &str = "kubernetes.io/kubelet-serving";
    let bed = Testbed::applied(SINGLE);
    bed.write(
        "fleet.yaml",
        SINGLE.to_owned() + "- {name: worker1, roles: [worker], addresses: [192.0.2.21]}\n",
    );
    let served = Served::of(bed, &["-f", "fleet.yaml"]);
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
    let (own, uid) = ask(&[SubjectAltName::Dns("worker1".to_owned()), address("192.0.2.21")]);
    wait(&mut served.connect(&node), &own, &uid);
    let issued = certificate(&mut served.connect(&node), &own);
    assert_eq!(issued.subject.to_string(), "O=system:nodes, CN=system:node:worker1");
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
