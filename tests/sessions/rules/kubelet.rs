use super::files::{kubelet, kubelet_with};
use super::{Case, sign};
use crate::testbed::Testbed;

const KUBELET: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--kubelet-dir", "kubelet"];
const AT_2030: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--at", "2030-01-01"];

pub const CASES: &[Case] = &[
    Case::finds("KP-KL001", |bed| kubelet_with(bed, BOOTSTRAP)).with(KUBELET),
    Case::finds("KP-KL001", |bed| {
        kubelet_with(bed, BOOTSTRAP);
        let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=cp1"];
        bed.peer("openssl", &[&new[..], &["-keyout", "key", "-out", "certificate"]].concat()).success();
        serving(bed, "certificate", "key");
    })
    .with(KUBELET),
    Case::passes("KP-KL001", |bed| {
        kubelet_with(bed, BOOTSTRAP);
        serving(bed, "out/pki/apiserver.crt", "out/pki/apiserver.key");
    })
    .with(KUBELET),
    Case::finds("KP-KL002", |bed| {
        kubelet_with(bed, "authentication: {anonymous: {enabled: true}, x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}\n");
    })
    .with(KUBELET),
    Case::finds("KP-KL002", |bed| kubelet_with(bed, "rotateCertificates: true\n")).with(KUBELET),
    Case::passes("KP-KL002", |bed| kubelet(bed, "/etc/kubernetes/pki/ca.crt")).with(KUBELET),
    Case::finds("KP-KL003", |bed| kubelet_with(bed, "rotateCertificates: false\n")).with(KUBELET),
    Case::passes("KP-KL003", |bed| kubelet(bed, "/etc/kubernetes/pki/ca.crt")).with(KUBELET),
    Case::finds("KP-KL004", |bed| node(bed, "gone")),
    Case::passes("KP-KL004", |bed| node(bed, "cp1")),
    // It has lapsed.
    Case::passes("KP-KL004", |bed| node(bed, "gone")).with(AT_2030),
];

const BOOTSTRAP: &str = "serverTLSBootstrap: true\nrotateCertificates: true\n";

/// The kubelet's serving certificate.
fn serving(bed: &Testbed, certificate: &str, key: &str) {
    bed.write("kubelet/pki/kubelet-server-current.pem", bed.read(certificate) + &bed.read(key));
    bed.set_mode("kubelet/pki/kubelet-server-current.pem", 0o600);
}

/// The client certificate of a node, in a file that no credential has.
fn node(bed: &Testbed, name: &str) {
    bed.copy("out/pki/apiserver.key", "out/node.key");
    let subject = format!("/O=system:nodes/CN=system:node:{name}");
    sign(bed, "out/node", "out/pki/ca", &subject, "extendedKeyUsage=clientAuth\n");
}
