use super::forge::{forge, name, tlv};
use super::keys::{EXTENSIONS, SERVER, malformed_key, remake_ca, with_modulus};
use super::{Case, sign, sign_with};

/// Before and after Go 1.23, 1.24 and 1.25.
const IN_1_31: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--target-kubernetes", "1.31"];
const IN_1_32: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--target-kubernetes", "1.32"];
const IN_1_33: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--target-kubernetes", "1.33"];
const IN_1_34: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--target-kubernetes", "1.34"];
const IN_1_35: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--target-kubernetes", "1.35"];
/// Nobody says which release it is.
const BARE: &[&str] = &["-d", "out"];

const CA: &str = "out/pki/ca";
const SUBJECT: &str = "/CN=kube-apiserver";

pub const CASES: &[Case] = &[
    Case::finds("KP-GO001", |bed| {
        sign(bed, SERVER, CA, SUBJECT, &EXTENSIONS.replace("subjectAltName=DNS:cp1", ""));
    })
    .of("high"),
    Case::finds("KP-GO001", |bed| {
        sign(bed, SERVER, CA, SUBJECT, &EXTENSIONS.replace("subjectAltName=DNS:cp1", ""));
    })
    .with(BARE)
    .of("info"),
    Case::passes("KP-GO001", |_| {}),
    Case::finds("KP-GO002", |bed| {
        sign_with(bed, SERVER, CA, SUBJECT, EXTENSIONS, &["-days", "365", "-sha1"]);
    })
    .of("high"),
    Case::passes("KP-GO002", |bed| remake_ca(bed, &["-sha1"])),
    Case::finds("KP-GO003", |bed| {
        forge(bed, SERVER, CA, |server| server.extensions.push(server.extensions[0].clone()));
    })
    .of("high"),
    Case::passes("KP-GO003", |_| {}),
    Case::finds("KP-GO004", |bed| with_modulus(bed, &[0xff; 1025], &[1, 0, 1])).of("high"),
    Case::passes("KP-GO004", |bed| with_modulus(bed, &[0xff; 1024], &[1, 0, 1])),
    Case::finds("KP-GO005", |bed| forge(bed, SERVER, CA, |server| server.serial = tlv(0x02, &[0x80, 1])))
        .with(IN_1_32)
        .of("high"),
    Case::finds("KP-GO005", |bed| forge(bed, SERVER, CA, |server| server.serial = tlv(0x02, &[0x80, 1])))
        .with(IN_1_31)
        .of("info"),
    Case::passes("KP-GO005", |_| {}),
    Case::finds("KP-GO006", |bed| with_modulus(bed, &[0xff; 64], &[1, 0, 1])).with(IN_1_33).of("high"),
    Case::finds("KP-GO006", |bed| with_modulus(bed, &[0xff; 64], &[1, 0, 1])).with(IN_1_32).of("info"),
    Case::passes("KP-GO006", |bed| with_modulus(bed, &[0xff; 128], &[1, 0, 1])),
    Case::finds("KP-GO007", malformed_key).with(IN_1_33).of("high"),
    Case::finds("KP-GO007", malformed_key).with(IN_1_32).of("info"),
    Case::passes("KP-GO007", |_| {}),
    Case::finds("KP-GO008", negative_path).with(IN_1_35).of("high"),
    Case::finds("KP-GO008", negative_path).with(IN_1_34).of("info"),
    Case::passes("KP-GO008", |_| {}),
    Case::finds("KP-GO009", |bed| {
        forge(bed, SERVER, CA, |server| server.subject = name(3, 0x1e, &[0xd8, 0]));
    })
    .with(IN_1_35)
    .of("high"),
    Case::finds("KP-GO009", |bed| {
        forge(bed, SERVER, CA, |server| server.subject = name(3, 0x1e, &[0xd8, 0]));
    })
    .with(IN_1_34)
    .of("info"),
    Case::passes("KP-GO009", |bed| {
        forge(bed, SERVER, CA, |server| server.subject = name(3, 0x1e, &[0, b'a']));
    }),
];

fn negative_path(bed: &crate::testbed::Testbed) {
    forge(bed, CA, CA, |ca| ca.extension(19, true, &tlv(0x30, &[1, 1, 0xff, 2, 1, 0xff])));
}
