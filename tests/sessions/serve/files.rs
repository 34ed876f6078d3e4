//! Files and the API are two views of the same requests; and files that credentials are read from may change.

use std::fs;

use kubepki::csr::object::Object;
use kubepki::disk::Notation;
use kubepki::store::manifest::Manifest;

use super::client::P;
use super::{Served, eventually, simple};

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
    super::certificate(&mut admin, "one");
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
