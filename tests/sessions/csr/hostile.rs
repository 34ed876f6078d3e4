//! What an enemy puts there: each has its refusal, and nothing of it is signed.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::office;
use crate::testbed::Testbed;

/// A manifest for a request in PEM.
fn manifest(name: &str, pem: &[u8], signer: &str, usages: &str) -> String {
    format!(
        "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {{name: {name}}}\nspec:\n  \
         request: {}\n  signerName: {signer}\n  usages: [{usages}]\n",
        STANDARD.encode(pem)
    )
}

const CLIENT: &str = "kubernetes.io/kube-apiserver-client";

fn openssl(bed: &Testbed, script: &str) -> Vec<u8> {
    let mut command = Command::new("sh");
    command.args(["-euc", script]).current_dir(bed.path(""));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn what_the_api_server_would_refuse_is_refused() {
    let bed = office();
    openssl(&bed, "openssl ecparam -name prime256v1 -genkey -noout -out k.key");
    let request = |subject: &str, more: &str| {
        openssl(&bed, &format!("openssl req -new -key k.key -subj '{subject}' {more}"))
    };
    let good = request("/CN=jane", "");
    let text = String::from_utf8(good.clone()).unwrap();
    let mut der = openssl(&bed, "openssl req -new -key k.key -subj /CN=jane -outform DER");
    *der.last_mut().unwrap() ^= 1;
    let pem = |label: &str, der: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der)).into_bytes()
    };
    let masters = request("/O=system:masters/CN=jane", "");
    for (name, bytes, signer, usages, words) in [
        (
            "self-signature",
            pem("CERTIFICATE REQUEST", &der),
            CLIENT,
            "client auth",
            "x509: ECDSA verification failure",
        ),
        (
            "label",
            text.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST").into_bytes(),
            CLIENT,
            "client auth",
            "PEM block type must be CERTIFICATE REQUEST",
        ),
        ("rubbish", b"rubbish".to_vec(), CLIENT, "client auth", "PEM block type must be CERTIFICATE REQUEST"),
        (
            "masters",
            masters.clone(),
            CLIENT,
            "client auth",
            "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
        ),
        ("usage", good.clone(), CLIENT, "client auth, cat", "spec.usages[1]: Unsupported value: \"cat\""),
        ("no-usage", good.clone(), CLIENT, "", "spec.usages: Required value"),
        (
            "legacy",
            good.clone(),
            "kubernetes.io/legacy-unknown",
            "client auth",
            "the legacy signerName is not allowed via this API version",
        ),
        ("signer", good.clone(), "Example.com/a", "client auth", "spec.signerName: Invalid value"),
        (
            "'..'",
            good.clone(),
            CLIENT,
            "client auth",
            "metadata.name: Invalid value: \"..\": may not be '..'",
        ),
        ("a/b", good.clone(), CLIENT, "client auth", "may not contain '/'"),
    ] {
        let text = manifest(name, &bytes, signer, usages);
        bed.write("hostile.yaml", &text);
        bed.csr(&["submit", "hostile.yaml"]).failure().err(words);
        // The same as a file that somebody has put there.
        bed.write("out/csr/hostile.yaml", &text);
        bed.csr(&["run", "--once"]).attention().err("is not valid").err(words);
        assert!(bed.read("out/csr/hostile.yaml") == text, "{name}: it is left as it is");
    }
    assert!(bed.ledger().is_empty());

    // Strict, as kubectl asks for it.
    bed.write("unknown.yaml", manifest("x", &good, CLIENT, "client auth") + "  bogus: 1\n");
    bed.csr(&["submit", "unknown.yaml"]).failure().err("strict decoding error: unknown field \"spec.bogus\"");
    bed.write(
        "set.yaml",
        manifest("x", &good, CLIENT, "client auth").replace("{name: x}", "{name: x, resourceVersion: \"1\"}"),
    );
    bed.csr(&["submit", "set.yaml"])
        .failure()
        .err("resourceVersion should not be set on objects to be created");
}

/// What is asked for beyond what the signer honours is not in what is signed, whoever approves it.
#[test]
fn what_is_asked_for_is_not_what_is_given() {
    let bed = office();
    bed.write(
        "evil.cnf",
        "[req]\ndistinguished_name=dn\nreq_extensions=ext\nprompt=no\n[dn]\n1.O=a\n2.O=b\nDC=evil\n9.1.3.6.1.4.1.57683.2=uid-of-another\n1.CN=first\n2.CN=last\n\
         [ext]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nextendedKeyUsage=serverAuth\n\
         subjectAltName=DNS:a.example.com,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:admin@example.com,dirName:dir\n[dir]\nCN=x\n",
    );
    let pem =
        openssl(&bed, "openssl req -new -newkey rsa:2048 -nodes -keyout e.key -config evil.cnf 2>/dev/null");
    bed.write("evil.yaml", manifest("evil", &pem, CLIENT, "client auth"));
    bed.csr(&["submit", "evil.yaml"]).success();
    bed.csr(&["approve", "evil"]).success();
    bed.csr(&["run", "--once"]).success();
    bed.shell("kubepki csr cert evil -d out > evil.crt").success();
    let text =
        bed.peer("openssl", &["x509", "-in", "evil.crt", "-noout", "-text", "-nameopt", "RFC2253"]).success();
    let text = text
        .out("Subject: CN=last,O=b+O=a")
        .out("CA:FALSE")
        .out("DNS:a.example.com")
        .out("TLS Web Client Authentication");
    for words in [
        "CA:TRUE",
        "Certificate Sign",
        "Server Authentication",
        "othername",
        "DirName",
        "evil",
        "first",
        "another",
    ] {
        assert!(!text.stdout.contains(words), "{words}: {}", text.stdout);
    }
}

#[test]
fn objects_that_lie_about_themselves_are_left_alone() {
    let bed = office();
    bed.submitted("one", &[]);
    let good = bed.read("out/csr/one.yaml");
    let status =
        |conditions: &str| good.replace("status: {}", &format!("status:\n  conditions: [{conditions}]"));
    for (text, words) in [
        (
            status("{type: Approved, status: \"False\"}"),
            "status.conditions[0].status: Unsupported value: \"False\"",
        ),
        (
            status("{type: Approved, status: \"True\"}, {type: Denied, status: \"True\"}"),
            "are mutually exclusive",
        ),
        (status("{type: Approved, status: \"True\"}, {type: Approved, status: \"True\"}"), "Duplicate value"),
        (
            status("{type: Approved, status: \"True\"}").replace("  - client auth", "  - cat"),
            "Unsupported value: \"cat\"",
        ),
        (
            good.replace("status: {}", "status: {certificate: YWJj}"),
            "status.certificate: Invalid value: \"<certificate data>\"",
        ),
        (
            good.replace("signerName: ", "expirationSeconds: 5\n  signerName: "),
            "may not specify a duration less than 600 seconds",
        ),
        (good.replace("LS0tLS1", "LS0tLS2"), "spec.request: Invalid value"),
    ] {
        bed.write("out/csr/one.yaml", &text);
        bed.csr(&["run", "--once"]).attention().err("one is not valid: ").err(words);
        assert_eq!(bed.read("out/csr/one.yaml"), text);
        bed.csr(&["explain", "one"]).success().out("it is not valid: ");
    }
    assert!(bed.ledger().is_empty());
}

#[test]
fn large_odd_and_foreign_files_cost_little() {
    let bed = office();
    bed.submitted("one", &[]);
    bed.csr(&["approve", "one"]).success();
    let good = bed.read("one.yaml");
    // A request of a megabyte, one that is larger than any, names of every kind.
    let large = vec![b'A'; 1 << 20];
    bed.write("out/csr/large.yaml", manifest("large", &large, CLIENT, "client auth"));
    bed.write("out/csr/huge.yaml", vec![b' '; 5 << 20]);
    bed.write("out/csr/deep.yaml", format!("a: {}", "[".repeat(100_000)));
    let bomb: String =
        (1..12).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "))).collect();
    bed.write("out/csr/bomb.yaml", format!("a0: &a0 [x, x]\n{bomb}"));
    bed.write("out/csr/bytes.yaml", [0xff, 0xfe, 0x00]);
    bed.write("out/csr/list.yaml", "apiVersion: v1\nkind: List\nitems: []\n");
    bed.write("out/csr/old.yaml", good.replace("certificates.k8s.io/v1", "certificates.k8s.io/v1beta1"));
    std::os::unix::fs::symlink("/etc/shadow", bed.path("out/csr/link.yaml")).unwrap();
    let begun = std::time::Instant::now();
    let ran = bed.csr(&["run", "--once"]).attention();
    assert!(begun.elapsed().as_secs() < 20);
    for words in [
        "huge.yaml has more than 4 MiB",
        "deep.yaml does not parse",
        "bomb.yaml does not parse",
        "bytes.yaml is not UTF-8 text",
        "list.yaml is a `List` of `v1`, not a CertificateSigningRequest",
        "old.yaml is a `CertificateSigningRequest` of `certificates.k8s.io/v1beta1`",
        "link.yaml is a symlink, which is not followed",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    assert_eq!(bed.state("one"), "Approved,Issued", "one bad file does not hold up the others");

    let long = "x".repeat(1000);
    for name in ["Jane Doe: 100", "müller", "\u{202e}evil", "\u{1b}[31mred", &long] {
        let text = bed.csr(&["new", name, "--cn", "jane", "--key", "k.key"]).success().stdout;
        bed.write("odd.yaml", text);
        bed.csr(&["submit", "odd.yaml"]).success();
        bed.csr(&["approve", name]).success();
        let ran = bed.csr(&["run", "--once"]).anyhow();
        assert!(ran.stdout.contains(" signed by") && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
        assert!(!bed.csr(&["list"]).success().stdout.contains('\u{1b}'));
    }
}
