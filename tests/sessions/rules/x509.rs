use std::fs;

use crate::testbed::Testbed;

use super::forge::{bytes, forge, name, tlv, write};
use super::keys::{EXTENSIONS, SERVER};
use super::time::{KUBELET, kubelet};
use super::{Case, sign, sign_with};

const BARE: &[&str] = &["-d", "out"];

const CA: &str = "out/pki/ca";
const SUBJECT: &str = "/CN=kube-apiserver";

pub const CASES: &[Case] = &[
    Case::finds("KP-X5001", |bed| bed.copy("out/pki/apiserver.crt", "out/pki/ca.crt")),
    Case::finds("KP-X5001", |bed| {
        let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
        sign(bed, SERVER, CA, SUBJECT, extensions);
    }),
    Case::passes("KP-X5001", |_| {}),
    Case::finds("KP-X5002", |bed| ca(bed, "basicConstraints=CA:TRUE\n")).of("high"),
    Case::finds("KP-X5002", |bed| ca(bed, "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n"))
        .of("medium"),
    Case::passes("KP-X5002", |_| {}),
    Case::finds("KP-X5003", |bed| {
        ca(bed, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n");
    })
    .of("high"),
    Case::finds("KP-X5003", |bed| ca(bed, "basicConstraints=critical,CA:TRUE\n")).of("low"),
    Case::passes("KP-X5003", |_| {}),
    Case::finds("KP-X5004", |bed| resign(bed, "keyEncipherment", "keyCertSign")).of("high"),
    Case::passes("KP-X5004", |_| {}),
    Case::finds("KP-X5005", |bed| resign(bed, "serverAuth", "clientAuth")).of("critical"),
    Case::finds("KP-X5005", |bed| resign(bed, "serverAuth", "serverAuth,anyExtendedKeyUsage")).of("high"),
    Case::finds("KP-X5005", |bed| resign(bed, "extendedKeyUsage=serverAuth", "")).of("medium"),
    Case::passes("KP-X5005", |_| {}),
    Case::finds("KP-X5006", |bed| resign(bed, "serverAuth", "serverAuth,clientAuth")).of("medium"),
    Case::passes("KP-X5006", |_| {}),
    Case::finds("KP-X5007", |bed| serial(bed, &[0])).of("high"),
    Case::finds("KP-X5007", |bed| serial(bed, &[0x80, 1])).of("high"),
    Case::finds("KP-X5007", |bed| serial(bed, &[1; 21])).of("medium"),
    Case::finds("KP-X5007", |bed| {
        let octets = bed.certificate("out/pki/apiserver-kubelet-client.crt").serial;
        serial(bed, &octets);
    })
    .of("high"),
    // Another CA of the name has given out the number.
    Case::passes("KP-X5007", |bed| {
        let octets = bed.certificate("out/pki/apiserver-kubelet-client.crt").serial;
        forge(bed, SERVER, CA, |server| {
            server.serial = tlv(0x02, &octets);
            server.extension(35, false, &tlv(0x30, &tlv(0x80, &[7; 20])));
        });
    }),
    Case::passes("KP-X5007", |bed| serial(bed, &[1; 20])),
    Case::finds("KP-X5008", |bed| serial(bed, &[1, 2, 3, 4])).of("low"),
    Case::finds("KP-X5008", |bed| {
        let mut octets = bed.certificate("out/pki/apiserver-kubelet-client.crt").serial;
        let last = octets.last_mut().unwrap();
        *last = last.wrapping_add(1);
        serial(bed, &octets);
    })
    .of("low"),
    Case::passes("KP-X5008", |bed| serial(bed, &[1; 5])),
    Case::finds("KP-X5009", |bed| {
        forge(bed, SERVER, CA, |server| server.extension(35, false, &tlv(0x30, &tlv(0x80, &[7; 20]))));
    })
    .of("high"),
    Case::finds("KP-X5009", |bed| forge(bed, SERVER, CA, |server| server.without(35))).of("medium"),
    Case::finds("KP-X5009", |bed| ca(bed, "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none\n"))
        .of("medium"),
    Case::passes("KP-X5009", |_| {}),
    // Who is called as its CA is has none, in kubeadm's trees.
    Case::passes("KP-X5009", |bed| {
        let issuer = bed.certificate("out/pki/ca.crt").subject.as_der().to_vec();
        forge(bed, SERVER, CA, |server| {
            server.subject = issuer;
            server.without(35);
        });
    }),
    Case::finds("KP-X5010", |bed| another_ca(bed, |other| other.without(14))).of("high"),
    Case::finds("KP-X5010", |bed| {
        another_ca(bed, |_| {});
        forge(bed, SERVER, CA, |server| server.without(35));
    })
    .of("high"),
    Case::passes("KP-X5010", |bed| another_ca(bed, |_| {})),
    Case::finds("KP-X5011", |bed| {
        bed.copy("out/pki/ca.crt", "out/pki/renewed.crt");
        forge(bed, "out/pki/renewed", CA, |renewed| renewed.extension(14, false, &tlv(0x04, &[7; 20])));
    })
    .of("medium"),
    Case::passes("KP-X5011", |bed| {
        bed.copy("out/pki/ca.crt", "out/pki/renewed.crt");
        forge(bed, "out/pki/renewed", CA, |renewed| renewed.aged(3650, 0));
    }),
    Case::finds("KP-X5012", |bed| resign(bed, "subjectAltName=DNS:cp1", "")).of("high"),
    Case::passes("KP-X5012", |_| {}),
    Case::finds("KP-X5013", |bed| resign(bed, "DNS:cp1", "DNS:192.0.2.10")).of("high"),
    Case::finds("KP-X5013", |bed| resign(bed, "DNS:cp1", "DNS:cp1.")).of("high"),
    Case::finds("KP-X5013", |bed| resign(bed, "DNS:cp1", "DNS:c_p1")).of("low"),
    Case::finds("KP-X5013", |bed| sign(bed, SERVER, CA, "/CN=192.0.2.10", EXTENSIONS)).of("high"),
    // Go refuses to read it.
    Case::finds("KP-X5013", |bed| {
        forge(bed, SERVER, CA, |server| server.extension(17, false, &tlv(0x30, &tlv(0x87, &[1, 2, 3]))));
    })
    .of("high"),
    Case::passes("KP-X5013", |bed| resign(bed, "DNS:cp1", "DNS:*.Example.com,DNS:192.0.2.10,IP:192.0.2.10")),
    Case::finds("KP-X5014", |bed| resign(bed, "DNS:cp1", "DNS:cp1,DNS:CP1")).of("low"),
    Case::finds("KP-X5014", |bed| resign(bed, "DNS:cp1", "DNS:a*.example.com")).of("low"),
    Case::passes("KP-X5014", |bed| resign(bed, "DNS:cp1", "DNS:*.example.com,DNS:example.com")),
    Case::finds("KP-X5015", |bed| resign(bed, "subjectAltName", "1.2.3.4=critical,DER:0500\nsubjectAltName"))
        .of("high"),
    Case::finds("KP-X5015", |bed| {
        forge(bed, SERVER, CA, |server| server.extensions.push(server.extensions[0].clone()));
    })
    .of("high"),
    Case::finds("KP-X5015", |bed| {
        forge(bed, SERVER, CA, |server| server.extension(14, true, &tlv(0x04, &[7; 20])));
    })
    .of("high"),
    Case::passes("KP-X5015", |bed| resign(bed, "subjectAltName", "1.2.3.4=DER:0500\nsubjectAltName")),
    Case::finds("KP-X5016", |bed| resign(bed, "CA:FALSE", "CA:FALSE,pathlen:1")).of("medium"),
    Case::finds("KP-X5016", |bed| forge(bed, SERVER, CA, |server| server.version = tlv(0xa0, &[2, 1, 1])))
        .of("medium"),
    Case::finds("KP-X5016", |bed| {
        forge(bed, CA, CA, |ca| ca.extension(19, true, &tlv(0x30, &[1, 1, 0xff, 2, 1, 0xff])));
    })
    .of("medium"),
    Case::passes("KP-X5016", |_| {}),
    Case::finds("KP-X5017", |bed| intermediate(bed, "pathlen:0", "")).of("critical"),
    Case::passes("KP-X5017", |bed| intermediate(bed, "pathlen:1", "")),
    Case::finds("KP-X5018", |bed| constrained(bed, "critical,permitted;DNS:example.com")).of("high"),
    // Further above.
    Case::finds("KP-X5018", |bed| {
        intermediate(bed, "pathlen:1", "nameConstraints=critical,excluded;DNS:cp1\n");
    })
    .of("high"),
    Case::finds("KP-X5018", |bed| constrained(bed, "excluded;DNS:x.y")).of("medium"),
    Case::finds("KP-X5018", |bed| forge(bed, CA, CA, |ca| ca.extension(30, true, &[0x30, 0x00]))).of("high"),
    Case::passes("KP-X5018", |bed| constrained(bed, "critical,permitted;DNS:cp1,excluded;DNS:example.com")),
    Case::finds("KP-X5019", |bed| {
        forge(bed, SERVER, CA, |server| {
            // cA is written as 0x01.
            server.extension(19, true, &tlv(0x30, &[1, 1, 1]));
            server.extensions.retain(|extension| !extension.ends_with(&[1, 1, 0xff]));
        });
    })
    .of("high"),
    Case::finds("KP-X5019", |bed| {
        forge(bed, SERVER, CA, |server| server.extension(19, true, &tlv(0x30, &[1, 1, 0])));
    })
    .of("low"),
    Case::finds("KP-X5019", |bed| {
        let sha384 = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
        forge(bed, SERVER, CA, |server| server.inner_algorithm = sha384.to_vec());
    })
    .of("high"),
    Case::passes("KP-X5019", |_| {}),
    Case::finds("KP-X5020", |bed| {
        bed.copy("out/pki/apiserver.crt", "out/pki/extra.crt");
        // UTF8String where the CA has PrintableString.
        forge(bed, "out/pki/extra", CA, |extra| extra.issuer = name(3, 0x0c, b"kubernetes"));
    })
    .of("low"),
    Case::passes("KP-X5020", |bed| bed.copy("out/pki/apiserver.crt", "out/pki/extra.crt")),
    Case::finds("KP-X5021", |bed| {
        forge(bed, SERVER, CA, |server| server.subject = name(3, 0x14, b"kube-apiserver"));
    })
    .of("low"),
    Case::finds("KP-X5021", |bed| {
        forge(bed, SERVER, CA, |server| server.subject = name(10, 0x0c, &[b'x'; 65]));
    })
    .of("low"),
    Case::finds("KP-X5021", |bed| forge(bed, SERVER, CA, |server| server.subject = name(3, 0x13, b"a_b")))
        .of("high"),
    Case::passes("KP-X5021", |_| {}),
    Case::finds("KP-X5022", |bed| damage(bed, "out/pki/apiserver.crt")).of("critical"),
    Case::finds("KP-X5022", |bed| {
        bed.copy("out/pki/apiserver.crt", "out/pki/extra.crt");
        damage(bed, "out/pki/extra.crt");
    })
    .of("high"),
    Case::passes("KP-X5022", |_| {}),
    // Another CA of the name signed it, as it says.
    Case::passes("KP-X5022", |bed| {
        let key = &bed.key("out/pki/front-proxy-ca.key").public_key().identifier();
        bed.copy("out/pki/apiserver.crt", "out/pki/extra.crt");
        forge(bed, "out/pki/extra", "out/pki/front-proxy-ca", |extra| {
            extra.extension(35, false, &tlv(0x30, &tlv(0x80, key)));
        });
    }),
    Case::finds("KP-X5023", |_| {}).of("info"),
    Case::passes("KP-X5023", |bed| {
        for name in ["ca", "front-proxy-ca", "etcd/ca"] {
            let name = format!("out/pki/{name}");
            forge(bed, &name, &name, |ca| ca.without(17));
        }
    }),
    Case::finds("KP-X5024", |bed| {
        sign_itself(bed);
        fs::remove_file(bed.path("out/pki/ca.crt")).unwrap();
    })
    .of("medium"),
    Case::finds("KP-X5024", |bed| {
        kubelet(bed, true, 365, 10);
        let make = ["req", "-x509", "-new", "-key", "out/pki/apiserver.key", "-subj", "/CN=cp1"];
        bed.peer("openssl", &[&make[..], &["-out", "kubelet/pki/own.crt"]].concat()).success();
        bed.write(
            "kubelet/config.yaml",
            "kind: KubeletConfiguration\ntlsCertFile: /var/lib/kubelet/pki/own.crt\n",
        );
    })
    .with(KUBELET)
    .of("medium"),
    // Of this, KP-TR001 tells.
    Case::passes("KP-X5024", sign_itself),
    Case::passes("KP-X5024", |_| {}).with(BARE),
];

/// The CA's certificate is made anew for its key and identifier, with these extensions.
fn ca(bed: &Testbed, extensions: &str) {
    let identifier =
        if extensions.contains("subjectKeyIdentifier") { "" } else { "subjectKeyIdentifier=hash\n" };
    bed.write("ca.cnf", format!("[req]\ndistinguished_name=dn\n[dn]\n[ca]\n{extensions}{identifier}"));
    let make = ["req", "-x509", "-new", "-days", "3650", "-config", "ca.cnf", "-extensions", "ca"];
    let of = ["-key", "out/pki/ca.key", "-subj", "/CN=kubernetes", "-out", "out/pki/ca.crt"];
    bed.peer("openssl", &[&make[..], &of].concat()).success();
}

/// The CA has these name constraints, and has signed the API server's certificate.
fn constrained(bed: &Testbed, constraints: &str) {
    ca(bed, &format!("basicConstraints=critical,CA:TRUE\nnameConstraints={constraints}\n"));
    sign(bed, SERVER, CA, SUBJECT, EXTENSIONS);
}

/// The API server's certificate with another extension in place of one.
fn resign(bed: &Testbed, instead_of: &str, extension: &str) {
    assert!(EXTENSIONS.contains(instead_of));
    sign(bed, SERVER, CA, SUBJECT, &EXTENSIONS.replace(instead_of, extension));
}

fn serial(bed: &Testbed, octets: &[u8]) {
    forge(bed, SERVER, CA, |server| server.serial = tlv(0x02, octets));
}

/// A second CA of the same name, with a key of its own.
fn another_ca(bed: &Testbed, change: fn(&mut super::forge::Parts)) {
    let key = bed.key("out/pki/front-proxy-ca.key");
    bed.copy("out/pki/ca.crt", "out/pki/other-ca.crt");
    forge(bed, "out/pki/other-ca", "out/pki/front-proxy-ca", |other| {
        other.public_key = key.public_key().as_der().to_vec();
        other.extension(14, false, &tlv(0x04, &key.public_key().identifier()));
        change(other);
    });
}

/// The cluster's CA becomes one below a root, which lies beside it.
fn intermediate(bed: &Testbed, length: &str, more: &str) {
    let make = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "root.key"];
    bed.peer("openssl", &make).success();
    let extensions =
        format!("basicConstraints=critical,CA:TRUE,{length}\nkeyUsage=critical,keyCertSign\n{more}");
    bed.write("root.cnf", format!("[req]\ndistinguished_name=dn\n[dn]\n[ca]\n{extensions}"));
    let make = ["req", "-x509", "-new", "-days", "7300", "-config", "root.cnf", "-extensions", "ca"];
    let of = ["-key", "root.key", "-subj", "/CN=root", "-out", "root.crt"];
    bed.peer("openssl", &[&make[..], &of].concat()).success();
    let of_ca =
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n";
    sign_with(bed, "out/pki/ca", "root", "/CN=kubernetes", of_ca, &["-days", "3650"]);
    bed.copy("root.crt", "out/pki/root.crt");
    bed.run(&["renew", "--all", "-f", "cluster.yaml", "-d", "out"]).anyhow();
}

/// Changes one bit of a signature.
fn damage(bed: &Testbed, path: &str) {
    let mut der = bytes(bed, path);
    *der.last_mut().unwrap() ^= 1;
    write(bed, path, &der);
}

fn sign_itself(bed: &Testbed) {
    let make = ["req", "-x509", "-new", "-key", "out/pki/apiserver.key", "-subj", SUBJECT];
    let basic = ["-addext", "basicConstraints=critical,CA:FALSE", "-out", "out/pki/apiserver.crt"];
    bed.peer("openssl", &[&make[..], &basic].concat()).success();
}
