//! cfssl's commands, compared with cfssl's own, and the Kubernetes page that uses them.

use serde_json::Value;

use crate::testbed::Testbed;

const REQUEST: &str = r#"{"hosts": ["b.example.com", "192.0.2.24", "a.example.com"], "CN": "pod", "key": {"algo": "ecdsa",
    "size": 256}, "names": [{"C": "DE", "O": "one", "OU": "unit", "L": "Berlin", "ST": "BE"}, {"O": "two"}]}"#;

const AUTHORITY: &str = r#"{"CN": "Authority", "key": {"algo": "rsa", "size": 2048}, "names": [{"O": "Example"}], "hosts": ["x.example", "192.0.2.1"],
    "ca": {"expiry": "8760h", "pathlen": 1}}"#;

/// The intermediate ends before its CA, which ends after a year.
const CONFIG: &str = r#"{"signing": {"default": {"usages": ["digital signature", "key encipherment", "server auth"],
    "expiry": "24h"}, "profiles": {"client": {"usages": ["signing", "client auth"], "expiry": "1h"},
    "below": {"usages": ["cert sign", "crl sign"], "expiry": "48h", "ca_constraint": {"is_ca": true, "max_path_len": 0,
    "max_path_len_zero": true}}}}}"#;

/// The page's commands: <https://kubernetes.io/docs/tasks/tls/managing-tls-in-a-cluster/>, where `cfssl` and `cfssljson`
/// are kubepki's, and the request goes through a file where the page has it go through a cluster.
const PAGE: &str = r#"cat <<EOF | kubepki cfssl genkey - | kubepki cfssl json -bare server
{
  "hosts": [
    "my-svc.my-namespace.svc.cluster.local",
    "my-pod.my-namespace.pod.cluster.local",
    "192.0.2.24",
    "10.0.34.2"
  ],
  "CN": "my-pod.my-namespace.pod.cluster.local",
  "key": {
    "algo": "ecdsa",
    "size": 256
  }
}
EOF
cat server.csr | base64 | tr -d '\n' > spec.request
cat <<EOF | kubepki cfssl gencert -initca - | kubepki cfssl json -bare ca
{
  "CN": "My Example Signer",
  "key": {
    "algo": "rsa",
    "size": 2048
  }
}
EOF
cat > server-signing-config.json <<EOF
{
    "signing": {
        "default": {
            "usages": [
                "digital signature",
                "key encipherment",
                "server auth"
            ],
            "expiry": "876000h",
            "ca_constraint": {
                "is_ca": false
            }
        }
    }
}
EOF
cat spec.request | \
  base64 --decode | \
  kubepki cfssl sign -ca ca.pem -ca-key ca-key.pem -config server-signing-config.json - | \
  kubepki cfssl json -bare ca-signed-server
base64 ca-signed-server.pem | tr -d '\n' > status.certificate
cat status.certificate | base64 --decode > server.crt
"#;

fn bed() -> Testbed {
    let bed = Testbed::new();
    bed.write("csr.json", REQUEST);
    bed.write("ca.json", AUTHORITY);
    bed.write("config.json", CONFIG);
    bed
}

/// What a certificate says, but for what is random.
fn gist(bed: &Testbed, file: &str) -> Vec<String> {
    let certificate = bed.certificate(file);
    let mut names: Vec<String> = certificate.subject_alt_names.iter().map(ToString::to_string).collect();
    names.sort();
    vec![
        certificate.subject.to_string(),
        certificate.issuer.to_string(),
        certificate.usages.names().join(","),
        names.join(","),
        format!("{:?}", certificate.basic_constraints),
        (certificate.not_after - certificate.not_before).whole_minutes().to_string(),
        certificate.public_key.to_string(),
        certificate.signature_algorithm.to_string(),
    ]
}

/// The same documents give the same certificates, whoever reads them; and each reads what the other prints.
#[test]
fn certificates_are_those_of_cfssl() {
    let bed = bed();
    for (made, cfssl, json) in
        [("ours", "kubepki cfssl", "kubepki cfssl json"), ("theirs", "cfssl", "cfssljson")]
    {
        bed.shell(&format!(
            "mkdir {made}; {cfssl} gencert -initca ca.json | {json} -bare {made}/ca
             {cfssl} genkey csr.json | {json} -bare {made}/asked
             sign='-ca {made}/ca.pem -ca-key {made}/ca-key.pem -config config.json'
             {cfssl} gencert $sign csr.json | {json} -bare {made}/default
             {cfssl} gencert $sign -profile=client csr.json | {json} -bare {made}/client
             {cfssl} gencert $sign -profile below csr.json | {json} -bare {made}/below
             {cfssl} gencert $sign -hostname=x.example.com,192.0.2.7 csr.json | {json} -bare {made}/named
             {cfssl} sign $sign -profile client {made}/asked.csr | {json} -bare {made}/signed
             {cfssl} genkey -initca ca.json | {json} -bare {made}/root"
        ))
        .success();
        for file in ["default", "client", "below", "named", "signed"] {
            let verify = ["verify", "-CAfile", &format!("{made}/ca.pem"), &format!("{made}/{file}.pem")];
            bed.peer("openssl", &verify).success();
        }
    }
    for file in ["ca", "default", "client", "below", "named", "signed", "root"] {
        let file = |made: &str| format!("{made}/{file}.pem");
        assert_eq!(gist(&bed, &file("ours")), gist(&bed, &file("theirs")), "{}", file("ours"));
    }
    let files = |made: &str| {
        let all = bed.snapshot(made).into_keys();
        all.filter(|path| !path.starts_with(".kubepki")).collect::<Vec<_>>()
    };
    assert_eq!(files("ours"), files("theirs"));
    // Beside the CA, and not what signs itself: each is in the ledger.
    assert_eq!(bed.read("ours/.kubepki/ledger").lines().count(), 5);
    assert_eq!((bed.mode("ours/ca-key.pem"), bed.mode("ours/ca.pem")), (0o600, 0o644));
    // Across: cfssl signs what we ask for, and we sign what cfssl asks for, with its CA. Without a configuration both have
    // a profile of their own.
    bed.shell(
        "cfssl sign -ca ours/ca.pem -ca-key ours/ca-key.pem ours/asked.csr | cfssljson -bare a
         kubepki cfssl sign -ca theirs/ca.pem -ca-key theirs/ca-key.pem theirs/asked.csr | cfssljson -bare b
         openssl verify -CAfile ours/ca.pem a.pem; openssl verify -CAfile theirs/ca.pem b.pem",
    )
    .success();
    assert_eq!(gist(&bed, "a.pem")[..5], gist(&bed, "b.pem")[..5]);
    // The fields that are printed.
    let fields = |command: &str| {
        let printed = bed.shell(command).success().stdout;
        let printed: Value = serde_json::from_str(&printed).unwrap();
        printed.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let sign = "sign -ca theirs/ca.pem -ca-key theirs/ca-key.pem theirs/asked.csr";
    for command in ["genkey csr.json", "gencert -initca ca.json", sign] {
        assert_eq!(
            fields(&format!("kubepki cfssl {command}")),
            fields(&format!("cfssl {command}")),
            "{command}"
        );
    }
}

#[test]
fn the_kubernetes_page_can_be_followed() {
    let bed = Testbed::new();
    bed.shell(PAGE).success().err("when its CA ends");
    for (file, mode) in
        [("server-key.pem", 0o600), ("server.csr", 0o644), ("ca-key.pem", 0o600), ("ca.csr", 0o644)]
    {
        assert_eq!(bed.mode(file), mode, "{file}");
    }
    let name = "my-svc.my-namespace.svc.cluster.local";
    let verify = ["verify", "-purpose", "sslserver", "-verify_hostname", name, "-CAfile", "ca.pem"];
    bed.peer("openssl", &[&verify[..], &["server.crt"]].concat()).success();
    let (certificate, key) = (bed.certificate("server.crt"), bed.key("server-key.pem"));
    assert_eq!(certificate.public_key, *key.public_key());
    assert_eq!(certificate.subject.common_name(), Some("my-pod.my-namespace.pod.cluster.local"));
    assert_eq!(certificate.subject_alt_names.len(), 4);
}

#[test]
fn what_cfssl_would_pass_over_is_refused() {
    let bed = bed();
    bed.shell("kubepki cfssl gencert -initca ca.json | kubepki cfssl json -bare ca").success();
    let sign = ["cfssl", "gencert", "-ca", "ca.pem", "-ca-key", "ca-key.pem", "-config", "config.json"];
    let sign = |more: &[&str]| bed.run(&[&sign[..], more].concat()).failure();
    sign(&["-profile", "sever", "csr.json"]).err("config.json: no profile is called `sever`");
    bed.write("config.json", CONFIG.replace("server auth", "sever auth"));
    sign(&["csr.json"]).err("config.json: usages: `sever auth` is none");
    bed.write("config.json", CONFIG.replace("\"1h\"", "\"1 hour\""));
    sign(&["-profile", "client", "csr.json"]).err("`1 hour` is not a duration");
    bed.write("config.json", CONFIG.replace("\"expiry\": \"1h\"", "\"crl_url\": \"http://x\""));
    sign(&["csr.json"]).err("config.json: unknown field `crl_url`");
    bed.write("config.json", CONFIG);
    bed.write("csr.json", REQUEST.replace("256", "224"));
    sign(&["csr.json"]).err("csr.json: key: ecdsa of 224 bits is not made");
    bed.write("csr.json", REQUEST.replace("a.example.com", "a example com"));
    sign(&["csr.json"]).err("hosts: `a example com`");
    sign(&["-hostname=x", "ca.json"]).err("is the CA's own name");
    sign(&["nothing.json"]).err("nothing.json is missing");
    bed.write("csr.json", REQUEST);
    bed.run(&["cfssl", "gencert", "csr.json"])
        .failure()
        .err("-ca FILE and -ca-key FILE name its certificate");
    bed.shell("echo '{}' | kubepki cfssl json -bare x").code(2).err("has neither cert, csr nor key in it");
    bed.shell("echo no | kubepki cfssl sign -ca ca.pem -ca-key ca-key.pem -").code(2).err("-: ");
}

/// cfssl signs for anybody in any group, and so do we, but not in silence; what cannot be written down is not signed.
#[test]
fn power_is_told_and_the_ledger_goes_first() {
    let bed = bed();
    bed.shell("kubepki cfssl gencert -initca ca.json | kubepki cfssl json -bare ca").success();
    bed.write("admin.json", r#"{"CN": "admin", "names": [{"O": "system:masters"}]}"#);
    let sign = ["cfssl", "gencert", "-ca=ca.pem", "-ca-key=ca-key.pem", "admin.json"];
    bed.run(&sign)
        .success()
        .out("\"cert\"")
        .err("warning: the group `system:masters` passes every authorization");
    assert_eq!(bed.read(".kubepki/ledger").lines().count(), 1);
    bed.write("blocked", "");
    let blocked = [&sign[..], &["-ledger", "blocked/ledger"]].concat();
    assert_eq!(bed.run(&blocked).failure().err("blocked").stdout, "");
}

/// What cfssl's server answers is read too.
#[test]
fn an_answer_of_a_server_is_written() {
    let bed = bed();
    let result = r#"{"certificate":"c\n","certificate_request":"r\n","private_key":"k\n"}"#;
    bed.write("answer", format!(r#"{{"success":true,"result":{result},"errors":[],"messages":[]}}"#));
    bed.run(&["cfssl", "json", "-f", "answer", "got"]).success();
    let read = |name: &str| bed.read(name);
    assert_eq!(["got.pem", "got.csr", "got-key.pem"].map(read), ["c\n", "r\n", "k\n"]);
    assert_eq!(bed.mode("got-key.pem"), 0o600);
}
