use std::fs;

use crate::testbed::{SINGLE, Testbed};

use super::{Case, cures, kubelet_certificate, manifest, respec, sign_dated, stray};

const CLIENT: &str = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n";
const NODE: &str = "/O=system:nodes/CN=system:node:cp1";

/// Without the spec: what is known is what the files say.
const ALONE: &[&str] = &["-d", "out"];
const KUBELET: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--kubelet-dir", "kubelet/pki"];
const KUBELET_LATE: &[&str] =
    &["-d", "out", "-f", "cluster.yaml", "--kubelet-dir", "kubelet/pki", "--at", "2027-01-20"];

pub const CASES: &[Case] = &[
    Case::finds("KP-KC001", |bed| {
        edit(
            bed,
            "admin.conf",
            "    client-key-data",
            "    client-certificate: /srv/new.crt\n    client-key-data",
        );
    }),
    Case::finds("KP-KC001", renewed_beside).of("high"),
    Case::passes("KP-KC001", |bed| {
        // The one in the kubeconfig is the newer one.
        renewed_beside(bed);
        bed.run(&["renew", "scheduler.conf", "-f", "cluster.yaml", "-d", "out"]).success();
    }),
    Case::finds("KP-KC002", |bed| {
        other_cluster(bed);
        bed.copy("other/admin.conf", "out/admin.conf");
    })
    .of("critical"),
    // A copy with the CA of another cluster, of a user of this one, or for the API server of this one.
    Case::finds("KP-KC002", |bed| {
        other_cluster(bed);
        let ca = line(bed, "other/admin.conf", "certificate-authority-data");
        copy(bed, "jane.conf");
        let own = line(bed, "out/jane.conf", "certificate-authority-data");
        edit(bed, "jane.conf", &own, &ca);
    })
    .of("high"),
    Case::finds("KP-KC002", |bed| {
        other_cluster(bed);
        bed.copy("other/admin.conf", "out/jane.conf");
    })
    .with(ALONE)
    .of("high"),
    // Another cluster's kubeconfig is right as it is.
    Case::passes("KP-KC002", |bed| {
        other_cluster(bed);
        bed.copy("other/admin.conf", "out/jane.conf");
        edit(bed, "jane.conf", "192.0.2.10", "203.0.113.1");
    }),
    Case::passes("KP-KC002", |_| {}),
    Case::finds("KP-KC003", |bed| insecure(bed, "admin.conf")).of("high"),
    Case::finds("KP-KC003", |bed| {
        copy(bed, "jane.conf");
        insecure(bed, "jane.conf");
    }),
    Case::passes("KP-KC003", |_| {}),
    Case::finds("KP-KC004", |bed| user(bed, "{token: abc}")),
    Case::finds("KP-KC004", |bed| user(bed, "{username: jane, password: abc}")),
    Case::finds("KP-KC004", |bed| user(bed, "{exec: {command: /tmp/login}}")),
    Case::finds("KP-KC004", |bed| user(bed, "{auth-provider: {name: gcp}}")),
    Case::finds("KP-KC004", |bed| {
        edit(bed, "admin.conf", "    client-key-data", "    token: abc\n    client-key-data");
    }),
    Case::passes("KP-KC004", |bed| user(bed, "{tokenFile: /var/run/token}")),
    Case::passes("KP-KC004", |bed| user(bed, "{exec: {command: aws, args: [eks, get-token]}}")),
    Case::finds("KP-KC005", |bed| {
        edit(bed, "scheduler.conf", "users:\n", "users:\n- {name: other, user: {token: abc}}\n");
    })
    .of("medium"),
    Case::finds("KP-KC005", |bed| {
        edit(bed, "admin.conf", "users:\n", "users:\n- {name: other, user: {token: abc}}\n");
    })
    .of("low"),
    Case::finds("KP-KC005", |bed| {
        copy(bed, "jane.conf");
        edit(bed, "jane.conf", "current-context: ", "current-context: not-");
    }),
    Case::passes("KP-KC005", |_| {}),
    Case::finds("KP-KC007", |bed| {
        copy(bed, "jane.conf");
        renew_later(bed);
    }),
    Case::finds("KP-KC007", |bed| {
        copy(bed, "jane.conf");
        renew_later(bed);
    })
    .with(ALONE),
    Case::finds("KP-KC007", |bed| {
        bed.write("home/.kube/config", bed.read("out/admin.conf"));
        bed.set_mode("home/.kube/config", 0o600);
        renew_later(bed);
    })
    .with(&["-d", "out", "-d", "home/.kube"]),
    Case::passes("KP-KC007", |bed| copy(bed, "jane.conf")),
    Case::finds("KP-KC008", |bed| kubelet_certificate(bed, "kubelet-client", NODE, CLIENT)).with(KUBELET),
    Case::finds("KP-KC008", |bed| {
        bed.write("kubelet/pki/kubelet.txt", "");
        let dates = ["20260201000000Z", "20270201000000Z"];
        stray(bed, "client", "out/pki/ca", NODE, CLIENT);
        sign_dated(bed, "client", "out/pki/ca", NODE, CLIENT, dates);
        bed.embed("out/kubelet.conf", "client");
        manifest(bed, "kube-apiserver", &[]);
    })
    .with(KUBELET_LATE),
    // It has just been made, or points to the file that the kubelet renews.
    Case::passes("KP-KC008", |bed| manifest(bed, "kube-apiserver", &[])),
    Case::passes("KP-KC008", |bed| {
        kubelet_certificate(bed, "kubelet-client", NODE, CLIENT);
        let text = bed.read("out/kubelet.conf");
        let (before, _) = text.split_once("    client-certificate-data:").unwrap();
        let current = "/var/lib/kubelet/pki/kubelet-client-current.pem";
        bed.write(
            "out/kubelet.conf",
            format!("{before}    client-certificate: {current}\n    client-key: {current}\n"),
        );
    })
    .with(KUBELET),
    Case::finds("KP-KC009", |bed| {
        kubelet_certificate(bed, "kubelet-client", NODE, CLIENT);
        let link = bed.path("kubelet/pki/kubelet-client-current.pem");
        let text = fs::read(&link).unwrap();
        fs::remove_file(&link).unwrap();
        fs::write(link, text).unwrap();
    })
    .with(KUBELET),
    Case::passes("KP-KC009", |bed| kubelet_certificate(bed, "kubelet-client", NODE, CLIENT)).with(KUBELET),
    Case::finds("KP-KC010", |bed| bootstrap(bed, "{token: abcdef.0123456789abcdef}")),
    Case::passes("KP-KC010", |bed| {
        bootstrap(bed, "{token: abcdef.0123456789abcdef}");
        fs::remove_file(bed.path("out/kubelet.conf")).unwrap();
    }),
    Case::passes("KP-KC010", |bed| bootstrap(bed, "{}")),
    Case::finds("KP-KC011", |bed| connect(bed, "http://192.0.2.10:8080")).of("medium"),
    Case::finds("KP-KC011", |bed| connect(bed, "http://localhost:8080")).of("low"),
    Case::finds("KP-KC011", |bed| {
        respec(bed, "controlPlaneEndpoint: api.example.com\n");
        bed.run(&["apply", "--yes", "-f", "cluster.yaml", "-d", "out"]).success();
        connect(bed, "https://192.0.2.10:6443");
    })
    .of("low"),
    Case::passes("KP-KC011", |bed| {
        respec(bed, "controlPlaneEndpoint: api.example.com\n");
        bed.run(&["apply", "--yes", "-f", "cluster.yaml", "-d", "out"]).success();
    })
    .with(ALONE),
];

/// Changes a file below `out`.
fn edit(bed: &Testbed, name: &str, from: &str, to: &str) {
    let path = format!("out/{name}");
    let text = bed.read(&path);
    assert!(text.contains(from), "{from:?} is not in {text}");
    bed.write(&path, text.replacen(from, to, 1));
    bed.set_mode(&path, 0o600);
}

/// The line of a field.
fn line(bed: &Testbed, path: &str, field: &str) -> String {
    bed.read(path).lines().find(|line| line.contains(field)).unwrap().to_owned()
}

fn copy(bed: &Testbed, name: &str) {
    bed.copy("out/admin.conf", &format!("out/{name}"));
}

fn insecure(bed: &Testbed, name: &str) {
    let ca = line(bed, &format!("out/{name}"), "certificate-authority-data");
    edit(bed, name, &ca, "    insecure-skip-tls-verify: true");
}

/// The same spec, applied elsewhere: other CAs with the same names.
fn other_cluster(bed: &Testbed) {
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "other"]).success();
}

fn connect(bed: &Testbed, url: &str) {
    copy(bed, "jane.conf");
    let server = line(bed, "out/jane.conf", "    server: ");
    edit(bed, "jane.conf", &server, &format!("    server: {url}"));
}

/// A kubeconfig of a person's with these credentials.
fn user(bed: &Testbed, user: &str) {
    let ca = line(bed, "out/admin.conf", "certificate-authority-data");
    let text = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n{ca}\n    server: https://192.0.2.10:6443\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\ncurrent-context: c\n\
         users: [{{name: u, user: {user}}}]\n"
    );
    bed.write("out/jane.conf", text);
    bed.set_mode("out/jane.conf", 0o600);
}

fn bootstrap(bed: &Testbed, credentials: &str) {
    user(bed, credentials);
    fs::rename(bed.path("out/jane.conf"), bed.path("out/bootstrap-kubelet.conf")).unwrap();
}

/// `admin.conf` as it is years after the copy was made: an older certificate goes into the copy.
fn renew_later(bed: &Testbed) {
    let subject = "/O=kubeadm:cluster-admins/CN=kubernetes-admin";
    stray(bed, "client", "out/pki/ca", subject, CLIENT);
    let old = ["20250101000000Z", "20350101000000Z"];
    sign_dated(bed, "client", "out/pki/ca", subject, CLIENT, old);
    for path in ["out/jane.conf", "home/.kube/config"] {
        if bed.path(path).exists() {
            bed.embed(path, "client");
        }
    }
    sign_dated(bed, "client", "out/pki/ca", subject, CLIENT, ["20260101000000Z", "20350101000000Z"]);
    bed.embed("out/admin.conf", "client");
}

/// The scheduler's certificate in a pair of files, renewed later than its kubeconfig.
fn renewed_beside(bed: &Testbed) {
    let subject = "/CN=system:kube-scheduler";
    stray(bed, "client", "out/pki/ca", subject, CLIENT);
    sign_dated(bed, "client", "out/pki/ca", subject, CLIENT, ["20250101000000Z", "20350101000000Z"]);
    bed.embed("out/scheduler.conf", "client");
    stray(bed, "out/pki/scheduler", "out/pki/ca", subject, CLIENT);
    let dates = ["20260101000000Z", "20350101000000Z"];
    sign_dated(bed, "out/pki/scheduler", "out/pki/ca", subject, CLIENT, dates);
}

#[test]
fn what_apply_can_mend_in_a_kubeconfig_it_mends() {
    let after = |field: &str| format!("    {field}\n    client-key-data");
    for (rule, from, to) in [
        ("KP-KC001", "    client-key-data", after("client-certificate: /srv/new.crt")),
        ("KP-KC003", "    server", "    insecure-skip-tls-verify: true\n    server".to_owned()),
        ("KP-KC004", "    client-key-data", after("token: abc")),
        ("KP-KC004", "    client-key-data", after("exec: {command: /tmp/login}")),
    ] {
        let bed = Testbed::applied(SINGLE);
        edit(&bed, "admin.conf", from, &to);
        cures(&bed, rule);
    }
    let bed = Testbed::applied(SINGLE);
    renewed_beside(&bed);
    cures(&bed, "KP-KC001");
}

/// What a person has to do about a kubeconfig is told, and does not keep `apply` from renewing it.
#[test]
fn what_a_person_mends_does_not_hold_up_the_rest() {
    let bed = Testbed::applied(SINGLE);
    edit(&bed, "scheduler.conf", "users:\n", "users:\n- {name: other, user: {token: abc}}\n");
    respec(&bed, "encryptionAlgorithm: ECDSA-P384\n");
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    plan.out("-/+ rekey   scheduler.conf")
        .out("! by hand scheduler.conf")
        .out("keep one user and one context in it");
}
