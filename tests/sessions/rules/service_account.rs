use crate::testbed::Testbed;

use super::{Case, fleet, manifest};

const TOGETHER: &[&str] = &["-d", "out", "-d", "other"];

pub const CASES: &[Case] = &[
    Case::finds("KP-SA001", |bed| {
        bed.peer("openssl", &["ec", "-in", "out/pki/ca.key", "-pubout", "-out", "out/pki/sa.pub"]).success();
    }),
    Case::passes("KP-SA001", |_| {}),
    Case::finds("KP-SA002", |bed| {
        other(bed);
        pair(bed, "other/pki/sa");
    })
    .with(TOGETHER)
    .of("critical"),
    // Each knows the other's key.
    Case::passes("KP-SA002", |bed| {
        other(bed);
        pair(bed, "other/pki/sa");
        let both = bed.read("out/pki/sa.pub") + &bed.read("other/pki/sa.pub");
        bed.write("out/pki/sa.pub", &both);
        bed.write("other/pki/sa.pub", &both);
    })
    .with(TOGETHER),
    Case::passes("KP-SA002", fleet),
    Case::finds("KP-SA003", |bed| {
        bed.peer("openssl", &["genpkey", "-algorithm", "ed25519", "-out", "out/pki/sa.key"]).success();
        let public = ["pkey", "-in", "out/pki/sa.key", "-pubout", "-out", "out/pki/sa.pub"];
        bed.peer("openssl", &public).success();
    })
    .of("high"),
    Case::finds("KP-SA003", |bed| {
        std::fs::remove_file(bed.path("out/pki/sa.key")).unwrap();
        bed.write("out/pki/sa.pub", RSA_1024);
    }),
    Case::passes("KP-SA003", |_| {}),
    Case::finds("KP-SA004", |bed| bed.copy("out/pki/ca.key", "out/pki/sa.key")).of("critical"),
    Case::finds("KP-SA004", |bed| {
        flags(
            bed,
            &["service-account-signing-key-file=/etc/kubernetes/pki/apiserver.key"],
            &["apiserver.key"],
        );
    }),
    Case::passes("KP-SA004", |_| {}),
    Case::finds("KP-SA006", |bed| {
        pair(bed, "out/pki/new");
        flags(bed, &["service-account-signing-key-file=/etc/kubernetes/pki/new.key"], &["sa.pub"]);
    })
    .of("high"),
    Case::finds("KP-SA006", |bed| {
        pair(bed, "out/pki/new");
        flags(bed, &["service-account-signing-key-file=/etc/kubernetes/pki/new.key"], &["new.pub"]);
        let file = "service-account-private-key-file=/etc/kubernetes/pki/sa.key";
        manifest(bed, "kube-controller-manager", &[file]);
    }),
    // Without the flag, the key of the server's certificate verifies.
    Case::finds("KP-SA006", |bed| {
        let own = "tls-private-key-file=/etc/kubernetes/pki/apiserver.key";
        flags(bed, &["service-account-signing-key-file=/etc/kubernetes/pki/sa.key", own], &[]);
    }),
    Case::passes("KP-SA006", |bed| {
        pair(bed, "out/pki/new");
        flags(bed, &["service-account-signing-key-file=/etc/kubernetes/pki/new.key"], &["sa.pub", "new.pub"]);
    }),
    Case::finds("KP-SA007", |bed| flags(bed, &[], &["sa.key"])).of("low"),
    Case::passes("KP-SA007", |bed| flags(bed, &[], &["sa.pub"])),
    Case::finds("KP-SA008", |bed| flags(bed, &["service-account-signing-endpoint=/run/signer.sock"], &[]))
        .of("info"),
    Case::passes("KP-SA008", |bed| flags(bed, &[], &["sa.pub"])),
];

/// A public key that is too short.
const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCbXHiNkViZSiILiV3g3d/U8gQc
XLV4xcpgKW6BVbMnzp1e0SCiKH/oAqmfHBtHMnJoHKyNzTIUuKRL0cxrKDI9mapW
jt/bPEWeAYhgxp6pnNc60NeExikJsZlnn76mPIfFiZFtYra5Y0TBjQMmmVdUjwcn
DDSexNLJetMIU4m+bwIDAQAB
-----END PUBLIC KEY-----
";

/// The directory of another control plane of the cluster.
fn other(bed: &Testbed) {
    bed.shell("cp -r out other").success();
}

fn pair(bed: &Testbed, name: &str) {
    let (key, public) = (format!("{name}.key"), format!("{name}.pub"));
    bed.peer("openssl", &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key]).success();
    bed.peer("openssl", &["ec", "-in", &key, "-pubout", "-out", &public]).success();
    bed.set_mode(&key, 0o600);
}

/// The API server's manifest, with these files to verify with.
fn flags(bed: &Testbed, flags: &[&str], files: &[&str]) {
    let files: Vec<String> =
        files.iter().map(|file| format!("service-account-key-file=/etc/kubernetes/pki/{file}")).collect();
    let flags: Vec<&str> = flags.iter().copied().chain(files.iter().map(String::as_str)).collect();
    manifest(bed, "kube-apiserver", &flags);
}
