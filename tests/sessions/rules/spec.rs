use super::{Case, respec, sign};

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
];
