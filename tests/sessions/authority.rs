//! A CA on its own: made, asked to sign, and held to what it may sign, with openssl as peer.

use crate::testbed::Testbed;

/// A root `root`, and under it an intermediate `inter` for example.com only.
fn authorities() -> Testbed {
    let bed = Testbed::new();
    let root = ["ca", "new", "root", "--subject", "CN=Example Root,O=Example", "--path-length", "1"];
    bed.run(&root)
        .success()
        .out("+ root.key")
        .out("+ root.crt: O=Example, CN=Example Root, signed by itself");
    let inter = ["ca", "new", "sub/inter", "--parent", "root.crt", "--subject", "CN=Example Servers"];
    let inter = [&inter[..], &["--path-length", "0", "--permit", "example.com", "--ttl", "8760h"]].concat();
    bed.run(&inter).success().out("signed by O=Example, CN=Example Root");
    bed
}

/// A request `NAME.csr` and its key.
fn ask(bed: &Testbed, name: &str, subject: &str, names: &str, key: &str) {
    let names = if names.is_empty() { String::new() } else { format!("-addext subjectAltName={names}") };
    bed.shell(&format!(
        "openssl req -new -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj '{subject}' {names}"
    ))
    .success();
}

const EC: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

#[test]
fn a_root_and_an_intermediate_serve() {
    let bed = authorities();
    assert_eq!(
        (bed.mode("root.key"), bed.mode("root.crt"), bed.mode("sub/inter.key")),
        (0o600, 0o644, 0o600)
    );
    let text = bed.peer("openssl", &["x509", "-in", "sub/inter.crt", "-noout", "-text"]).success();
    let text = text.out("CA:TRUE, pathlen:0").out("DNS:example.com").out("Certificate Sign, CRL Sign");
    text.out("Name Constraints: critical");

    ask(&bed, "api", "/CN=api", "DNS:api.example.com,IP:192.0.2.10", EC);
    let sign = ["ca", "sign", "api.csr", "--ca", "sub/inter.crt", "--ttl", "24h", "--out", "api.crt"];
    let sign = |more: &[&str]| bed.run(&[&sign[..], more].concat());
    let ran = sign(&["--profile", "server"]).failure();
    ran.err("api.csr: a server needs a name").err("--requested-names takes api.example.com, 192.0.2.10");
    let ran = sign(&["--profile", "server", "--san", "www.example.com"]).success();
    ran.err("asks for the name api.example.com, which it does not get");
    let names =
        |file: &str| bed.certificate(file).subject_alt_names.iter().map(ToString::to_string).collect();
    let names: Vec<String> = names("api.crt");
    assert_eq!(names, ["www.example.com"], "nothing is taken from a request that was not asked for");
    for (profile, purposes) in [
        ("server", ["sslserver"].as_slice()),
        ("client", &["sslclient"]),
        ("peer", &["sslserver", "sslclient"]),
    ] {
        let names: &[&str] = if profile == "client" { &[] } else { &["--requested-names"] };
        sign(&[&["--profile", profile, "--chain"], names].concat()).success();
        for purpose in ["sslserver", "sslclient"] {
            let verify = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", "root.crt"];
            let ran = bed.peer("openssl", &[&verify[..], &["-untrusted", "api.crt", "api.crt"]].concat());
            assert_eq!(ran.anyhow().code == Some(0), purposes.contains(&purpose), "{profile} {purpose}");
        }
        let verify = ["verify", "api.crt", "--ca", "root.crt", "--purpose", "any", "--strict"];
        bed.run(&verify).success();
    }
    // No longer than the CA.
    let long = ["ca", "sign", "api.csr", "--ca", "sub/inter.crt", "--profile", "client", "--ttl", "87600h"];
    let ran = bed.run(&long).success().err("when its CA ends").out("BEGIN CERTIFICATE");
    bed.write("long.crt", &ran.stdout);
    assert_eq!(bed.certificate("long.crt").not_after, bed.certificate("sub/inter.crt").not_after);
}

#[test]
fn what_a_ca_must_not_sign_it_does_not() {
    let bed = authorities();
    ask(&bed, "api", "/CN=api", "", EC);
    ask(&bed, "weak", "/CN=weak", "", "rsa:1024");
    ask(&bed, "nobody", "/", "", EC);
    let sign = |request: &str, ca: &str, more: &[&str]| {
        bed.run(&[&["ca", "sign", request, "--ttl", "24h", "--ca", ca][..], more].concat()).failure()
    };
    let client = ["--profile", "client"];
    // One letter of the subject changed: whoever did it does not have the key.
    let der = ["req", "-in", "api.csr", "-outform", "der", "-out", "forged.csr"];
    bed.peer("openssl", &der).success();
    let mut forged = std::fs::read(bed.path("forged.csr")).unwrap();
    let position = forged.windows(3).position(|bytes| bytes == b"api").unwrap();
    forged[position] = b'b';
    bed.write("forged.csr", forged);
    sign("forged.csr", "sub/inter.crt", &client).err("has not shown to have the key");
    sign("weak.csr", "sub/inter.crt", &client).err("its key is RSA-1024; 2048 bits are the least");
    sign("nobody.csr", "sub/inter.crt", &client).err("it has neither subject nor names");
    let server = ["--profile", "server", "--san", "api.example.org"];
    sign("api.csr", "sub/inter.crt", &server).err("api.csr: the certificate").err("example.org");
    let server = ["--profile", "server", "--san", "10.0.0.300"];
    sign("api.csr", "sub/inter.crt", &server).err("10.0.0.300");
    let under = ["--profile", "intermediate"];
    sign("api.csr", "sub/inter.crt", &under).err("its path length allows no CA below it");
    let under = ["--profile", "intermediate", "--path-length", "1"];
    sign("api.csr", "root.crt", &under).err("its path length is 1, and a CA with 1 is asked for below it");
    sign("api.csr", "api.csr", &client).err("api.csr");
    sign("root.crt", "sub/inter.crt", &client).err("holds no certificate request");
    let other = ["--profile", "client", "--ca-key", "root.key"];
    sign("api.csr", "sub/inter.crt", &other).err("root.key does not belong to sub/inter.crt");
    bed.run(&[
        "ca",
        "sign",
        "api.csr",
        "--ca",
        "sub/inter.crt",
        "--profile",
        "client",
        "--ttl",
        "24h",
        "--out",
        "api.crt",
    ])
    .success();
    bed.copy("api.key", "api.crt.key");
    let leaf = ["--profile", "client", "--ca-key", "api.key"];
    sign("api.csr", "api.crt", &leaf).err("api.crt is not the certificate of a CA");

    // A root whose file is a chain holds what is below to its constraints too.
    let constrained = ["ca", "new", "own", "--subject", "CN=own", "--exclude", "192.0.2.0/24"];
    bed.run(&constrained).success();
    bed.run(&["ca", "new", "below", "--parent", "own.crt", "--subject", "CN=below"]).success();
    bed.write("below.crt", bed.read("below.crt") + &bed.read("own.crt"));
    sign("api.csr", "below.crt", &["--profile", "server", "--san", "192.0.2.1"]).err("192.0.2.1");

    // What is there is never overwritten.
    let before = bed.read("root.key");
    bed.run(&["ca", "new", "root", "--subject", "CN=x"]).failure().err("root.key is there already");
    std::fs::remove_file(bed.path("root.key")).unwrap();
    bed.run(&["ca", "new", "root", "--subject", "CN=x"]).failure().err("root.crt is there already");
    assert!(!bed.path("root.key").exists() && !before.is_empty());
    bed.run(&["ca", "new", "x", "--subject", "CN=x", "--algorithm", "rsa-2048"])
        .failure()
        .err("a key that is made in a token");
    bed.run(&["ca", "new", "x", "--subject", "nobody"]).failure().err("CN=name,O=organization");
}

/// Every certificate is in the ledger beside its CA before it leaves, and nothing leaves that cannot be written there.
#[test]
fn the_ledger_goes_first() {
    let bed = authorities();
    let lines = |file: &str| -> Vec<serde_json::Value> {
        bed.read(file).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    // The root signs itself, and the intermediate.
    let [inter] = &lines(".kubepki/ledger")[..] else { panic!("one entry") };
    assert_eq!((&inter["subject"], &inter["signer"]), (&"CN=Example Servers".into(), &"root".into()));
    assert_eq!(inter["decision"]["message"], "by kubepki ca new");
    ask(&bed, "api", "/CN=api", "DNS:api.example.com", EC);
    let sign = [
        "ca",
        "sign",
        "api.csr",
        "--ca",
        "sub/inter.crt",
        "--profile",
        "server",
        "--requested-names",
        "--ttl",
        "1h",
    ];
    let signed = bed.run(&sign).success().stdout;
    bed.write("api.crt", signed);
    let serial = bed.peer("openssl", &["x509", "-in", "api.crt", "-noout", "-serial"]).success().stdout;
    let [entry] = &lines("sub/.kubepki/ledger")[..] else { panic!("one entry") };
    assert_eq!(serial.trim().to_lowercase(), format!("serial={}", entry["serial"].as_str().unwrap()));
    assert_eq!(bed.mode("sub/.kubepki/ledger"), 0o600);
    bed.write("blocked", "");
    let out = [&sign[..], &["--ledger", "blocked/ledger", "--out", "other.crt"]].concat();
    bed.run(&out).failure().err("blocked");
    let new =
        ["ca", "new", "third", "--parent", "root.crt", "--subject", "CN=t", "--ledger", "blocked/ledger"];
    bed.run(&new).failure().err("blocked");
    assert!(
        !bed.path("other.crt").exists() && !bed.path("third.crt").exists() && !bed.path("third.key").exists()
    );
    bed.write("sub/.kubepki/ledger", "no entry\n");
    bed.run(&sign).failure().err("line 1");
    // A CA that is a part of a tree writes where the tree's ledger is.
    bed.write("cluster.yaml", crate::testbed::SINGLE);
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    let etcd = ["ca", "sign", "api.csr", "--ca", "out/pki/etcd/ca.crt", "--profile", "client", "--ttl", "1h"];
    bed.run(&etcd).success();
    assert_eq!(lines("out/.kubepki/ledger").len(), 1);
}

/// The groups of a request are the requester's wish: power is signed if whoever signs says its name.
#[test]
fn power_is_said_by_name() {
    let bed = authorities();
    ask(&bed, "eve", "/O=system:masters/CN=eve", "DNS:eve.example.com", EC);
    let sign = |more: &[&str]| {
        bed.run(&[&["ca", "sign", "eve.csr", "--ca", "sub/inter.crt", "--ttl", "1h"], more].concat())
    };
    for profile in ["client", "peer"] {
        let asked = ["--profile", profile, "--requested-names"];
        sign(&asked)
            .failure()
            .err("eve.csr: the group `system:masters` passes")
            .err("--allow system:masters");
        sign(&[&asked[..], &["--allow", "system:masters"]].concat()).success();
        sign(&[&asked[..], &["--subject", "CN=eve"]].concat()).success();
    }
    sign(&["--profile", "server", "--requested-names"]).success();
}

#[test]
fn an_encrypted_ca_signs_and_revokes() {
    let bed = Testbed::new();
    bed.write("pass", "an open secret\n");
    let pass = ["--passphrase-file", "pass"];
    let make = ["ca", "new", "root", "--subject", "CN=r", "--key", "rsa-3072", "--encrypt"];
    bed.run(&make).failure().err("there is no passphrase");
    bed.run(&[&make[..], &pass].concat()).success();
    assert!(bed.read("root.key").contains("ENCRYPTED"));
    ask(&bed, "jane", "/O=dev/O=ops/CN=jane", "", EC);
    let sign = [
        "ca",
        "sign",
        "jane.csr",
        "--ca",
        "root.crt",
        "--profile",
        "client",
        "--ttl",
        "1h",
        "--out",
        "jane.crt",
    ];
    bed.run(&sign).failure().err("root.key is encrypted, and there is no passphrase");
    bed.run(&[&sign[..], &pass].concat()).success();
    assert_eq!(bed.certificate("jane.crt").subject.organizations(), ["dev", "ops"]);

    // A list in PEM, as openssl reads it, by a CA that has cRLSign.
    bed.write("gone", "# who left\njane.crt superseded\n\n0f:a0\n");
    let crl = ["ca", "crl", "list.pem", "--ca", "root.crt", "--encoding", "pem", "--passphrase-file", "pass"];
    let ran = bed.run(&[&crl[..], &["--list", "gone"]].concat()).success();
    assert_eq!(ran.stderr, "");
    ran.out("+ list.pem: number 01, 2 revoked");
    let check = ["verify", "-crl_check", "-CAfile", "root.crt", "-CRLfile", "list.pem", "jane.crt"];
    bed.peer("openssl", &check).code(2).err("certificate revoked");
    let text = ["crl", "-in", "list.pem", "-noout", "-text", "-CAfile", "root.crt"];
    bed.peer("openssl", &text).success().out("Superseded").out("0FA0").err("verify OK");
    bed.run(&["inspect", "list.pem"]).success().out("superseded");

    // Renewed: what it says stays, and it gets the next number.
    bed.run(&[&crl[..], &["--revoke", "1", "--reason", "keyCompromise"]].concat())
        .success()
        .out("~ list.pem: number 02, 3 revoked");
    bed.peer("openssl", &check).code(2).err("certificate revoked");
    let still = bed.read("list.pem");
    let refused = |more: &[&str]| bed.run(&[&crl[..], more].concat()).failure();
    refused(&["--release", "1"]).err("1 is not on hold");
    refused(&["--revoke", "nothing.crt"]).err("is neither a file nor a serial number");
    refused(&["--revoke", "1", "--reason", "boredom"]).err("keyCompromise");
    refused(&["--next-update", "0s"]).err("the next list is due before this one");
    bed.run(&["ca", "new", "other", "--subject", "CN=r"]).success();
    refused(&["--revoke", "other.crt"]).err("other.crt: is not of this CA");
    bed.run(&["ca", "crl", "list.pem", "--ca", "other.crt"]).failure().err("is another CA's list");
    assert_eq!(bed.read("list.pem"), still);
}
