//! Chains of every kind: what we say of them, and what OpenSSL and rustls say. Where we differ from OpenSSL on purpose, the
//! reason stands beside the chain, and a difference that is none fails.

use time::{Duration, OffsetDateTime};

use crate::testbed::Testbed;
use crate::workshop::{CA, LEAF, Order, intermediate, leaf, order, root};

/// A chain and what is asked of it.
struct Chain<'a> {
    name: String,
    /// Makes what the others have not made.
    make: Vec<Order<'a>>,
    /// The certificates that lead from the leaf, itself first, to the CA.
    files: Vec<String>,
    ask: Ask<'a>,
    /// The codes of our reasons, gravest first; none when the chain is valid.
    ours: &'a [&'a str],
    /// rustls' word, or `""` when it accepts the chain.
    rustls: &'a str,
    /// Why OpenSSL says otherwise, if it does.
    unlike_openssl: Option<&'a str>,
}

#[derive(Clone, Copy, Default)]
struct Ask<'a> {
    purpose: Option<&'a str>,
    name: Option<&'a str>,
    /// In how many days.
    in_days: i64,
    strict: bool,
}

const ANY: Ask<'_> = Ask { purpose: None, name: None, in_days: 1, strict: false };
const STRICT: Ask<'_> = Ask { strict: true, ..ANY };
const SERVER: Ask<'_> = Ask { purpose: Some("server"), ..ANY };
const CLIENT: Ask<'_> = Ask { purpose: Some("client"), ..ANY };

const fn named(name: &str) -> Ask<'_> {
    Ask { name: Some(name), ..ANY }
}

impl<'a> Chain<'a> {
    fn new(name: &str, make: Vec<Order<'a>>, files: &[&str]) -> Self {
        let files = files.iter().map(|name| format!("{name}.crt")).collect();
        Self { name: name.to_owned(), make, files, ask: ANY, ours: &[], rustls: "", unlike_openssl: None }
    }

    fn ask(mut self, ask: Ask<'a>) -> Self {
        self.ask = ask;
        self
    }

    /// What is wrong.
    fn refused(mut self, codes: &'a [&'a str]) -> Self {
        self.ours = codes;
        self
    }

    fn rustls(mut self, word: &'a str) -> Self {
        self.rustls = word;
        self
    }

    fn unlike_openssl(mut self, reason: &'a str) -> Self {
        self.unlike_openssl = Some(reason);
        self
    }

    /// Makes the certificates and asks everybody. Says what differs.
    fn hold(self, bed: &Testbed) -> Vec<String> {
        for order in self.make {
            order.make();
        }
        let (leaf, issuers) = self.files.split_first().unwrap();
        let (ca, untrusted) = issuers.split_last().unwrap_or((leaf, &[]));
        let at = OffsetDateTime::now_utc() + Duration::days(self.ask.in_days);
        let (day, seconds) = (kubepki::moment::rfc3339(at), at.unix_timestamp().to_string());

        let mut ours = vec!["verify", leaf, "--ca", ca, "--at", &day, "-o", "json"];
        let mut theirs = vec!["verify", "-attime", &seconds, "-CAfile", ca];
        for file in untrusted {
            ours.extend(["--untrusted", file]);
            theirs.extend(["-untrusted", file]);
        }
        if let Some(purpose) = self.ask.purpose {
            ours.extend(["--purpose", purpose]);
            theirs.extend(["-purpose", if purpose == "server" { "sslserver" } else { "sslclient" }]);
        }
        if let Some(name) = self.ask.name {
            ours.extend(["--name", name]);
            let is_address = name.parse::<std::net::IpAddr>().is_ok();
            theirs.extend([if is_address { "-verify_ip" } else { "-verify_hostname" }, name]);
        }
        if self.ask.strict {
            ours.push("--strict");
            theirs.push("-x509_strict");
        } else {
            theirs.push("-partial_chain");
        }
        theirs.push(leaf);

        let mut differences = Vec::new();
        let mut differ = |what: &str, expected: String, found: String| {
            if expected != found {
                differences.push(format!("{}: {what}: expected {expected}, found {found}", self.name));
            }
        };
        let ran = bed.run(&ours).anyhow();
        let report = &ran.json()["certificates"][0];
        let codes: Vec<&str> = report["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reason| reason["code"].as_str().unwrap())
            .collect();
        differ("ours", format!("{:?}", self.ours), format!("{codes:?}"));
        differ("exit", format!("{:?}", Some(i32::from(!codes.is_empty()))), format!("{:?}", ran.code));
        let word = report["rustls"]["reason"].as_str().unwrap_or_default();
        differ("rustls", self.rustls.to_owned(), word.to_owned());
        let peer = bed.peer("openssl", &theirs).anyhow();
        let accepts = self.ours.is_empty() == self.unlike_openssl.is_none();
        let said = peer.code == Some(0);
        differ(
            "openssl",
            accepts.to_string(),
            format!("{said} {}", if said == accepts { "" } else { &peer.stderr }).trim().to_owned(),
        );
        differences
    }
}

#[track_caller]
fn hold(bed: &Testbed, chains: Vec<Chain<'_>>) {
    let count = chains.len();
    let differences: Vec<String> = chains.into_iter().flat_map(|chain| chain.hold(bed)).collect();
    assert!(differences.is_empty(), "of {count} chains:\n{}", differences.join("\n"));
}

#[test]
fn keys_and_signatures() {
    let bed = &Testbed::new();
    let pair = |kind: &'static str, name: &str| {
        let root_name = format!("root-{name}");
        vec![root(bed, &root_name).key(kind), leaf(bed, &format!("leaf-{name}"), &root_name).key(kind)]
    };
    hold(
        bed,
        vec![
            Chain::new("P-256", pair("P-256", "p256"), &["leaf-p256", "root-p256"]),
            Chain::new("P-384", pair("P-384", "p384"), &["leaf-p384", "root-p384"]),
            Chain::new("P-521", pair("P-521", "p521"), &["leaf-p521", "root-p521"]),
            Chain::new("Ed25519", pair("ed25519", "ed"), &["leaf-ed", "root-ed"]),
            Chain::new("RSA-2048", pair("RSA-2048", "rsa"), &["leaf-rsa", "root-rsa"]),
            Chain::new(
                "P-256, SHA-384",
                vec![leaf(bed, "sha384", "root-p256").digest("sha384")],
                &["sha384", "root-p256"],
            ),
            Chain::new(
                "P-256, SHA-512",
                vec![leaf(bed, "sha512", "root-p256").digest("sha512")],
                &["sha512", "root-p256"],
            ),
            Chain::new(
                "RSA, SHA-512",
                vec![leaf(bed, "rsa512", "root-rsa").digest("sha512")],
                &["rsa512", "root-rsa"],
            ),
            Chain::new(
                "RSA-PSS",
                vec![
                    leaf(bed, "pss", "root-rsa")
                        .digest("sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32"),
                ],
                &["pss", "root-rsa"],
            ),
            Chain::new("RSA-1024", pair("RSA-1024", "weak"), &["leaf-weak", "root-weak"])
                .refused(&["weak-key", "weak-key"])
                .rustls("InvalidSignatureForPublicKey")
                .unlike_openssl("its default security level asks for no more"),
            Chain::new(
                "RSA-1024 leaf",
                vec![leaf(bed, "leaf-1024", "root-p256").key("RSA-1024")],
                &["leaf-1024", "root-p256"],
            )
            .refused(&["weak-key"])
            .unlike_openssl("its default security level asks for no more"),
            Chain::new("P-224", pair("P-224", "p224"), &["leaf-p224", "root-p224"])
                .refused(&["signature-unsupported"])
                .rustls("UnsupportedSignatureAlgorithmForPublicKey")
                .unlike_openssl("Go and rustls do not know the curve"),
            Chain::new("SHA-1", vec![leaf(bed, "sha1", "root-p256").digest("sha1")], &["sha1", "root-p256"])
                .refused(&["signature-weak"])
                .rustls("UnsupportedSignatureAlgorithm")
                .unlike_openssl("Go and rustls refuse SHA-1"),
            Chain::new("MD5", vec![leaf(bed, "md5", "root-rsa").digest("md5")], &["md5", "root-rsa"])
                .refused(&["signature-weak"])
                .rustls("UnsupportedSignatureAlgorithm")
                .unlike_openssl("Go and rustls refuse MD5"),
            Chain::new(
                "SHA-1 in the anchor",
                vec![root(bed, "old").digest("sha1"), leaf(bed, "new", "old")],
                &["new", "old"],
            ),
            Chain::new(
                "another key",
                vec![order(bed, "impostor").subject("/CN=root-p256").with(CA)],
                &["leaf-p256", "impostor"],
            )
            .refused(&["signature"])
            .rustls("InvalidSignatureForPublicKey"),
            Chain::new("another name", vec![], &["leaf-p256", "root-p384"])
                .refused(&["no-issuer"])
                .rustls("UnknownIssuer"),
            Chain::new(
                "nobody's",
                vec![leaf(bed, "own", "root-p256").subject("/CN=own")],
                &["root-p384", "root-p256"],
            )
            .refused(&["no-issuer"])
            .rustls("CaUsedAsEndEntity"),
        ],
    );
}

#[test]
fn forms_and_fields() {
    let bed = &Testbed::new();
    root(bed, "root").make();
    hold(
        bed,
        vec![
            Chain::new(
                "several O",
                vec![leaf(bed, "groups", "root").subject("/O=a/O=b+O=c/CN=groups")],
                &["groups", "root"],
            ),
            Chain::new("no EKU", vec![leaf(bed, "no-eku", "root").without("extended")], &["no-eku", "root"])
                .ask(SERVER),
            Chain::new("CN only", vec![leaf(bed, "cn", "root").without("subjectAltName")], &["cn", "root"]),
            Chain::new("v1 leaf", vec![leaf(bed, "v1", "root").version_1()], &["v1", "root"])
                .rustls("UnsupportedCertVersion"),
            Chain::new("v1 leaf, strictly", vec![], &["v1", "root"])
                .ask(STRICT)
                .refused(&["authority-key-missing"])
                .rustls("UnsupportedCertVersion")
                .unlike_openssl("it asks version 1 for no extension; RFC 5280 §4.2.1.1 does"),
            Chain::new(
                "v1 root",
                vec![root(bed, "root-v1").version_1(), leaf(bed, "under-v1", "root-v1").with("noAuthority")],
                &["under-v1", "root-v1"],
            ),
            Chain::new("v1 root, strictly", vec![], &["under-v1", "root-v1"])
                .ask(STRICT)
                .refused(&["authority-key-missing", "version"]),
            Chain::new("serial 0", vec![leaf(bed, "serial-0", "root").serial("0")], &["serial-0", "root"]),
            Chain::new("serial 0, strictly", vec![], &["serial-0", "root"])
                .ask(STRICT)
                .refused(&["serial-number"])
                .unlike_openssl("it does not look at serial numbers"),
            Chain::new("serial -1", vec![leaf(bed, "serial-n", "root").serial("-1")], &["serial-n", "root"]),
            Chain::new("serial -1, strictly", vec![], &["serial-n", "root"])
                .ask(STRICT)
                .refused(&["serial-number"])
                .unlike_openssl("it does not look at serial numbers"),
            Chain::new(
                "serial of 21 octets",
                vec![leaf(bed, "serial-21", "root").serial("0x0102030405060708090a0b0c0d0e0f101112131415")],
                &["serial-21", "root"],
            ),
            Chain::new("serial of 21 octets, strictly", vec![], &["serial-21", "root"])
                .ask(STRICT)
                .refused(&["serial-number"])
                .unlike_openssl("it does not look at serial numbers"),
            Chain::new(
                "unknown critical extension",
                vec![leaf(bed, "critical", "root").with("1.2.3.4=critical,ASN1:NULL")],
                &["critical", "root"],
            )
            .refused(&["critical-extension"])
            .rustls("UnsupportedCriticalExtension"),
            Chain::new(
                "unknown extension",
                vec![leaf(bed, "uncritical", "root").with("1.2.3.4=ASN1:NULL")],
                &["uncritical", "root"],
            ),
            Chain::new(
                "unknown critical extension in the anchor",
                vec![root(bed, "root-x").with("1.2.3.4=critical,ASN1:NULL"), leaf(bed, "under-x", "root-x")],
                &["under-x", "root-x"],
            )
            .refused(&["critical-extension"]),
            Chain::new(
                "critical policies",
                vec![leaf(bed, "policies", "root").with("certificatePolicies=critical,1.2.3.4")],
                &["policies", "root"],
            )
            .rustls("UnsupportedCriticalExtension"),
            Chain::new(
                "critical policy constraints",
                vec![
                    leaf(bed, "explicit", "root").with("policyConstraints=critical,requireExplicitPolicy:0"),
                ],
                &["explicit", "root"],
            )
            .refused(&["critical-extension"])
            .rustls("UnsupportedCriticalExtension")
            .unlike_openssl("it processes policies"),
            Chain::new(
                "a boolean that is none",
                vec![leaf(bed, "boolean", "root").instead("basicConstraints=critical,DER:30:03:01:01:01")],
                &["boolean", "root"],
            )
            .refused(&["anomaly"])
            .rustls("BadDer")
            .unlike_openssl("it reads BER"),
            Chain::new(
                "a negative path length",
                vec![
                    root(bed, "negative").instead("basicConstraints=critical,DER:30:06:01:01:FF:02:01:FF"),
                    leaf(bed, "under-negative", "negative"),
                ],
                &["under-negative", "negative"],
            )
            .refused(&["anomaly"]),
            Chain::new(
                "an address of three octets",
                vec![leaf(bed, "three", "root").instead("subjectAltName=DER:30:05:87:03:01:02:03")],
                &["three", "root"],
            )
            .refused(&["anomaly"])
            .unlike_openssl("it does not look at addresses that nobody asks for"),
            Chain::new(
                "an empty alternative name, strictly",
                vec![leaf(bed, "empty-san", "root").instead("subjectAltName=DER:30:00")],
                &["empty-san", "root"],
            )
            .ask(STRICT)
            .refused(&["empty-alt-name"]),
            Chain::new("no subject", vec![leaf(bed, "nobody", "root").subject("/")], &["nobody", "root"]),
            Chain::new("no subject, strictly", vec![], &["nobody", "root"])
                .ask(STRICT)
                .refused(&["alt-name-not-critical"]),
            Chain::new(
                "no subject, critical names",
                vec![leaf(bed, "nobody2", "root").subject("/").instead("subjectAltName=critical,DNS:a")],
                &["nobody2", "root"],
            )
            .ask(STRICT),
        ],
    );
}

#[test]
fn authorities() {
    let bed = &Testbed::new();
    root(bed, "root").make();
    let bare = "subjectKeyIdentifier=hash\n";
    let under = |name: &str| leaf(bed, &format!("under-{name}"), name);
    hold(
        bed,
        vec![
            Chain::new(
                "root without keyCertSign",
                vec![root(bed, "no-sign").instead("keyUsage=critical,cRLSign"), under("no-sign")],
                &["under-no-sign", "no-sign"],
            )
            .refused(&["may-not-sign"]),
            Chain::new(
                "root without CA",
                vec![
                    order(bed, "no-ca").with(bare).with("basicConstraints=critical,CA:FALSE"),
                    under("no-ca"),
                ],
                &["under-no-ca", "no-ca"],
            )
            .refused(&["not-an-authority"]),
            Chain::new(
                "root without constraints",
                vec![order(bed, "no-bc").with(bare), under("no-bc")],
                &["under-no-bc", "no-bc"],
            )
            .refused(&["not-an-authority"]),
            Chain::new(
                "intermediate without CA",
                vec![order(bed, "leaf-ca").by("root").with(LEAF).with(bare), under("leaf-ca")],
                &["under-leaf-ca", "leaf-ca", "root"],
            )
            .refused(&["not-an-authority", "may-not-sign"])
            .rustls("EndEntityUsedAsCa"),
            Chain::new("a CA as leaf", vec![intermediate(bed, "mid", "root")], &["mid", "root"])
                .rustls("CaUsedAsEndEntity"),
            Chain::new("a root as leaf", vec![], &["root"]).rustls("CaUsedAsEndEntity"),
            Chain::new("an intermediate", vec![under("mid")], &["under-mid", "mid", "root"]),
            Chain::new("an intermediate, strictly", vec![], &["under-mid", "mid", "root"]).ask(STRICT),
            Chain::new("an intermediate as anchor", vec![], &["under-mid", "mid"]),
            Chain::new("an intermediate as anchor, strictly", vec![], &["under-mid", "mid"])
                .ask(STRICT)
                .refused(&["anchor-not-self-signed"]),
            Chain::new(
                "a path too long",
                vec![
                    root(bed, "short").instead("basicConstraints=critical,CA:TRUE,pathlen:0"),
                    intermediate(bed, "mid-short", "short"),
                    under("mid-short"),
                ],
                &["under-mid-short", "mid-short", "short"],
            )
            .refused(&["path-length"]),
            Chain::new(
                "a path too long below an intermediate",
                vec![
                    intermediate(bed, "zero", "root").instead("basicConstraints=critical,CA:TRUE,pathlen:0"),
                    intermediate(bed, "one", "zero"),
                    under("one"),
                ],
                &["under-one", "one", "zero", "root"],
            )
            .refused(&["path-length"])
            .rustls("PathLenConstraintViolated"),
            Chain::new(
                "a path that is just short enough",
                vec![under("zero")],
                &["under-zero", "zero", "root"],
            ),
            Chain::new(
                "expired root",
                vec![root(bed, "expired").days(2), under("expired")],
                &["under-expired", "expired"],
            )
            .ask(Ask { in_days: 9, ..ANY })
            .refused(&["expired"]),
            Chain::new(
                "expired leaf",
                vec![leaf(bed, "expired-leaf", "root").days(2)],
                &["expired-leaf", "root"],
            )
            .ask(Ask { in_days: 9, ..ANY })
            .refused(&["expired"])
            .rustls("CertExpired"),
            Chain::new("not yet valid", vec![], &["under-mid", "mid", "root"])
                .ask(Ask { in_days: -9, ..ANY })
                .refused(&["not-yet-valid", "not-yet-valid", "not-yet-valid"])
                .rustls("CertNotValidYet"),
            Chain::new(
                "no key identifiers",
                vec![
                    root(bed, "no-ski").instead("subjectKeyIdentifier=none"),
                    under("no-ski").with("noAuthority"),
                ],
                &["under-no-ski", "no-ski"],
            ),
            Chain::new("no key identifiers, strictly", vec![], &["under-no-ski", "no-ski"])
                .ask(STRICT)
                .refused(&["authority-key-missing", "subject-key-missing"]),
            Chain::new(
                "another key identifier",
                vec![under("root").with("noAuthority").with("2.5.29.35=DER:30:04:80:02:01:02")],
                &["under-root", "root"],
            )
            .unlike_openssl("it takes the CA for another one; Go and rustls do not"),
            Chain::new("another key identifier, strictly", vec![], &["under-root", "root"])
                .ask(STRICT)
                .refused(&["authority-key-mismatch"]),
            Chain::new(
                "constraints that are not critical",
                vec![root(bed, "soft").instead("basicConstraints=CA:TRUE"), under("soft")],
                &["under-soft", "soft"],
            ),
            Chain::new("constraints that are not critical, strictly", vec![], &["under-soft", "soft"])
                .ask(STRICT)
                .refused(&["basic-constraints-not-critical"]),
            Chain::new(
                "no key usage, strictly",
                vec![root(bed, "no-usage").without("keyUsage"), under("no-usage")],
                &["under-no-usage", "no-usage"],
            )
            .ask(STRICT)
            .refused(&["key-usage-missing"]),
            Chain::new(
                "key usage that is not critical, strictly",
                vec![root(bed, "soft-usage").instead("keyUsage=keyCertSign"), under("soft-usage")],
                &["under-soft-usage", "soft-usage"],
            )
            .ask(STRICT)
            .refused(&["key-usage-not-critical"])
            .unlike_openssl("RFC 5280 says SHOULD there; Kubernetes' CAs do"),
            Chain::new(
                "a leaf that may sign, strictly",
                vec![leaf(bed, "signs", "root").instead("keyUsage=critical,keyCertSign")],
                &["signs", "root"],
            )
            .ask(STRICT)
            .refused(&["cert-sign-without-authority"]),
        ],
    );
}

#[test]
fn circles_and_namesakes() {
    let bed = &Testbed::new();
    let cross =
        |name: &str, of: &str, by: &str| intermediate(bed, name, by).subject(&format!("/CN={of}")).key_of(of);
    for order in [
        root(bed, "root"),
        root(bed, "a"),
        root(bed, "b"),
        leaf(bed, "leaf-a", "a"),
        cross("a-by-b", "a", "b"),
    ] {
        order.make();
    }
    hold(
        bed,
        vec![
            Chain::new("a circle", vec![cross("b-by-a", "b", "a")], &["leaf-a", "a-by-b", "b-by-a", "root"])
                .refused(&["no-issuer"])
                .rustls("UnknownIssuer"),
            Chain::new(
                "a circle with a way out",
                vec![cross("b-by-root", "b", "root")],
                &["leaf-a", "a-by-b", "b-by-a", "b-by-root", "root"],
            )
            .unlike_openssl("it does not go back when a path leads nowhere"),
            Chain::new(
                "namesakes",
                vec![
                    intermediate(bed, "mid", "root"),
                    intermediate(bed, "mid2", "root").subject("/CN=mid"),
                    intermediate(bed, "mid3", "root").subject("/CN=mid"),
                    leaf(bed, "under-mid2", "mid2").with("noAuthority"),
                ],
                &["under-mid2", "mid", "mid2", "mid3", "root"],
            ),
            Chain::new("namesakes, none of them", vec![], &["under-mid2", "mid", "mid3", "root"])
                .refused(&["signature"])
                .rustls("InvalidSignatureForPublicKey"),
            Chain::new(
                "an expired namesake with the same key",
                vec![
                    intermediate(bed, "mid-old", "root").subject("/CN=mid2").key_of("mid2").days(2),
                    intermediate(bed, "mid-new", "root").subject("/CN=mid2").key_of("mid2"),
                    leaf(bed, "renewed", "mid-new"),
                ],
                &["renewed", "mid-old", "mid-new", "root"],
            )
            .ask(Ask { in_days: 9, ..ANY }),
            Chain::new(
                "a name in other letters",
                vec![
                    root(bed, "letters").printable(),
                    root(bed, "letters8").subject("/CN=letters").key_of("letters"),
                    leaf(bed, "under-letters", "letters8"),
                ],
                &["under-letters", "letters"],
            )
            .refused(&["no-issuer"])
            .rustls("UnknownIssuer")
            .unlike_openssl("it compares names by their meaning; Go and rustls by their bytes"),
            Chain::new(
                "the same certificate twice",
                vec![],
                &["renewed", "mid-new", "mid-new", "root", "root"],
            ),
        ],
    );
}

#[test]
fn purposes() {
    let bed = &Testbed::new();
    root(bed, "root").make();
    hold(
        bed,
        vec![
            Chain::new(
                "server",
                vec![leaf(bed, "server", "root").instead("extendedKeyUsage=serverAuth")],
                &["server", "root"],
            )
            .ask(SERVER),
            Chain::new("server as client", vec![], &["server", "root"])
                .ask(CLIENT)
                .refused(&["purpose"])
                .rustls("RequiredEkuNotFound"),
            Chain::new(
                "client as server",
                vec![leaf(bed, "client", "root").instead("extendedKeyUsage=clientAuth")],
                &["client", "root"],
            )
            .ask(SERVER)
            .refused(&["purpose"])
            .rustls("RequiredEkuNotFound"),
            Chain::new(
                "any purpose",
                vec![leaf(bed, "any", "root").instead("extendedKeyUsage=anyExtendedKeyUsage")],
                &["any", "root"],
            )
            .ask(SERVER)
            .rustls("RequiredEkuNotFound")
            .unlike_openssl("it does not take anyExtendedKeyUsage for serverAuth; Go does"),
            Chain::new(
                "code signing as server",
                vec![leaf(bed, "code", "root").instead("extendedKeyUsage=codeSigning")],
                &["code", "root"],
            )
            .ask(SERVER)
            .refused(&["purpose"])
            .rustls("RequiredEkuNotFound"),
            Chain::new(
                "an intermediate for clients only",
                vec![
                    intermediate(bed, "clients", "root").with("extendedKeyUsage=clientAuth"),
                    leaf(bed, "nested", "clients"),
                ],
                &["nested", "clients", "root"],
            )
            .ask(SERVER)
            .refused(&["purpose"])
            .rustls("RequiredEkuNotFound"),
            Chain::new("an intermediate for clients only, as client", vec![], &["nested", "clients", "root"])
                .ask(CLIENT),
            Chain::new(
                "a root for clients only",
                vec![
                    root(bed, "root-clients").with("extendedKeyUsage=clientAuth"),
                    leaf(bed, "under-clients", "root-clients"),
                ],
                &["under-clients", "root-clients"],
            )
            .ask(SERVER)
            .refused(&["purpose"]),
            Chain::new(
                "key usage for nothing of TLS",
                vec![leaf(bed, "crl", "root").instead("keyUsage=critical,nonRepudiation")],
                &["crl", "root"],
            )
            .ask(SERVER)
            .refused(&["purpose-key-usage"]),
            Chain::new(
                "key encipherment as server",
                vec![leaf(bed, "encipher", "root").instead("keyUsage=critical,keyEncipherment")],
                &["encipher", "root"],
            )
            .ask(SERVER),
            Chain::new("key encipherment as client", vec![], &["encipher", "root"])
                .ask(CLIENT)
                .refused(&["purpose-key-usage"]),
            Chain::new(
                "no purpose at all",
                vec![leaf(bed, "no-purpose", "root").without("extended").with("2.5.29.37=DER:30:00")],
                &["no-purpose", "root"],
            )
            .ask(SERVER)
            .refused(&["purpose"])
            .rustls("EmptyEkuExtension"),
        ],
    );
}

#[test]
fn names() {
    let bed = &Testbed::new();
    root(bed, "root").make();
    let with = |name: &str, names: &str| leaf(bed, name, "root").instead(&format!("subjectAltName={names}"));
    let hosts = ["plain", "root"];
    let (mismatch, word): (&[&str], _) = (&["name-mismatch"], "CertNotValidForName");
    let wild = ["wild", "root"];
    hold(
        bed,
        vec![
            Chain::new(
                "a name",
                vec![with(
                    "plain",
                    "DNS:www.example.com,DNS:192.0.2.9,IP:192.0.2.1,IP:2001:db8::1,DNS:dotted.example.com.",
                )],
                &hosts,
            )
            .ask(named("www.example.com")),
            Chain::new("a name in capitals", vec![], &hosts).ask(named("WWW.EXAMPLE.COM")),
            Chain::new("an absolute name", vec![], &hosts)
                .ask(named("www.example.com."))
                .unlike_openssl("it compares the dot; RFC 9525 §6.3, Go and rustls do not"),
            Chain::new("another name", vec![], &hosts)
                .ask(named("ftp.example.com"))
                .refused(mismatch)
                .rustls(word),
            Chain::new("an absolute name in the certificate", vec![], &hosts)
                .ask(named("dotted.example.com"))
                .refused(mismatch)
                .rustls(word),
            Chain::new("an address", vec![], &hosts).ask(named("192.0.2.1")),
            Chain::new("an address of the other family", vec![], &hosts).ask(named("2001:DB8:0::1")),
            Chain::new("an address that is a DNS name", vec![], &hosts)
                .ask(named("192.0.2.9"))
                .refused(mismatch)
                .rustls(word),
            Chain::new("another address", vec![], &hosts)
                .ask(named("192.0.2.2"))
                .refused(mismatch)
                .rustls(word),
            Chain::new(
                "a wildcard",
                vec![with(
                    "wild",
                    "DNS:*.example.com,DNS:*.com,DNS:w*.example.org,DNS:www.*.net,DNS:*.*.example.net",
                )],
                &wild,
            )
            .ask(named("www.example.com")),
            Chain::new("a wildcard for two labels", vec![], &wild)
                .ask(named("a.b.example.com"))
                .refused(mismatch)
                .rustls(word),
            Chain::new("a wildcard for a top-level domain", vec![], &wild)
                .ask(named("example.com"))
                .rustls(word)
                .unlike_openssl("it and rustls ask for two labels; RFC 9525 and Go do not"),
            Chain::new("a wildcard in a label", vec![], &wild)
                .ask(named("www.example.org"))
                .refused(mismatch)
                .rustls(word)
                .unlike_openssl("it lets a wildcard be part of a label; RFC 9525 §6.3 does not"),
            Chain::new("a wildcard in the middle", vec![], &wild)
                .ask(named("www.example.net"))
                .refused(mismatch)
                .rustls(word),
            Chain::new("two wildcards", vec![], &wild)
                .ask(named("a.b.example.net"))
                .refused(mismatch)
                .rustls(word),
            Chain::new(
                "the common name",
                vec![leaf(bed, "common.example.com", "root").without("subjectAltName")],
                &["common.example.com", "root"],
            )
            .ask(named("common.example.com"))
            .refused(mismatch)
            .rustls(word)
            .unlike_openssl("it falls back to the common name"),
        ],
    );
}

/// A CA with name constraints, and a leaf below it.
fn constrained<'a>(bed: &'a Testbed, name: &str, constraints: &str, names: &str) -> Vec<Order<'a>> {
    let ca = format!("ca-{name}");
    let below = leaf(bed, name, &ca);
    let below = if names.is_empty() {
        below.without("subjectAltName")
    } else {
        below.instead(&format!("subjectAltName={names}"))
    };
    vec![intermediate(bed, &ca, "root").with(&format!("nameConstraints=critical,{constraints}")), below]
}

/// A name, what the CA may certify, what the leaf says, what we find, what rustls says, and why OpenSSL says otherwise.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [&'a str], &'a str, Option<&'a str>);

#[test]
fn name_constraints() {
    let bed = &Testbed::new();
    root(bed, "root").make();
    let no: &[&str] = &["name-not-permitted"];
    let excluded: &[&str] = &["name-excluded"];
    let unclear: &[&str] = &["constraint-unsupported"];
    let word = "NameConstraintViolation";
    let cases: Vec<Case<'_>> = vec![
        ("dns", "permitted;DNS:example.com", "DNS:www.example.com", &[], "", None),
        ("dns-no", "permitted;DNS:example.com", "DNS:www.example.org", no, word, None),
        (
            "dns-one-no",
            "permitted;DNS:example.com",
            "DNS:a.example.com,DNS:b.example.org,DNS:c.example.org",
            no,
            word,
            None,
        ),
        ("dns-excluded", "excluded;DNS:example.com", "DNS:www.example.com", excluded, word, None),
        ("dns-not-excluded", "excluded;DNS:example.com", "DNS:www.example.org", &[], "", None),
        (
            "dns-both",
            "permitted;DNS:example.com,excluded;DNS:bad.example.com",
            "DNS:a.bad.example.com",
            excluded,
            word,
            None,
        ),
        ("dns-label", "permitted;DNS:example.com", "DNS:badexample.com", no, word, None),
        ("dns-dot", "permitted;DNS:.example.com", "DNS:www.example.com", &[], "", None),
        ("dns-dot-no", "permitted;DNS:.example.com", "DNS:example.com", no, word, None),
        ("dns-wild", "permitted;DNS:example.com", "DNS:*.example.com", &[], "", None),
        ("dns-wild-no", "permitted;DNS:www.example.com", "DNS:*.example.com", no, word, None),
        (
            "dns-wild-excluded",
            "excluded;DNS:www.example.com",
            "DNS:*.example.com",
            excluded,
            word,
            Some("it reads the wildcard as a name (CVE-2025-61727 in Go)"),
        ),
        ("ip", "permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.9", &[], "", None),
        ("ip-no", "permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.3.9", no, word, None),
        ("ip-family", "permitted;IP:192.0.2.0/255.255.255.0", "IP:2001:db8::1", no, word, None),
        ("ip-excluded", "excluded;IP:0.0.0.0/0.0.0.0", "IP:192.0.2.9", excluded, word, None),
        ("ip-dns", "permitted;IP:192.0.2.0/255.255.255.0", "DNS:www.example.com", &[], "", None),
        ("v6", "permitted;IP:2001:db8::/ffff:ffff::", "IP:2001:db8::1", &[], "", None),
        ("email", "permitted;email:example.com", "email:a@example.com", &[], word, None),
        ("email-no", "permitted;email:example.com", "email:a@example.org", no, word, None),
        ("email-excluded", "excluded;email:.example.com", "email:a@mail.example.com", excluded, word, None),
        ("email-box", "permitted;email:a@example.com", "email:b@example.com", no, word, None),
        ("uri", "permitted;URI:.example.com", "URI:https://www.example.com/x", &[], word, None),
        ("uri-no", "permitted;URI:.example.com", "URI:https://www.example.org/x", no, word, None),
        (
            "uri-excluded",
            "excluded;URI:www.example.com",
            "URI:https://www.example.com:8443/",
            excluded,
            word,
            None,
        ),
        ("uri-no-host", "permitted;URI:.example.com", "URI:urn:a", unclear, word, None),
        ("other", "permitted;otherName:1.2.3.4;UTF8:a", "otherName:1.2.3.4;UTF8:a", unclear, word, None),
        ("rid", "excluded;RID:1.2.3.4", "RID:1.2.3.5", unclear, word, None),
        ("other-dns", "permitted;otherName:1.2.3.4;UTF8:a", "DNS:a", &[], "", None),
        // The common name looks like a DNS name, and is none.
        (
            "cn.example.org",
            "permitted;DNS:example.com",
            "",
            &[],
            "",
            Some("it takes the common name for a DNS name"),
        ),
    ];
    let chains = cases.iter().map(|(name, constraints, names, ours, rustls, unlike)| {
        let ca = format!("ca-{name}");
        let chain = Chain::new(name, constrained(bed, name, constraints, names), &[name, &ca, "root"]);
        Chain { unlike_openssl: *unlike, ..chain.refused(ours).rustls(rustls) }
    });
    hold(bed, chains.collect());
    let directory = |name: &str, list: &str, subject: &str| {
        let ca = format!("ca-{name}");
        let constraints =
            format!("nameConstraints=critical,{list};dirName:dn_constraint\n[dn_constraint]\nO=Acme\n[more]");
        vec![
            intermediate(bed, &ca, "root").subject("/O=Acme/CN=ca").with(&constraints),
            leaf(bed, name, &ca).subject(subject),
        ]
    };
    hold(
        bed,
        vec![
            Chain::new("dir", directory("dir", "permitted", "/O=ACME/CN=a"), &["dir", "ca-dir", "root"])
                .rustls(word),
            Chain::new(
                "dir-no",
                directory("dir-no", "permitted", "/O=Other/CN=a"),
                &["dir-no", "ca-dir-no", "root"],
            )
            .refused(no)
            .rustls(word),
            Chain::new(
                "dir-excluded",
                directory("dir-excluded", "excluded", "/O=Acme/CN=a"),
                &["dir-excluded", "ca-dir-excluded", "root"],
            )
            .refused(excluded)
            .rustls(word),
            Chain::new(
                "dir-not-excluded",
                directory("dir-not-excluded", "excluded", "/O=Other/CN=a"),
                &["dir-not-excluded", "ca-dir-not-excluded", "root"],
            )
            .rustls(word),
            // An address for e-mail in the subject is one.
            Chain::new(
                "subject-email",
                vec![
                    intermediate(bed, "ca-subject-email", "root")
                        .with("nameConstraints=critical,permitted;email:example.com"),
                    leaf(bed, "subject-email", "ca-subject-email").subject("/emailAddress=a@example.org"),
                ],
                &["subject-email", "ca-subject-email", "root"],
            )
            .refused(no),
            // An anchor's constraints hold too.
            Chain::new(
                "anchor",
                vec![
                    root(bed, "anchor-ca").with("nameConstraints=critical,permitted;DNS:example.com"),
                    leaf(bed, "under-anchor", "anchor-ca").instead("subjectAltName=DNS:a.example.org"),
                ],
                &["under-anchor", "anchor-ca"],
            )
            .refused(no)
            .rustls(word),
        ],
    );
}
