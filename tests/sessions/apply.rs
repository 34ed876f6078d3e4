//! `kubepki apply`: makes what is missing, changes what differs, and nothing else.

use std::fs;

use kubepki::x509::SubjectAltName;
use time::Duration;

use crate::testbed::{SINGLE, Testbed, changed};

const APPLY: [&str; 6] = ["apply", "--yes", "-f", "cluster.yaml", "-d", "out"];

/// Applies the spec again and says which files changed.
#[track_caller]
fn apply_again(bed: &Testbed) -> Vec<String> {
    let before = bed.snapshot("out");
    bed.run(&APPLY).success();
    bed.assert_pairs_match("out");
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    changed(&before, &bed.snapshot("out"))
}

#[test]
fn a_second_run_changes_nothing_at_all() {
    let bed = Testbed::applied(SINGLE);
    let before = bed.snapshot("out");
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success().out("Done: 16 kept");
    assert_eq!(bed.snapshot("out"), before);
}

#[test]
fn a_new_name_reissues_one_certificate_and_keeps_its_key() {
    let bed = Testbed::applied(SINGLE);
    bed.write("cluster.yaml", format!("{SINGLE}apiServer: {{certSANs: [api.example.com, 10.0.0.9]}}\n"));
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out", "--exit-code"]).attention();
    plan.out("~ reissue apiserver                 SAN + api.example.com + 10.0.0.9")
        .out("Plan: 1 to reissue, 15 to keep");
    assert_eq!(apply_again(&bed), ["pki/apiserver.crt"]);

    bed.write("cluster.yaml", SINGLE);
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success().out("SAN - api.example.com - 10.0.0.9");
    assert_eq!(apply_again(&bed), ["pki/apiserver.crt"]);
}

#[test]
fn what_is_replaced_is_kept_with_its_mode() {
    let bed = Testbed::applied(SINGLE);
    let old = bed.read("out/pki/apiserver.crt");
    let old_conf = bed.read("out/admin.conf");
    bed.write(
        "cluster.yaml",
        format!("{SINGLE}apiServer: {{certSANs: [x.example.com]}}\ncontrolPlaneEndpoint: api.example.com\n"),
    );
    let report = bed.run(&[&APPLY[..], &["-o", "json"]].concat()).success().json();
    let backup = bed.path(report["outcome"]["backup"].as_str().unwrap());
    assert_eq!(fs::read_to_string(backup.join("pki/apiserver.crt")).unwrap(), old);
    assert_eq!(fs::read_to_string(backup.join("admin.conf")).unwrap(), old_conf);
    let kept = backup.strip_prefix(bed.path("")).unwrap().join("admin.conf");
    assert_eq!(bed.mode(kept.to_str().unwrap()), 0o600);
    assert_eq!(bed.mode("out/.kubepki"), 0o700);
    assert_eq!(bed.mode("out/.kubepki/backup"), 0o700);
}

#[test]
fn another_algorithm_replaces_keys_but_never_those_of_cas_or_tokens() {
    let bed = Testbed::applied(SINGLE);
    bed.write("cluster.yaml", format!("{SINGLE}encryptionAlgorithm: ECDSA-P384\n"));
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"])
        .success()
        .out("its key is ECDSA-P256, not ECDSA-P384");
    let changed = apply_again(&bed);
    assert_eq!(changed.len(), 7 * 2 + 5, "{changed:?}");
    assert!(!changed.iter().any(|path| path.contains("ca.") || path.contains("sa.")), "{changed:?}");
    assert_eq!(bed.certificate("out/pki/apiserver.crt").public_key.to_string(), "ECDSA-P384");
}

#[test]
fn every_algorithm_makes_a_whole_tree() {
    for (algorithm, label) in
        [("RSA-2048", "RSA PRIVATE KEY"), ("RSA-3072", "RSA PRIVATE KEY"), ("ECDSA-P384", "EC PRIVATE KEY")]
    {
        let bed = Testbed::applied(&format!("{SINGLE}encryptionAlgorithm: {algorithm}\n"));
        bed.assert_pairs_match("out");
        for file in ["pki/ca.key", "pki/etcd/peer.key", "pki/sa.key"] {
            let text = bed.read(format!("out/{file}"));
            assert!(text.starts_with(&format!("-----BEGIN {label}-----\n")), "{algorithm} {file}");
        }
        assert_eq!(bed.certificate("out/pki/etcd/peer.crt").public_key.to_string(), algorithm);
    }
}

#[test]
fn another_lifetime_reissues_all_leaves_for_the_keys_they_have() {
    let bed = Testbed::applied(SINGLE);
    bed.write("cluster.yaml", format!("{SINGLE}certificateValidityPeriod: 2160h\n"));
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"])
        .success()
        .out("was issued for 365 days, not for 90 days");
    let changed = apply_again(&bed);
    assert_eq!(changed.len(), 7 + 5, "{changed:?}");
    assert!(!changed.iter().any(|path| path.ends_with(".key")), "{changed:?}");
}

#[test]
fn a_leaf_is_cut_to_its_issuers_end_and_says_so() {
    let spec = format!("{SINGLE}caCertificateValidityPeriod: 1000h\n");
    let bed = Testbed::with(&spec);
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.err("warning: cluster.yaml:6:30: caCertificateValidityPeriod: certificates of `8760h` outlive");
    let ca = bed.certificate("out/pki/ca.crt");
    let leaf = bed.certificate("out/pki/apiserver.crt");
    assert_eq!(leaf.not_after, ca.not_after);
    assert_eq!(bed.client("out/admin.conf").not_after, ca.not_after);
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();

    fs::remove_file(bed.path("out/pki/apiserver.crt")).unwrap();
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    plan.out("cut to ").out(", when its CA ends");
}

#[test]
fn time_decides_what_is_reissued() {
    let bed = Testbed::applied(SINGLE);
    let end = bed.certificate("out/pki/apiserver.crt").not_after;
    let at = |before: Duration| kubepki::moment::rfc3339(end - before);
    let plan = |at: &str| bed.run(&["plan", "-f", "cluster.yaml", "-d", "out", "--at", at]).success();
    plan(&at(Duration::days(31))).out("Plan: 16 to keep");
    plan(&at(Duration::days(29)))
        .out("-/+ rekey   apiserver ")
        .out(", in 29 days")
        .out("12 to rekey, 4 to keep");
    plan(&at(Duration::days(-1))).out("expired ").out(", 1 day ago").out("12 to rekey");
    plan(&at(Duration::days(366))).out("is not valid before ");
    // CAs are not replaced here: a person must act.
    plan("2036-12-01").out("! by hand ca ").out("replace the CA");

    let key = bed.read("out/pki/apiserver.key");
    bed.run(&[&APPLY[..], &["--at", &at(Duration::days(29))]].concat()).success().out("12 rekeyed, 4 kept");
    assert_ne!(bed.read("out/pki/apiserver.key"), key, "a new certificate in its time gets a new key");
}

/// A short lifetime: a third of it, not `renewBefore`, decides, so that a fresh certificate is never reissued.
#[test]
fn short_lifetimes_come_to_rest() {
    let bed = Testbed::applied(&format!("{SINGLE}certificateValidityPeriod: 24h\n"));
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    let end = bed.certificate("out/pki/apiserver.crt").not_after;
    let at = kubepki::moment::rfc3339(end - Duration::hours(7));
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out", "--at", &at])
        .attention()
        .out("in 7 hours");
}

#[test]
fn faults_are_cured_one_by_one() {
    type Break = fn(&Testbed);
    let cases: &[(&str, Break, &str, &[&str])] = &[
        (
            "a certificate is gone",
            |bed| fs::remove_file(bed.path("out/pki/etcd/peer.crt")).unwrap(),
            "~ reissue etcd-peer                 missing, although its key is there",
            &["pki/etcd/peer.crt"],
        ),
        (
            "a key is gone",
            |bed| fs::remove_file(bed.path("out/pki/etcd/peer.key")).unwrap(),
            "-/+ rekey   etcd-peer                 peer.key missing, although its certificate is there",
            &["pki/etcd/peer.crt", "pki/etcd/peer.key"],
        ),
        (
            "a certificate is another's",
            |bed| bed.copy("out/pki/etcd/server.crt", "out/pki/etcd/peer.crt"),
            "peer.key does not belong to pki/etcd/peer.crt",
            &["pki/etcd/peer.crt", "pki/etcd/peer.key"],
        ),
        (
            "a pair is of another CA",
            |bed| {
                for suffix in ["crt", "key"] {
                    let from = bed.path(format!("out/pki/front-proxy-client.{suffix}"));
                    fs::copy(from, bed.path(format!("out/pki/apiserver-etcd-client.{suffix}"))).unwrap();
                }
            },
            "is issued by `CN=front-proxy-ca`, not by `CN=etcd-ca`",
            &["pki/apiserver-etcd-client.crt", "pki/apiserver-etcd-client.key"],
        ),
        (
            "a certificate is cut off",
            |bed| drop(bed.write("out/pki/apiserver.crt", &bed.read("out/pki/apiserver.crt")[..300])),
            "~ reissue apiserver                 is not valid PEM: a BEGIN line has no END line",
            &["pki/apiserver.crt"],
        ),
        (
            "a key is no key",
            |bed| drop(bed.write("out/pki/apiserver.key", "hello")),
            "apiserver.key holds no private key",
            &["pki/apiserver.crt", "pki/apiserver.key"],
        ),
        (
            "a kubeconfig is empty",
            |bed| drop(bed.write("out/scheduler.conf", "")),
            "-/+ rekey   scheduler.conf            is empty",
            &["scheduler.conf"],
        ),
        (
            "a kubeconfig has the key of another",
            |bed| {
                let line = |file: &str| {
                    let text = bed.read(format!("out/{file}"));
                    text.lines().find(|line| line.contains("client-key-data")).unwrap().to_owned()
                };
                let text =
                    bed.read("out/scheduler.conf").replace(&line("scheduler.conf"), &line("admin.conf"));
                bed.write("out/scheduler.conf", text);
            },
            "its key does not belong to its certificate",
            &["scheduler.conf"],
        ),
        (
            "a kubeconfig trusts another CA",
            |bed| {
                let line = |file: &str| {
                    let text = bed.read(file);
                    text.lines().find(|line| line.contains("certificate-authority-data")).unwrap().to_owned()
                };
                bed.run(&["apply", "-f", "cluster.yaml", "-d", "other"]).success();
                let text = bed
                    .read("out/scheduler.conf")
                    .replace(&line("out/scheduler.conf"), &line("other/admin.conf"));
                bed.write("out/scheduler.conf", text);
            },
            "~ rewrite scheduler.conf            trusts another CA than pki/ca.crt",
            &["scheduler.conf"],
        ),
        (
            "a kubeconfig points elsewhere",
            |bed| {
                let text = bed.read("out/scheduler.conf").replace("192.0.2.10", "192.0.2.99");
                bed.write("out/scheduler.conf", text);
            },
            "points to `https://192.0.2.99:6443`, not to `https://192.0.2.10:6443`",
            &["scheduler.conf"],
        ),
        (
            "sa.pub is another's",
            |bed| {
                bed.run(&["apply", "-f", "cluster.yaml", "-d", "other"]).success();
                bed.write("out/pki/sa.pub", bed.read("other/pki/sa.pub"));
            },
            "~ rewrite sa                        sa.pub is not the public key of pki/sa.key",
            &["pki/sa.pub"],
        ),
        (
            "sa.pub is gone",
            |bed| fs::remove_file(bed.path("out/pki/sa.pub")).unwrap(),
            "~ rewrite sa                        sa.pub missing",
            &["pki/sa.pub"],
        ),
    ];
    for (what, break_it, reason, files) in cases {
        let bed = Testbed::applied(SINGLE);
        let whole = bed.snapshot("out");
        break_it(&bed);
        bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success().out(reason);
        bed.run(&APPLY).success();
        bed.assert_pairs_match("out");
        bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
        let now = changed(&whole, &bed.snapshot("out"));
        assert!(now.iter().all(|path| files.contains(&path.as_str())), "{what}: {now:?}");
    }
}

#[test]
fn what_a_person_must_mend_is_left_as_it_is() {
    type Break = fn(&Testbed);
    let cases: &[(&str, Break, &str, &str)] = &[
        (
            "the CA is gone",
            |bed| {
                fs::remove_file(bed.path("out/pki/ca.crt")).unwrap();
                fs::remove_file(bed.path("out/pki/ca.key")).unwrap();
            },
            "missing, although 7 certificates of it are there",
            "put the CA back",
        ),
        (
            "the CA's certificate is gone",
            |bed| fs::remove_file(bed.path("out/pki/ca.crt")).unwrap(),
            "missing, although its key is there",
            "put the certificate of that key back",
        ),
        (
            "the CA's key is another's",
            |bed| bed.copy("out/pki/sa.key", "out/pki/ca.key"),
            "ca.key does not belong to pki/ca.crt",
            "one of them is another CA's",
        ),
        (
            "the CA is no CA",
            |bed| bed.copy("out/pki/etcd/peer.crt", "out/pki/front-proxy-ca.crt"),
            "is not a CA certificate",
            "put the certificate of the CA there",
        ),
        (
            "sa.key is gone",
            |bed| fs::remove_file(bed.path("out/pki/sa.key")).unwrap(),
            "missing, although its public key is there",
            "put the key back",
        ),
        (
            "a directory stands in the place of a file",
            |bed| {
                fs::remove_file(bed.path("out/pki/apiserver.crt")).unwrap();
                fs::create_dir(bed.path("out/pki/apiserver.crt")).unwrap();
            },
            "is a directory, not a file",
            "move it away",
        ),
        (
            "a pipe stands in the place of a file",
            |bed| {
                fs::remove_file(bed.path("out/pki/apiserver.crt")).unwrap();
                bed.shell("mkfifo out/pki/apiserver.crt").success();
            },
            "is a pipe, not a file",
            "move it away",
        ),
        (
            "a file is far too large",
            |bed| {
                let file = fs::File::options().write(true).open(bed.path("out/admin.conf")).unwrap();
                file.set_len(5 << 20).unwrap();
            },
            "has more than 4 MiB",
            "move it away",
        ),
    ];
    for (what, break_it, reason, hint) in cases {
        let bed = Testbed::applied(SINGLE);
        break_it(&bed);
        let before = bed.snapshot("out");
        bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"])
            .attention()
            .out(reason)
            .out(hint);
        bed.run(&APPLY).attention().out(reason);
        assert_eq!(changed(&before, &bed.snapshot("out")), <[&str; 0]>::default(), "{what}");
    }
}

#[test]
fn modes_do_not_depend_on_the_umask_and_loose_ones_are_tightened() {
    for umask in ["000", "022", "077", "777"] {
        let bed = Testbed::with(SINGLE);
        bed.shell(&format!("umask {umask}; kubepki apply -f cluster.yaml -d out")).success();
        for (path, (mode, ..)) in bed.snapshot("out") {
            let name = path.to_str().unwrap();
            let expected = match path.extension().and_then(|suffix| suffix.to_str()) {
                _ if name.starts_with(".kubepki") => continue,
                Some("crt") => 0o644,
                Some("key" | "pub" | "conf") => 0o600,
                _ => 0o755,
            };
            assert_eq!(mode, expected, "umask {umask}: {name}");
        }
    }

    let bed = Testbed::applied(SINGLE);
    let before = bed.snapshot("out");
    bed.set_mode("out/pki/ca.key", 0o640);
    bed.set_mode("out/pki/apiserver.crt", 0o666);
    bed.set_mode("out/admin.conf", 0o644);
    // Stricter is right: kubeadm writes certificates so under umask 077.
    bed.set_mode("out/pki/front-proxy-ca.crt", 0o600);
    bed.set_mode("out/pki/sa.pub", 0o644);
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    let plan = plan.out("ca.key has mode 640, looser than 600").out("has mode 666, looser than 644");
    plan.out("has mode 644, looser than 600").out("3 to chmod, 13 to keep");
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success().out("3 modes set");
    assert_eq!(changed(&before, &bed.snapshot("out")), <[&str; 0]>::default());
    let modes = ["out/pki/ca.key", "out/pki/apiserver.crt", "out/admin.conf", "out/pki/front-proxy-ca.crt"];
    assert_eq!(modes.map(|file| bed.mode(file)), [0o600, 0o644, 0o600, 0o600]);

    // A stricter mode survives a replacement too.
    bed.set_mode("out/pki/apiserver.crt", 0o600);
    bed.run(&["renew", "apiserver", "-f", "cluster.yaml", "-d", "out"]).success();
    assert_eq!(bed.mode("out/pki/apiserver.crt"), 0o600);
}

#[test]
fn a_kubeconfig_keeps_what_the_user_added() {
    let bed = Testbed::applied(SINGLE);
    let text = bed.read("out/admin.conf");
    let text = text.replace(
        "contexts:\n",
        "contexts:\n- context:\n    cluster: other\n    user: other\n    namespace: web\n  name: other\n",
    );
    let text = text.replace(
        "clusters:\n",
        "clusters:\n- cluster:\n    server: https://other.example.com\n  name: other\n",
    );
    bed.write("out/admin.conf", text);
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    bed.run(&["renew", "admin.conf", "-f", "cluster.yaml", "-d", "out"]).success();
    let text = bed.read("out/admin.conf");
    assert!(text.contains("namespace: web") && text.contains("https://other.example.com"), "{text}");
    bed.write("cluster.yaml", format!("{SINGLE}controlPlaneEndpoint: api.example.com\n"));
    bed.run(&APPLY).success();
    let kubeconfig = bed.kubeconfig("out/admin.conf");
    assert_eq!(kubeconfig.server, "https://api.example.com:6443");
    assert_eq!(kubeconfig.contexts, ["other", "kubernetes-admin@kubernetes"]);
    bed.assert_pairs_match("out");
}

#[test]
fn documented_names_are_those_of_the_kubernetes_page() {
    let bed = Testbed::applied(&format!("{SINGLE}naming: documented\n"));
    for (file, subject) in [
        ("ca", "CN=kubernetes-ca"),
        ("front-proxy-ca", "CN=kubernetes-front-proxy-ca"),
        ("etcd/ca", "CN=etcd-ca"),
        ("etcd/server", "CN=kube-etcd"),
        ("etcd/peer", "CN=kube-etcd-peer"),
        ("etcd/healthcheck-client", "CN=kube-etcd-healthcheck-client"),
        ("apiserver-etcd-client", "CN=kube-apiserver-etcd-client"),
        ("apiserver", "CN=kube-apiserver"),
        ("front-proxy-client", "CN=front-proxy-client"),
    ] {
        let certificate = bed.certificate(&format!("out/pki/{file}.crt"));
        assert_eq!(certificate.subject.to_string(), subject);
    }
    let ca = bed.certificate("out/pki/ca.crt");
    assert_eq!(ca.subject_alt_names, [SubjectAltName::Dns("kubernetes-ca".into())]);
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
}

/// A node called as the etcd CA: then subject and issuer are one name, and Go leaves the key identifier out.
#[test]
fn a_subject_that_is_its_issuers_has_no_authority_key_identifier() {
    let bed = Testbed::applied(&SINGLE.replace("cp1", "etcd-ca"));
    assert_eq!(bed.certificate("out/pki/etcd/server.crt").authority_key_identifier, None);
    assert!(bed.certificate("out/pki/etcd/healthcheck-client.crt").authority_key_identifier.is_some());
}

#[test]
fn credentials_of_the_users_own_are_treated_like_others() {
    let bed = Testbed::with(&format!(
        "{SINGLE}credentials:
- name: metrics
  issuer: etcd-ca
  subject: {{commonName: metrics-<node-name>, organizations: [monitoring, ops]}}
  subjectAltNames: [<node-addresses>, metrics.example.com]
  usages: [server auth, client auth]
  path: metrics/etcd
- name: jane.conf
  kind: kubeconfig
  issuer: ca
  subject: {{commonName: jane, organizations: [dev]}}
  usages: [digital signature, client auth]
  server: local
"
    ));
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success().out("18 created");
    let metrics = bed.certificate("out/pki/metrics/etcd.crt");
    assert_eq!(metrics.subject.to_string(), "O=ops+O=monitoring, CN=metrics-cp1");
    assert_eq!(metrics.subject_alt_names.len(), 2);
    assert_eq!(metrics.issuer.to_string(), "CN=etcd-ca");
    let jane = bed.client("out/jane.conf");
    assert_eq!(jane.subject.to_string(), "O=dev, CN=jane");
    assert_eq!(jane.usages.to_string(), "digital signature, client auth");
    assert_eq!(bed.kubeconfig("out/jane.conf").server, "https://192.0.2.10:6443");
    assert_eq!(bed.mode("out/jane.conf"), 0o600);
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    bed.run(&["renew", "metrics", "jane", "-f", "cluster.yaml", "-d", "out"]).success().out("2 rekeyed");
    bed.run(&["explain", "metrics", "-f", "cluster.yaml"]).success().out("pki/metrics/etcd.crt");
}

#[test]
fn a_spec_may_be_toml_or_come_from_standard_input() {
    let bed = Testbed::new();
    bed.write(
        "cluster.toml",
        "apiVersion = \"kubepki/v1\"\nkind = \"Cluster\"\n[[nodes]]\nname = \"cp1\"\nroles = [\"control-plane\"]\naddresses = [\"192.0.2.10\"]\n",
    );
    bed.run(&["apply", "-f", "cluster.toml", "-d", "out"]).success();
    bed.write("cluster.yaml", SINGLE);
    bed.shell("kubepki plan --exit-code -f - -d out < cluster.yaml").success();
}

/// On a terminal the plan is shown and the user asked.
#[test]
fn a_person_is_asked_before_anything_is_replaced() {
    let bed = Testbed::applied(SINGLE);
    bed.write("cluster.yaml", format!("{SINGLE}apiServer: {{certSANs: [new.example.com]}}\n"));
    let before = bed.snapshot("out");
    let answer = |answer: &str| {
        let script = format!("echo {answer} | script -qec 'kubepki apply -f cluster.yaml -d out' /dev/null");
        bed.shell(&script)
    };
    let question = "Replace 1 credential that is there? [y/N]";
    answer("n").failure().out("SAN + new.example.com").out(question).out("nothing was changed");
    assert_eq!(bed.snapshot("out"), before);
    answer("y").success().out(question).out("1 reissued");
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
}

#[test]
fn a_dry_run_is_the_plan_and_creates_nothing() {
    let bed = Testbed::with(SINGLE);
    let dry = bed.run(&["apply", "--dry-run", "-f", "cluster.yaml", "-d", "out"]).success();
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    assert_eq!(dry.stdout, plan.stdout);
    assert!(!bed.path("out").exists());
}

#[test]
fn certificates_may_live_elsewhere_below_the_kubernetes_directory() {
    let config = |directory: &str| {
        format!(
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\ncertificatesDir: {directory}\n---\n\
             apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration: {{name: cp1}}\n\
             localAPIEndpoint: {{advertiseAddress: 192.0.2.10}}\n"
        )
    };
    let bed = Testbed::with(&config("/etc/kubernetes/ssl"));
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    assert!(bed.path("out/ssl/ca.crt").exists() && bed.path("out/admin.conf").exists());
    bed.write("cluster.yaml", config("/var/lib/pki"));
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "two"]).success();
    ran.err("warning: certificatesDir `/var/lib/pki` is outside /etc/kubernetes: the certificates go to ");
    assert!(bed.path("two/pki/ca.crt").exists());
    bed.write("cluster.yaml", config(bed.path("three/certs").to_str().unwrap()));
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "three"]).success();
    assert!(bed.path("three/certs/ca.crt").exists());
}
