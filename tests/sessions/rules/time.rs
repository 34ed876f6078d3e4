use std::fs;

use crate::testbed::{SINGLE, Testbed};

use super::forge::forge;
use super::{Case, fleet, respec, sign};

const AT_2030: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--at", "2030-01-01"];
const AT_2020: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--at", "2020-01-01"];
const BARE: &[&str] = &["-d", "out"];
const TWO: &[&str] = &["-d", "out", "-d", "other"];
pub const KUBELET: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--kubelet-dir", "kubelet"];

const CA: &str = "out/pki/ca";
const SERVER: &str = "out/pki/apiserver";

pub const CASES: &[Case] = &[
    Case::finds("KP-TM001", |_| {}).with(AT_2030).of("critical"),
    Case::finds("KP-TM001", |bed| stray(bed, "out/pki/extra", 365, 400)).of("medium"),
    Case::finds("KP-TM001", |bed| stray(bed, "out/pki/apiserver.old", 365, 400)).of("low"),
    Case::finds("KP-TM001", |bed| {
        stray(bed, "flat/one", 365, 400);
        fs::remove_file(bed.path("flat/one.key")).unwrap();
    })
    .with(&["-d", "flat"])
    .of("high"),
    Case::passes("KP-TM001", |_| {}),
    // The old CA of a bundle is told of elsewhere.
    Case::passes("KP-TM001", |bed| {
        bed.copy("out/pki/ca.crt", "old.crt");
        age(bed, "old", 3650, 3700);
        bed.write("out/pki/ca.crt", bed.read("out/pki/ca.crt") + &bed.read("old.crt"));
    }),
    Case::finds("KP-TM002", short_lived).of("medium"),
    Case::finds("KP-TM002", |bed| age(bed, SERVER, 365, 360)).of("high"),
    Case::finds("KP-TM002", |bed| age(bed, SERVER, 365, 345)).of("medium"),
    Case::finds("KP-TM002", |bed| age(bed, SERVER, 365, 300)).of("low"),
    Case::finds("KP-TM002", |bed| age(bed, CA, 3650, 3550)).of("high"),
    Case::finds("KP-TM002", |bed| age(bed, CA, 3650, 3350)).of("medium"),
    Case::finds("KP-TM002", |bed| age(bed, CA, 3650, 3000)).of("low"),
    Case::finds("KP-TM002", |bed| stray(bed, "out/pki/extra", 365, 345)).of("medium"),
    Case::passes("KP-TM002", |_| {}),
    // More than a third is left.
    Case::passes("KP-TM002", |bed| age(bed, SERVER, 30, 19)),
    Case::passes("KP-TM002", |bed| age(bed, CA, 365, 240)),
    Case::passes("KP-TM002", |bed| stray(bed, "out/pki/apiserver.old", 365, 360)),
    // The kubelet will renew it.
    Case::passes("KP-TM002", |bed| kubelet(bed, true, 365, 300)).with(KUBELET),
    Case::finds("KP-TM002", |bed| kubelet(bed, true, 365, 340)).with(KUBELET).of("medium"),
    Case::finds("KP-TM003", |_| {}).with(AT_2020).of("high"),
    Case::finds("KP-TM003", |bed| stray(bed, "out/pki/extra", 365, -10)).of("medium"),
    Case::passes("KP-TM003", |_| {}),
    Case::finds("KP-TM004", |bed| age(bed, SERVER, 4000, 1)).of("high"),
    Case::passes("KP-TM004", |_| {}),
    // The CA was renewed with its key: kubeconfigs have the other certificate.
    Case::passes("KP-TM004", |bed| age(bed, CA, 3650, 3500)),
    Case::finds("KP-TM005", |bed| age(bed, CA, 3650, 3500)).of("medium"),
    Case::passes("KP-TM005", |_| {}),
    // It was made for no longer.
    Case::passes("KP-TM005", |bed| {
        respec(bed, "caCertificateValidityPeriod: 8760h\n");
        fs::remove_dir_all(bed.path("out")).unwrap();
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    }),
    Case::finds("KP-TM006", |bed| age(bed, SERVER, 500, 1)).of("medium"),
    Case::finds("KP-TM006", |bed| long(bed, "12000h")).of("low"),
    Case::finds("KP-TM006", |bed| long(bed, "12000h")).with(BARE).of("medium"),
    Case::passes("KP-TM006", |bed| age(bed, SERVER, 398, 1)),
    Case::finds("KP-TM007", |bed| age(bed, SERVER, 2000, 1)).of("medium"),
    Case::finds("KP-TM007", |bed| age(bed, CA, 7300, 1)).of("low"),
    Case::passes("KP-TM007", |_| {}),
    Case::finds("KP-TM008", |bed| since_the_ca(bed, 1100)).of("medium"),
    Case::passes("KP-TM008", |bed| since_the_ca(bed, 30)),
    // It was issued together with its CA, for as long as that.
    Case::passes("KP-TM008", |bed| long(bed, "12000h")).with(BARE),
    Case::finds("KP-TM009", fleet).of("info"),
    Case::passes("KP-TM009", |bed| {
        bed.write("other.yaml", SINGLE.replace("cp1", "cp2") + "certificateValidityPeriod: 4000h\n");
        bed.run(&["apply", "-f", "other.yaml", "-d", "other"]).success();
    })
    .with(TWO),
    Case::finds("KP-TM010", |bed| kubelet(bed, false, 365, 300)).with(KUBELET).of("high"),
    Case::passes("KP-TM010", |bed| kubelet(bed, true, 365, 300)).with(KUBELET),
    Case::passes("KP-TM010", |bed| kubelet(bed, false, 365, 100)).with(KUBELET),
    Case::finds("KP-TM011", |bed| {
        forge(bed, SERVER, CA, |server| server.valid("20260101000000Z", "20361231235959Z"));
    })
    .of("medium"),
    // Go refuses to read it.
    Case::finds("KP-TM011", |bed| {
        forge(bed, SERVER, CA, |server| server.valid("260101000000Z", "20501231235959.5Z"));
    })
    .of("high"),
    Case::passes("KP-TM011", |_| {}),
    Case::finds("KP-TM012", |_| {}).with(AT_2030).of("high"),
    Case::passes("KP-TM012", |bed| long(bed, "87600h")).with(AT_2030),
    Case::finds("KP-TM013", |bed| kubelet(bed, true, 365, 400)).with(KUBELET).of("high"),
    Case::passes("KP-TM013", |bed| kubelet(bed, true, 365, 100)).with(KUBELET),
    Case::finds("KP-TM014", |bed| {
        let now = time::OffsetDateTime::now_utc();
        let text = |moment| kubepki::moment::compact(moment).replace('T', "")[2..].to_owned();
        let (from, to) = (text(now), text(now + time::Duration::minutes(30)));
        forge(bed, SERVER, CA, |server| server.valid(&from, &to));
    })
    .of("info"),
    Case::passes("KP-TM014", |_| {}),
];

/// A certificate of six minutes, five of which are the allowance for clocks and over when it is issued.
fn short_lived(bed: &Testbed) {
    respec(bed, "certificateValidityPeriod: 60s\n");
    bed.run(&["renew", "apiserver", "-f", "cluster.yaml", "-d", "out"]).success();
}

/// Gives a certificate so many days, of which so many are over.
fn age(bed: &Testbed, name: &str, days: i64, over: i64) {
    forge(bed, name, CA, |parts| parts.aged(days, over));
}

/// The CA is so many days old; the API server's certificate begins with it and has 300 days left, and some seconds.
fn since_the_ca(bed: &Testbed, days: i64) {
    let now = time::OffsetDateTime::now_utc();
    let text = |moment| kubepki::moment::compact(moment).replace('T', "")[2..].to_owned();
    let (from, to) =
        (text(now - time::Duration::days(days)), text(now + time::Duration::seconds(300 * 86_400 + 77)));
    forge(bed, CA, CA, |ca| ca.valid(&from, &text(now + time::Duration::days(2000))));
    forge(bed, SERVER, CA, |server| server.valid(&from, &to));
}

/// Another certificate of the cluster's CA, with its key.
fn stray(bed: &Testbed, name: &str, days: i64, over: i64) {
    bed.write(&format!("{name}.key"), bed.read("out/pki/apiserver.key"));
    bed.set_mode(&format!("{name}.key"), 0o600);
    let extensions =
        "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\nauthorityKeyIdentifier=keyid\n";
    sign(bed, name, CA, "/CN=extra", extensions);
    forge(bed, name, CA, |parts| parts.aged(days, over));
}

/// All certificates live as long as that, and so does the spec want it.
fn long(bed: &Testbed, period: &str) {
    respec(bed, &format!("certificateValidityPeriod: {period}\ncaCertificateValidityPeriod: 175200h\n"));
    fs::remove_dir_all(bed.path("out")).unwrap();
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
}

/// A kubelet's own directory in `kubelet`, beside which its configuration lies.
pub fn kubelet(bed: &Testbed, renews: bool, days: i64, over: i64) {
    bed.write("kubelet/pki/client.key", bed.read("out/pki/apiserver.key"));
    let extensions =
        "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\nauthorityKeyIdentifier=keyid\n";
    sign(bed, "kubelet/pki/client", CA, "/O=system:nodes/CN=system:node:cp1", extensions);
    forge(bed, "kubelet/pki/client", CA, |parts| parts.aged(days, over));
    let both = bed.read("kubelet/pki/client.crt") + &bed.read("kubelet/pki/client.key");
    bed.write("kubelet/pki/kubelet-client-current.pem", both);
    bed.set_mode("kubelet/pki/kubelet-client-current.pem", 0o600);
    for file in ["crt", "key"] {
        fs::remove_file(bed.path(format!("kubelet/pki/client.{file}"))).unwrap();
    }
    bed.write("kubelet/config.yaml", format!("kind: KubeletConfiguration\nrotateCertificates: {renews}\n"));
}
