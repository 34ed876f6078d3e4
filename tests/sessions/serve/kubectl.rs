//! The pages "Manage TLS Certificates in a Cluster" and "Certificates and Certificate Signing Requests" of Kubernetes,
//! followed with every kubectl that the machine has.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::{KUBECONFIG, Served, eventually};
use crate::testbed::Testbed;

/// kubectl, and those of other releases that lie beside it (`kubectl.1.27`).
fn programs() -> Vec<String> {
    let mut programs = vec!["kubectl".to_owned()];
    let path = std::env::var_os("PATH").unwrap();
    let found =
        std::env::split_paths(&path).map(|directory| directory.join("kubectl")).find(|path| path.is_file());
    let home =
        found.and_then(|found| found.canonicalize().ok()).and_then(|found| found.parent().map(Into::into));
    let beside = home.into_iter().flat_map(|home: std::path::PathBuf| std::fs::read_dir(home).unwrap());
    let mut beside: Vec<String> = beside
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("kubectl."))
        .map(|path| path.display().to_string())
        .collect();
    beside.sort();
    programs.extend(beside);
    programs
}

/// A request made by openssl, in base64 without line breaks, as the pages make it.
fn request(bed: &Testbed, name: &str, subject: &str) -> String {
    let key = format!("{name}.key");
    bed.peer("openssl", &["genrsa", "-out", &key, "2048"]).success();
    bed.peer("openssl", &["req", "-new", "-key", &key, "-out", &format!("{name}.csr"), "-subj", subject])
        .success();
    bed.shell(&format!("base64 < {name}.csr | tr -d '\\n'")).success().stdout
}

fn manifest(name: &str, request: &str, signer: &str, usages: &[&str]) -> String {
    let usages: String = usages.iter().map(|usage| format!("  - {usage}\n")).collect();
    format!(
        "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata:\n  name: {name}\nspec:\n  \
         request: {request}\n  signerName: {signer}\n  expirationSeconds: 86400\n  usages:\n{usages}"
    )
}

#[test]
fn a_normal_user_is_issued_a_certificate() {
    let served = Served::new();
    let text = request(&served.bed, "myuser", "/CN=myuser/O=dev");
    for program in programs() {
        let run = |arguments: &[&str], input: &str| served.any_kubectl(&program, arguments, input);
        let object = manifest("myuser", &text, "kubernetes.io/kube-apiserver-client", &["client auth"]);
        run(&["apply", "-f", "-"], &object)
            .success()
            .out("certificatesigningrequest.certificates.k8s.io/myuser created");
        run(&["apply", "-f", "-"], &object).success().out("unchanged");
        run(&["get", "csr"], "")
            .success()
            .out("REQUESTEDDURATION")
            .out("kubernetes-admin   24h")
            .out("Pending");
        run(&["describe", "csr", "myuser"], "").success().out("Common Name:    myuser").out("Pending");
        run(&["certificate", "approve", "myuser"], "").success().out("approved");
        eventually("issued", || run(&["get", "csr/myuser"], "").success().stdout.contains("Approved,Issued"));
        run(&["certificate", "deny", "myuser"], "").code(1).err("already Approved");
        let pem = run(&["get", "csr", "myuser", "-o", "jsonpath={.status.certificate}"], "").success().stdout;
        served.bed.write("myuser.b64", pem);
        served.bed.shell("base64 -d < myuser.b64 > myuser.crt").success();
        let verify = ["verify", "-CAfile", "out/pki/ca.crt", "-purpose", "sslclient", "myuser.crt"];
        served.bed.peer("openssl", &verify).success();
        let set = [
            "config",
            "set-credentials",
            "myuser",
            "--client-key=myuser.key",
            "--client-certificate=myuser.crt",
            "--embed-certs=true",
        ];
        run(&set, "").success();
        run(&["--user", "myuser", "get", "csr"], "").code(1).err("User \"myuser\" cannot list resource");
        run(&["label", "csr", "myuser", "a=b"], "").success();
        run(&["get", "csr", "-l", "a=b", "-o", "name"], "").success().out("/myuser");
        run(&["wait", "csr/myuser", "--for=condition=Approved", "--timeout=10s"], "").success();
        run(&["delete", "csr", "myuser"], "").success().out("deleted");
        run(&["get", "csr", "myuser"], "").code(1).err("\"myuser\" not found");
    }
}

#[test]
fn a_server_is_signed_for_by_hand() {
    let served = Served::new();
    let bed = &served.bed;
    let text = request(bed, "server", "/CN=my-svc.my-namespace.svc.cluster.local");
    bed.peer(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "hand.key",
            "-out",
            "hand.crt",
            "-subj",
            "/CN=My Example Signer",
        ],
    )
    .success();
    for program in programs() {
        let run = |arguments: &[&str], input: &str| served.any_kubectl(&program, arguments, input);
        let usages = ["digital signature", "key encipherment", "server auth"];
        let object = manifest("my-svc.my-namespace", &text, "example.com/serving", &usages);
        run(&["create", "-f", "-"], &object).success().out("created");
        run(&["describe", "csr", "my-svc.my-namespace"], "").success().out("example.com/serving");
        run(&["certificate", "approve", "my-svc.my-namespace"], "").success();
        std::thread::sleep(Duration::from_millis(100));
        run(&["get", "csr"], "").success().out("Approved").not_out("Issued");
        let pem = run(&["get", "csr", "my-svc.my-namespace", "-o", "jsonpath={.spec.request}"], "")
            .success()
            .stdout;
        bed.write("asked.b64", pem);
        bed.shell("base64 -d < asked.b64 > asked.csr").success();
        let sign = [
            "x509",
            "-req",
            "-in",
            "asked.csr",
            "-CA",
            "hand.crt",
            "-CAkey",
            "hand.key",
            "-CAcreateserial",
            "-out",
            "hand-signed.crt",
        ];
        bed.peer("openssl", &sign).success();
        let signed = bed.shell("base64 < hand-signed.crt | tr -d '\\n'").success().stdout;
        let mut value: Value = run(&["get", "csr", "my-svc.my-namespace", "-o", "json"], "").success().json();
        value["status"]["certificate"] = signed.into();
        // As the page does it: no Content-Type, in chunks.
        let path = format!("{}/my-svc.my-namespace/status", super::P);
        run(&["replace", "--raw", &path, "-f", "-"], &value.to_string()).success();
        run(&["get", "csr"], "").success().out("Approved,Issued");
        let pem = run(&["get", "csr", "my-svc.my-namespace", "-o", "jsonpath={.status.certificate}"], "")
            .success()
            .stdout;
        bed.write("server.b64", pem);
        assert!(bed.shell("base64 -d < server.b64").success().stdout.contains("BEGIN CERTIFICATE"));
        run(&["delete", "csr", "--all"], "").success();
    }
}

#[test]
fn what_kubectl_can_do_it_can_do() {
    let served = Served::new();
    let text = request(&served.bed, "one", "/CN=one");
    let object = manifest("one", &text, "kubernetes.io/kube-apiserver-client", &["client auth"]);
    let run = |arguments: &[&str], input: &str| served.any_kubectl("kubectl", arguments, input);
    run(&["create", "-f", "-"], &object.replace("spec:", "spec:\n  bogus: 1"))
        .code(1)
        .err("unknown field \"spec.bogus\"");
    run(&["create", "-f", "-"], &object.replace("client auth", "client"))
        .code(1)
        .err("spec.usages[0]: Unsupported value: \"client\"");
    run(&["create", "--dry-run=server", "-f", "-"], &object).success().out("server dry run");
    run(&["get", "csr"], "").success().err("No resources found");
    run(&["create", "-f", "-"], &object).success();
    run(&["create", "-f", "-"], &object).code(1).err("already exists");
    run(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &object)
        .success()
        .out("serverside-applied");
    run(
        &["patch", "csr", "one", "--type=json", "-p", "[{\"op\":\"remove\",\"path\":\"/metadata/nothing\"}]"],
        "",
    )
    .code(1);
    run(&["patch", "csr", "one", "--type=merge", "-p", "{\"metadata\":{\"labels\":{\"a\":\"1\"}}}"], "")
        .success();
    run(&["patch", "csr", "one", "--type=strategic", "-p", "{\"metadata\":{\"labels\":{\"a\":null}}}"], "")
        .success()
        .out("patched");
    run(&["get", "csr", "-l", "a", "-o", "name"], "").success().not_out("one");
    run(&["annotate", "csr", "one", "b=2"], "").success();
    // `any_kubectl` has an editor that colours what is blue.
    run(&["label", "csr", "one", "colour=blue"], "").success();
    run(&["edit", "csr", "one"], "").success().out("edited");
    run(&["get", "csr", "one", "-o", "jsonpath={.metadata.labels.colour}"], "").success().out("green");
    run(&["edit", "csr", "one"], "").success().err("no changes made");
    let coloured = object.replace("  name: one", "  name: one\n  labels: {colour: red}");
    run(&["diff", "-f", "-"], &coloured).code(1).out("-    colour: green").out("+    colour: red");
    run(&["replace", "-f", "-"], &object).success().out("replaced");
    run(&["get", "csr", "--field-selector", "metadata.name=one", "-o", "name"], "").success().out("/one");
    run(&["get", "csr", "--field-selector", "spec.username=x"], "").code(1).err("field label not supported");
    run(&["get", "csr", "--sort-by", ".metadata.name"], "").success().out("one ");
    run(&["explain", "csr.spec.signerName"], "").success().out("signerName");
    run(&["explain", "csr", "--recursive"], "").success().out("lastTransitionTime");
    run(&["api-versions"], "").success().out("certificates.k8s.io/v1\n");
    run(&["api-resources"], "").success().out("certificatesigningrequests   csr");
    run(&["certificate", "deny", "one"], "").success().out("denied");
    run(&["wait", "csr/one", "--for=condition=Denied", "--timeout=10s"], "").success().out("condition met");
    run(&["certificate", "approve", "one"], "").code(1).err("already Denied");
    run(&["auth", "whoami"], "").success().out("kubernetes-admin").out("system:authenticated");
    run(&["auth", "can-i", "approve", "csr"], "").success().out("yes");
    run(&["auth", "can-i", "approve", "csr", "--as", "somebody"], "").code(1).out("no");
    run(&["get", "csr", "--as", "somebody"], "").code(1).err("User \"somebody\" cannot list resource");
    run(&["get", "--raw", "/readyz"], "").success().out("ok");
    run(&["get", "--raw", "/readyz?verbose"], "").success().out("[+]store ok\n").out("readyz check passed\n");
    run(&["version"], "").success().out("Server Version: v1.36.");
    run(&["version", "-o", "json"], "").success().not_out("x86_64");
    run(&["delete", "csr", "one", "--dry-run=server"], "").success();
    run(&["delete", "csr", "one"], "").success();
    run(&["get", "csr/one"], "").code(1).err("not found");
}

#[test]
fn a_watch_sees_a_request_come_and_go() {
    let served = Served::new();
    let text = request(&served.bed, "one", "/CN=one");
    let object = manifest("one", &text, "kubernetes.io/kube-apiserver-client", &["client auth"]);
    let out = std::fs::File::create(served.bed.path("watched")).unwrap();
    let mut command = crate::testbed::peer("kubectl");
    command.args(["--kubeconfig", KUBECONFIG, "get", "csr", "-w"]).current_dir(served.bed.path(""));
    let mut child =
        command.env("HOME", served.bed.path("home")).stdout(out).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    served.any_kubectl("kubectl", &["create", "-f", "-"], &object).success();
    served.kubectl(&["certificate", "approve", "one"]).success();
    eventually("the watch tells", || {
        let seen = served.bed.read("watched");
        ["Pending", "Approved", "Approved,Issued"].iter().all(|state| seen.contains(state))
    });
    child.kill().unwrap();
    child.wait().unwrap();
}
