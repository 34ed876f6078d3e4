//! People: `kubepki user`, with the CA at hand and over an air gap.

use std::fs;

use serde_json::Value;

use crate::testbed::{FLEET, SINGLE, Testbed};

const JANE: &[&str] = &["user", "jane", "--group", "dev", "--group", "ops"];
const SERVER: &str = "https://api.example.com:6443";

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [JANE, more].concat()
}

/// The client certificate of a kubeconfig in the words of openssl.
fn openssl(bed: &Testbed, kubeconfig: &str, what: &str) -> String {
    bed.write("client.crt", bed.client(kubeconfig).to_pem().unwrap());
    bed.shell(&format!("openssl x509 -in client.crt -noout {what}")).success().stdout
}

fn ledger(bed: &Testbed, path: &str) -> Vec<Value> {
    bed.read(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_kubeconfig_is_made_in_one_step() {
    let bed = Testbed::applied(SINGLE);
    let ran = bed.run(&with(&["-f", "cluster.yaml", "-d", "out"])).success();
    let ran = ran.out("+ jane.conf: jane in dev, ops, at https://192.0.2.10:6443, until ");
    ran.out(" (1 day)");
    assert_eq!(bed.mode("jane.conf"), 0o600);
    bed.assert_pairs_match("jane.conf");
    let text = openssl(&bed, "jane.conf", "-subject -ext keyUsage,extendedKeyUsage,basicConstraints");
    assert!(text.starts_with("subject=O = dev + O = ops, CN = jane\n"), "{text}");
    for words in
        ["Key Usage: critical\n    Digital Signature\n", "TLS Web Client Authentication\n", "CA:FALSE"]
    {
        assert!(text.contains(words), "{text}");
    }
    let verify =
        ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "out/pki/ca.crt", "client.crt"];
    bed.peer("openssl", &verify).success();
    let config = bed.kubeconfig("jane.conf");
    assert_eq!((config.context.as_str(), config.cluster.as_str()), ("jane@kubernetes", "kubernetes"));
    // It is in the ledger that `csr` writes too.
    let [entry] = &ledger(&bed, "out/.kubepki/ledger")[..] else { panic!("one entry") };
    assert_eq!((&entry["subject"], &entry["signer"]), (&"O=dev+O=ops, CN=jane".into(), &"ca".into()));
    assert_eq!(entry["decision"]["message"], "by kubepki user");
    // What is there is never replaced, and then nothing is signed.
    bed.run(&with(&["-d", "out"])).failure().err("jane.conf is there already");
    assert_eq!(ledger(&bed, "out/.kubepki/ledger").len(), 1);
}

#[test]
fn what_is_not_said_is_found() {
    let bed = Testbed::applied(FLEET);
    // The name and the address of the cluster: from the first admin.conf; from the spec; from the command.
    bed.run(&with(&["-d", "out", "--out", "a.conf"])).success().out("https://api.prod.example.com:6443");
    bed.run(&with(&["-d", "out", "-f", "cluster.yaml", "--out", "b.conf"])).success();
    let json = with(&["-d", "out/authority", "--server", SERVER, "--out", "c.conf", "-o", "json"]);
    let json = bed.run(&json).success().json();
    assert_eq!((&json["kind"], &json["user"]), (&"User".into(), &"jane".into()));
    let at = |file: &str| (bed.kubeconfig(file).server, bed.kubeconfig(file).cluster);
    assert_eq!(at("a.conf"), at("b.conf"));
    assert_eq!(at("c.conf"), (SERVER.to_owned(), "kubernetes".to_owned()));
    bed.run(&with(&["-d", "out/authority"]))
        .failure()
        .err("nothing says where the API server is")
        .err("--server");
    bed.run(&with(&["-d", "none", "--server", SERVER])).failure().err("there is no ca.crt").err("--request");
    bed.run(&["user", "", "-d", "out"]).failure().err("not a name");
    for ttl in ["0s", "-1h", "soon"] {
        bed.run(&with(&["-d", "out", &format!("--ttl={ttl}")])).failure();
    }
    assert!(!bed.path("jane.conf").exists());
    // A name is one plain file, whatever it is.
    bed.run(&["user", "../jane@example.com", "-d", "out"]).success().out("+ %2E.%2Fjane@example.com.conf");
}

#[test]
fn nobody_outlives_the_ca_and_an_encrypted_key_is_opened() {
    let bed =
        Testbed::with(&format!("{SINGLE}caCertificateValidityPeriod: 48h\ncertificateValidityPeriod: 24h\n"));
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    let ran = bed.run(&with(&["-d", "out", "--ttl", "30d"])).success();
    let end = bed.certificate("out/pki/ca.crt").not_after;
    assert_eq!(bed.client("jane.conf").not_after, end);
    ran.err("cut to ").err(", when its CA ends");
    bed.write("pass", "an open secret\n");
    bed.run(&["ca", "encrypt", "-d", "out", "--passphrase-file", "pass"]).success();
    let again = with(&["-d", "out", "--out", "b.conf"]);
    bed.run(&again).failure().err("out/pki/ca.key is encrypted, and there is no passphrase");
    bed.run(&[&again[..], &["--passphrase-file", "pass"]].concat()).success();
    bed.assert_pairs_match("b.conf");
}

#[test]
fn power_is_said_by_name() {
    let bed = Testbed::applied(SINGLE);
    for (name, groups, told) in [
        ("jane", &["system:masters"][..], "the group `system:masters` passes every authorization"),
        ("jane", &["dev", "kubeadm:cluster-admins"], "is bound to cluster-admin by kubeadm"),
        (
            "system:node:cp1",
            &["system:nodes"],
            "the user `system:node:cp1` is a kubelet, and the group `system:nodes`",
        ),
        ("system:kube-scheduler", &[], "decides where every pod runs"),
    ] {
        let mut arguments = vec!["user", name, "-d", "out", "--out", "power.conf"];
        arguments.extend(groups.iter().flat_map(|group| ["--group", group]));
        bed.run(&arguments).failure().err(told).err("--allow ");
        arguments.extend(groups.iter().chain([&name]).flat_map(|name| ["--allow", name]));
        bed.run(&arguments).success();
        fs::remove_file(bed.path("power.conf")).unwrap();
    }
    assert_eq!(ledger(&bed, "out/.kubepki/ledger").len(), 4, "what is refused is not signed");
}

/// Without a line in the ledger nothing leaves.
#[test]
fn nothing_is_signed_that_cannot_be_written_down() {
    let bed = Testbed::applied(SINGLE);
    bed.write("blocked", "");
    let ran = bed.run(&with(&["-d", "out", "--ledger", "blocked/ledger"])).failure();
    ran.err("blocked");
    assert!(!bed.path("jane.conf").exists());
    bed.run(&with(&["-d", "out", "--ledger", "mine/ledger"])).success();
    assert_eq!((ledger(&bed, "mine/ledger").len(), bed.mode("mine/ledger")), (1, 0o600));
    assert!(!bed.path("out/.kubepki/ledger").exists());
}

/// A CA that is elsewhere, in `ca`, and nothing of it here.
fn apart() -> Testbed {
    let bed = Testbed::applied(SINGLE);
    bed.shell("mkdir ca; mv out/pki/ca.crt out/pki/ca.key ca; rm -r out").success();
    bed
}

fn sign(bed: &Testbed, more: &[&str]) -> crate::testbed::Run {
    let sign = ["sign", "jane.tar", "--authority", "ca", "--bundle", "signed.tar", "--yes"];
    bed.run(&[&sign[..], more].concat())
}

#[test]
fn a_person_asks_over_the_air_gap() {
    let bed = apart();
    let ask = with(&["--request", "--server", SERVER]);
    let ran = bed.run(&ask).success();
    ran.out("+ jane.conf: jane in dev, ops, at https://api.example.com:6443; the key stays in it")
        .out("+ jane.tar");
    assert_eq!((bed.mode("jane.conf"), bed.kubeconfig("jane.conf").certificate.embedded()), (0o600, None));
    assert!(!bed.shell("tar xf jane.tar -O").success().stdout.contains("PRIVATE KEY"));
    bed.shell("tar xf jane.tar -O requests/users/jane.csr | openssl req -noout -verify -subject")
        .success()
        .out("subject=O = dev + O = ops, CN = jane");
    // Asked again, it is the same key.
    let waiting = bed.read("jane.conf");
    bed.run(&ask).success();
    assert_eq!(bed.read("jane.conf"), waiting);

    // A bundle may be larger than any file of a tree.
    bed.shell("head -c 5M /dev/zero > pad; tar rf jane.tar pad").success();
    sign(&bed, &["-f", "cluster.yaml"]).success().out("user/jane").out("1 certificates in signed.tar");
    assert_eq!(ledger(&bed, "ca/.kubepki/ledger")[0]["request"]["name"], "user/jane");
    let import = ["import", "signed.tar", "--into", "jane.conf"];
    bed.run(&import).success().out("+ jane.conf: jane in dev, ops, at https://api.example.com:6443, until");
    bed.assert_pairs_match("jane.conf");
    let config = bed.kubeconfig("jane.conf");
    assert_eq!(config.authority.embedded().unwrap()[0], bed.certificate("ca/ca.crt"));
    openssl(&bed, "jane.conf", "-subject");
    bed.peer("openssl", &["verify", "-purpose", "sslclient", "-CAfile", "ca/ca.crt", "client.crt"]).success();
    let done = bed.read("jane.conf");
    bed.run(&import).success();
    assert_eq!(bed.read("jane.conf"), done, "taken twice, it is the same");
    bed.run(&ask).failure().err("jane.conf is there already");
    // PEM will do, whoever signed it.
    bed.write("jane.conf", &waiting);
    bed.shell("tar xf signed.tar").success();
    let pem = ["import", "certificates/users/jane.crt", "ca/ca.crt", "--into", "jane.conf"];
    bed.run(&pem).success();
    bed.assert_pairs_match("jane.conf");
}

#[test]
fn what_does_not_fit_a_person_is_refused() {
    let bed = apart();
    let ask = |more: &[&str]| bed.run(&[&with(&["--request", "--server", SERVER]), more].concat()).success();
    // Whoever asks may say anything; whoever signs says what is signed.
    ask(&["--group", "system:masters", "--allow", "system:masters"]);
    sign(&bed, &[])
        .failure()
        .err("user/jane: the group `system:masters` passes")
        .err("--allow system:masters");
    assert!(!bed.path("ca/.kubepki/ledger").exists());
    sign(&bed, &["--allow", "system:masters"]).success();
    bed.run(&["import", "signed.tar", "--into", "jane.conf"]).success().err("the group `system:masters`");
    fs::remove_file(bed.path("jane.conf")).unwrap();
    ask(&["--ttl", "2y"].map(|text| if text == "2y" { "17520h" } else { text }));
    sign(&bed, &["-f", "cluster.yaml"]).failure().err("it asks for 17520h, the spec gives 8760h at most");
    sign(&bed, &[]).success();
    // Another's answer, and no answer at all.
    bed.run(&["user", "joe", "--request", "--server", SERVER]).success();
    let ran = bed.run(&["import", "signed.tar", "--into", "jane.conf", "--into", "joe.conf"]).failure();
    ran.err("joe.conf: none of the certificates is for its key");
    assert!(bed.kubeconfig("jane.conf").certificate.embedded().is_none(), "all of them or none");
    // A request for a user is for a client and nothing else.
    for (change, told) in [
        ("slip['usages'].append('server auth')", "it is for a user, and asks for the usage `server auth`"),
        ("slip['signer'] = 'etcd-ca'", "it is for a user, and `etcd-ca` signs none"),
    ] {
        bed.run(&["user", "eve", "--request", "--server", SERVER, "--bundle", "jane.tar"]).success();
        tamper(&bed, change);
        sign(&bed, &[]).failure().err(told);
    }
    bed.run(&["import", "signed.tar"]).failure().err("--file <FILE>");
    bed.run(&["import", "signed.tar", "-f", "cluster.yaml", "--into", "jane.conf"])
        .failure()
        .err("cannot be used with");
    bed.run(&["import", "signed.tar", "--into", "cluster.yaml"]).failure().err("is not a kubeconfig");
}

/// Changes the slip of the bundle `jane.tar` with a line of Python.
fn tamper(bed: &Testbed, change: &str) {
    bed.shell(&format!(
        r#"python3 - <<'PY'
import io, json, tarfile
with tarfile.open("jane.tar") as tar:
    files = {{member.name: tar.extractfile(member).read() for member in tar}}
manifest = json.loads(files["manifest.json"])
for slip in manifest["requests"]:
    {change}
files["manifest.json"] = json.dumps(manifest).encode()
with tarfile.open("jane.tar", "w") as tar:
    for name, data in files.items():
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
PY"#
    ))
    .success();
}

/// What `kubectl create` makes of the same words; kubectl reads the roles, too.
#[test]
fn roles_are_those_of_kubectl() {
    let bed = Testbed::new();
    let role = |more: &str| bed.shell(&format!("kubepki manifests role {more}")).success().stdout;
    for (ours, theirs) in [
        (
            "--group dev -n shop --cluster-role edit",
            "rolebinding dev-edit --clusterrole=edit --group=dev -n shop",
        ),
        (
            "--group audit --user jane -A --cluster-role view",
            "clusterrolebinding audit-view --clusterrole=view --group=audit --user=jane",
        ),
    ] {
        let theirs = format!("kubectl create {theirs} --dry-run=client -o yaml");
        let theirs = bed.shell(&theirs).success().stdout.replace("  creationTimestamp: null\n", "");
        assert_eq!(role(ours), theirs);
    }
    let own = "--group dev -n shop --verb get,list --resource pods,pods/log,deployments --name reader";
    bed.write("role.yaml", role(own));
    let patch = ["patch", "--local", "-f", "role.yaml", "--type=merge", "-p", "{}", "-o"];
    let fields = "jsonpath={.kind} {.metadata.namespace}/{.metadata.name} {.rules[*].apiGroups} {.rules[*].resources} \
                  {.roleRef.kind}/{.roleRef.name};";
    let printed = bed.peer("kubectl", &[&patch[..], &[fields]].concat()).success().stdout;
    let rules = r#"[""] ["apps"] ["pods","pods/log"] ["deployments"]"#;
    assert_eq!(printed, format!("Role shop/reader {rules} /;RoleBinding shop/reader   Role/reader;"));
    let list = bed.run(&["manifests", "role", "--user", "a", "-A", "--cluster-role", "view", "-o", "json"]);
    assert_eq!(list.success().json()["items"][0]["kind"], "ClusterRoleBinding");
    let refused = |more: &str| bed.shell(&format!("kubepki manifests role {more}")).code(2);
    refused("--user a --cluster-role view").err("--namespace <NAME>|--all-namespaces");
    refused("--user a -A --verb get --resource pod").err("did you mean `pods`?");
    refused("--user a/b -A --cluster-role view").err("may not contain '/'").err("--name NAME");
    refused("--user a -n A --cluster-role view").err("RFC 1123 label");
}
