//! The round trip over an air gap: `request` where the nodes are, `sign` where the CAs are, `import` where the nodes are.

use std::fs;

use serde_json::Value;

use crate::testbed::{FLEET, Ran, SINGLE, Testbed};

const EXTERNAL: &str = "authority: {mode: external}\n";

/// A testbed whose CAs are in `ca`, made by this program, and whose spec says that they are elsewhere.
fn apart(spec: &str) -> Testbed {
    let bed = Testbed::new();
    bed.write("whole.yaml", spec);
    bed.run(&["apply", "-f", "whole.yaml", "-d", "whole"]).success();
    let authority = if bed.path("whole/authority").exists() { "whole/authority" } else { "whole/pki" };
    bed.shell(&format!("mkdir -p ca/etcd; for ca in ca front-proxy-ca etcd/ca; do cp {authority}/$ca.crt {authority}/$ca.key ca/$(dirname $ca); done; rm -r whole")).success();
    bed.write("cluster.yaml", format!("{spec}{EXTERNAL}"));
    bed
}

fn request(bed: &Testbed) -> Ran {
    bed.run(&["request", "-f", "cluster.yaml", "-d", "out", "--bundle", "requests.tar"]).success()
}

fn sign(bed: &Testbed) -> Ran {
    bed.run(&[
        "sign",
        "requests.tar",
        "--authority",
        "ca",
        "-f",
        "cluster.yaml",
        "--yes",
        "--bundle",
        "signed.tar",
    ])
    .success()
}

const IMPORT: &[&str] = &["import", "signed.tar", "-f", "cluster.yaml", "-d", "out"];

#[test]
fn a_fleet_gets_its_certificates_and_the_cas_keys_travel_nowhere() {
    let bed = apart(FLEET);
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success().out("? request apiserver");
    request(&bed).out("36 requests in requests.tar; the keys stay here");
    // The bundle holds nothing secret, and everything that a person needs who signs with something else.
    let listed = bed.shell("tar xf requests.tar -O").success();
    assert!(!listed.stdout.contains("PRIVATE KEY"));
    bed.shell("tar xf requests.tar -O requests/cp1/apiserver.csr | openssl req -noout -verify -subject")
        .success()
        .out("subject=CN = kube-apiserver");
    sign(&bed).out("36 certificates in signed.tar");
    bed.run(IMPORT).success().out("Done: 54 kept");
    // kubeadm's external CA mode to the letter: certificates of CAs without keys, and five kubeconfigs.
    for ca in ["ca", "front-proxy-ca", "etcd/ca"] {
        assert!(bed.path(format!("out/nodes/cp1/etc/kubernetes/pki/{ca}.crt")).exists());
    }
    let keys = bed.shell("find out -name ca.key -o -name front-proxy-ca.key").success();
    assert_eq!(keys.stdout, "");
    bed.assert_pairs_match("out");
    bed.run(&["audit", "-f", "cluster.yaml", "-d", "out", "--fail-on", "low"]).success();
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    // Everything is there: nothing is asked, and an answer that comes again changes nothing.
    let before = bed.snapshot("out");
    let again = bed.run(&["request", "-f", "cluster.yaml", "-d", "out"]).success();
    assert!(again.stderr.contains("nothing to ask for"), "{}", again.stderr);
    assert!(bed.run(IMPORT).success().stderr.contains("36 certificates were there already"));
    assert_eq!(before.len(), bed.snapshot("out").len());
    // The ledger knows each, and the same bundle is signed once.
    assert_eq!(bed.read("ca/.kubepki/ledger").lines().count(), 36);
    fs::copy(bed.path("signed.tar"), bed.path("first.tar")).unwrap();
    sign(&bed);
    assert_eq!(bed.read("ca/.kubepki/ledger").lines().count(), 36);
    let certificates =
        |tar: &str| bed.shell(&format!("tar xf {tar} -O --wildcards '*.crt'")).success().stdout;
    assert_eq!(certificates("first.tar"), certificates("signed.tar"));
}

/// What `kubeadm certs generate-csr` leaves is asked, signed and completed: its keys stay, and its requests too, but for the
/// API server's, which asks for the first service address only.
#[test]
fn kubeadms_requests_are_signed_and_imported() {
    let bed = apart(SINGLE);
    bed.fixture("generate-csr");
    let directory = "generate-csr/kubernetes";
    let read = |name: &str| bed.read(format!("{directory}/{name}"));
    let (key, csr) = (read("pki/apiserver.key"), read("scheduler.conf.csr"));
    let scheduler = bed.kubeconfig(&format!("{directory}/scheduler.conf"));
    let spec = ["-f", "generate-csr/kubeadm.yaml", "-d", directory];
    bed.run(&[&["request"], &spec[..]].concat()).success().out("12 requests in requests.tar");
    assert_eq!(bed.shell("tar xf requests.tar -O requests/cp1/scheduler.conf.csr").success().stdout, csr);
    bed.shell("tar xf requests.tar -O requests/cp1/apiserver.csr | openssl req -noout -text")
        .success()
        .out("IP Address:FD00:10:96:0:0:0:0:1");
    let sign = ["sign", "requests.tar", "--authority", "ca", "-f", "generate-csr/kubeadm.yaml", "--yes"];
    bed.run(&sign).success();
    bed.run(&[&["import", "signed.tar"], &spec[..]].concat()).success().out("Done: ");
    assert_eq!(read("pki/apiserver.key"), key);
    let after = bed.kubeconfig(&format!("{directory}/scheduler.conf"));
    let public = |config: &kubepki::disk::Kubeconfig| config.key.embedded().unwrap().public_key().clone();
    assert_eq!(public(&after), public(&scheduler));
    bed.assert_pairs_match(directory);
    bed.run(&[&["audit"], &spec[..]].concat()).success();
}

/// Each node asks for itself, in its own directory: nobody else ever has its keys.
#[test]
fn a_node_asks_for_itself() {
    let bed = apart(FLEET);
    for node in ["cp1", "worker1"] {
        let (dir, requests, signed) =
            (format!("on-{node}"), format!("{node}.tar"), format!("{node}-signed.tar"));
        let spec = ["-f", "cluster.yaml", "--node", node, "-d", &dir];
        bed.run(&[&["request", "--bundle", &requests], &spec[..]].concat()).success();
        bed.run(&[
            "sign",
            &requests,
            "--authority",
            "ca",
            "-f",
            "cluster.yaml",
            "--yes",
            "--bundle",
            &signed,
        ])
        .success();
        let _ = bed.run(&[&["import", &signed], &spec[..]].concat()).anyhow();
        assert!(bed.path(format!("{dir}/pki/ca.crt")).exists(), "{node}");
        assert!(bed.kubeconfig(&format!("{dir}/kubelet.conf")).certificate.embedded().is_some());
        bed.assert_pairs_match(&dir);
    }
}

/// Others may sign: here openssl does, with nothing but the request and the words of its slip.
#[test]
fn openssl_signs_too() {
    let bed = apart(SINGLE);
    request(&bed);
    bed.shell(OPENSSL).success();
    let ran = bed.run(&[
        "import",
        "back",
        "ca/ca.crt",
        "ca/etcd/ca.crt",
        "ca/front-proxy-ca.crt",
        "-f",
        "cluster.yaml",
        "-d",
        "out",
    ]);
    ran.success().out("Done: ");
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    // Without one of the answers the rest is taken, and what is missing is told.
    let bed = apart(SINGLE);
    request(&bed);
    bed.shell(OPENSSL).success();
    bed.shell("rm back/apiserver.crt").success();
    let ran = bed.run(&[
        "import",
        "back",
        "ca/ca.crt",
        "ca/etcd/ca.crt",
        "ca/front-proxy-ca.crt",
        "-f",
        "cluster.yaml",
        "-d",
        "out",
    ]);
    ran.attention().out("? request apiserver ");
}

const OPENSSL: &str = r#"
mkdir -p back from; tar xf requests.tar -C from
python3 - <<'PY'
import json, subprocess
manifest = json.load(open("from/manifest.json"))
uses = {"server auth": "serverAuth", "client auth": "clientAuth"}
for slip in manifest["requests"]:
    extensions = ["keyUsage=critical,digitalSignature,keyEncipherment", "basicConstraints=critical,CA:FALSE",
                  "extendedKeyUsage=" + ",".join(uses[use] for use in slip["usages"] if use in uses)]
    names = slip["subjectAltNames"]
    if names:
        extensions.append("subjectAltName=" + ",".join(("IP:" if name.replace(".", "").isdigit() or ":" in name else "DNS:") + name.removeprefix("DNS:").removeprefix("IP:") for name in names))
    open("extensions", "w").write("\n".join(extensions))
    ca = {"ca": "ca/ca", "etcd-ca": "ca/etcd/ca", "front-proxy-ca": "ca/front-proxy-ca"}[slip["signer"]]
    subprocess.run(["openssl", "x509", "-req", "-in", "from/" + slip["file"], "-CA", ca + ".crt", "-CAkey", ca + ".key",
                    "-days", "365", "-extfile", "extensions", "-out", "back/" + slip["credential"] + ".crt"], check=True, capture_output=True)
PY
"#;

/// Changes the requests' bundle with a piece of Python: `manifest` is the manifest, `files` the other files.
fn tamper(bed: &Testbed, bundle: &str, change: &str) {
    let script = format!(
        r#"python3 - <<'PY'
import hashlib, io, json, subprocess, tarfile
with tarfile.open("{bundle}") as tar:
    files = {{member.name: tar.extractfile(member).read() for member in tar}}
manifest = json.loads(files.pop("manifest.json"))
def sha256(data): return hashlib.sha256(data).hexdigest()
def slip(credential): return next(slip for slip in manifest["requests"] if slip["credential"] == credential)
{change}
files["manifest.json"] = json.dumps(manifest).encode()
with tarfile.open("{bundle}", "w") as tar:
    for name, data in files.items():
        info = tarfile.TarInfo(name); info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
PY"#
    );
    bed.shell(&script).success();
}

/// A request for the API server's credential that somebody else has made.
const FORGED: &str = r#"
def forge(subject, names, extra=""):
    open("forged.cnf", "w").write("[req]\ndistinguished_name=dn\nreq_extensions=v3\n[dn]\n[v3]\nsubjectAltName=" + names + "\n" + extra)
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "forged.key", "-subj", subject, "-config", "forged.cnf", "-out", "forged.csr"], check=True, capture_output=True)
    return open("forged.csr", "rb").read()
"#;

#[test]
fn what_deviates_is_not_signed() {
    let cases = [
        ("files['requests/cp1/apiserver.csr'] += b'\\n'", "has the SHA-256"),
        (
            "data = forge('/CN=kube-apiserver', 'DNS:evil.example.com'); files['requests/cp1/apiserver.csr'] = data; slip('apiserver')['sha256'] = sha256(data)",
            "its key has the SHA-256",
        ),
        (
            "slip('apiserver')['subjectAltNames'].append('DNS:evil.example.com')",
            "it lacks the name `DNS:evil.example.com`",
        ),
        (
            "slip('apiserver')['subject'] = 'CN=root'",
            "its subject is `CN=kube-apiserver`, its manifest `CN=root`",
        ),
        (
            "slip('apiserver')['usages'].append('client auth')",
            "its usages are `digital signature, key encipherment, server auth, client auth`, the spec's",
        ),
        ("slip('apiserver')['usages'] = ['cert sign']", "its manifest asks for the usages of a CA"),
        ("slip('apiserver')['validity'] = '87600h'", "it asks for 87600h, the spec gives 8760h"),
        ("slip('apiserver')['validity'] = '-1h'", "its manifest asks for the validity `-1h`"),
        (
            "slip('apiserver')['signer'] = 'etcd-ca'",
            "the spec has it signed by `ca`, its manifest by `etcd-ca`",
        ),
        ("slip('apiserver')['node'] = 'cp9'", "the spec has no `apiserver` on a node `cp9`"),
        (
            "slip('kubelet.conf')['credential'] = 'super-admin.conf'",
            "its subject is `O=system:nodes, CN=system:node:cp1`, the spec's `O=system:masters, CN=kubernetes-super-admin`",
        ),
        (
            "files.pop('requests/cp1/apiserver.csr')",
            "has no `requests/cp1/apiserver.csr`, which its manifest names",
        ),
        ("manifest['kind'] = 'Other'", "manifest.json: is `Other` of `kubepki/v1`"),
        ("manifest['more'] = 1", "unknown field `more`"),
    ];
    for (change, reason) in cases {
        let bed = apart(SINGLE);
        request(&bed);
        tamper(&bed, "requests.tar", &format!("{FORGED}{change}"));
        let arguments = ["sign", "requests.tar", "--authority", "ca", "-f", "cluster.yaml", "--yes"];
        let ran = bed.run(&arguments).failure();
        assert!(ran.stderr.contains(reason), "{change}: {}", ran.stderr);
        assert!(!bed.path("signed.tar").exists(), "{change}");
        assert!(!bed.path("ca/.kubepki/ledger").exists(), "{change}");
    }
}

/// Whoever makes the manifest too still gets no CA, no foreign extension, and nothing for a key that is not theirs.
#[test]
fn without_a_spec_a_request_is_still_no_ca() {
    let forge = |extra: &str| {
        format!(
            "{FORGED}
data = forge('/CN=kube-apiserver', 'DNS:evil.example.com', '{extra}')
key = subprocess.run('openssl req -in forged.csr -pubkey -noout | openssl pkey -pubin -outform DER', shell=True, capture_output=True).stdout
files['requests/cp1/apiserver.csr'] = data
slip('apiserver').update(sha256=sha256(data), publicKey=sha256(key), subjectAltNames=['DNS:evil.example.com'])"
        )
    };
    let cases = [
        (forge("basicConstraints=critical,CA:TRUE"), "it asks to be a CA"),
        (forge("keyUsage=keyCertSign"), "it asks for the usage `cert sign`"),
        (forge("nameConstraints=permitted;DNS:x"), "it asks for the extension 2.5.29.30, which is not given"),
        (
            forge("extendedKeyUsage=codeSigning"),
            "it asks for the usage `code signing`, which its manifest does not have",
        ),
        (
            format!(
                "{}\nbroken = bytearray(subprocess.run(['openssl', 'req', '-in', 'forged.csr', '-outform', 'DER'], capture_output=True).stdout)\nbroken[-1] ^= 1\nopen('broken.der', 'wb').write(broken)\ndata = subprocess.run(['openssl', 'req', '-inform', 'DER', '-in', 'broken.der'], capture_output=True).stdout\nfiles['requests/cp1/apiserver.csr'] = data\nslip('apiserver')['sha256'] = sha256(data)",
                forge("")
            ),
            "it does not show that the requester has the key",
        ),
    ];
    for (change, reason) in cases {
        let bed = apart(SINGLE);
        request(&bed);
        tamper(&bed, "requests.tar", &change);
        let ran = bed.run(&["sign", "requests.tar", "--authority", "ca", "--yes"]).failure();
        assert!(ran.stderr.contains(reason), "{reason}: {}", ran.stderr);
        assert!(!bed.path("signed.tar").exists(), "{reason}");
    }
}

#[test]
fn a_ca_that_ends_before_its_leaves_signs_only_when_told_to() {
    let bed = apart(SINGLE);
    request(&bed);
    bed.shell("openssl req -x509 -key ca/ca.key -subj /CN=kubernetes -days 10 -addext keyUsage=critical,keyCertSign -out ca/ca.crt").success();
    let arguments = ["sign", "requests.tar", "--authority", "ca", "-f", "cluster.yaml", "--yes"];
    let ran = bed.run(&arguments).failure();
    assert!(ran.stderr.contains("its CA `ca` ends on "), "{}", ran.stderr);
    bed.run(&[&arguments[..], &["--cut"]].concat()).success();
    // Where the ledger cannot be written, nothing is signed.
    let bed = apart(SINGLE);
    request(&bed);
    bed.write("ca/.kubepki", "in its place");
    let ran = bed.run(&arguments).failure();
    assert!(ran.stderr.contains("ca/.kubepki"), "{}", ran.stderr);
    assert!(!bed.path("signed.tar").exists());
}

#[test]
fn answers_that_do_not_fit_are_not_taken() {
    let certificate = "manifest['certificates'] = [paper for paper in manifest['certificates'] if paper['name'] != 'x']
def paper(credential): return next(paper for paper in manifest['certificates'] if paper['name'] == credential)
def change(credential, data): files[paper(credential)['file']] = data; paper(credential)['sha256'] = sha256(data)
def openssl(ca, subject, names, extra=''):
    open('e', 'w').write('basicConstraints=critical,CA:FALSE\\nkeyUsage=critical,digitalSignature,keyEncipherment\\nextendedKeyUsage=serverAuth\\nsubjectAltName=' + names + '\\n' + extra)
    subprocess.run(['openssl', 'x509', '-new', '-subj', subject, '-force_pubkey', 'pub', '-CA', ca + '.crt', '-CAkey', ca + '.key', '-days', '365', '-extfile', 'e', '-out', 'made.crt'], check=True, capture_output=True)
    return open('made.crt', 'rb').read()
subprocess.run('openssl pkey -in out/pki/apiserver.key -pubout -out pub', shell=True, check=True)
";
    let names = "DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:192.0.2.10";
    let cases = [
        ("files[paper('apiserver')['file']] += b'\\n'".to_owned(), "has the SHA-256"),
        (format!("change('apiserver', openssl('ca/ca', '/CN=kube-apiserver', '{names},DNS:evil.example.com'))"), "it has the name `evil.example.com`, which the spec has not"),
        (format!("change('apiserver', openssl('ca/ca', '/CN=root', '{names}'))"), "its subject is `CN=root`, the spec's `CN=kube-apiserver`"),
        (format!("change('apiserver', openssl('ca/etcd/ca', '/CN=kube-apiserver', '{names}'))"), "it is not signed by"),
        ("change('apiserver', files[paper('etcd-server')['file']]); change('etcd-server', open('ca/other.crt', 'rb').read())".to_owned(), "is for a key that is not here"),
        ("files['../../etc/x'] = b''".to_owned(), "which leads out of the bundle"),
    ];
    for (change, reason) in cases {
        let bed = apart(SINGLE);
        bed.shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -subj /CN=other -addext basicConstraints=critical,CA:FALSE -out ca/other.crt").success();
        request(&bed);
        sign(&bed);
        tamper(&bed, "signed.tar", &format!("{certificate}{change}"));
        let before = bed.snapshot("out");
        let ran = bed.run(IMPORT).failure();
        assert!(ran.stderr.contains(reason), "{change}: {}", ran.stderr);
        let files = |snapshot: &crate::testbed::Snapshot| snapshot.keys().cloned().collect::<Vec<_>>();
        let own: Vec<_> =
            files(&bed.snapshot("out")).into_iter().filter(|path| !path.starts_with(".kubepki")).collect();
        assert_eq!(
            own,
            files(&before).into_iter().filter(|path| !path.starts_with(".kubepki")).collect::<Vec<_>>(),
            "{change}"
        );
    }
}

/// A key that is in use is not replaced before its certificate is there: the new one waits apart.
#[test]
fn a_new_key_waits_for_its_certificate() {
    let bed = apart(SINGLE);
    request(&bed);
    sign(&bed);
    let _ = bed.run(IMPORT).anyhow();
    let (key, certificate) = (bed.read("out/pki/apiserver.key"), bed.read("out/pki/apiserver.crt"));
    bed.write("cluster.yaml", format!("{SINGLE}{EXTERNAL}encryptionAlgorithm: ECDSA-P384\n"));
    bed.run(&["request", "-f", "cluster.yaml", "-d", "out"]).success();
    assert_eq!(
        (&bed.read("out/pki/apiserver.key"), &bed.read("out/pki/apiserver.crt")),
        (&key, &certificate)
    );
    assert_eq!(bed.mode("out/.kubepki/requests/pki/apiserver.key"), 0o600);
    sign(&bed);
    let _ = bed.run(IMPORT).anyhow();
    assert_ne!(bed.read("out/pki/apiserver.key"), key);
    bed.assert_pairs_match("out");
    assert!(!bed.path("out/.kubepki/requests/pki/apiserver.key").exists());
}

#[test]
fn documents_are_for_machines_too() {
    let bed = apart(SINGLE);
    let ran = bed.run(&["request", "-f", "cluster.yaml", "-d", "out", "-o", "json"]).success();
    let asked: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&asked["kind"], &asked["bundle"]), (&"CertificateRequests".into(), &"requests.tar".into()));
    let arguments = ["sign", "requests.tar", "--authority", "ca", "-f", "cluster.yaml", "-o", "json"];
    // Nobody can be asked.
    let ran = bed.run(&arguments).failure();
    assert!(ran.stderr.contains("--yes signs them without asking"), "{}", ran.stderr);
    let ran = bed.run(&[&arguments[..], &["--yes"]].concat()).success();
    let signed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(signed["certificates"].as_array().unwrap().len(), asked["requests"].as_array().unwrap().len());
    assert!(signed["certificates"][0]["serial"].as_str().unwrap().len() > 20);
}
