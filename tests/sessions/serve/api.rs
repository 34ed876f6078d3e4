//! What clients send, and what comes back.

use serde_json::{Value, json};

use super::client::{Client, P};
use super::{Served, approved, simple};
use crate::testbed::Ran;

/// curl with the administrator's certificate.
fn curl(served: &Served, arguments: &[&str], path: &str) -> Ran {
    let kubeconfig = served.bed.kubeconfig("out/admin.conf");
    let certificate = kubeconfig.certificate.embedded().unwrap()[0].to_pem().unwrap();
    served.bed.write("curl.crt", certificate);
    served.bed.write("curl.key", &*kubeconfig.key.embedded().unwrap().to_pem().unwrap());
    let port = served.port;
    let (resolve, url) = (format!("kubernetes:{port}:127.0.0.1"), format!("https://kubernetes:{port}{path}"));
    let common = [
        "-sS",
        "--cacert",
        "out/pki/ca.crt",
        "--cert",
        "curl.crt",
        "--key",
        "curl.key",
        "--resolve",
        &resolve,
    ];
    served.bed.peer("curl", &[&common, arguments, &[&url]].concat()).success()
}

#[test]
fn raw_bodies_are_taken_as_kubectl_sends_them() {
    let served = Served::new();
    served.bed.write("one.json", simple("one").to_string());
    // `replace --raw` and `create --raw`: in chunks, and without a Content-Type.
    let chunked = [
        "-X",
        "POST",
        "-H",
        "Transfer-Encoding: chunked",
        "-H",
        "Content-Type:",
        "--data-binary",
        "@one.json",
    ];
    for version in ["--http1.1", "--http2"] {
        let made = curl(&served, &[&[version], &chunked[..]].concat(), P).json();
        let uid = made["metadata"]["uid"].as_str();
        assert!(uid.is_some_and(|uid| uid.len() == 36), "{made}");
        let told = curl(&served, &[version, "-X", "DELETE"], &format!("{P}/one")).json();
        assert_eq!(
            (&told["status"], &told["details"]["kind"]),
            (&json!("Success"), &json!("certificatesigningrequests"))
        );
    }
    let yaml = "{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest}";
    let refused = curl(&served, &["-X", "POST", "-H", "Content-Type:", "-d", yaml], P).json();
    assert_eq!(refused["code"], 400, "YAML is none of JSON: {refused}");
    let refused = curl(&served, &["-X", "POST", "-H", "Content-Type: text/plain", "-d", "{}"], P).json();
    assert_eq!((&refused["code"], &refused["reason"]), (&json!(415), &json!("UnsupportedMediaType")));
    let head = curl(&served, &["-I"], P).stdout;
    assert!(head.contains("200") && head.contains("audit-id: "), "{head}");
}

#[test]
fn statuses_are_those_of_kubernetes() {
    let served = Served::new();
    let mut admin = served.admin();
    let one = admin.json("POST", P, &simple("one")).code(201).json();
    let path = format!("{P}/one");
    let with = |field: &str, value: Value| {
        let mut object = one.clone();
        *object.pointer_mut(field).unwrap() = value;
        object
    };
    let other = with("/metadata/name", "two".into());
    for (method, path, body, code, reason, message) in [
        (
            "GET",
            &format!("{P}/x"),
            None,
            404,
            "NotFound",
            "certificatesigningrequests.certificates.k8s.io \"x\" not found",
        ),
        (
            "GET",
            &"/apis/x.example/v1".to_owned(),
            None,
            404,
            "NotFound",
            "the server could not find the requested resource",
        ),
        (
            "GET",
            &format!("{P}/one/scale"),
            None,
            404,
            "NotFound",
            "the server could not find the requested resource",
        ),
        (
            "POST",
            &format!("{P}/one/approval"),
            Some(&one),
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        ),
        (
            "POST",
            &P.to_owned(),
            Some(&one),
            400,
            "BadRequest",
            "resourceVersion should not be set on objects to be created",
        ),
        (
            "PUT",
            &path,
            Some(&other),
            400,
            "BadRequest",
            "the name of the object (two) does not match the name on the URL (one)",
        ),
        (
            "PUT",
            &format!("{P}/two"),
            Some(&other),
            404,
            "NotFound",
            "certificatesigningrequests.certificates.k8s.io \"two\" not found",
        ),
        (
            "PUT",
            &path,
            Some(&with("/metadata/resourceVersion", "1".into())),
            409,
            "Conflict",
            "Operation cannot be fulfilled on certificatesigningrequests.certificates.k8s.io \"one\": the object has been \
             modified; please apply your changes to the latest version and try again",
        ),
        (
            "DELETE",
            &path,
            Some(&json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "1"}})),
            409,
            "Conflict",
            "",
        ),
        ("PATCH", &path, Some(&json!({})), 415, "UnsupportedMediaType", ""),
    ] {
        let reply = match body {
            Some(body) => admin.json(method, path, body),
            None => admin.get(path),
        };
        let status = reply.json();
        assert_eq!(
            (reply.code, status["reason"].as_str().unwrap()),
            (code, reason),
            "{method} {path}: {status}"
        );
        assert!(status["message"].as_str().unwrap().contains(message), "{status}");
        assert_eq!((&status["kind"], &status["status"]), (&json!("Status"), &json!("Failure")));
    }
    let mut bogus = simple("bogus");
    bogus["spec"]["bogus"] = 1.into();
    let reply = admin.json("POST", &format!("{P}?dryRun=All"), &bogus).code(201);
    assert_eq!(reply.header("warning"), "299 - \"unknown field \\\"spec.bogus\\\"\"");
    let refused = admin.json("POST", &format!("{P}?fieldValidation=Strict"), &bogus).code(400).message();
    assert!(refused.ends_with("strict decoding error: unknown field \"spec.bogus\""), "{refused}");
    admin.json("POST", &format!("{P}?dryRun=Some"), &simple("x")).code(422);
    admin.get(&format!("{P}/bogus")).code(404);
}

#[test]
fn what_may_not_change_stays_and_what_is_kept_for_somebody_waits() {
    let served = Served::new();
    let mut admin = served.admin();
    let mut one = admin.json("POST", P, &simple("one")).code(201).json();
    one["spec"]["signerName"] = "example.com/other".into();
    one["metadata"]["finalizers"] = json!(["example.com/hold"]);
    let path = format!("{P}/one");
    let put = admin.json("PUT", &path, &one).code(200).json();
    assert_eq!(put["spec"]["signerName"], super::CLIENT);
    let same = admin.json("PUT", &path, &put).code(200).json();
    assert_eq!(
        same["metadata"]["resourceVersion"], put["metadata"]["resourceVersion"],
        "nothing has changed"
    );
    let marked = admin.ask("DELETE", &path, &[], b"").code(200).json();
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    let mut held = admin.get(&path).code(200).json();
    held["metadata"]["finalizers"] = json!([]);
    admin.json("PUT", &path, &held).code(200);
    admin.get(&path).code(404);
    let mut base = simple("");
    base["metadata"] = json!({"generateName": "csr-"});
    let made = admin.json("POST", P, &base).code(201).json();
    let name = &made["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("csr-") && name.len() == 9, "{name}");
    assert_eq!(made["metadata"]["managedFields"][0]["operation"], "Update");
    admin.json("PUT", &format!("{P}/{name}/approval"), &approved(made)).code(200);
    super::certificate(&mut admin, name);
    let gone = admin.ask("DELETE", &format!("{P}?labelSelector=a%21%3Db"), &[], b"").code(200).json();
    assert_eq!(gone["items"].as_array().unwrap().len(), 1);
}

#[test]
fn names_are_anything_that_is_one_segment_of_a_path() {
    let served = Served::new();
    let mut admin = served.admin();
    for (name, path) in [
        ("a b:C_d", "a%20b:C_d"),
        ("müller", "m%C3%BCller"),
        (".hidden", ".hidden"),
        ("x\\y", "x%5Cy"),
        ("-rf *", "-rf%20*"),
        (&*"n".repeat(1024), &*"n".repeat(1024)),
    ] {
        admin.json("POST", P, &simple(name)).code(201);
        assert_eq!(admin.get(&format!("{P}/{path}")).code(200).json()["metadata"]["name"], name);
        admin.ask("DELETE", &format!("{P}/{path}"), &[], b"").code(200);
    }
    for name in ["..", ".", "a/b", "a%b", "../../etc/passwd"] {
        admin.json("POST", P, &simple(name)).code(422);
    }
}

#[test]
fn what_is_measured_is_told() {
    let served = Served::new();
    let mut admin = served.admin();
    super::signed(&mut admin, &simple("one"));
    admin.get(&format!("{P}/nothing")).code(404);
    let url = format!("http://127.0.0.1:{}/metrics", served.metrics);
    let text = served.bed.peer("curl", &["-sS", &url]).success().stdout;
    for line in [
        "kubepki_http_requests_total{verb=\"create\",resource=\"certificatesigningrequests\",code=\"201\"} 1",
        "kubepki_http_requests_total{verb=\"get\",resource=\"certificatesigningrequests\",code=\"404\"} 1",
        "kubepki_decisions_total{decision=\"signed\"} 1",
        "kubepki_certificates_issued_total{signer=\"kubernetes.io/kube-apiserver-client\"} 1",
        "kubepki_requests{state=\"issued\"} 1",
        "kubepki_connections ",
        "kubepki_certificate_not_after_timestamp_seconds{certificate=\"serving\"} ",
        "kubepki_ledger_size_bytes ",
        "# EOF",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
}

#[test]
fn trust_bundles_are_published_and_attested_for() {
    const B: &str = "/apis/certificates.k8s.io/v1beta1/clustertrustbundles";
    let mut served = Served::new();
    let mut admin = served.admin();
    let ca = served.bed.read("out/pki/ca.crt");
    let own = admin.get(B).code(200).json();
    let name = own["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("kubernetes.io:kube-apiserver-serving:"), "{name}");
    assert_eq!(own["items"][0]["spec"]["trustBundle"], ca.as_str());
    let bundle = |name: &str, signer: &str| {
        json!({
            "apiVersion": "certificates.k8s.io/v1beta1", "kind": "ClusterTrustBundle", "metadata": {"name": name},
            "spec": {"signerName": signer, "trustBundle": ca},
        })
    };
    admin.json("POST", B, &bundle("plain", "")).code(201);
    admin.json("POST", B, &bundle("wrong", "example.com/a")).code(422);
    let mut made = admin.json("POST", B, &bundle("example.com:a:one", "example.com/a")).code(201).json();
    let selected = admin.get(&format!("{B}?fieldSelector=spec.signerName%3Dexample.com%2Fa")).json();
    assert_eq!(selected["items"].as_array().unwrap().len(), 1);
    made["spec"]["trustBundle"] = "nothing".into();
    admin.json("PUT", &format!("{B}/example.com:a:one"), &made).code(422);
    made["spec"]["trustBundle"] = (ca.clone() + "# a comment\n").into();
    admin.json("PUT", &format!("{B}/example.com:a:one"), &made).code(200);
    admin.json("PUT", &format!("{B}/example.com:a:one"), &made).code(409);
    served.kubectl(&["get", "clustertrustbundles"]).success().out("example.com:a:one").out("SIGNERNAME");
    // An apply makes one where there is none.
    let apply = |client: &mut Client, name: &str, object: &Value| {
        let path = format!("{B}/{name}?fieldManager=test");
        client.ask(
            "PATCH",
            &path,
            &[("Content-Type", "application/apply-patch+yaml")],
            object.to_string().as_bytes(),
        )
    };
    apply(&mut admin, "applied", &bundle("applied", "")).code(201);
    apply(&mut admin, "applied", &bundle("applied", "")).code(200);
    apply(&mut admin, "other", &bundle("applied", "")).code(400);
    admin.ask("DELETE", &format!("{B}/applied"), &[], b"").code(200);
    let mut jane = served.connect(&served.user("jane", &[]));
    apply(&mut jane, "janes", &bundle("janes", "")).code(403);
    jane.get(&format!("{B}/plain")).code(200);
    jane.json("POST", B, &bundle("janes", "")).code(403);
    assert_eq!(served.stop(), 0);
    served.restart(&[]);
    let kept = served.admin().get(B).json();
    assert_eq!(kept["items"].as_array().unwrap().len(), 3, "they are kept");
    served.admin().ask("DELETE", &format!("{B}/plain"), &[], b"").code(200);
}

/// What curl and browsers get, and whoever asks for it (`isPrettyPrint`); a watch has one event in each line.
#[test]
fn people_get_json_with_line_breaks() {
    let served = Served::new();
    let mut admin = served.admin();
    admin.json("POST", P, &simple("one")).code(201);
    let one = format!("{P}/one");
    let get = |arguments: &[&str], path: &str| curl(&served, arguments, path).stdout;
    let lines = |text: &str| text.lines().count();
    let sorted = |text: &str| {
        let mut lines: Vec<&str> = text.lines().map(|line| line.trim_end_matches(',')).collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    let nothing = format!("{P}/nothing");
    for path in [P, &one, &nothing, "/apis", "/apis/certificates.k8s.io/v1", "/openapi/v3"] {
        let text = get(&[], path);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(lines(&text) > 3, "{text}");
        assert_eq!(sorted(&text), sorted(&serde_json::to_string_pretty(&value).unwrap()), "{path}");
        // Who says no, and programs, get it as it is sent best.
        assert_eq!(lines(&get(&[], &format!("{path}?pretty=false"))), 1, "{path}");
        assert_eq!(lines(&get(&["-A", "kubectl/v1.36.0"], path)), 1, "{path}");
        assert!(lines(&get(&["-A", "kubectl/v1.36.0"], &format!("{path}?pretty=true"))) > 3, "{path}");
    }
    let asks = ["-A", "x", "-H", "Accept: application/json;pretty=1"];
    assert!(lines(&get(&asks, &one)) > 3);
    let made = ["-X", "PATCH", "-H", "Content-Type: application/merge-patch+json", "-d", "{}"];
    assert!(lines(&get(&made, &one)) > 3);
    let table = ["-H", "Accept: application/json;as=Table;v=v1;g=meta.k8s.io"];
    assert!(lines(&get(&table, P)) > 3);
    let watch = get(&[], &format!("{P}?watch=true&resourceVersion=0&timeoutSeconds=1"));
    assert!(
        watch.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()) && lines(&watch) == 1,
        "{watch}"
    );
    assert_eq!(get(&[], "/healthz"), "ok");
    // The version and the paths are for people whoever asks.
    assert!(lines(&get(&["-A", "x"], "/version")) > 3 && lines(&get(&["-A", "x"], "/")) > 3);
}

#[test]
fn what_stands_in_a_patch_twice_is_told() {
    let served = Served::new();
    let mut admin = served.admin();
    admin.json("POST", P, &simple("one")).code(201);
    let object = r#"{"metadata": {"labels": {"a": "1", "a": "2"}}}"#;
    let operations = r#"[{"op": "add", "path": "/metadata/x", "path": "/metadata/labels", "value": {"b": "1", "b": "2"}}]"#;
    for (media, patch, faults, labels) in [
        ("merge-patch", object, &[r#"duplicate field "metadata.labels.a""#][..], json!({"a": "2"})),
        ("strategic-merge-patch", object, &[r#"duplicate field "metadata.labels.a""#], json!({"a": "2"})),
        (
            "json-patch",
            operations,
            &[r#"json patch duplicate field "[0].path""#, r#"json patch duplicate field "[0].value.b""#],
            json!({"b": "2"}),
        ),
    ] {
        let mut patch = |query: &str| {
            let media = format!("application/{media}+json");
            let path = format!("{P}/one?{query}");
            admin.ask("PATCH", &path, &[("Content-Type", &media)], patch.as_bytes())
        };
        let refused = patch("fieldValidation=Strict").code(422).message();
        let end = format!("strict decoding error: {}", faults.join(", "));
        assert!(refused.contains("patch: Invalid value: ") && refused.ends_with(&end), "{refused}");
        let warned = patch("").code(200);
        let warnings: Vec<String> =
            faults.iter().map(|fault| format!("299 - \"{}\"", fault.replace('"', "\\\""))).collect();
        let found: Vec<&str> = warned
            .headers
            .iter()
            .filter(|(name, _)| name == "warning")
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(found, warnings);
        assert_eq!(warned.json()["metadata"]["labels"], labels);
        assert_eq!(patch("fieldValidation=Ignore").code(200).header("warning"), "");
    }
}
