//! Keys of CAs in a token: SoftHSM is the token, and openssl says whether what it has signed holds.

use crate::testbed::Testbed;

/// A program without the feature says which one it lacks, before anything is written.
#[cfg(not(feature = "pkcs11"))]
#[test]
fn a_program_that_speaks_to_no_token_says_so() {
    let bed = Testbed::new();
    let uri = "pkcs11:token=kubepki;object=root?module-path=/usr/lib/softhsm/libsofthsm2.so";
    let ran = bed.run(&["ca", "new", "root", "--subject", "CN=r", "--key", uri]).failure();
    ran.err("was built without the feature `pkcs11`").err("cargo install --features pkcs11");
    assert!(!bed.path("root.key").exists());
}

#[cfg(feature = "pkcs11")]
mod with {
    use std::process::Command;

    use super::Testbed;
    use crate::rules::{audit, findings};
    use crate::testbed::{FLEET, Run, SINGLE, peer};

    const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

    /// A testbed with a token `kubepki` whose PIN is 1234, and another.
    struct Bed(Testbed);

    impl Bed {
        fn new() -> Self {
            let bed = Self(Testbed::new());
            let tokens = bed.0.path("tokens");
            std::fs::create_dir(&tokens).unwrap();
            bed.0.write(
                "softhsm2.conf",
                format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()),
            );
            bed.0.write("pin", "1234\n");
            for label in ["kubepki", "other"] {
                let init =
                    ["--init-token", "--free", "--label", label, "--pin", "1234", "--so-pin", "12345678"];
                bed.of(&mut peer("softhsm2-util"), &init).success();
            }
            bed
        }

        fn of(&self, command: &mut Command, arguments: &[&str]) -> Run {
            command
                .args(arguments)
                .current_dir(self.0.path(""))
                .env("SOFTHSM2_CONF", self.0.path("softhsm2.conf"));
            Run::of(command, &arguments.join(" "))
        }

        fn run(&self, arguments: &[&str]) -> Run {
            let mut command = self.0.command(&[]);
            command.env("KUBEPKI_PKCS11_MODULE", MODULE);
            self.of(&mut command, arguments)
        }

        /// The same with the PIN.
        fn with_pin(&self, arguments: &[&str]) -> Run {
            self.run(&[arguments, &["--passphrase-file", "pin"]].concat())
        }

        /// A request, `jane.csr`.
        fn ask(&self) {
            let make = "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout jane.key -out jane.csr \
                        -subj /CN=jane -addext subjectAltName=DNS:jane.example.com";
            self.0.shell(make).success();
        }
    }

    const URI: &str = "pkcs11:token=kubepki;object=root";

    #[test]
    fn a_ca_is_made_in_a_token_and_signs() {
        let bed = Bed::new();
        bed.ask();
        for (algorithm, said) in [
            ("ECDSA-P256", "ecdsa-with-SHA256"),
            ("ECDSA-P384", "ecdsa-with-SHA384"),
            ("RSA-2048", "sha256WithRSAEncryption"),
        ] {
            let (name, uri) = (format!("ca-{algorithm}"), format!("pkcs11:token=kubepki;object={algorithm}"));
            let new =
                ["ca", "new", &name, "--subject", "CN=in a token", "--key", &uri, "--algorithm", algorithm];
            bed.with_pin(&new).success().out(&format!("+ {name}.key")).out("signed by itself");
            assert_eq!(
                bed.0.read(format!("{name}.key")),
                format!("{uri}\n"),
                "which key it is, and not the key"
            );
            let (key, ca) = (format!("{name}.key"), format!("{name}.crt"));
            bed.run(&["inspect", &key]).success().out("private key, in a token").out(&uri);
            let verify = ["verify", "-x509_strict", "-CAfile", &ca];
            bed.0.peer("openssl", &[&verify[..], &[&ca]].concat()).success();
            assert_eq!(bed.0.certificate(&ca).signature_algorithm.to_string(), said);
            let sign = [
                "ca",
                "sign",
                "jane.csr",
                "--ca",
                &ca,
                "--ttl",
                "24h",
                "--profile",
                "client",
                "--out",
                "jane.crt",
            ];
            bed.with_pin(&sign).success();
            bed.0.peer("openssl", &[&verify[..], &["jane.crt"]].concat()).success();
            // By the URI itself, and what it has revoked.
            bed.with_pin(&[&sign[..], &["--ca-key", &uri]].concat()).success();
            bed.0.peer("openssl", &[&verify[..], &["jane.crt"]].concat()).success();
            let crl = ["ca", "crl", "list", "--ca", &ca, "--encoding", "pem", "--revoke", "jane.crt"];
            bed.with_pin(&crl).success();
            let list = ["crl", "-in", "list", "-noout", "-CAfile", &ca];
            bed.0.peer("openssl", &list).success().err("verify OK");
            std::fs::remove_file(bed.0.path("list")).unwrap();
        }
        // The key that is there is used again, and what is made below it is a file.
        let again = [
            "ca",
            "new",
            "again",
            "--subject",
            "CN=again",
            "--key",
            "pkcs11:token=kubepki;object=ECDSA-P256",
        ];
        bed.with_pin(&again).success();
        assert_eq!(
            bed.0.certificate("again.crt").public_key,
            bed.0.certificate("ca-ECDSA-P256.crt").public_key
        );
        bed.with_pin(&["ca", "new", "sub", "--subject", "CN=sub", "--parent", "again.crt"]).success();
        bed.0.peer("openssl", &["verify", "-CAfile", "again.crt", "sub.crt"]).success();
        // What needs the key itself is refused.
        bed.with_pin(&["ca", "encrypt", "again.key"])
            .failure()
            .err("again.key: the private key is in a token");
        bed.with_pin(&[&again[..2], &["x", "--subject", "CN=x", "--key", URI, "--encrypt"]].concat())
            .failure()
            .err("there is nothing to encrypt");
        bed.run(&["cfssl", "sign", "-ca", "again.crt", "-ca-key", "again.key", "jane.csr"])
            .failure()
            .err("wants a PIN, and there is none");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let bed = Bed::new();
        bed.ask();
        let new = |key: &str| bed.with_pin(&["ca", "new", "root", "--subject", "CN=r", "--key", key]);
        new("pkcs11:token=nobody;object=root")
            .failure()
            .err("there is no such token")
            .err("`kubepki`, `other`");
        new("pkcs11:object=root").failure().err("2 tokens are meant: say which, by token or serial");
        new("pkcs11:token=kubepki").failure().err("names no key: add object=LABEL");
        let ran = new("pkcs11:token=kubepki;object=root?pin-value=1234").failure();
        ran.err("the pkcs11: URI holds a PIN").err("--passphrase-file");
        let ran = new("pkcs11:token=kubepki;object=root?pin-value=hunter2").failure();
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
        new("pkcs11:token=kubepki;object=root?module-path=/nothing.so")
            .failure()
            .err("/nothing.so does not load");
        new("rsa-1000").failure().err("there are ");
        bed.0.write("wrong", "4321\n");
        let pin = |pin: &[&str]| {
            bed.run(&[&["ca", "new", "root", "--subject", "CN=r", "--key", URI], pin].concat())
        };
        pin(&["--passphrase-file", "wrong"]).failure().err("the PIN is wrong");
        pin(&[]).failure().err("is in a token that wants a PIN, and there is none").err("pin-source");
        let mut command = bed.0.command(&["ca", "new", "root", "--subject", "CN=r", "--key", URI]);
        command.env("SOFTHSM2_CONF", bed.0.path("softhsm2.conf")).env_remove("KUBEPKI_PKCS11_MODULE");
        Run::of(&mut command, "no module").failure().err("no module is named").err("KUBEPKI_PKCS11_MODULE");
        assert!(!bed.0.path("root.key").exists() && !bed.0.path("root.crt").exists());
        // From a file that the URI names, and from a descriptor.
        let source = format!("{URI}?module-path={MODULE}&pin-source={}", bed.0.path("pin").display());
        bed.run(&["ca", "new", "root", "--subject", "CN=r", "--key", &source]).success();
        let sign = ["ca", "sign", "jane.csr", "--ca", "root.crt", "--ttl", "1h", "--profile", "client"];
        bed.run(&sign).success();
        // What says which library is loaded must be nobody else's.
        bed.0.set_mode("root.key", 0o620);
        bed.run(&sign).failure().err("root.key: names a module to be loaded, and others");
        bed.0.set_mode("root.key", 0o600);
        let descriptor = format!(
            "SOFTHSM2_CONF=softhsm2.conf KUBEPKI_PKCS11_MODULE={MODULE} kubepki {} --ca-key '{URI}' --passphrase-fd 3 3<pin",
            sign.join(" ")
        );
        bed.0.shell(&descriptor).success();
        // A key that is not in the token is not made where one is to sign.
        bed.with_pin(&[&sign[..], &["--ca-key", "pkcs11:token=kubepki;object=lost"]].concat())
            .failure()
            .err("no such key is in the token `kubepki");
        bed.with_pin(&["ca", "new", "other", "--subject", "CN=o", "--key", "pkcs11:token=other;object=root"])
            .success();
        bed.with_pin(&[&sign[..], &["--ca-key", "other.key"]].concat())
            .failure()
            .err("other.key does not belong to root.crt");
        // Two of one label.
        bed.with_pin(&["ca", "new", "twin", "--subject", "CN=t", "--key", &format!("{URI};id=%01")])
            .success();
        bed.with_pin(&[&sign[..], &["--ca-key", URI]].concat()).failure().err("2 keys are meant");
        bed.with_pin(&[&sign[..], &["--ca", "twin.crt"]].concat()).failure();
    }

    const KEYS: &str = "\
authority:
  keys:
    ca: pkcs11:token=kubepki;object=ca
    front-proxy-ca: pkcs11:token=kubepki;object=front
    etcd-ca: pkcs11:token=kubepki;object=etcd
";

    #[test]
    fn a_fleet_is_made_with_the_keys_of_its_cas_in_a_token() {
        let bed = Bed::new();
        bed.0.write("cluster.yaml", format!("{FLEET}{KEYS}"));
        let apply = ["apply", "-f", "cluster.yaml", "-d", "out"];
        bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success().out("+ create  ca ");
        bed.run(&apply).failure().err("wants a PIN");
        assert!(!bed.0.path("out/authority").exists());
        bed.with_pin(&apply).success().out("40 created");
        assert_eq!(bed.0.read("out/authority/ca.key"), "pkcs11:token=kubepki;object=ca\n");
        assert!(!bed.0.path("out/nodes/cp1/etc/kubernetes/pki/ca.key").exists(), "no node has a use for it");
        let before = bed.0.snapshot("out");
        bed.run(&apply).success().out("Done: 54 kept");
        assert_eq!(bed.0.snapshot("out"), before);
        for given in [&["-d", "out", "-f", "cluster.yaml"][..], &["-d", "out"]] {
            let report = audit(&bed.0, given);
            let heavy: Vec<_> = findings(&report).filter(|finding| finding["severity"] != "info").collect();
            assert!(heavy.is_empty(), "{heavy:#?}");
        }
        let server = "out/nodes/cp1/etc/kubernetes/pki/apiserver.crt";
        bed.0
            .peer("openssl", &["verify", "-x509_strict", "-CAfile", "out/authority/ca.crt", server])
            .success();
        bed.run(&["renew", "cp1/apiserver", "-f", "cluster.yaml", "-d", "out"]).failure().err("wants a PIN");
        bed.with_pin(&["renew", "cp1/apiserver", "-f", "cluster.yaml", "-d", "out"])
            .success()
            .out("1 rekeyed");
        bed.0
            .peer("openssl", &["verify", "-x509_strict", "-CAfile", "out/authority/ca.crt", server])
            .success();
        bed.run(&["show", "-f", "cluster.yaml"]).success().out("etcd-ca: pkcs11:token=kubepki;object=etcd");

        // A bundle of requests is signed by the same keys.
        bed.0.write("apart.yaml", format!("{FLEET}authority: {{mode: external}}\n"));
        bed.run(&["request", "-f", "apart.yaml", "-d", "edge"]).success();
        let sign = ["sign", "requests.tar", "--authority", "out/authority", "-f", "apart.yaml", "--yes"];
        bed.run(&sign).failure().err("wants a PIN");
        bed.with_pin(&sign).success().out("36 certificates in signed.tar");
        bed.run(&["import", "signed.tar", "-f", "apart.yaml", "-d", "edge"]).success().out("Done: 54 kept");

        bed.0.write(
            "apart.yaml",
            format!("{FLEET}authority: {{mode: external, keys: {{ca: 'pkcs11:object=a'}}}}\n"),
        );
        bed.run(&["plan", "-f", "apart.yaml"]).failure().err("says that they are elsewhere");
        bed.0.write(
            "apart.yaml",
            format!("{FLEET}authority: {{keys: {{ca: 'pkcs11:object=a?pin-value=hunter2'}}}}\n"),
        );
        let ran = bed
            .run(&["plan", "-f", "apart.yaml"])
            .failure()
            .err("authority.keys.ca: the pkcs11: URI holds a PIN");
        assert!(!ran.stderr.contains("hunter2"));
    }

    /// Requests of `kubepki csr` are signed without asking anybody: the URI names the file with the PIN.
    #[test]
    fn a_root_and_a_signer_of_requests_may_be_in_a_token() {
        let bed = Bed::new();
        bed.with_pin(&["ca", "new", "root", "--subject", "CN=root", "--key", URI, "--algorithm", "RSA-2048"])
            .success();
        let ca = format!(
            "pkcs11:token=kubepki;object=ca?module-path={MODULE}&pin-source={}",
            bed.0.path("pin").display()
        );
        bed.0.write(
            "cluster.yaml",
            format!(
                "{SINGLE}authority:\n  mode: intermediate\n  root: {{certificate: root.crt, key: '{URI}'}}\n  keys: {{ca: '{ca}'}}\n"
            ),
        );
        bed.with_pin(&["apply", "-f", "cluster.yaml", "-d", "out"]).success().out("Done: 17 created");
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success().out("Done: 17 kept");
        let file = "out/pki/apiserver.crt";
        bed.0
            .peer("openssl", &["verify", "-x509_strict", "-CAfile", "root.crt", "-untrusted", file, file])
            .success();
        let jane = bed.run(&["csr", "new", "jane", "--cn", "jane", "--group", "dev"]).success();
        bed.0.write("jane.yaml", jane.stdout);
        bed.run(&["csr", "submit", "jane.yaml", "-d", "out"]).success();
        bed.run(&["csr", "approve", "jane", "-d", "out"]).success();
        bed.run(&["csr", "run", "--once", "-d", "out"]).success();
        bed.0.write("jane.crt", bed.run(&["csr", "cert", "jane", "-d", "out"]).success().stdout);
        let verify = ["verify", "-CAfile", "root.crt", "-untrusted", "out/pki/ca.crt", "jane.crt"];
        bed.0.peer("openssl", &verify).success();
    }
}
