//! Trust bundles are files, which others may write while the server goes on.

use std::fs;

use serde_json::{Value, json};

use super::client::Client;
use super::{Served, eventually};

const B: &str = "/apis/certificates.k8s.io/v1beta1/clustertrustbundles";

fn manifest(name: &str, bundle: &str) -> String {
    json!({
        "apiVersion": "certificates.k8s.io/v1alpha1", "kind": "ClusterTrustBundle", "metadata": {"name": name},
        "spec": {"trustBundle": bundle},
    })
    .to_string()
}

/// The next events of a watch, as `ADDED a`.
fn next(client: &mut Client, count: usize) -> Vec<(String, Value)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        for (kind, object) in client.events().unwrap() {
            seen.push((format!("{kind} {}", object["metadata"]["name"].as_str().unwrap()), object));
        }
    }
    seen
}

#[test]
fn a_file_that_changes_is_a_bundle_that_changes() {
    let mut served = Served::new();
    let mut admin = served.admin();
    let ca = served.bed.read("out/pki/ca.crt");
    let list = admin.get(B).code(200).json();
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    let mut watch = served.admin();
    watch.head("GET", &format!("{B}?watch=true&resourceVersion={version}"), &[]);
    assert_eq!(watch.reply().unwrap().code, 200);

    // Somebody puts one there, changes it, moves it, breaks it, mends it, and takes it away.
    let bed = &served.bed;
    bed.write("out/trust/mine.json", manifest("mine", &ca));
    let (told, made) = next(&mut watch, 1).remove(0);
    assert_eq!((told.as_str(), &made["apiVersion"]), ("ADDED mine", &"certificates.k8s.io/v1beta1".into()));
    let uid = made["metadata"]["uid"].as_str().unwrap().to_owned();
    assert_eq!(uid.len(), 36);
    bed.write("out/trust/mine.json", manifest("mine", &format!("# ours\n{ca}")));
    let (told, changed) = next(&mut watch, 1).remove(0);
    assert_eq!((told.as_str(), &changed["metadata"]["uid"]), ("MODIFIED mine", &uid.as_str().into()));
    fs::rename(bed.path("out/trust/mine.json"), bed.path("out/trust/moved.yaml")).unwrap();
    bed.write("out/trust/other.yaml", manifest("other", &ca));
    assert_eq!(next(&mut watch, 1)[0].0, "ADDED other", "what has only moved is the same");

    bed.write("out/trust/moved.yaml", manifest("mine", &ca.replace("CERTIFICATE", "NOTHING")));
    bed.write("out/trust/other.yaml", "kind: [");
    bed.write("out/trust/third.yaml", manifest("mine", &ca));
    let errors = || bed.read("serve.err");
    eventually("what is bad is told", || errors().contains("third.yaml: \"mine\" is in moved.yaml already"));
    let told = errors();
    for words in [
        "moved.yaml: line 1: spec.trustBundle: Invalid value: \"<value omitted>\": entry 0 has bad block type: NOTHING: \
         what was read before goes on",
        "other.yaml: line ",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(admin.get(&format!("{B}/mine")).code(200).json()["spec"], changed["spec"]);
    admin.get(&format!("{B}/other")).code(200);
    let url = format!("http://127.0.0.1:{}/metrics", served.metrics);
    let metrics = bed.peer("curl", &["-sS", &url]).success().stdout;
    for line in [
        "kubepki_reloads_total{files=\"trust\",status=\"failure\"} 3",
        "kubepki_reloads_total{files=\"trust\",status=\"success\"} 3",
    ] {
        assert!(metrics.contains(line), "no {line} in\n{metrics}");
    }
    let log = || bed.read("out/.kubepki/audit.log");
    let line = |verb: &str, code: u16, name: &str| {
        log().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).any(|event| {
            event["user"]["username"] == "system:kubepki"
                && event["objectRef"]["resource"] == "clustertrustbundles"
                && (&event["verb"], &event["objectRef"]["name"]) == (&verb.into(), &name.into())
                && event["responseStatus"]["code"] == code
        })
    };
    eventually("it is in the log", || {
        line("create", 200, "mine") && line("update", 200, "mine") && line("update", 422, "other")
    });

    // What was in the way is gone: the third file has the bundle now. Then nothing has it any more.
    fs::remove_file(bed.path("out/trust/moved.yaml")).unwrap();
    let (told, taken) = next(&mut watch, 1).remove(0);
    assert_eq!((told.as_str(), &taken["metadata"]["uid"]), ("MODIFIED mine", &uid.as_str().into()));
    fs::remove_file(bed.path("out/trust/third.yaml")).unwrap();
    let gone = next(&mut watch, 1).remove(0).0;
    assert_eq!(gone, "DELETED mine");
    eventually("it is in the log", || line("delete", 200, "mine"));

    // What is good again counts, and what is written over the API is not news.
    bed.write("out/trust/other.yaml", manifest("other", &format!("# good\n{ca}")));
    let (told, object) = next(&mut watch, 1).remove(0);
    assert_eq!(told, "MODIFIED other");
    let mut put = object;
    put["metadata"]["labels"] = json!({"a": "b"});
    let put = admin.json("PUT", &format!("{B}/other"), &put).code(200).json();
    assert_eq!(next(&mut watch, 1)[0].0, "MODIFIED other");
    // One that lies elsewhere comes to its own file.
    bed.write("out/trust/x.yaml", manifest("y", &ca));
    let made = next(&mut watch, 1).remove(0).1;
    let mut labelled = made.clone();
    labelled["metadata"]["labels"] = json!({"a": "b"});
    admin.json("PUT", &format!("{B}/y"), &labelled).code(200);
    assert!(!bed.path("out/trust/x.yaml").exists() && bed.path("out/trust/y.yaml").exists());
    admin.ask("DELETE", &format!("{B}/y"), &[], b"").code(200);
    assert!(!bed.path("out/trust/y.yaml").exists());

    assert_eq!(served.stop(), 0);
    served.restart(&[]);
    let kept = served.admin().get(&format!("{B}/other")).code(200).json();
    assert_eq!(kept["metadata"], put["metadata"], "it is the same after the server has begun again");
}

#[test]
fn the_clusters_own_bundle_says_what_the_ca_is_whatever_its_file_says() {
    let served = Served::new();
    let mut admin = served.admin();
    let ca = served.bed.read("out/pki/ca.crt");
    let own = admin.get(B).json()["items"][0].clone();
    let name = own["metadata"]["name"].as_str().unwrap();
    let bundle = || {
        let found = served.admin().get(&format!("{B}/{name}"));
        (found.code == 200).then(|| found.json())
    };
    let files: Vec<_> =
        fs::read_dir(served.bed.path("out/trust")).unwrap().map(|one| one.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    let text = fs::read_to_string(file).unwrap();
    fs::write(file, text.replace("-----BEGIN", "# somebody's\n    -----BEGIN")).unwrap();
    let version = |object: &Value| object["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    eventually("it is put right", || {
        bundle().is_some_and(|now| version(&now) != version(&own) && now["spec"] == own["spec"])
    });
    assert!(!fs::read_to_string(file).unwrap().contains("somebody"));
    fs::remove_file(file).unwrap();
    eventually("it is there again", || {
        bundle().is_some_and(|now| now["metadata"]["uid"] != own["metadata"]["uid"])
    });
    assert_eq!(bundle().unwrap()["spec"]["trustBundle"], ca.as_str());
    assert!(file.exists());
}
