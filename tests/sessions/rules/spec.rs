use super::{Case, respec, sign};
use crate::testbed::Testbed;

pub const CASES: &[Case] = &[
    Case::finds("KP-SP001", |bed| respec(bed, "naming: documented\n")),
    Case::passes("KP-SP001", |_| {}),
    Case::finds("KP-SP002", |bed| respec(bed, "apiServer: {certSANs: [new.example.com]}\n")),
    Case::passes("KP-SP002", |bed| {
        respec(bed, "apiServer: {certSANs: [new.example.com]}\n");
        bed.run(&["apply", "--yes", "-f", "cluster.yaml", "-d", "out"]).success();
    }),
    Case::finds("KP-SP003", |bed| {
        let extensions = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n";
        sign(bed, "out/pki/apiserver", "out/pki/ca", "/CN=kube-apiserver", extensions);
    }),
    Case::passes("KP-SP003", |_| {}),
    Case::finds("KP-SP004", |bed| respec(bed, "certificateValidityPeriod: 24h\n")),
    Case::passes("KP-SP004", |_| {}),
    Case::finds("KP-SP005", |bed| respec(bed, "controlPlaneEndpoint: new.example.com\n")).of("medium"),
    Case::passes("KP-SP005", |_| {}),
    Case::finds("KP-SP006", |bed| under_a_root(bed, "other")).of("high"),
    Case::passes("KP-SP006", |bed| {
        under_a_root(bed, "root");
        bed.run(&["apply", "--yes", "-f", "cluster.yaml", "-d", "out"]).attention();
        std::fs::remove_dir_all(bed.path("out")).unwrap();
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    }),
];

/// The spec names a root, and the CAs that are there have signed themselves.
fn under_a_root(bed: &Testbed, name: &str) {
    bed.run(&["ca", "new", name, "--subject", "CN=root"]).success();
    let (certificate, key) = (format!("{name}.crt"), format!("{name}.key"));
    respec(
        bed,
        &format!("authority: {{mode: intermediate, root: {{certificate: {certificate}, key: {key}}}}}\n"),
    );
}
