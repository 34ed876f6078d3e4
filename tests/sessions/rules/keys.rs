use std::fs;

use kubepki::x509::pem;

use crate::testbed::Testbed;

use super::forge::{forge, hex, rsa};
use super::{Case, fleet, respec, sign, sign_with};

const AT_2030: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--at", "2030-01-01"];
const BARE: &[&str] = &["-d", "out"];
const FLAT: &[&str] = &["-d", "flat"];
const IN_1_38: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--target-kubernetes", "1.38"];

const CA: &str = "out/pki/ca";
pub const SERVER: &str = "out/pki/apiserver";
pub const EXTENSIONS: &str = "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
subjectAltName=DNS:cp1
authorityKeyIdentifier=keyid
";

/// The content of `rsaEncryption` without its NULL, of id-dsa, and of ML-DSA-44.
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const DSA: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01, 0x30, 0x00];
const ML_DSA: &[u8] = &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11];
/// Nobody's: 1.2.3.4.
const UNKNOWN: &[u8] = &[0x06, 0x03, 0x2a, 0x03, 0x04];

/// Two primes of the form k·M + (65537^a mod M), made for this test.
const ROCA: &str = "4d0deab7a31be86ed73951dd132a8d31c72bce5e26e5f1d7c9d28a0d126011f6ee3bd7ceec184a77b85ae1d60dd6d93bfcecbcd2\
                    f05a9a1d54bd649985d586c1";
/// A prime of 256 bits and the next one.
const CLOSE: &str = "f1c2898ba8c380476c446bf1caca4c43cfb11760903296f0cfb0ba3f6636c96eb6483b154d0a92550eee96039174258df1f5a2d1\
                     a2c787a6afdfdd36980dded9";
/// Two primes that were chosen apart.
const SOUND: &str = "a2c4849baf124db70b191683698e6804229041db721194c9dbad0bfc91cbe21ad65f7ba8a90cf56f9f1dec3875947f2338dd972e\
                     a6b0d789e5d843e24ffb3bdf";
const USUAL: &[u8] = &[1, 0, 1];

pub const CASES: &[Case] = &[
    Case::finds("KP-KY001", |bed| with_key(bed, &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"])).of("high"),
    Case::finds("KP-KY001", |bed| with_modulus(bed, &hex(SOUND), USUAL)).of("critical"),
    Case::passes("KP-KY001", |bed| with_modulus(bed, &[0xff; 256], USUAL)),
    Case::finds("KP-KY002", |bed| {
        sign_with(bed, SERVER, CA, "/CN=kube-apiserver", EXTENSIONS, &["-days", "365", "-sha1"]);
    })
    .of("critical"),
    Case::passes("KP-KY002", |_| {}),
    Case::passes("KP-KY002", |bed| remake_ca(bed, &["-sha1"])),
    Case::finds("KP-KY003", |bed| remake_ca(bed, &["-sha1"])).of("low"),
    Case::passes("KP-KY003", |_| {}),
    Case::finds("KP-KY004", |bed| with_modulus(bed, &[0xff; 1025], USUAL)).of("medium"),
    Case::passes("KP-KY004", |bed| with_modulus(bed, &[0xff; 1024], USUAL)),
    Case::finds("KP-KY005", |bed| with_modulus(bed, &hex(ROCA), USUAL)).of("critical"),
    Case::finds("KP-KY005", |bed| with_modulus(bed, &hex(CLOSE), USUAL)).of("critical"),
    Case::finds("KP-KY005", |bed| with_modulus(bed, &hex(SOUND), &[1])).of("critical"),
    Case::finds("KP-KY005", |bed| with_modulus(bed, &hex(SOUND), &[1, 0, 0, 0, 1])).of("high"),
    Case::finds("KP-KY005", |bed| with_modulus(bed, &hex(SOUND), &[3])).of("low"),
    Case::passes("KP-KY005", |bed| with_modulus(bed, &hex(SOUND), USUAL)),
    Case::finds("KP-KY006", |bed| with_key(bed, &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp224r1"])),
    Case::finds("KP-KY006", |bed| {
        let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        with_key(bed, &[&curve[..], &["-pkeyopt", "ec_param_enc:explicit"]].concat());
    }),
    Case::finds("KP-KY006", |bed| forge(bed, SERVER, CA, |server| server.key(DSA, &[0x02, 0x01, 0x05]))),
    Case::passes("KP-KY006", |_| {}),
    Case::finds("KP-KY007", |bed| with_key(bed, &["-algorithm", "ED25519"])).of("medium"),
    Case::finds("KP-KY007", |bed| forge(bed, SERVER, CA, |server| server.key(ML_DSA, &[0; 32]))).of("high"),
    Case::finds("KP-KY007", |bed| forge(bed, SERVER, CA, |server| server.key(ML_DSA, &[0; 32])))
        .with(BARE)
        .of("medium"),
    Case::passes("KP-KY007", |bed| forge(bed, SERVER, CA, |server| server.key(ML_DSA, &[0; 32]))).with(IN_1_38),
    Case::finds("KP-KY007", |bed| forge(bed, SERVER, CA, |server| server.key(UNKNOWN, &[0; 32]))).of("high"),
    Case::finds("KP-KY007", |bed| {
        sign_with(bed, SERVER, CA, "/CN=kube-apiserver", EXTENSIONS, &["-days", "365", "-sha224"]);
    })
    .of("high"),
    Case::passes("KP-KY007", |_| {}),
    Case::finds("KP-KY008", |bed| {
        bed.copy("out/pki/etcd/server.key", "out/pki/etcd/peer.key");
        sign(bed, "out/pki/etcd/peer", "out/pki/etcd/ca", "/CN=cp1", &EXTENSIONS.replace("serverAuth", "serverAuth,clientAuth"));
    })
    .of("critical"),
    Case::finds("KP-KY008", |bed| {
        let metrics = "{name: metrics, issuer: ca, subject: {commonName: m}, subjectAltNames: [m], usages: [server auth]}";
        respec(bed, &format!("credentials: [{metrics}]\n"));
        bed.write("out/pki/metrics.key", bed.read("out/pki/apiserver.key"));
        bed.set_mode("out/pki/metrics.key", 0o600);
        sign(bed, "out/pki/metrics", CA, "/CN=m", EXTENSIONS);
    })
    .of("high"),
    Case::passes("KP-KY008", |_| {}),
    Case::finds("KP-KY009", |bed| {
        bed.copy("out/pki/ca.key", "out/pki/apiserver.key");
        sign(bed, SERVER, CA, "/CN=kube-apiserver", EXTENSIONS);
    }),
    Case::passes("KP-KY009", |_| {}),
    Case::finds("KP-KY010", kept_key).with(AT_2030),
    Case::passes("KP-KY010", kept_key),
    // Its notBefore is its CA's and tells nothing.
    Case::passes("KP-KY010", |bed| {
        kept_key(bed);
        forge(bed, CA, CA, |ca| ca.aged(3650, 100));
        for name in [SERVER, "out/pki/apiserver.old"] {
            forge(bed, name, CA, |server| server.aged(365, 100));
        }
    })
    .with(AT_2030),
    Case::finds("KP-KY011", |bed| clone(bed, |_| {})),
    Case::passes("KP-KY011", fleet),
    // The same certificate too: the rules that compare nodes tell of it.
    Case::passes("KP-KY011", |bed| {
        clone(bed, |bed| {
            let of = |node| format!("out/nodes/{node}/etc/kubernetes/pki/apiserver.crt");
            bed.copy(&of("cp1"), &of("cp2"));
        });
    }),
    Case::finds("KP-KY012", malformed_key).of("medium"),
    Case::passes("KP-KY012", |_| {}),
    Case::finds("KP-KY013", |_| {}).of("info"),
    Case::passes("KP-KY013", |bed| flat(bed, |_| {})).with(FLAT),
    Case::finds("KP-KY014", |_| {}).of("info"),
    Case::passes("KP-KY014", |bed| flat(bed, |bed| forge(bed, "flat/one", CA, |one| one.key(ML_DSA, &[0; 32])))).with(FLAT),
    Case::finds("KP-KY015", |bed| respec(bed, "encryptionAlgorithm: ECDSA-P384\n")),
    Case::passes("KP-KY015", |_| {}),
    // That it is too short is told of instead.
    Case::passes("KP-KY015", |bed| with_modulus(bed, &hex(SOUND), USUAL)),
    Case::finds("KP-KY016", |bed| {
        bed.peer("openssl", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "flat.key"]).success();
        fs::create_dir_all(bed.path("flat")).unwrap();
        let pss = ["-sigopt", "rsa_padding_mode:pss", "-subj", "/CN=x", "-out", "flat/one.crt"];
        bed.peer("openssl", &[&["req", "-x509", "-new", "-key", "flat.key"][..], &pss].concat()).success();
    })
    .with(FLAT)
    .of("medium"),
    Case::finds("KP-KY016", |bed| {
        forge(bed, SERVER, CA, |server| server.key(RSA, &rsa(&[0xff; 256], USUAL)));
    })
    .of("high"),
    Case::finds("KP-KY016", |bed| {
        let with_null = [0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x05, 0x00];
        forge(bed, SERVER, CA, |server| {
            server.inner_algorithm = with_null.to_vec();
            server.outer_algorithm = with_null.to_vec();
        });
    })
    .of("medium"),
    Case::passes("KP-KY016", |_| {}),
];

/// The API server has a new key, which openssl makes.
pub fn with_key(bed: &Testbed, algorithm: &[&str]) {
    let make = [&["genpkey", "-out", "out/pki/apiserver.key"], algorithm].concat();
    bed.peer("openssl", &make).success();
    sign(bed, SERVER, CA, "/CN=kube-apiserver", EXTENSIONS);
}

/// The API server's certificate has an RSA key of which nobody has the private half.
pub fn with_modulus(bed: &Testbed, modulus: &[u8], exponent: &[u8]) {
    forge(bed, SERVER, CA, |server| server.rsa(modulus, exponent));
}

/// The CA's certificate is made anew for its key.
pub fn remake_ca(bed: &Testbed, more: &[&str]) {
    let make = ["req", "-x509", "-new", "-days", "3650", "-key", "out/pki/ca.key", "-subj", "/CN=kubernetes"];
    bed.peer("openssl", &[&make[..], &["-out", "out/pki/ca.crt"], more].concat()).success();
}

/// The API server's certificate was renewed for its key; the one before is still there.
fn kept_key(bed: &Testbed) {
    bed.copy("out/pki/apiserver.crt", "out/pki/apiserver.old.crt");
    forge(bed, "out/pki/apiserver.old", CA, |old| old.aged(365, 10));
    sign(bed, SERVER, CA, "/CN=kube-apiserver", EXTENSIONS);
}

/// cp2 was cloned from cp1, and its API server's certificate made anew.
fn clone(bed: &Testbed, then: fn(&Testbed)) {
    fleet(bed);
    let of = |node| format!("out/nodes/{node}/etc/kubernetes/pki/apiserver");
    bed.copy(&(of("cp1") + ".key"), &(of("cp2") + ".key"));
    sign(bed, &of("cp2"), "out/authority/ca", "/CN=kube-apiserver", EXTENSIONS);
    then(bed);
}

/// The API server's key is RSA, and the last of its numbers is wrong.
pub fn malformed_key(bed: &Testbed) {
    with_key(bed, &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    let traditional = ["rsa", "-traditional", "-in", "out/pki/apiserver.key", "-out", "traditional"];
    bed.peer("openssl", &traditional).success();
    let mut der = pem::blocks(bed.read("traditional").as_bytes()).unwrap().remove(0).contents.to_vec();
    *der.last_mut().unwrap() ^= 1;
    bed.write("out/pki/apiserver.key", pem::encode("RSA PRIVATE KEY", &der).unwrap());
}

/// One certificate in a directory of nothing else, without key usage.
fn flat(bed: &Testbed, then: fn(&Testbed)) {
    bed.write("flat/one.key", bed.read("out/pki/apiserver.key"));
    sign(bed, "flat/one", CA, "/CN=one", "basicConstraints=critical,CA:FALSE\n");
    fs::remove_file(bed.path("flat/one.key")).unwrap();
    then(bed);
}
