use super::Case;

pub const CASES: &[Case] = &[
    Case::finds("KP-TR001", |bed| {
        bed.copy("out/pki/front-proxy-client.crt", "out/pki/apiserver-kubelet-client.crt");
        bed.copy("out/pki/front-proxy-client.key", "out/pki/apiserver-kubelet-client.key");
    }),
    Case::passes("KP-TR001", |_| {}),
];
