//! CAs under a root of the user's own, which `apply` makes: what is in which file, and whether peers that have nothing but
//! the root find the way, beside those that have the CA.

use std::fs;
use std::time::{Duration, Instant};

use kubepki::x509::Certificate;

use crate::etcd::{Member, etcdctl, free_ports, member};
use crate::rules::{audit, findings};
use crate::testbed::{FLEET, SINGLE, Testbed};

const ROOTED: &str = "\
caCertificateValidityPeriod: 43800h
authority:
  mode: intermediate
  root: {certificate: root.crt, key: root.key}
";

/// A root, and the spec of a cluster under it.
fn rooted(spec: &str) -> Testbed {
    let bed = Testbed::with(&format!("{spec}{ROOTED}"));
    let root = ["ca", "new", "root", "--subject", "CN=prod root", "--path-length", "1"];
    bed.run(&root).success();
    bed
}

pub fn applied(spec: &str) -> Testbed {
    let bed = rooted(spec);
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    bed
}

fn certificates(bed: &Testbed, file: &str) -> Vec<Certificate> {
    Certificate::all_from_pem(bed.read(file).as_bytes()).unwrap()
}

/// What is wrong beyond pieces of information, with the spec and without.
fn weighty(bed: &Testbed) -> Vec<String> {
    let given: &[&str] = &["-d", "out", "-f", "cluster.yaml"];
    let of = |arguments: &[&str]| {
        let report = audit(bed, arguments);
        let heavy = findings(&report).filter(|finding| finding["severity"] != "info");
        heavy.map(ToString::to_string).collect::<Vec<_>>()
    };
    [of(given), of(&given[..2])].concat()
}

const LEAVES: [&str; 7] = [
    "apiserver",
    "apiserver-kubelet-client",
    "front-proxy-client",
    "etcd/server",
    "etcd/peer",
    "etcd/healthcheck-client",
    "apiserver-etcd-client",
];

#[test]
fn each_file_has_what_its_readers_take() {
    let bed = rooted(SINGLE);
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.out("+ create  root-ca ").out("+ create  ca ").out("Done: 17 created");
    let before = bed.snapshot("out");
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success().out("Done: 17 kept");
    assert_eq!(bed.snapshot("out"), before);
    assert_eq!(weighty(&bed), <[String; 0]>::default());

    let root = bed.certificate("root.crt");
    assert_eq!(certificates(&bed, "out/pki/root-ca.crt"), std::slice::from_ref(&root));
    assert!(!bed.path("out/pki/root-ca.key").exists());
    for (ca, leaves) in [
        ("ca", &["apiserver", "apiserver-kubelet-client"][..]),
        ("front-proxy-ca", &["front-proxy-client"]),
        ("etcd/ca", &["etcd/server", "etcd/peer", "etcd/healthcheck-client", "apiserver-etcd-client"]),
    ] {
        let file = format!("out/pki/{ca}.crt");
        let all = certificates(&bed, &file);
        assert_eq!(
            all.len(),
            1,
            "kube-controller-manager signs with one, and no reader lets in all of the root's"
        );
        let text = bed.peer("openssl", &["x509", "-in", &file, "-noout", "-text"]).success();
        let text = text.out("CA:TRUE, pathlen:0").out("Issuer: CN = prod root");
        text.out("Digital Signature, Key Encipherment, Certificate Sign, CRL Sign");
        // Just the root as anchor, and no -partial_chain.
        bed.peer("openssl", &["verify", "-x509_strict", "-CAfile", "root.crt", &file]).success();
        for leaf in leaves {
            let file = format!("out/pki/{leaf}.crt");
            assert_eq!(certificates(&bed, &file)[1..], all, "{leaf}");
            let verify = ["verify", "-x509_strict", "-CAfile", "root.crt", "-untrusted", &file, &file];
            bed.peer("openssl", &verify).success();
            // The same by kubepki, which demands a self-signed anchor with --strict, and by rustls.
            let verify = ["verify", &file, "--ca", "root.crt", "--purpose", "any", "--strict", "-o", "json"];
            let report = bed.run(&verify).success().json();
            assert_eq!(report["certificates"][0]["rustls"]["accepts"], true, "{report:#}");
            let purpose = if leaf.contains("client") { "client" } else { "server" };
            bed.run(&["verify", &file, "--ca", &format!("out/pki/{ca}.crt"), "--purpose", purpose]).success();
        }
    }
    // kubeadm compares the first certificate, kubectl trusts it, and others find the root.
    let ca = bed.certificate("out/pki/ca.crt");
    for kubeconfig in ["admin.conf", "super-admin.conf", "kubelet.conf", "scheduler.conf"] {
        let kubeconfig = bed.kubeconfig(&format!("out/{kubeconfig}"));
        assert_eq!(*kubeconfig.authority.embedded().unwrap(), [ca.clone(), root.clone()]);
        assert_eq!(kubeconfig.certificate.embedded().unwrap().len(), 1, "the API server has the CA");
    }
    bed.assert_pairs_match("out");

    // The CA signs requests, as kube-controller-manager would.
    bed.write(
        "jane.yaml",
        bed.run(&["csr", "new", "jane", "--cn", "jane", "--group", "dev"]).success().stdout,
    );
    for verb in [&["csr", "submit", "jane.yaml", "-d", "out"][..], &["csr", "approve", "jane", "-d", "out"]] {
        bed.run(verb).success();
    }
    bed.run(&["csr", "run", "--once", "-d", "out"]).success();
    bed.write("jane.crt", bed.run(&["csr", "cert", "jane", "-d", "out"]).success().stdout);
    let verify = ["verify", "-CAfile", "root.crt", "-untrusted", "out/pki/ca.crt", "jane.crt"];
    bed.peer("openssl", &verify).success();
    // And a list of what it has revoked is taken by OpenSSL: it has cRLSign.
    bed.run(&["ca", "crl", "list", "--ca", "out/pki/ca.crt", "--encoding", "pem", "--revoke", "jane.crt"])
        .success();
    let verify =
        ["verify", "-crl_check", "-CRLfile", "list", "-CAfile", "root.crt", "-untrusted", "out/pki/ca.crt"];
    bed.peer("openssl", &[&verify[..], &["jane.crt"]].concat()).code(2).err("certificate revoked");

    // Renewed, they are as they were.
    bed.run(&["renew", "--all", "-f", "cluster.yaml", "-d", "out"]).success();
    for leaf in LEAVES {
        assert_eq!(certificates(&bed, &format!("out/pki/{leaf}.crt")).len(), 2);
    }
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    let ran = bed.run(&["explain", "-f", "cluster.yaml", "ca"]).success();
    ran.out("root-ca");
    bed.run(&["explain", "root-ca"]).success().out("self-signed anchor");
    bed.run(&["renew", "ca", "-f", "cluster.yaml", "-d", "out"]).failure().err("`ca` is not renewed");
    let shown = bed.run(&["show", "-f", "cluster.yaml"]).success();
    bed.write("shown.yaml", shown.out("certificate: root.crt").out("pathLength: 0").stdout);
    bed.run(&["plan", "--exit-code", "-f", "shown.yaml", "-d", "out"]).success();
}

/// `kubeadm certs renew` drops what stands behind a certificate, and the root from kubeconfigs.
#[test]
fn what_is_lost_is_put_back() {
    let bed = applied(SINGLE);
    let ca = bed.certificate("out/pki/ca.crt").to_pem().unwrap();
    let own = bed.certificate("out/pki/apiserver.crt");
    bed.write("out/pki/apiserver.crt", own.to_pem().unwrap());
    let encode = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let both = encode(&(ca.clone() + &bed.read("root.crt")));
    bed.write("out/admin.conf", bed.read("out/admin.conf").replace(&both, &encode(&ca)));
    let user = bed.client("out/admin.conf");
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    let plan = plan.out("~ rewrite apiserver ").out("is not followed by its CA `CN=kubernetes`");
    plan.out("~ rewrite admin.conf ").out("does not trust the root `CN=prod root`");
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).failure().err("2 credentials that are there");
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--yes"]).success().out("2 rewritten");
    assert_eq!(certificates(&bed, "out/pki/apiserver.crt")[0], own, "the same certificate");
    assert_eq!(bed.client("out/admin.conf"), user);
    assert_eq!(weighty(&bed), <[String; 0]>::default());

    // A CA whose certificate is lost is signed again for its key: what it has signed stays as it is.
    fs::remove_file(bed.path("out/pki/etcd/ca.crt")).unwrap();
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--yes"]).success().out("~ reissue etcd-ca ");
    let verify = ["verify", "-CAfile", "root.crt", "-untrusted", "out/pki/etcd/ca.crt"];
    bed.peer("openssl", &[&verify[..], &["out/pki/etcd/server.crt"]].concat()).success();
    fs::remove_file(bed.path("out/pki/ca.crt")).unwrap();
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--yes"]).success();
    ran.out("~ reissue ca ").out("~ rewrite admin.conf ");
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();

    // The root renewed for the same key takes the place of the old one; another root's does not.
    bed.shell("openssl x509 -in root.crt -signkey root.key -days 3000 -out new.crt && mv new.crt root.crt")
        .success();
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--yes"]).success().out("~ rewrite root-ca ");
    assert_eq!(bed.certificate("out/pki/root-ca.crt"), bed.certificate("root.crt"));
    bed.run(&["ca", "new", "other", "--subject", "CN=other root"]).success();
    bed.write(
        "cluster.yaml",
        bed.read("cluster.yaml").replace("root.crt", "other.crt").replace("root.key", "other.key"),
    );
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--yes"]).attention();
    ran.out("! by hand ca ").out("is signed by `CN=prod root`, not by the spec's root `CN=other root`");
    assert_eq!(bed.certificate("out/pki/root-ca.crt"), bed.certificate("root.crt"));
}

#[test]
fn a_fleet_and_what_was_adopted_of_it() {
    let bed = applied(FLEET);
    assert_eq!(weighty(&bed), <[String; 0]>::default());
    for node in ["cp1", "cp2", "cp3", "worker1", "worker2"] {
        let root = format!("out/nodes/{node}/etc/kubernetes/pki/root-ca");
        assert_eq!(bed.certificate(&format!("{root}.crt")), bed.certificate("root.crt"));
        assert!(!bed.path(format!("{root}.key")).exists(), "the root's key goes nowhere");
    }
    assert!(!bed.path("out/authority/root-ca.key").exists());
    let adopted = bed.run(&["adopt", "-d", "out"]).success().stdout;
    bed.write("adopted.yaml", &adopted);
    bed.run(&["apply", "-f", "adopted.yaml", "-d", "out"]).success().out("Done: 60 kept");
    // A node alone, with the authority's directory.
    let node =
        ["apply", "-f", "cluster.yaml", "-d", "alone", "--node", "cp2", "--authority", "out/authority"];
    bed.run(&node).success();
    bed.peer(
        "openssl",
        &[
            "verify",
            "-CAfile",
            "root.crt",
            "-untrusted",
            "alone/pki/apiserver.crt",
            "alone/pki/apiserver.crt",
        ],
    )
    .success();
}

/// A real cluster of etcd with mutual TLS; clients that have the CA, and clients that have nothing but the root.
#[test]
fn etcd_and_its_clients_find_the_way() {
    let bed = applied(FLEET);
    let [c1, c2, c3, p1, p2, p3] = free_ports();
    let nodes = [("cp1", c1, p1), ("cp2", c2, p2), ("cp3", c3, p3)];
    let cluster = nodes.map(|(node, _, port)| format!("{node}=https://127.0.0.1:{port}")).join(",");
    let start = |nodes: [(&str, u16, u16); 3]| {
        nodes.map(|(node, client, own)| member(&bed, node, client, own, &cluster))
    };
    let endpoints = nodes.map(|(_, port, _)| format!("https://127.0.0.1:{port}")).join(",");
    let pki = "out/nodes/cp1/etc/kubernetes/pki";
    let tls = |ca: &str, client: &str| {
        let file = |flag: &str, path: String| format!("--{flag}={path}");
        let pair = |ending: &str| format!("{pki}/{client}.{ending}");
        vec![file("cacert", ca.to_owned()), file("cert", pair("crt")), file("key", pair("key"))]
    };
    let etcd_ca = format!("{pki}/etcd/ca.crt");
    let healthy = |members: &[Member; 3]| {
        let started = Instant::now();
        let tls = tls(&etcd_ca, "etcd/healthcheck-client");
        while etcdctl(&bed, &endpoints, &tls, &["endpoint", "health"]).anyhow().code != Some(0) {
            let logs = || ["cp1", "cp2", "cp3"].map(|node| bed.read(format!("{node}.log"))).join("\n");
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "{} members are not healthy\n{}",
                members.len(),
                logs()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    let members = start(nodes);
    healthy(&members);
    let one = |port: u16| format!("https://127.0.0.1:{port}");
    for ca in [etcd_ca.as_str(), "root.crt", &format!("{pki}/root-ca.crt")] {
        etcdctl(&bed, &one(c1), &tls(ca, "apiserver-etcd-client"), &["put", "key", "value"]).success();
        etcdctl(&bed, &one(c3), &tls(ca, "apiserver-etcd-client"), &["get", "key"]).success().out("value");
    }
    // OpenSSL as client: it demands a self-signed anchor, and has just the root.
    let connect = |ca: &str| {
        bed.shell(&format!(
            "openssl s_client -connect 127.0.0.1:{c2} -verify_ip 127.0.0.1 -verify_return_error -CAfile {ca} \
             -cert {pki}/etcd/healthcheck-client.crt -key {pki}/etcd/healthcheck-client.key </dev/null"
        ))
    };
    connect("root.crt").success().out("Verify return code: 0 (ok)").out("i:CN = prod root");
    // And that is why the root has a file of its own: the CA alone is nothing to it.
    assert_ne!(connect(&etcd_ca).anyhow().code, Some(0));
    // With the same root above them, and their CA behind them, the clients of the other CAs stay outside.
    let strangers = ["front-proxy-client", "apiserver-kubelet-client"];
    for stranger in strangers {
        etcdctl(&bed, &one(c1), &tls(&etcd_ca, stranger), &["get", "key"]).code(1);
    }

    // With the root in the file whose clients are let in, they all come in; audit says so.
    drop(members);
    for node in ["cp1", "cp2", "cp3"] {
        let file = format!("out/nodes/{node}/etc/kubernetes/pki/etcd/ca.crt");
        bed.write(&file, bed.read(&file) + &bed.read("root.crt"));
    }
    let members = start(nodes);
    healthy(&members);
    for stranger in strangers {
        etcdctl(&bed, &one(c1), &tls(&etcd_ca, stranger), &["get", "key"]).success().out("value");
    }
}

#[test]
fn names_may_be_constrained() {
    let constraints = "  pathLength: 0\n  nameConstraints:\n    permitted: {ip: [192.0.2.0/24, 10.96.0.0/12, 127.0.0.1, '::1']}\n    excluded: {dns: [example.org]}\n";
    let bed = rooted(SINGLE);
    bed.write("cluster.yaml", bed.read("cluster.yaml") + constraints);
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    let text = bed.peer("openssl", &["x509", "-in", "out/pki/etcd/ca.crt", "-noout", "-text"]).success();
    text.out("Name Constraints: critical").out("IP:192.0.2.0/255.255.255.0").out("DNS:example.org");
    for leaf in LEAVES {
        let file = format!("out/pki/{leaf}.crt");
        bed.peer("openssl", &["verify", "-x509_strict", "-CAfile", "root.crt", "-untrusted", &file, &file])
            .success();
    }
    assert_eq!(weighty(&bed), <[String; 0]>::default());
    // They hold: what the CA signs beyond them nobody takes.
    bed.shell("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout x.key -out x.csr -subj /CN=x").success();
    bed.write("ext", "subjectAltName=DNS:www.example.org\nextendedKeyUsage=serverAuth\n");
    bed.shell("openssl x509 -req -in x.csr -CA out/pki/ca.crt -CAkey out/pki/ca.key -days 1 -extfile ext -out x.crt").success();
    let verify = ["verify", "-CAfile", "root.crt", "-untrusted", "out/pki/ca.crt", "x.crt"];
    bed.peer("openssl", &verify).code(2).err("excluded subtree violation");
    // And a CA below it is one too many.
    bed.write("ext", "basicConstraints=critical,CA:TRUE\n");
    bed.shell(
        "openssl x509 -req -in x.csr -CA out/pki/ca.crt -CAkey out/pki/ca.key -days 1 -extfile ext -out below.crt; \
         openssl req -new -key x.key -subj /CN=y -out y.csr; \
         openssl x509 -req -in y.csr -CA below.crt -CAkey x.key -days 1 -out y.crt; cat below.crt out/pki/ca.crt > between",
    )
    .success();
    bed.peer("openssl", &["verify", "-CAfile", "root.crt", "-untrusted", "between", "y.crt"])
        .code(2)
        .err("path length constraint exceeded");
    // What the spec's own certificates say must be allowed.
    bed.write("cluster.yaml", bed.read("cluster.yaml").replace("192.0.2.0/24", "198.51.100.0/24"));
    let ran = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).failure();
    ran.err("the name constraints of `ca` do not allow its name `192.0.2.10`");
}

#[test]
fn a_root_that_does_not_serve_is_refused() {
    let bed = rooted(SINGLE);
    let plan = |bed: &Testbed| bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]);
    let spec = bed.read("cluster.yaml");
    let with = |certificate: &str, key: &str| {
        bed.write("cluster.yaml", spec.replace("root.crt", certificate).replace("root.key", key));
        plan(&bed).failure()
    };
    with("none.crt", "root.key").err("authority.root.certificate: none.crt cannot be read");
    bed.run(&["ca", "new", "sub", "--parent", "root.crt", "--subject", "CN=sub"]).success();
    with("sub.crt", "sub.key").err("is signed by `CN=prod root`: a root signs itself");
    bed.run(&["ca", "new", "short", "--subject", "CN=short", "--path-length", "0"]).success();
    with("short.crt", "short.key").err("allows CAs of a path length below 0");
    with("root.crt", "sub.key").err("sub.key does not belong to root.crt");
    bed.write("two.crt", bed.read("root.crt") + &bed.read("sub.crt"));
    with("two.crt", "root.key").err("holds 2 certificates");
    with("root.key", "root.key").err("certificate");
    assert!(!bed.path("out").exists());
    // Fields that say nothing, or too much.
    for (more, word) in [
        ("authority: {mode: intermediate, pathLength: 1}", "there is no `root`"),
        ("authority: {root: {certificate: root.crt}}", "only CAs of the mode `intermediate`"),
        ("authority: {mode: intermediate, root: {key: root.key}}", "has no `certificate`"),
        (
            "authority: {mode: intermediate, root: {certificate: root.crt}, nameConstraints: {permitted: {dns: ['*.a']}}}",
            "`*.a` is not a domain",
        ),
        (
            "authority: {mode: intermediate, root: {certificate: root.crt}, nameConstraints: {excluded: {ip: [a]}}}",
            "`a` is neither a network nor an address",
        ),
        (
            "authority: {mode: intermediate, root: {certificate: root.crt}, nameConstraints: {}}",
            "permits and excludes nothing",
        ),
    ] {
        bed.write("cluster.yaml", format!("{SINGLE}{more}\n"));
        plan(&bed).failure().err(word);
    }
    // A root that ends first: the CAs end with it. One that has ended signs nothing.
    bed.write("cluster.yaml", &spec);
    bed.shell("openssl req -x509 -new -key root.key -subj '/CN=prod root' -days 30 -out root.crt").success();
    let ran = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.out("when its CA ends");
    let later = kubepki::moment::rfc3339(time::OffsetDateTime::now_utc() + time::Duration::days(31));
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--at", &later]).attention();
    ran.out("! by hand ca ").out("renew the root first: it has ended");
    assert!(!bed.path("out/pki/ca.key").exists());
}

#[test]
fn the_roots_key_may_be_under_a_passphrase() {
    let bed = rooted(SINGLE);
    bed.write("pass", "an open secret\n");
    bed.run(&["ca", "encrypt", "root.key", "--passphrase-file", "pass"]).success();
    let apply = ["apply", "-f", "cluster.yaml", "-d", "out"];
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success().out("+ create  ca ");
    bed.run(&apply).failure().err("root.key is encrypted, and there is no passphrase");
    bed.write("wrong", "a guess\n");
    bed.run(&[&apply[..], &["--passphrase-file", "wrong"]].concat())
        .failure()
        .err("root.key: the passphrase is wrong");
    assert!(!bed.path("out/pki/ca.key").exists());
    bed.run(&[&apply[..], &["--passphrase-file", "pass"]].concat()).success();
    bed.run(&apply).success().out("17 kept");
}

/// The root's key is on another machine: what travels are three requests and three certificates.
#[test]
fn the_root_may_be_across_an_air_gap() {
    let bed = rooted(FLEET);
    fs::create_dir(bed.path("offline")).unwrap();
    fs::rename(bed.path("root.key"), bed.path("offline/root-ca.key")).unwrap();
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).attention();
    ran.out("? request ca ").out("have `authority/ca` signed first: it signs this");
    let request = ["request", "-f", "cluster.yaml", "-d", "out"];
    let ran = bed.run(&request).success().out("authority/ca              root-ca");
    ran.out("3 requests in requests.tar");
    // Halfway, nothing is lost and nothing is made twice.
    let key = bed.read("out/authority/ca.key");
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).attention();
    ran.out("? request ca ").out("missing, although its key is there");
    assert!(!bed.path("out/nodes/cp1/etc/kubernetes/pki/ca.key").exists());
    bed.run(&request).success();
    assert_eq!(bed.read("out/authority/ca.key"), key);

    let sign = |more: &[&str]| {
        bed.run(&[&["sign", "requests.tar", "--authority", "offline", "--yes"][..], more].concat())
    };
    sign(&[])
        .failure()
        .err("authority/ca: its manifest asks for the usages of a CA, which only a spec (-f) allows");
    // A spec without the root makes no CAs of requests.
    bed.write("plain.yaml", FLEET);
    sign(&["-f", "plain.yaml"]).failure().err("its manifest asks for the usages of a CA");
    sign(&["-f", "cluster.yaml"]).success().out("3 certificates in signed.tar");

    // Another path length than the spec's is not taken.
    bed.write("offline.yaml", bed.read("cluster.yaml") + "  pathLength: 0\n");
    bed.write("offline.cnf", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyEncipherment,keyCertSign,cRLSign\nsubjectAltName=DNS:kubernetes\n");
    bed.shell(
        "openssl x509 -req -in out/authority/ca.csr -CA root.crt -CAkey offline/root-ca.key -days 99 \
         -extfile offline.cnf -out foreign.crt",
    )
    .success();
    let import = |file: &str| bed.run(&["import", file, "-f", "cluster.yaml", "-d", "out"]);
    import("foreign.crt").failure().err("its path length is none, the spec's 0");
    assert!(!bed.path("out/authority/ca.crt").exists());
    import("signed.tar").success().out("Done: 60 kept");
    assert_eq!(weighty(&bed), <[String; 0]>::default());
    bed.assert_pairs_match("out");
    let file = "out/nodes/cp3/etc/kubernetes/pki/etcd/peer.crt";
    bed.peer("openssl", &["verify", "-x509_strict", "-CAfile", "root.crt", "-untrusted", file, file])
        .success();
    import("signed.tar").success();

    // The CAs' keys taken away: their leaves are asked for, and come back with the CA behind them.
    for name in ["ca", "etcd/ca", "front-proxy-ca"] {
        let to = bed.path(format!("offline/{name}.key"));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(bed.path(format!("out/authority/{name}.key")), to).unwrap();
        bed.copy(&format!("out/authority/{name}.crt"), &format!("offline/{name}.crt"));
    }
    fs::remove_file(bed.path(file)).unwrap();
    bed.run(&request).success().out("cp3/etcd-peer").out("1 requests in requests.tar");
    sign(&["-f", "cluster.yaml"]).success();
    import("signed.tar").success();
    assert_eq!(certificates(&bed, file)[1..], certificates(&bed, "out/authority/etcd/ca.crt"));
}
