//! CAs that were made by others are used as they are: their names copied byte for byte, their files left alone.

use std::fs;

use crate::testbed::{SINGLE, Testbed};

/// Makes a CA with openssl: `key` is what genpkey is told, `extra` is more arguments for `req`.
fn make_ca(bed: &Testbed, name: &str, key: &[&str], subject: &str, extra: &[&str]) {
    fs::create_dir_all(bed.path(name).parent().unwrap()).unwrap();
    let (key_file, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    bed.peer("openssl", &[&["genpkey", "-out", &key_file], key].concat()).success();
    let request = ["req", "-x509", "-new", "-days", "3650", "-utf8", "-key", &key_file, "-out", &certificate];
    let usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-subj", subject];
    bed.peer("openssl", &[&request[..], &usage, extra].concat()).success();
}

const EC: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

#[track_caller]
fn verify(bed: &Testbed, ca: &str, certificate: &str) {
    bed.peer("openssl", &["verify", "-x509_strict", "-CAfile", ca, certificate]).success();
}

/// rcgen keeps one value for each attribute, and cannot read a set of several: names are never its own here.
#[test]
fn every_subject_is_copied_byte_for_byte() {
    for (what, subject, extra) in [
        ("several organizations", "/O=a/O=b/CN=ca", &[][..]),
        ("a set of several values", "/O=a+O=b+OU=c/CN=ca", &["-multivalue-rdn"]),
        ("an unusual order and types", "/CN=ca/C=DE/emailAddress=a@example.com/O=Bürgeramt", &[]),
        ("many attributes", "/C=DE/ST=x/L=y/O=z/OU=one/OU=two/CN=ca", &[]),
        ("a name that says little", "/O=only", &[]),
    ] {
        let bed = Testbed::with(SINGLE);
        make_ca(&bed, "out/pki/ca", &EC, subject, extra);
        let before = fs::read(bed.path("out/pki/ca.crt")).unwrap();
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
        assert_eq!(fs::read(bed.path("out/pki/ca.crt")).unwrap(), before, "{what}");
        let ca = bed.certificate("out/pki/ca.crt");
        let leaf = bed.certificate("out/pki/apiserver.crt");
        assert_eq!(leaf.issuer.as_der(), ca.subject.as_der(), "{what}");
        verify(&bed, "out/pki/ca.crt", "out/pki/apiserver.crt");
        bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    }
}

#[test]
fn every_kind_of_key_signs_and_the_hash_follows_it() {
    for (key, algorithm) in [
        (&EC[..], "ecdsa-with-SHA256"),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "ecdsa-with-SHA384"),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], "ecdsa-with-SHA512"),
        (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "sha256WithRSAEncryption"),
        (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"], "sha256WithRSAEncryption"),
    ] {
        let bed = Testbed::with(SINGLE);
        make_ca(&bed, "out/pki/ca", key, "/CN=own", &[]);
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
        let leaf = bed.certificate("out/pki/apiserver.crt");
        assert_eq!(leaf.signature_algorithm.to_string(), algorithm);
        assert_eq!(leaf.public_key.to_string(), "ECDSA-P256", "the leaf's key is the spec's");
        verify(&bed, "out/pki/ca.crt", "out/pki/apiserver.crt");
        bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    }
}

/// PKCS#8, PKCS#1, SEC 1 with its parameters before it: the key is read in each form, and never written back.
#[test]
fn keys_are_read_in_every_form_and_left_in_theirs() {
    for (what, key, convert) in [
        ("PKCS#8", &EC[..], &["pkcs8", "-topk8", "-nocrypt"][..]),
        ("SEC 1", &EC, &["ec"]),
        ("PKCS#1", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], &["rsa", "-traditional"]),
    ] {
        let bed = Testbed::with(SINGLE);
        make_ca(&bed, "out/pki/ca", key, "/CN=own", &[]);
        bed.peer("openssl", &[convert, &["-in", "out/pki/ca.key", "-out", "converted"]].concat()).success();
        let text = match what {
            "SEC 1" => {
                bed.peer("openssl", &["ecparam", "-name", "prime256v1", "-out", "parameters"]).success();
                bed.read("parameters") + &bed.read("converted")
            }
            _ => format!("a remark\n{}", bed.read("converted")),
        };
        bed.write("out/pki/ca.key", &text);
        bed.set_mode("out/pki/ca.key", 0o600);
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
        assert_eq!(bed.read("out/pki/ca.key"), text, "{what}");
        verify(&bed, "out/pki/ca.crt", "out/pki/apiserver.crt");
    }
}

/// An intermediate with its root behind it, text before the first block, and a key identifier by SHA-1.
#[test]
fn an_intermediate_with_its_chain_in_the_file_signs() {
    let bed = Testbed::with(&format!("{SINGLE}authority: {{mode: intermediate}}\n"));
    make_ca(&bed, "root", &EC, "/O=Example/CN=root", &[]);
    fs::create_dir_all(bed.path("out/pki/etcd")).unwrap();
    for name in ["ca", "front-proxy-ca", "etcd/ca"] {
        let (key, request, file) = (format!("out/pki/{name}.key"), "request", format!("out/pki/{name}.crt"));
        bed.peer("openssl", &[&["genpkey", "-out", &key], &EC[..]].concat()).success();
        bed.set_mode(&key, 0o600);
        let subject = format!("/O=Example/CN=intermediate {}", name.replace('/', " "));
        bed.peer("openssl", &["req", "-new", "-key", &key, "-subj", &subject, "-out", request]).success();
        bed.write("extensions", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n");
        let sign = ["x509", "-req", "-in", request, "-CA", "root.crt", "-CAkey", "root.key", "-days", "1000"];
        bed.peer("openssl", &[&sign[..], &["-extfile", "extensions", "-text", "-out", &file]].concat())
            .success();
        // Behind the CAs of all, the root would let in the clients of each.
        let root = if name == "ca" { bed.read("root.crt") } else { String::new() };
        let chain = format!("subject: {subject}\n\n{}{root}", bed.read(&file));
        bed.write(&file, chain);
    }
    let before = bed.read("out/pki/ca.crt");
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success().out("13 created, 3 kept");
    assert_eq!(bed.read("out/pki/ca.crt"), before);

    let ca = bed.certificate("out/pki/ca.crt");
    let leaf = bed.certificate("out/pki/apiserver.crt");
    assert_eq!(leaf.authority_key_identifier, ca.subject_key_identifier, "copied, not computed");
    assert_ne!(ca.subject_key_identifier, Some(ca.public_key.identifier()), "openssl's is SHA-1");
    assert_eq!(leaf.not_after, leaf.not_after.min(ca.not_after));
    let untrusted = ["verify", "-x509_strict", "-CAfile", "root.crt", "-untrusted", "out/pki/ca.crt"];
    bed.peer("openssl", &[&untrusted[..], &["out/pki/apiserver.crt"]].concat()).success();
    // kubeadm puts the first certificate of the file into kubeconfigs, and only that.
    let kubeconfig = bed.kubeconfig("out/admin.conf");
    assert_eq!(kubeconfig.authority.embedded().unwrap().len(), 1);
    assert_eq!(kubeconfig.authority.embedded().unwrap()[0], ca);
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
}

/// Where the spec says that CAs are given, none is made.
#[test]
fn a_given_ca_that_is_not_there_is_waited_for() {
    for mode in ["intermediate", "external"] {
        let bed = Testbed::with(&format!("{SINGLE}authority: {{mode: {mode}}}\n"));
        let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).attention();
        let ran = ran.out("! by hand ca ").out("the spec's authority.mode says that it is given");
        if mode == "external" {
            ran.out("? request apiserver ").out("`kubepki request` makes the requests");
        } else {
            ran.out("! by hand apiserver ").out("mend `ca` first: it signs this");
        }
        assert!(bed.path("out/pki/sa.key").exists(), "what needs no CA is made");
        assert!(!bed.path("out/pki/ca.crt").exists() && !bed.path("out/pki/apiserver.crt").exists());
    }
}

#[test]
fn a_ca_that_cannot_sign_is_said_to_be_so() {
    let bed = Testbed::with(SINGLE);
    make_ca(&bed, "out/pki/ca", &EC, "/CN=own", &[]);
    bed.peer("openssl", &["pkcs8", "-topk8", "-passout", "pass:x", "-in", "out/pki/ca.key", "-out", "enc"])
        .success();
    bed.write("out/pki/ca.key", bed.read("enc"));
    bed.set_mode("out/pki/ca.key", 0o600);
    let ran = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.out("+ create  apiserver ").not_out("ca.key");

    let bed = Testbed::with(SINGLE);
    make_ca(&bed, "out/pki/ca", &["-algorithm", "ED25519"], "/CN=own", &[]);
    bed.set_mode("out/pki/ca.key", 0o600);
    let ran = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.out("its key is Ed25519, which kubeadm and kubepki do not load");

    let bed = Testbed::with(SINGLE);
    make_ca(&bed, "out/pki/ca", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], "/CN=own", &[]);
    bed.set_mode("out/pki/ca.key", 0o600);
    let ran = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.out("its RSA key has 1024 bits, less than 2048");
}

/// A CA that will end soon still signs; a person must know.
#[test]
fn an_ending_ca_is_reported_and_still_signs() {
    let bed = Testbed::with(SINGLE);
    fs::create_dir_all(bed.path("out/pki")).unwrap();
    bed.peer("openssl", &[&["genpkey", "-out", "out/pki/ca.key"], &EC[..]].concat()).success();
    bed.set_mode("out/pki/ca.key", 0o600);
    let request = ["req", "-x509", "-new", "-days", "10", "-key", "out/pki/ca.key", "-subj", "/CN=own"];
    bed.peer("openssl", &[&request[..], &["-out", "out/pki/ca.crt"]].concat()).success();
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).attention();
    let soon = time::OffsetDateTime::now_utc() + time::Duration::days(8);
    let soon = kubepki::moment::rfc3339(soon);
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--at", &soon]).attention();
    ran.out("! by hand ca ").out("plan for its successor").out("15 created, 1 by hand");
    // What else is wrong with the CA is mended all the same.
    bed.set_mode("out/pki/ca.key", 0o644);
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--at", &soon]).attention();
    assert_eq!(bed.mode("out/pki/ca.key"), 0o600);
    assert_eq!(
        bed.certificate("out/pki/apiserver.crt").not_after,
        bed.certificate("out/pki/ca.crt").not_after
    );
}
