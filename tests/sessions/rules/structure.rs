use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::Case;
use super::files::{kubelet, kubelet_with, manifest};
use crate::testbed::Testbed;

const KUBELET: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--kubelet-dir", "kubelet"];
const AT_2030: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--at", "2030-01-01"];
const WITHOUT_SPEC: &[&str] = &["-d", "out"];

pub const CASES: &[Case] = &[
    Case::finds("KP-ST001", |bed| fs::remove_file(bed.path("out/pki/etcd/peer.crt")).unwrap()),
    Case::passes("KP-ST001", |_| {}),
    Case::finds("KP-ST002", |bed| drop(bed.write("out/pki/apiserver.crt", "text"))).of("high"),
    Case::passes("KP-ST002", |_| {}),
    // Who signs with it gives the passphrase; but the controller manager cannot.
    Case::passes("KP-ST002", encrypt),
    Case::finds("KP-ST002", |bed| {
        encrypt(bed);
        let flag = "    - --cluster-signing-key-file=/etc/kubernetes/pki/ca.key\n";
        manifest(bed, "out", "kube-controller-manager", flag, "");
    })
    .of("high"),
    // Whatever lies there, the audit goes on.
    Case::finds("KP-ST002", |bed| drop(bed.write("out/pki/spare.crt", "text"))).of("low"),
    Case::finds("KP-ST002", |bed| drop(bed.write("out/pki/spare.pem", "-----BEGIN CERTIFICATE-----\nMII"))),
    Case::finds("KP-ST002", |bed| drop(bed.write("out/pki/spare.key", [0xff; 9]))).of("low"),
    Case::finds("KP-ST002", |bed| drop(bed.write("out/jane.kubeconfig", "a: [&x a, *x, *x"))).of("low"),
    Case::finds("KP-ST002", |bed| drop(bed.shell("truncate -s 100M out/pki/huge.pem").success()))
        .of("medium"),
    Case::finds("KP-ST002", |bed| drop(bed.shell("mkfifo out/pki/pipe.key").success())).of("medium"),
    Case::finds("KP-ST002", |bed| drop(bed.shell("mknod out/pki/zero.crt c 1 5").success())).of("medium"),
    Case::finds("KP-ST002", |bed| drop(UnixListener::bind(bed.path("out/pki/s.conf")).unwrap())).of("medium"),
    Case::finds("KP-ST002", |bed| fs::create_dir(bed.path("out/pki/spare.crt")).unwrap()).of("medium"),
    Case::finds("KP-ST002", |bed| symlink("loop.crt", bed.path("out/pki/loop.crt")).unwrap()).of("medium"),
    Case::finds("KP-ST002", |bed| drop(bed.shell("mkfifo \"out/pki/$(printf '\\377').pem\"").success()))
        .of("medium"),
    Case::finds("KP-ST002", |bed| {
        fs::remove_file(bed.path("out/pki/sa.pub")).unwrap();
        fs::create_dir(bed.path("out/pki/sa.pub")).unwrap();
    })
    .of("high"),
    Case::passes("KP-ST002", |bed| {
        bed.write("out/pki/openssl.conf", "[req]\n");
        bed.write("out/notes", [0xff; 9]);
        drop(bed.shell("mkfifo out/pipe").success());
    }),
    Case::finds("KP-ST003", |bed| bed.copy("out/pki/etcd/peer.key", "out/pki/etcd/server.key")),
    Case::passes("KP-ST003", |_| {}),
    Case::finds("KP-ST004", |bed| bed.copy("out/pki/apiserver.crt", "out/pki/apiserver.pem")),
    Case::finds("KP-ST004", |bed| bed.copy("out/pki/apiserver.key", "out/pki/apiserver-key.pem")),
    Case::finds("KP-ST004", |bed| bed.copy("out/admin.conf", "out/admin.kubeconfig")),
    Case::passes("KP-ST004", |bed| {
        bed.copy("out/pki/sa.pub", "out/pki/apiserver.pem");
        symlink("apiserver.crt", bed.path("out/pki/apiserver.cer")).unwrap();
    }),
    Case::finds("KP-ST005", |bed| join(bed, "apiserver.crt", &["ca.crt", "apiserver.crt"])).of("high"),
    Case::finds("KP-ST005", |bed| join(bed, "ca.crt", &["front-proxy-ca.crt", "ca.crt"])).of("high"),
    // The CA's key is elsewhere: what it has signed tells which it is.
    Case::finds("KP-ST005", |bed| {
        join(bed, "ca.crt", &["front-proxy-ca.crt", "ca.crt"]);
        fs::remove_file(bed.path("out/pki/ca.key")).unwrap();
    })
    .of("medium"),
    Case::finds("KP-ST005", |bed| {
        join(bed, "apiserver.crt", &["apiserver.crt", "front-proxy-ca.crt", "ca.crt"]);
    })
    .of("medium"),
    Case::passes("KP-ST005", |bed| join(bed, "apiserver.crt", &["apiserver.crt", "ca.crt"])),
    Case::passes("KP-ST005", |bed| join(bed, "ca.crt", &["ca.crt", "front-proxy-ca.crt"])),
    // One finding for one fact.
    Case::passes("KP-ST003", |bed| join(bed, "apiserver.crt", &["ca.crt", "apiserver.crt"])),
    Case::finds("KP-ST006", |bed| join(bed, "ca.crt", &["ca.crt", "ca.crt"])),
    Case::finds("KP-ST006", |bed| {
        authority(bed, "old", "/CN=old", "30");
        join(bed, "ca.crt", &["ca.crt", "old.crt"]);
    })
    .with(AT_2030),
    Case::finds("KP-ST006", |bed| drop(bed.write("out/pki/ca.crt", bed.read("out/pki/ca.crt") + OLD))),
    Case::passes("KP-ST006", |bed| join(bed, "ca.crt", &["ca.crt", "front-proxy-ca.crt"])),
    // A successor that everybody is to trust before it signs.
    Case::passes("KP-ST006", |bed| {
        authority(bed, "next", "/CN=kubernetes-2", "3650");
        fs::remove_file(bed.path("out/pki/next.key")).unwrap();
        join(bed, "ca.crt", &["ca.crt", "next.crt"]);
    }),
    Case::finds("KP-ST007", |bed| join(bed, "ca.crt", &["ca.crt", "apiserver.crt"])),
    Case::finds("KP-ST007", |bed| {
        bed.copy("out/pki/apiserver.crt", "out/pki/clients.crt");
        let flag = "    - --client-ca-file=/etc/kubernetes/pki/clients.crt\n";
        manifest(bed, "out", "kube-apiserver", flag, "");
    }),
    Case::finds("KP-ST007", |bed| {
        bed.copy("out/pki/apiserver.crt", "out/pki/clients.crt");
        kubelet(bed, "/etc/kubernetes/pki/clients.crt");
    })
    .with(KUBELET),
    Case::passes("KP-ST007", |bed| join(bed, "ca.crt", &["ca.crt", "front-proxy-ca.crt"])),
    Case::finds("KP-ST008", |bed| {
        let flag = "    - --etcd-cafile=/etc/etcd/ca.pem\n";
        manifest(bed, "out", "kube-apiserver", flag, "");
    })
    .of("medium"),
    Case::finds("KP-ST008", |bed| {
        let flag = "    - --tls-cert-file=/etc/kubernetes/pki/server.crt\n";
        manifest(bed, "out", "kube-apiserver", flag, "");
    })
    .of("high"),
    Case::finds("KP-ST008", |bed| kubelet_with(bed, "tlsCertFile: /etc/ssl/kubelet.crt\n")).with(KUBELET),
    Case::passes("KP-ST008", |bed| {
        symlink("pki", bed.path("out/ssl")).unwrap();
        let flags = "    - --client-ca-file=/etc/kubernetes/pki/ca.crt\n    \
                     - --tls-cert-file=/etc/kubernetes/ssl/apiserver.crt\n    \
                     - --kubelet-client-certificate=/var/lib/kubelet/pki/kubelet-client-current.pem\n";
        manifest(bed, "out", "kube-apiserver", flags, "");
    }),
    Case::finds("KP-ST009", |_| {}).with(WITHOUT_SPEC).of("info"),
    Case::finds("KP-ST009", |bed| drop(bed.write("heap/a.pem", bed.read("out/pki/ca.crt"))))
        .with(&["-d", "heap"]),
    Case::passes("KP-ST009", |_| {}),
];

/// A CA of 2020, whose key is nowhere.
const OLD: &str = "\
-----BEGIN CERTIFICATE-----
MIIBTTCB9aADAgECAgEBMAoGCCqGSM49BAMCMA4xDDAKBgNVBAMMA29sZDAgFw0y
MDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowDjEMMAoGA1UEAwwDb2xkMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEm9ujK6kFuOV6Q7mYRj1C3Py+KrliTx2r
b9sPTrNtAtJ8c2bXWUfGfQF5Q6xd8dROjF3I0IcFZbo6dpJkZFni3KNCMEAwDwYD
VR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFB4x5fpe2eiA
jyIk0PuhaA72QeNdMAoGCCqGSM49BAMCA0cAMEQCIDRoeco1nMACqF5WdCWCq6ki
nOcXKdxrDy91fQMn04tKAiAzEjnpaMpHkd/sP+PX5a1NJRxDl0KTFAyfylkJ8Bj6
jw==
-----END CERTIFICATE-----
";

/// Puts files of the certificates directory together in one of them.
fn join(bed: &Testbed, to: &str, from: &[&str]) {
    let text: String = from.iter().map(|name| bed.read(format!("out/pki/{name}"))).collect();
    bed.write(&format!("out/pki/{to}"), text);
}

/// A new CA of its own in the certificates directory.
fn authority(bed: &Testbed, name: &str, subject: &str, days: &str) {
    let (key, certificate) = (format!("out/pki/{name}.key"), format!("out/pki/{name}.crt"));
    let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let named = ["-subj", subject, "-days", days, "-keyout", &key, "-out", &certificate];
    bed.peer("openssl", &[&new[..], &named].concat()).success();
}

fn encrypt(bed: &Testbed) {
    bed.write("pass", "x");
    bed.run(&["ca", "encrypt", "out/pki/ca.key", "--passphrase-file", "pass"]).success();
}
