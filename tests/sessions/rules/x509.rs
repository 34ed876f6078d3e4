use super::{Case, sign};

pub const CASES: &[Case] = &[
    Case::finds("KP-X5001", |bed| bed.copy("out/pki/apiserver.crt", "out/pki/ca.crt")),
    Case::finds("KP-X5001", |bed| {
        let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
        sign(bed, "out/pki/apiserver", "out/pki/ca", "/CN=kube-apiserver", extensions);
    }),
    Case::passes("KP-X5001", |_| {}),
];
