//! Files and the API are two views of the same requests; and files that credentials are read from may change.

use std::fs;

use kubepki::csr::object::Object;
use kubepki::disk::Notation;
use kubepki::store::manifest::Manifest;
use kubepki::x509::PrivateKey;
use time::{Duration, OffsetDateTime};

use super::client::{Client, P, Who};
use super::who::forged;
use super::{Served, approved, certificate, eventually, simple};

#[test]
fn a_file_is_a_request_and_a_request_a_file() {
    let served = Served::new();
    let bed = &served.bed;
    let mut admin = served.admin();
    admin.json("POST", P, &simple("one")).code(201);
    let file = bed.path("out/csr/one.yaml");
    eventually("the file follows", || file.exists());
    // What somebody puts there is a request of nobody's, whatever it says of itself.
    let mut two = simple("two");
    two["spec"]["username"] = "system:node:x".into();
    two["status"]["conditions"] = serde_json::json!([{"type": "Approved", "status": "True"}]);
    bed.write("out/csr/two.json", two.to_string());
    eventually("the API follows", || admin.get(&format!("{P}/two")).code == 200);
    let two = admin.get(&format!("{P}/two")).json();
    assert_eq!(
        (&two["spec"]["username"], two["status"].get("conditions")),
        (&"system:anonymous".into(), None)
    );
    // The other verbs see what the server has acknowledged, and the server sees what they do.
    bed.run(&["csr", "approve", "one", "-d", "out"]).success();
    certificate(&mut admin, "one");
    bed.run(&["csr", "list", "-d", "out"]).success().out("Approved,Issued");
    // A person edits a file.
    let text = bed.read("out/csr/one.yaml");
    let edited = text.replacen("  name: one\n", "  labels:\n    by: hand\n  name: one\n", 1);
    bed.write("out/csr/one.yaml", edited);
    eventually("the edit counts", || {
        admin.get(&format!("{P}/one")).json()["metadata"]["labels"]["by"] == "hand"
    });
    admin.ask("DELETE", &format!("{P}/one"), &[], b"").code(200);
    eventually("the file goes", || !file.exists());
    fs::remove_file(bed.path("out/csr/two.json")).unwrap();
    eventually("the request goes", || admin.get(&format!("{P}/two")).code == 404);
}

#[test]
fn a_server_that_stops_has_written_everything() {
    let mut served = Served::new();
    let mut admin = served.admin();
    for index in 0..50 {
        admin.json("POST", P, &simple(&format!("r{index}"))).code(201);
    }
    assert_eq!(served.stop(), 0);
    for index in 0..50 {
        let bytes = fs::read(served.bed.path(format!("out/csr/r{index}.yaml"))).unwrap();
        let object = Manifest::read(&bytes, Notation::Yaml).unwrap().object;
        assert_eq!((object.name(), object.uid().len()), (format!("r{index}").as_str(), 36));
    }
    served.bed.run(&["csr", "list", "-d", "out"]).success().out("r49");
}

#[test]
fn certificates_are_read_again_when_they_change() {
    let served = Served::new();
    let bed = &served.bed;
    let serial = || {
        let script = format!(
            "openssl s_client -connect 127.0.0.1:{} -servername kubernetes </dev/null 2>/dev/null | openssl x509 -noout -serial",
            served.port
        );
        bed.shell(&script).success().stdout
    };
    let before = serial();
    bed.run(&["renew", "apiserver", "-f", "cluster.yaml", "-d", "out"]).success();
    eventually("the new certificate is presented", || serial() != before);
    // What is bad changes nothing.
    let good = bed.read("out/pki/apiserver.crt");
    bed.write("out/pki/apiserver.crt", "nothing");
    eventually("it is told", || bed.read("serve.err").contains("what was read before goes on"));
    served.admin().get(P).code(200);
    bed.write("out/pki/apiserver.crt", good);
    bed.set_mode("out/pki/apiserver.crt", 0o644);
}

#[test]
fn another_ca_counts_and_signs_as_soon_as_it_is_there() {
    let served = Served::new();
    let bed = &served.bed;
    // The server's own certificate stays the one of before.
    let before = served.authority();
    let connect = |who: &Who| Client::connect(served.port, &before, who);
    let old = Who::of(&bed.kubeconfig("out/admin.conf"));
    let script =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=next \
         -addext keyUsage=critical,keyCertSign,cRLSign -keyout next.key -out next.crt 2>&1
         chmod 600 next.key && mv next.key out/pki/ca.key && mv next.crt out/pki/ca.crt";
    bed.shell(script).success();
    let key = PrivateKey::from_pem(bed.read("out/pki/ca.key").as_bytes()).unwrap();
    let now = OffsetDateTime::now_utc();
    let new = forged(&served.authority(), &key, now - Duration::minutes(1), now + Duration::hours(1));
    eventually("a client of the new CA is let in", || connect(&new).get(P).code == 200);
    connect(&old).get(P).code(401);
    let mut admin = connect(&new);
    let made = admin.json("POST", P, &simple("one")).code(201).json();
    admin.json("PUT", &format!("{P}/one/approval"), &approved(made)).code(200);
    let issued = certificate(&mut admin, "one");
    bed.write("one.crt", issued.to_pem().unwrap());
    bed.peer("openssl", &["verify", "-CAfile", "out/pki/ca.crt", "one.crt"]).success();
}
