//! `kubepki csr renew`: a pair, a kubeconfig and a kubelet's file, asked for, waited for and swapped at once.

use std::fs;
use std::process::Stdio;

use super::office;
use crate::disk::strace;
use crate::testbed::{Testbed, peer};

/// Renews while a loop signs whatever kubelets and clients ask for.
fn renewed(bed: &Testbed, arguments: &[&str]) {
    let policy =
        "apiVersion: kubepki/v1\nkind: Policy\nrules:\n- {decision: approve, signers: [kubernetes.io/*]}\n";
    bed.write("policy.yaml", policy);
    let mut watcher = bed.command(&["csr", "run", "-d", "out", "--policy", "policy.yaml"]);
    let mut watcher = watcher.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ran = bed.csr(&[&["renew"], arguments, &["--timeout", "60s"]].concat()).anyhow();
    watcher.kill().unwrap();
    watcher.wait().unwrap();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains(" renewed: valid until "), "{}", ran.stdout);
}

#[test]
fn what_is_not_due_is_left_and_what_nobody_signs_stays() {
    let bed = office();
    let before = bed.snapshot("out");
    bed.csr(&["renew", "out/admin.conf"]).success().out("is valid until").out("and renewed from");
    assert_eq!(bed.snapshot("out"), before);
    let ran = bed.csr(&["renew", "out/admin.conf", "--now", "--timeout", "1s"]).attention();
    ran.err("out/admin.conf is not renewed: csr-").err("has no certificate yet: it is Pending");
    assert_eq!(bed.read("out/admin.conf").as_bytes(), before[std::path::Path::new("admin.conf")].2);
    let name = bed.csr(&["list", "-o", "name"]).success().stdout;
    let name = name.trim().rsplit('/').next().unwrap();
    let object = bed.stored(name);
    assert_eq!(
        object.spec.username.as_deref(),
        Some("kubernetes-admin"),
        "asked for by whoever has the certificate"
    );
    bed.csr(&["renew", "out/pki/ca.crt", "--now"]).failure().err("nobody knows who signs out/pki/ca.crt");
    bed.csr(&["renew", "out/pki/sa.pub"]).failure();
}

#[test]
fn a_pair_a_kubeconfig_and_a_kubelets_file_are_renewed() {
    let bed = office();
    // A kubeconfig: everything but certificate and key stays.
    let before = bed.kubeconfig("out/admin.conf");
    renewed(&bed, &["out/admin.conf", "--now"]);
    let after = bed.kubeconfig("out/admin.conf");
    assert_eq!((after.server, after.context), (before.server, before.context));
    let certificate = &after.certificate.embedded().unwrap()[0];
    assert_ne!(certificate, &before.certificate.embedded().unwrap()[0]);
    assert_eq!(certificate.subject.to_string(), "O=kubeadm:cluster-admins, CN=kubernetes-admin");
    assert_eq!(certificate.public_key, *after.key.embedded().unwrap().public_key());
    assert_eq!(bed.mode("out/admin.conf"), 0o600);

    // A pair of files.
    let old = bed.certificate("out/pki/apiserver-kubelet-client.crt");
    renewed(&bed, &["out/pki/apiserver-kubelet-client.crt", "--now", "--expiration", "48h"]);
    let new = bed.certificate("out/pki/apiserver-kubelet-client.crt");
    assert_ne!(new.public_key, old.public_key, "with a new key");
    assert_eq!(new.public_key, *bed.key("out/pki/apiserver-kubelet-client.key").public_key());
    assert_eq!((new.not_after - new.not_before).whole_hours(), 48);
    assert!(bed.path("out/.kubepki/backup").exists(), "the old pair is kept");

    // A kubelet's file, to which a link leads.
    let config = bed.kubeconfig("out/kubelet.conf");
    let certificate = config.certificate.embedded().unwrap()[0].to_pem().unwrap();
    let text = certificate + &config.key.embedded().unwrap().to_pem().unwrap();
    bed.write("kubelet/pki/kubelet-client-2026-01-01-00-00-00.pem", &text);
    bed.set_mode("kubelet/pki/kubelet-client-2026-01-01-00-00-00.pem", 0o600);
    std::os::unix::fs::symlink(
        "kubelet-client-2026-01-01-00-00-00.pem",
        bed.path("kubelet/pki/kubelet-client-current.pem"),
    )
    .unwrap();
    renewed(&bed, &["kubelet/pki/kubelet-client-current.pem", "--now"]);
    let current = fs::read_link(bed.path("kubelet/pki/kubelet-client-current.pem")).unwrap();
    assert_ne!(current.to_str().unwrap(), "kubelet-client-2026-01-01-00-00-00.pem");
    let new = bed.certificate("kubelet/pki/kubelet-client-current.pem");
    assert_eq!(new.public_key, *bed.key("kubelet/pki/kubelet-client-current.pem").public_key());
    assert_eq!(new.subject.to_string(), "O=system:nodes, CN=system:node:cp1");
    assert_eq!(bed.mode("kubelet/pki/kubelet-client-current.pem"), 0o600);
    assert_eq!(bed.read("kubelet/pki/kubelet-client-2026-01-01-00-00-00.pem"), text);

    // A joined file that is no link.
    bed.write("joined.pem", &text);
    bed.set_mode("joined.pem", 0o600);
    renewed(&bed, &["joined.pem", "--now"]);
    assert_ne!(bed.read("joined.pem"), text);
    assert_eq!(bed.certificate("joined.pem").public_key, *bed.key("joined.pem").public_key());
    bed.peer("openssl", &["verify", "-CAfile", "out/pki/ca.crt", "joined.pem"]).success();
    // Denied is no reason to wait.
    let mut deny = peer("sh");
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_kubepki")).parent().unwrap().display().to_string();
    let script = "until kubepki csr list -d out | grep -q Pending; do sleep 0.1; done; kubepki csr deny -d out $(kubepki csr list -d out | awk '/Pending/ {print $1}')";
    deny.args(["-c", script])
        .current_dir(bed.path(""))
        .env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap()));
    let mut deny = deny.stdout(Stdio::null()).spawn().unwrap();
    bed.csr(&["renew", "out/admin.conf", "--now"]).attention().err("is denied, reason: KubepkiDeny");
    deny.wait().unwrap();
}

/// Killed while certificate and key are replaced, the pair is the old one or the new one, or the next run finishes it.
#[test]
fn a_pair_is_never_left_apart() {
    let original = office();
    original.write(
        "policy.yaml",
        "apiVersion: kubepki/v1\nkind: Policy\nrules:\n- {decision: approve, signers: [kubernetes.io/*]}\n",
    );
    let (certificate, key) = ("out/pki/apiserver-kubelet-client.crt", "out/pki/apiserver-kubelet-client.key");
    let matches = |bed: &Testbed| bed.certificate(certificate).public_key == *bed.key(key).public_key();
    let mut moments = 0;
    for call in ["rename", "linkat", "unlink"] {
        for count in 1.. {
            assert!(count < 30);
            let bed = Testbed::new();
            bed.shell(&format!("cp -a {}/. .", original.path("").display())).success();
            let mut watcher = bed.command(&["csr", "run", "-d", "out", "--policy", "policy.yaml"]);
            let mut watcher = watcher.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let injection = format!("inject={call}:signal=KILL:when={count}");
            let ran = strace(&bed, &["-e", &injection], &["csr", "renew", certificate, "--now", "-d", "out"])
                .anyhow();
            watcher.kill().unwrap();
            watcher.wait().unwrap();
            if ran.code == Some(0) {
                break;
            }
            assert_eq!(ran.code, None, "{}", ran.stderr);
            moments += 1;
            assert!(matches(&bed) || bed.path("out/.kubepki/journal").exists(), "{call} {count}");
            bed.csr(&["renew", certificate]).success();
            assert!(matches(&bed), "{call} {count}: the next run finishes it");
        }
    }
    assert!(moments >= 5, "{moments} moments");
}
