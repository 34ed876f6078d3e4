//! The life of a request: made, kept, approved or denied, signed, cleaned away.

use std::fs;

use kubepki::csr::object::Object;

use super::office;

#[test]
fn a_request_is_made_kept_approved_signed_and_handed_out() {
    let bed = office();
    let new = ["new", "jane", "--cn", "jane", "--group", "dev", "--group", "ops", "--expiration", "24h"];
    let manifest = bed.csr(&new).success().stdout;
    assert_eq!(bed.mode("jane.key"), 0o600);
    bed.csr(&new).failure().err("jane.key is there already").err("--key jane.key");
    // No key without a request.
    for wrong in [
        &["--cn", "a", "--signer", "example.com/a"][..],
        &["--cn", "a", "--signer", "kubernetes.io/legacy-unknown", "--usage", "any"],
        &[],
    ] {
        bed.csr(&[&["new", "a"], wrong].concat()).failure().err("hint: ");
    }
    bed.csr(&["new", "a", "--cn", "a", "--dns", "münchen"]).failure().err("not ASCII");
    assert!(!bed.path("a.key").exists());
    bed.write("jane.yaml", &manifest);
    bed.csr(&["list"]).success().err("No resources found");
    bed.csr(&["submit", "jane.yaml"])
        .success()
        .out("certificatesigningrequest.certificates.k8s.io/jane created");
    bed.csr(&["submit", "jane.yaml"])
        .failure()
        .err("certificatesigningrequests.certificates.k8s.io \"jane\" already exists");
    assert_eq!(bed.mode("out/csr/jane.yaml"), 0o600);
    let listed = bed.csr(&["list"]).success().stdout;
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["NAME", "AGE", "SIGNERNAME", "REQUESTOR", "REQUESTEDDURATION", "CONDITION"]);
    assert_eq!(lines[1][2..], ["kubernetes.io/kube-apiserver-client", "system:anonymous", "24h", "Pending"]);

    // Nothing is signed that is not approved.
    bed.csr(&["run", "--once"]).success();
    bed.csr(&["sign", "jane"]).failure().err("\"jane\" is not approved: it is Pending");
    bed.csr(&["cert", "jane"]).attention().err("has no certificate: it is Pending");
    bed.csr(&["explain", "jane"]).success().out("decision        nothing: it waits for approval");
    assert_eq!(bed.state("jane"), "Pending");

    let approved = "certificatesigningrequest.certificates.k8s.io/jane approved";
    bed.csr(&["approve", "jane"]).success().out(approved);
    let before = bed.snapshot("out/csr");
    bed.csr(&["approve", "jane"]).success().out(approved);
    assert_eq!(bed.snapshot("out/csr"), before, "again is nothing");
    bed.csr(&["deny", "jane"]).failure().err("certificate signing request \"jane\" is already Approved");
    let explained = bed.csr(&["explain", "jane", "-o", "json"]).success().json();
    assert_eq!(explained["decision"], "sign");

    let ran = bed.csr(&["run", "--once"]).success();
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    ran.out(" jane signed by kubernetes.io/kube-apiserver-client: serial ");
    assert_eq!(bed.state("jane"), "Approved,Issued");
    bed.shell("kubepki csr cert jane -d out > jane.crt").success();
    bed.peer(
        "openssl",
        &["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "out/pki/ca.crt", "jane.crt"],
    )
    .success()
    .out("jane.crt: OK");
    let text = bed.peer(
        "openssl",
        &[
            "x509",
            "-in",
            "jane.crt",
            "-noout",
            "-subject",
            "-ext",
            "basicConstraints,extendedKeyUsage,keyUsage",
        ],
    );
    text.success()
        .out("O = dev + O = ops, CN = jane")
        .out("X509v3 Basic Constraints: critical\n    CA:FALSE")
        .out("TLS Web Client Authentication")
        .out("X509v3 Key Usage: critical\n    Digital Signature");
    assert_eq!(bed.certificate("jane.crt").public_key, *bed.key("jane.key").public_key());
    let certificate = bed.certificate("jane.crt");
    assert_eq!((certificate.not_after - certificate.not_before).whole_hours(), 24);
    assert_eq!(bed.ledger(), [bed.serial("jane").unwrap()]);
    let before = bed.snapshot("out");
    bed.csr(&["run", "--once"]).success();
    bed.csr(&["sign", "jane"]).success();
    assert_eq!(bed.snapshot("out"), before, "what is done is done");
    bed.csr(&["delete", "jane"])
        .success()
        .out("certificatesigningrequest.certificates.k8s.io \"jane\" deleted");
    bed.csr(&["delete", "jane"]).failure().err("\"jane\" not found");
    assert_eq!(bed.ledger().len(), 1, "the ledger forgets nothing");
}

#[test]
fn names_of_every_kind_and_keys_of_ones_own() {
    let bed = office();
    bed.peer("openssl", &["ecparam", "-name", "secp384r1", "-genkey", "-out", "own.key"]).success();
    let names = [
        "--dns",
        "a.example.com",
        "--dns",
        "*.b.example.com",
        "--ip",
        "192.0.2.7",
        "--ip",
        "2001:db8::7",
        "--uri",
        "spiffe://x/y",
        "--email",
        "jane@example.com",
    ];
    let rest =
        ["--key", "own.key", "--usage", "client auth", "--usage", "digital signature", "--group", "dev"];
    bed.submitted("jane", &[&names[..], &rest].concat());
    bed.csr(&["approve", "jane"]).success();
    bed.csr(&["sign", "jane"]).success().out("/jane signed");
    bed.shell("kubepki csr cert jane -d out > jane.crt").success();
    let ext = ["x509", "-in", "jane.crt", "-noout", "-ext", "subjectAltName"];
    bed.peer("openssl", &ext).success().out(
        "DNS:a.example.com, DNS:*.b.example.com, email:jane@example.com, IP Address:192.0.2.7, IP \
         Address:2001:DB8:0:0:0:0:0:7, URI:spiffe://x/y",
    );
    assert_eq!(bed.certificate("jane.crt").public_key, *bed.key("own.key").public_key());
    bed.csr(&["describe", "jane"])
        .success()
        .out("Subject Alternative Names:\n         DNS Names:        a.example.com\n                           *.b.example.com\n")
        .out("Status:             Approved,Issued");

    // What a signer of one's own needs is asked for, and what it does not sign is told.
    bed.write(
        "signers.yaml",
        "apiVersion: kubepki/v1\nkind: Signers\nsigners:\n- {name: example.com/a, certFile: a, keyFile: b, commonNames: [a], \
         requiredUsages: [server auth, key encipherment]}\n",
    );
    let new = ["new", "b", "--cn", "b", "--signer", "example.com/a", "--signers", "signers.yaml"];
    bed.csr(&new)
        .success()
        .out("  usages:\n  - server auth\n  - key encipherment\n")
        .err("example.com/a will not sign this: common name `b` is not allowed");

    bed.csr(&["submit", "none.yaml"]).failure().err("none.yaml is missing");
    bed.csr(&["submit", "own.key"]).failure().err("own.key ");
    bed.csr(&["new", "a", "--from-csr", "own.key"])
        .failure()
        .err("own.key is not a request that is taken: PEM block type must be CERTIFICATE REQUEST")
        .err("`openssl req -in own.key`");

    // A request of openssl's, as it is.
    bed.shell("openssl req -new -newkey rsa:2048 -nodes -keyout o.key -subj '/O=ops/CN=olaf' -out o.csr 2>/dev/null")
        .success();
    bed.shell(
        "kubepki csr new olaf --from-csr o.csr -o json > olaf.json; kubepki csr submit olaf.json -d out",
    )
    .success();
    assert!(!bed.path("olaf.key").exists());
    assert_eq!(
        bed.stored("olaf").spec.usages.unwrap(),
        ["digital signature", "key encipherment", "client auth"]
    );
    assert_eq!(bed.stored("olaf").spec.request.0, fs::read(bed.path("o.csr")).unwrap());
}

#[test]
fn denied_failed_and_given() {
    let bed = office();
    for name in ["denied", "failed", "given"] {
        bed.submitted(name, &[]);
    }
    let deny = ["deny", "denied", "--reason", "No", "--message", "Not you."];
    bed.csr(&deny).success().out("/denied denied");
    bed.csr(&["approve", "denied"]).failure().err("is already Denied");
    let object = bed.stored("denied");
    let condition = object.condition("Denied").unwrap();
    assert_eq!((condition.reason.as_deref(), condition.message.as_deref()), (Some("No"), Some("Not you.")));

    // A usage that the signer does not allow: it fails for good, with the signer's words.
    let text = bed
        .read("failed.yaml")
        .replace("  - client auth", "  - server auth")
        .replace("name: failed", "name: usage");
    bed.write("usage.yaml", text);
    bed.csr(&["submit", "usage.yaml"]).success();
    bed.csr(&["approve", "usage"]).success();
    bed.csr(&["run", "--once"])
        .success()
        .out("usage failed: invalid usage for client certificate: server auth");
    assert_eq!(bed.state("usage"), "Approved,Failed");
    bed.csr(&["approve", "failed"]).success();

    // Somebody else signs: only for the key of the request, and with the signer's CA.
    bed.csr(&["approve", "given"]).success();
    bed.csr(&["sign", "given", "--cert", "out/pki/apiserver.crt"])
        .failure()
        .err("the first certificate is not for the key of the request");
    bed.shell(
        "kubepki csr list given -o json -d out | python3 -c 'import json,sys,base64; \
         sys.stdout.buffer.write(base64.b64decode(json.load(sys.stdin)[\"spec\"][\"request\"]))' > given.csr
         openssl x509 -req -in given.csr -CA out/pki/ca.crt -CAkey out/pki/ca.key -days 30 -out given.crt 2>/dev/null
         openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=other -out other.crt 2>/dev/null
         openssl x509 -req -in given.csr -CA other.crt -CAkey other.key -days 30 -out foreign.crt 2>/dev/null",
    )
    .success();
    bed.csr(&["sign", "given", "--cert", "foreign.crt"])
        .failure()
        .err("is not signed by the signer's CA, CN=kubernetes");
    bed.csr(&["sign", "given", "--cert", "given.crt"]).success();
    assert_eq!(bed.state("given"), "Approved,Issued");
    assert_eq!(bed.ledger(), [bed.serial("given").unwrap()]);
    bed.csr(&["list", "given", "denied", "-o", "name"]).success().out(
        "certificatesigningrequest.certificates.k8s.io/given\ncertificatesigningrequest.certificates.k8s.io/denied\n",
    );
    bed.csr(&["list", "nobody"])
        .failure()
        .err("certificatesigningrequests.certificates.k8s.io \"nobody\" not found");
}

/// A file that somebody puts there is a request like one that was submitted; what it says of its own approval is nothing.
#[test]
fn a_file_that_is_put_there_becomes_a_request() {
    let bed = office();
    let manifest = bed.csr(&["new", "jane", "--cn", "jane"]).success().stdout;
    let approved = "status:\n  conditions:\n  - {type: Approved, status: 'True', reason: a, message: b}\n";
    bed.write("out/csr/jane.yaml", manifest.clone() + approved + "note: mine\n");
    bed.write(
        "out/csr/any.json",
        bed.shell("kubepki csr new x --cn x -o json")
            .success()
            .stdout
            .replace("\"name\": \"x\"", "\"generateName\": \"csr-\""),
    );
    bed.csr(&["list"]).success().out("jane   <unknown>");
    let ran = bed.csr(&["run", "--once"]).success();
    ran.out("jane admitted: asked for by system:anonymous");
    assert_eq!(bed.state("jane"), "Pending");
    assert!(bed.read("out/csr/jane.yaml").contains("note: mine"), "what a person has added stays");
    let names: Vec<_> = fs::read_dir(bed.path("out/csr"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().any(|name| name.starts_with("csr-") && name.ends_with(".json")), "{names:?}");
    assert!(!names.contains(&"any.json".to_owned()));

    // Approved before the loop has seen it: then it is admitted on the way.
    bed.write("out/csr/joe.yaml", manifest.replace("jane", "joe") + approved);
    bed.csr(&["approve", "joe"]).success();
    bed.csr(&["run", "--once"]).success().out("joe signed by");
    assert_eq!(bed.stored("joe").conditions()[0].reason.as_deref(), Some("KubepkiApprove"));
}

/// The cleaner's cases, with times that somebody else has written.
#[test]
fn what_is_old_is_cleaned_away() {
    let bed = office();
    for name in ["issued", "denied", "pending", "fresh"] {
        bed.submitted(name, &[]);
    }
    bed.csr(&["approve", "issued"]).success();
    bed.csr(&["sign", "issued"]).success();
    bed.csr(&["deny", "denied"]).success();
    let old = |name: &str, days: i64| {
        let text = bed.read(format!("out/csr/{name}.yaml"));
        let then = time::OffsetDateTime::now_utc() - time::Duration::days(days);
        let stamp = kubepki::moment::rfc3339(then);
        let line = |line: &str| match line.split_once(": ") {
            Some((field, value)) if value.starts_with("\"20") && value.ends_with("Z\"") => {
                format!("{field}: \"{stamp}\"\n")
            }
            _ => format!("{line}\n"),
        };
        bed.write(&format!("out/csr/{name}.yaml"), text.lines().map(line).collect::<String>());
    };
    old("issued", 1);
    old("denied", 1);
    old("pending", 2);
    let dry = bed.csr(&["gc", "--dry-run"]).success().stdout;
    assert_eq!(
        dry,
        "denied removed: denied for more than 1 hour (dry run)\nissued removed: issued for more than 1 hour (dry run)\n\
         pending removed: pending for more than 1 day (dry run)\n"
    );
    bed.csr(&["run", "--once", "--keep"]).success();
    assert_eq!(bed.csr(&["list", "-o", "name"]).success().stdout.lines().count(), 4);
    bed.csr(&["run", "--once"]).success().out("issued removed: issued for more than 1 hour");
    let left = bed.csr(&["list", "-o", "name"]).success().stdout;
    assert_eq!(left, "certificatesigningrequest.certificates.k8s.io/fresh\n");
    bed.csr(&["gc"]).success();
    bed.csr(&["delete", "--all"]).success().out("\"fresh\" deleted");
}
