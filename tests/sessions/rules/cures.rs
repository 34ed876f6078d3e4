//! What `apply` is said to cure, it cures: the rule finds fault, `apply` runs, and the rule finds none any more.

use super::files::manifest;
use super::revocation::{List, revoke};
use super::{audit, findings, sign};
use crate::testbed::{SINGLE, Testbed};

/// A rule, and what makes it find fault.
type Cure = (&'static str, fn(&Testbed));

const CURES: &[Cure] = &[
    ("KP-FS001", |bed| bed.set_mode("out/pki/ca.key", 0o644)),
    ("KP-FS001", |bed| {
        bed.copy("out/pki/sa.key", "out/pki/spare.key");
        bed.set_mode("out/pki/spare.key", 0o644);
    }),
    ("KP-FS003", |bed| bed.set_mode("out/pki/ca.crt", 0o666)),
    ("KP-FS003", |bed| {
        bed.copy("out/pki/ca.crt", "out/pki/spare.pem");
        bed.set_mode("out/pki/spare.pem", 0o666);
    }),
    ("KP-FS004", |bed| bed.set_mode("out/admin.conf", 0o644)),
    ("KP-FS007", |bed| bed.set_mode("out", 0o777)),
    ("KP-FS007", |bed| bed.set_mode("out/pki/etcd", 0o770)),
    ("KP-FS008", |bed| {
        manifest(bed, "out", "etcd", "", "");
        bed.set_mode("out/manifests/etcd.yaml", 0o666);
    }),
    ("KP-FS017", |bed| {
        let path = "out/pki/apiserver.crt";
        bed.write(path, bed.read(path) + &bed.read("out/pki/apiserver.key"));
    }),
    ("KP-ST002", |bed| drop(bed.write("out/pki/apiserver.crt", "text"))),
    ("KP-ST005", |bed| {
        let path = "out/pki/apiserver.crt";
        bed.write(path, bed.read("out/pki/ca.crt") + &bed.read(path));
    }),
    ("KP-ST007", |bed| trust(bed, "out/admin.conf", "out/pki/apiserver.crt")),
    ("KP-ET002", |bed| {
        let extensions = "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:cp1,DNS:localhost\n";
        sign(bed, "out/pki/etcd/server", "out/pki/etcd/ca", "/CN=cp1", extensions);
    }),
    ("KP-FP001", |bed| {
        let extensions = "extendedKeyUsage=clientAuth\n";
        sign(bed, "out/pki/front-proxy-client", "out/pki/ca", "/CN=front-proxy-client", extensions);
    }),
    ("KP-RV001", |bed| {
        let revoked = &["out/pki/apiserver.crt", "out/admin.conf"];
        revoke(bed, "out/pki/crl.pem", &List { revoked, ..List::NEW });
    }),
];

#[test]
fn what_apply_cures() {
    for (rule, make) in CURES {
        let bed = Testbed::applied(SINGLE);
        make(&bed);
        let count = || {
            let report = audit(&bed, &["-d", "out", "-f", "cluster.yaml"]);
            findings(&report).filter(|finding| finding["rule"] == *rule).count()
        };
        assert!(count() > 0, "{rule} finds nothing");
        bed.run(&["apply", "--yes", "-f", "cluster.yaml", "-d", "out"]).success();
        assert_eq!(count(), 0, "{rule} is not cured");
        bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    }
}

/// Adds a certificate to those that a kubeconfig trusts.
fn trust(bed: &Testbed, kubeconfig: &str, certificate: &str) {
    let script = format!(
        "both=$(cat out/pki/ca.crt {certificate} | base64 -w0)
         sed -i \"s|certificate-authority-data: .*|certificate-authority-data: $both|\" {kubeconfig}"
    );
    bed.shell(&script).success();
}
