use super::files::manifest;
use super::{Case, sign};

pub const CASES: &[Case] = &[
    Case::finds("KP-FP001", |bed| {
        let extensions = "extendedKeyUsage=clientAuth\n";
        sign(bed, "out/pki/front-proxy-client", "out/pki/ca", "/CN=front-proxy-client", extensions);
    }),
    Case::passes("KP-FP001", |_| {}),
    Case::finds("KP-FP002", |bed| manifest(bed, "out", "kube-apiserver", CA, "")),
    Case::finds("KP-FP002", |bed| manifest(bed, "out", "kube-apiserver", CLIENT, "")),
    Case::passes("KP-FP002", |bed| manifest(bed, "out", "kube-apiserver", &format!("{CA}{CLIENT}"), "")),
];

const CA: &str = "    - --requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt\n";
const CLIENT: &str = "    - --proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt\n    \
                      - --proxy-client-key-file=/etc/kubernetes/pki/front-proxy-client.key\n";
