use std::fs;

use crate::testbed::{SINGLE, Testbed};

use super::{Case, cures, fleet, kubelet_certificate, manifest, respec, sign, stray};

const SERVER: &str = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n";
const BOTH: &str = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n";
const ALL: &str = "DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,\
                   DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:192.0.2.10";

/// Without the spec: what is known is what the files say.
const ALONE: &[&str] = &["-d", "out"];
const KUBELET: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--kubelet-dir", "kubelet/pki"];

pub const CASES: &[Case] = &[
    Case::finds("KP-SN001", |bed| api_server(bed, ",DNS:kubernetes.default.svc", "")).of("critical"),
    Case::finds("KP-SN001", |bed| api_server(bed, ",DNS:kubernetes.default.svc.cluster.local", ""))
        .with(ALONE),
    Case::finds("KP-SN001", |bed| respec(bed, "networking: {dnsDomain: prod.local}\n")),
    Case::passes("KP-SN001", |_| {}),
    Case::finds("KP-SN002", |bed| api_server(bed, ",IP:10.96.0.1", "")).of("critical"),
    // Nobody says which subnet it is, and no address could be the first of one.
    Case::finds("KP-SN002", |bed| api_server(bed, ",IP:10.96.0.1", "")).with(ALONE).of("high"),
    Case::finds("KP-SN002", |bed| {
        api_server(bed, ",IP:10.96.0.1", "");
        manifest(bed, "kube-apiserver", &["service-cluster-ip-range=10.96.0.0/12"]);
    })
    .with(ALONE)
    .of("critical"),
    Case::finds("KP-SN002", |bed| {
        respec(bed, "networking: {serviceSubnet: '10.96.0.0/12,fd00:10:96::/112'}\n");
    })
    .of("low"),
    Case::passes("KP-SN002", |_| {}),
    Case::passes("KP-SN002", |bed| api_server(bed, ",IP:10.96.0.1", ",IP:10.32.0.1")).with(ALONE),
    Case::finds("KP-SN003", |bed| api_server(bed, ",IP:192.0.2.10", "")).of("high"),
    Case::finds("KP-SN003", |bed| api_server(bed, ",DNS:cp1", "")).with(ALONE),
    Case::finds("KP-SN003", |bed| respec(bed, "controlPlaneEndpoint: api.example.com\n")),
    Case::passes("KP-SN003", |_| {}),
    Case::finds("KP-SN004", |bed| connect(bed, "out/jane.conf", "https://api.example.com:6443", ""))
        .of("high"),
    Case::finds("KP-SN004", |bed| {
        connect(bed, "out/jane.conf", "https://192.0.2.10:6443", "    tls-server-name: api.example.com\n");
    }),
    Case::passes("KP-SN004", |bed| connect(bed, "out/jane.conf", "https://192.0.2.10:8443", "")),
    Case::passes("KP-SN004", |bed| {
        connect(bed, "out/jane.conf", "https://203.0.113.7", "    tls-server-name: kubernetes\n");
    }),
    Case::passes("KP-SN004", |bed| {
        api_server(bed, "", ",DNS:*.example.com");
        connect(bed, "out/jane.conf", "https://API.example.com", "");
    }),
    // The worker's kubeconfig is held to the control planes' certificates.
    Case::finds("KP-SN004", |bed| {
        fleet(bed);
        let path = "out/nodes/worker1/etc/kubernetes/kubelet.conf";
        bed.write(path, bed.read(path).replace("api.prod.example.com", "old.prod.example.com"));
    })
    .with(ALONE),
    Case::finds("KP-SN005", |bed| etcd(bed, "server", "DNS:cp1,DNS:localhost,IP:192.0.2.10,IP:127.0.0.1")),
    Case::finds("KP-SN005", |bed| etcd(bed, "peer", "DNS:localhost,IP:192.0.2.10,IP:127.0.0.1,IP:::1")),
    Case::passes("KP-SN005", |_| {}),
    Case::finds("KP-SN006", |bed| kubelet(bed, "DNS:cp1")).with(KUBELET).of("high"),
    Case::passes("KP-SN006", |bed| kubelet(bed, "DNS:cp1,IP:192.0.2.10")).with(KUBELET),
    Case::finds("KP-SN007", |bed| kubelet(bed, "DNS:cp1,IP:192.0.2.10,IP:10.96.0.1"))
        .with(KUBELET)
        .of("critical"),
    Case::finds("KP-SN007", |bed| kubelet(bed, "DNS:cp1,IP:192.0.2.10,DNS:kubernetes.default.svc"))
        .with(KUBELET),
    Case::finds("KP-SN007", |bed| kubelet(bed, "DNS:cp1,IP:192.0.2.10,DNS:*.default.svc")).with(KUBELET),
    Case::finds("KP-SN007", |bed| {
        fleet(bed);
        let place = "out/nodes/worker1/etc/kubernetes/pki/kubelet";
        let names = format!("{SERVER}subjectAltName=DNS:worker1,IP:192.0.2.22\n");
        stray(bed, place, "out/authority/ca", "/O=system:nodes/CN=system:node:worker1", &names);
    }),
    // A control plane's kubelet has the address at which its API server is.
    Case::passes("KP-SN007", |bed| kubelet(bed, "DNS:cp1,IP:192.0.2.10")).with(KUBELET),
    Case::finds("KP-SN008", |bed| api_server(bed, "", ",DNS:old.example.com")).of("medium"),
    Case::finds("KP-SN008", |bed| etcd(bed, "server", "DNS:cp1,DNS:localhost,IP:192.0.2.10,IP:192.0.2.11")),
    Case::passes("KP-SN008", |_| {}),
    // What the files say cannot be more than what the files say.
    Case::passes("KP-SN008", |bed| api_server(bed, "", ",DNS:old.example.com")).with(ALONE).nowhere(),
    Case::finds("KP-SN009", |bed| api_server(bed, "", ",DNS:*.example.com")).with(ALONE).of("low"),
    Case::finds("KP-SN009", |bed| api_server(bed, "", ",DNS:*.com")).with(ALONE).of("medium"),
    Case::finds("KP-SN009", |bed| etcd(bed, "server", "DNS:*.etcd.kube-system.svc")).with(ALONE).of("medium"),
    Case::finds("KP-SN009", |bed| etcd(bed, "server", "DNS:*.default.svc.cluster.local"))
        .with(ALONE)
        .of("medium"),
    Case::finds("KP-SN009", |bed| {
        respec(bed, "apiServer: {certSANs: ['*.example.com']}\n");
        bed.run(&["apply", "--yes", "-f", "cluster.yaml", "-d", "out"]).success();
    })
    .of("low"),
    // The spec does not give it: one finding for that is enough.
    Case::passes("KP-SN009", |bed| api_server(bed, "", ",DNS:*.example.com")),
    Case::finds("KP-SN010", |bed| stray(bed, "out/pki/app", "out/pki/ca", "/CN=app", &names(101, "")))
        .of("low"),
    Case::finds("KP-SN010", |bed| {
        stray(bed, "out/pki/app", "out/pki/ca", "/CN=app", &names(100, &"a.long-label-".repeat(15)));
    }),
    Case::passes("KP-SN010", |bed| stray(bed, "out/pki/app", "out/pki/ca", "/CN=app", &names(100, ""))),
];

/// The API server's certificate with its usual names but for those in `without`, and with those in `with`.
fn api_server(bed: &Testbed, without: &str, with: &str) {
    // What is taken away is whole names.
    let names = format!(",{ALL},").replacen(&format!("{without},"), ",", usize::from(!without.is_empty()));
    let names = names.trim_matches(',');
    let extensions = format!("{SERVER}subjectAltName={names}{with}\n");
    sign(bed, "out/pki/apiserver", "out/pki/ca", "/CN=kube-apiserver", &extensions);
}

fn etcd(bed: &Testbed, name: &str, names: &str) {
    let extensions = format!("{BOTH}subjectAltName={names}\n");
    sign(bed, &format!("out/pki/etcd/{name}"), "out/pki/etcd/ca", "/CN=cp1", &extensions);
}

/// A kubelet's directory with a serving certificate for these names.
fn kubelet(bed: &Testbed, names: &str) {
    let extensions = format!("{SERVER}subjectAltName={names}\n");
    kubelet_certificate(bed, "kubelet-server", "/O=system:nodes/CN=system:node:cp1", &extensions);
}

/// A copy of `admin.conf` that connects elsewhere.
fn connect(bed: &Testbed, path: &str, url: &str, more: &str) {
    let text = bed.read("out/admin.conf");
    let text = text.replace("    server: https://192.0.2.10:6443\n", &format!("    server: {url}\n{more}"));
    bed.write(path, text);
    bed.set_mode(path, 0o600);
}

fn names(count: usize, before: &str) -> String {
    let list: Vec<String> = (0..count).map(|number| format!("DNS:{before}{number}.example.com")).collect();
    format!("{SERVER}subjectAltName={}\n", list.join(","))
}

/// A plan tells all names that are missed for one certificate in one list, whichever rules miss them.
#[test]
fn names_are_one_list_in_a_plan_and_apply_adds_them() {
    let bed = Testbed::applied(SINGLE);
    sign(
        &bed,
        "out/pki/apiserver",
        "out/pki/ca",
        "/CN=kube-apiserver",
        &format!("{SERVER}subjectAltName=DNS:old\n"),
    );
    respec(&bed, "apiServer: {certSANs: [new.example.com]}\n");
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    let line = plan.stdout.lines().find(|line| line.contains("reissue apiserver ")).unwrap();
    let list = "SAN + kubernetes + kubernetes.default + kubernetes.default.svc + kubernetes.default.svc.cluster.local \
                + 10.96.0.1 + cp1 + 192.0.2.10 - old + new.example.com";
    assert!(plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ").contains(list), "{line}");
    for rule in ["KP-SN001", "KP-SN002", "KP-SN003", "KP-SN008", "KP-SP002"] {
        bed.shell("rm -rf again; cp -r out again").success();
        cures(&bed, rule);
        bed.shell("rm -rf out; mv again out").success();
    }
    etcd(&bed, "peer", "DNS:cp1");
    cures(&bed, "KP-SN005");
}

#[test]
fn a_credential_of_the_users_own_is_held_to_all_its_names() {
    let row = |names: &str| {
        format!(
            "credentials:\n- {{name: app, issuer: ca, subject: {{commonName: app}}, usages: [server auth], \
             subjectAltNames: [{names}], nodes: [cp1], path: app}}\n"
        )
    };
    let bed = Testbed::applied(SINGLE);
    respec(&bed, &row("<node-name>, <service-ips>, old.example.com"));
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    respec(&bed, &row("<node-name>, <service-ips>, <node-addresses>, new.example.com"));
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out", "-o", "json"]).success().json();
    let step = plan["steps"].as_array().unwrap().iter().find(|step| step["name"] == "app").unwrap();
    let reason = serde_json::json!({
        "rule": "KP-SP002",
        "path": "pki/app.crt",
        "message": "SAN + new.example.com + 192.0.2.10 - old.example.com"
    });
    assert_eq!(step["reasons"], serde_json::json!([reason]));
}

/// A kubeconfig without its file would be told twice: what points elsewhere than the spec says is told once, and worse
/// where nobody can connect.
#[test]
fn a_credential_that_points_nowhere_is_told_once() {
    let bed = Testbed::applied(SINGLE);
    connect(&bed, "out/admin.conf", "https://192.0.2.99:6443", "");
    let report = super::audit(&bed, &["-d", "out", "-f", "cluster.yaml"]);
    let found: Vec<_> = super::findings(&report).filter(|finding| finding["path"] == "admin.conf").collect();
    let told: Vec<_> = found.iter().filter(|finding| finding["severity"] != "info").collect();
    assert_eq!(told.len(), 1, "{found:#?}");
    assert_eq!((&told[0]["rule"], &told[0]["severity"]), (&"KP-SP005".into(), &"high".into()));
    fs::remove_file(bed.path("out/admin.conf")).unwrap();
}
