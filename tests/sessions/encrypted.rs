//! CA keys under a passphrase: what openssl writes is read and the other way round; who signs is asked, and nobody else.

use std::fs;

use crate::testbed::{FLEET, Run, SINGLE, Testbed};

const KEYS: [&str; 3] = ["out/pki/ca.key", "out/pki/etcd/ca.key", "out/pki/front-proxy-ca.key"];
const SPEC: [&str; 4] = ["-f", "cluster.yaml", "-d", "out"];

/// A cluster whose CAs are under the passphrase in `pass`.
fn sealed() -> Testbed {
    let bed = Testbed::applied(SINGLE);
    bed.write("pass", "an open secret\n");
    bed.run(&["ca", "encrypt", "-d", "out", "--passphrase-file", "pass"]).success();
    bed
}

fn with<'a>(verb: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [verb, &SPEC, more].concat()
}

#[test]
fn keys_are_encrypted_in_place_and_back() {
    let bed = Testbed::applied(SINGLE);
    bed.write("pass", "an open secret\n");
    let before = KEYS.map(|key| bed.read(key));
    let ran = bed.run(&["ca", "encrypt", "-d", "out", "--passphrase-file", "pass"]).success();
    assert_eq!(ran.stdout.lines().count(), 3, "sa.key is no CA's, server.key neither: {}", ran.stdout);
    for key in KEYS {
        assert!(bed.read(key).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{key}");
        assert_eq!(bed.mode(key), 0o600);
        let plain = ["pkey", "-in", key, "-passin", "file:pass", "-pubout"];
        let public = bed.peer("openssl", &plain).success().stdout;
        let certificate = key.replace(".key", ".crt");
        bed.peer("openssl", &["x509", "-in", &certificate, "-noout", "-pubkey"]).success().out(&public);
    }
    bed.run(&["inspect", KEYS[0]])
        .success()
        .out("private key, encrypted")
        .out("PBKDF2-HMAC-SHA256 with 600000");
    let again = bed.snapshot("out");
    bed.run(&["ca", "encrypt", KEYS[0]]).success().out("is encrypted already");
    assert_eq!(bed.snapshot("out"), again);

    let wrong = bed.run(&["ca", "decrypt", KEYS[0], KEYS[1], "--passphrase-file", "cluster.yaml"]).failure();
    wrong.err("out/pki/ca.key: the passphrase is wrong");
    assert_eq!(bed.snapshot("out"), again);
    bed.run(&[&["ca", "decrypt"], &KEYS[..], &["--passphrase-file", "pass"]].concat()).success();
    assert_eq!(KEYS.map(|key| bed.read(key)), before, "byte for byte");
    assert_eq!(bed.mode(KEYS[0]), 0o600);
}

/// Everything that OpenSSL 3.0 writes with PBES2; what is weaker is told with how to convert it.
#[test]
fn what_openssl_writes_is_read() {
    let bed = Testbed::applied(SINGLE);
    let rsa = bed.path("rsa.key").display().to_string();
    bed.peer("openssl", &["genrsa", "-out", &rsa, "2048"]).success();
    bed.write("pass", "an open secret");
    for (options, said) in [
        ("", "PBKDF2-HMAC-SHA256 with 2048 rounds, AES-256-CBC"),
        ("-v2 aes-128-cbc -iter 600000", "with 600000 rounds, AES-128-CBC"),
        ("-v2 aes-192-cbc -v2prf hmacWithSHA512", "PBKDF2-HMAC-SHA512 with 2048 rounds, AES-192-CBC"),
        ("-v2 aes-256-cbc -v2prf hmacWithSHA1", "PBKDF2-HMAC-SHA1"),
        ("-v2 des3", "DES-EDE3-CBC"),
        ("-scrypt", "scrypt with N=16384, AES-256-CBC"),
    ] {
        for key in ["out/pki/ca.key", "rsa.key"] {
            bed.shell(&format!("openssl pkcs8 -topk8 -in {key} -out e.key -passout file:pass {options}"))
                .success();
            bed.run(&["inspect", "e.key"]).success().out(said);
            bed.run(&["ca", "decrypt", "e.key", "--passphrase-file", "pass"]).success();
            let public = |key: &str| bed.peer("openssl", &["pkey", "-in", key, "-pubout"]).success().stdout;
            assert_eq!(public("e.key"), public(key), "{options}");
        }
    }
    for (make, said) in [
        ("pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout file:pass", "is encrypted by PBES1"),
        ("rsa -aes128 -traditional -passout file:pass", "is encrypted in OpenSSL's traditional form"),
    ] {
        bed.shell(&format!("openssl {make} -in rsa.key -out old.key")).success();
        let ran = bed.run(&["ca", "decrypt", "old.key", "--passphrase-file", "pass"]).failure();
        ran.err(said).err("`openssl pkcs8 -topk8 -in KEY -out NEW`");
    }
}

#[test]
fn who_signs_is_asked_and_nobody_else() {
    let bed = sealed();
    let still = bed.snapshot("out");
    // Judging needs no key, and neither does a run that has nothing to do.
    bed.run(&with(&["plan", "--exit-code"], &[])).success();
    bed.run(&with(&["apply"], &[])).success();
    bed.run(&["audit", "-d", "out"]).success().not_out("KP-ST002").not_out("KP-FS014");
    bed.run(&with(&["renew", "--dry-run", "apiserver"], &[])).success();
    bed.run(&["expiry", "-d", "out"]).success().out("no ");
    assert_eq!(bed.snapshot("out"), still);

    let ran = bed.run(&with(&["renew", "apiserver"], &[])).failure();
    ran.err("ca.key is encrypted, and there is no passphrase").err("KUBEPKI_PASSPHRASE");
    let mut wrong = bed.command(&with(&["renew", "apiserver"], &[]));
    Run::of(wrong.env("KUBEPKI_PASSPHRASE", "x"), "renew").failure().err("ca.key: the passphrase is wrong");
    assert_eq!(bed.snapshot("out"), still);

    // Each way to give it.
    bed.run(&with(&["renew", "apiserver"], &["--passphrase-file", "pass"])).success();
    bed.shell("kubepki renew etcd-server -f cluster.yaml -d out --passphrase-fd 3 3<pass").success();
    bed.shell("cat pass | kubepki renew --all -f cluster.yaml -d out --passphrase-fd 0").success();
    let mut right = bed.command(&with(&["renew", "front-proxy-client", "admin.conf"], &[]));
    Run::of(right.env("KUBEPKI_PASSPHRASE", "an open secret"), "renew").success();
    fs::remove_file(bed.path("out/pki/apiserver.crt")).unwrap();
    bed.run(&with(&["apply"], &[])).failure();
    bed.run(&with(&["apply", "--yes"], &["--passphrase-file", "pass"])).success();
    bed.run(&with(&["plan", "--exit-code"], &[])).success();
    let chain = ["verify", "-CAfile", "out/pki/ca.crt", "out/pki/apiserver.crt"];
    bed.peer("openssl", &chain).success();
    for key in KEYS {
        assert!(bed.read(key).contains("ENCRYPTED"), "{key} stays encrypted");
    }
    for path in bed.snapshot("out").keys() {
        let text = fs::read(bed.path("out").join(path)).unwrap_or_default();
        assert!(!text.windows(6).any(|window| window == b"secret"), "{path:?}");
    }
}

/// On a terminal the passphrase is asked for, and does not show.
#[test]
fn a_terminal_is_asked() {
    let bed = sealed();
    let ran = bed.shell(
        "(sleep 1; printf 'an open secret\\n'; sleep 3) | \
         script -qec 'kubepki renew apiserver -f cluster.yaml -d out' /dev/null",
    );
    ran.success().out("Passphrase of out/pki/ca.key:").out("rekey").not_out("an open secret");
    bed.run(&["ca", "decrypt", "-d", "out", "--passphrase-file", "pass"]).success();
    let ran = bed.shell(
        "(sleep 1; printf 'one\\n'; sleep 1; printf 'other\\n'; sleep 1) | \
         script -qec 'kubepki ca encrypt -d out' /dev/null",
    );
    ran.code(2).out("the two passphrases differ");
    assert!(!bed.read(KEYS[0]).contains("ENCRYPTED"));
}

#[test]
fn a_key_that_is_another_cas_signs_nothing() {
    let bed = sealed();
    bed.copy(KEYS[1], KEYS[0]);
    let still = bed.snapshot("out");
    let ran = bed.run(&with(&["renew", "apiserver"], &["--passphrase-file", "pass"])).failure();
    ran.err("out/pki/ca.key does not belong to pki/ca.crt");
    assert_eq!(bed.snapshot("out"), still);
}

/// The CAs of a fleet have passphrases of their own; the nodes' copies follow the authority.
#[test]
fn a_fleet_signs_with_encrypted_cas() {
    let bed = Testbed::applied(FLEET);
    bed.write("pass", "an open secret");
    let keys = ["ca.key", "etcd/ca.key", "front-proxy-ca.key"].map(|key| format!("out/authority/{key}"));
    let ran =
        bed.run(&["ca", "encrypt", &keys[0], &keys[1], &keys[2], "--passphrase-file", "pass"]).success();
    ran.err("copies in backups and on nodes, are not encrypted by this");
    bed.run(&with(&["apply", "--yes"], &[])).success().out("copied");
    assert_eq!(bed.read("out/nodes/cp1/etc/kubernetes/pki/ca.key"), bed.read(&keys[0]));
    bed.run(&with(&["renew", "--all"], &["--passphrase-file", "pass"])).success();
    bed.run(&with(&["plan", "--exit-code"], &[])).success();
    bed.assert_pairs_match("out/nodes/worker1");
}

#[test]
fn what_is_no_key_of_its_own_is_left_alone() {
    let bed = Testbed::applied(SINGLE);
    bed.write("pass", "x");
    let mixed = bed.read("out/pki/ca.crt") + &bed.read("out/pki/ca.key");
    bed.write("mixed.key", &mixed);
    let encrypt = |more: &[&str]| bed.run(&[&["ca", "encrypt", "--passphrase-file", "pass"], more].concat());
    encrypt(&["out/pki/ca.key", "mixed.key"]).failure().err("mixed.key holds more than one private key");
    encrypt(&["out/pki/ca.crt"]).failure().err("ca.crt holds more than one private key");
    encrypt(&["nothing.key"]).failure().err("nothing.key is missing");
    encrypt(&["-d", "out/nothing"]).failure().err("no CA's key is below it");
    assert!(!bed.read("out/pki/ca.key").contains("ENCRYPTED"), "all or none");
    bed.write("pass", "\n");
    encrypt(&["out/pki/ca.key"]).failure().err("the passphrase is empty");
    // What openssl writes before an EC key goes; what a symlink leads to is encrypted, and the symlink stays.
    bed.shell("openssl ecparam -name prime256v1 -genkey -out ec.key && ln -s ec.key link.key").success();
    bed.write("pass", "x");
    encrypt(&["link.key"]).success();
    assert!(fs::symlink_metadata(bed.path("link.key")).unwrap().is_symlink());
    bed.shell("openssl pkey -in ec.key -passin pass:x -noout").success();
}
