use std::fs;

use super::Case;

pub const CASES: &[Case] = &[
    Case::finds("KP-ST001", |bed| fs::remove_file(bed.path("out/pki/etcd/peer.crt")).unwrap()),
    Case::passes("KP-ST001", |_| {}),
    Case::finds("KP-ST002", |bed| drop(bed.write("out/pki/apiserver.crt", "text"))),
    Case::passes("KP-ST002", |_| {}),
    Case::finds("KP-ST003", |bed| bed.copy("out/pki/etcd/peer.key", "out/pki/etcd/server.key")),
    Case::passes("KP-ST003", |_| {}),
];
