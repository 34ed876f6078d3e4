use super::Case;
use crate::testbed::Testbed;

pub const CASES: &[Case] = &[
    Case::finds("KP-RV001", |bed| revoke(bed, "out/pki/crl.pem", &List { revoked: SERVER, ..List::NEW })),
    Case::finds("KP-RV001", |bed| {
        revoke(bed, "out/pki/crl.pem", &List { revoked: &["out/admin.conf"], ..List::NEW });
    }),
    Case::passes("KP-RV001", |bed| revoke(bed, "out/pki/crl.pem", &List::NEW)),
    // Somebody else's list of the same numbers.
    Case::passes("KP-RV001", |bed| {
        revoke(bed, "out/pki/crl.pem", &List { ca: "out/pki/front-proxy-ca", revoked: SERVER, ..List::NEW });
    }),
    Case::finds("KP-RV002", |bed| revoke(bed, "out/pki/crl.pem", &List::NEW)).with(AT_2030).of("medium"),
    Case::finds("KP-RV002", |bed| {
        revoke(bed, "out/pki/crl.pem", &List { extensions: "crlNumber=no", ..List::NEW });
    }),
    Case::finds("KP-RV002", |bed| revoke(bed, "out/pki/crl.pem", &List { number: "", ..List::NEW })),
    Case::finds("KP-RV002", |bed| {
        revoke(bed, "out/pki/one.pem", &List { number: "09", ..List::NEW });
        revoke(bed, "out/pki/two.pem", &List { number: "08", last: "20360101000000Z", ..List::NEW });
    }),
    // A CA of the same name with another key.
    Case::finds("KP-RV002", |bed| {
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "other"]).success();
        revoke(bed, "out/pki/crl.pem", &List { ca: "other/pki/ca", ..List::NEW });
    }),
    Case::passes("KP-RV002", |bed| revoke(bed, "out/pki/crl.pem", &List { revoked: SERVER, ..List::NEW })),
    // Its age is told once.
    Case::passes("KP-RV002", |bed| {
        revoke(bed, "out/pki/etcd/crl.der", &List { ca: "out/pki/etcd/ca", ..List::NEW });
    })
    .with(AT_2030),
];

const AT_2030: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--at", "2030-01-01"];
const SERVER: &[&str] = &["out/pki/apiserver.crt"];

/// A revocation list to be made.
#[derive(Clone, Copy)]
pub struct List {
    /// The CA's files without their ending.
    pub ca: &'static str,
    /// The certificates that are revoked.
    pub revoked: &'static [&'static str],
    pub days: &'static str,
    /// When it is made, and when the next one is due; now and after those days where nothing is said.
    pub last: &'static str,
    pub next: &'static str,
    pub pem: bool,
    /// Its number in hexadecimal.
    pub number: &'static str,
    /// The extensions beside it.
    pub extensions: &'static str,
}

impl List {
    pub const NEW: Self = Self {
        ca: "out/pki/ca",
        revoked: &[],
        days: "30",
        last: "",
        next: "20400101000000Z",
        pem: true,
        number: "01",
        extensions: "authorityKeyIdentifier=keyid:always",
    };
}

/// Has openssl make a revocation list.
pub fn revoke(bed: &Testbed, to: &str, list: &List) {
    let serial = |name: &&str| {
        let serial =
            if name.ends_with(".conf") { bed.client(name).serial } else { bed.certificate(name).serial };
        let hex: String = serial.iter().map(|octet| format!("{octet:02X}")).collect();
        format!(
            "R\t360101000000Z\t260101000000Z,keyCompromise\t{}\tunknown\t/CN=x\n",
            hex.trim_start_matches("00")
        )
    };
    bed.write("index.txt", list.revoked.iter().map(serial).collect::<String>());
    bed.write("number", format!("{}\n", list.number));
    let number = if list.number.is_empty() { "" } else { "crlnumber = number\n" };
    let extensions = if list.extensions == "crlNumber=no" { "" } else { "crl_extensions = extensions\n" };
    let config = format!(
        "[ca]\ndefault_ca = all\n[all]\ndatabase = index.txt\ndefault_md = sha256\n{number}{extensions}[extensions]\n{}\n",
        list.extensions
    );
    bed.write("ca.cnf", config);
    let (key, certificate) = (format!("{}.key", list.ca), format!("{}.crt", list.ca));
    let mut make =
        vec!["ca", "-gencrl", "-config", "ca.cnf", "-keyfile", &key, "-cert", &certificate, "-out", "crl"];
    if list.last.is_empty() {
        make.extend(["-crldays", list.days]);
    } else {
        make.extend(["-crl_lastupdate", list.last, "-crl_nextupdate", list.next]);
    }
    bed.peer("openssl", &make).success();
    let form = if list.pem && !to.ends_with(".der") { "PEM" } else { "DER" };
    bed.peer("openssl", &["crl", "-in", "crl", "-outform", form, "-out", to]).success();
}
