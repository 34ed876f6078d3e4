use std::fs;

use kubepki::audit::Listener;
use kubepki::audit::reach::{By, blast_radius};
use kubepki::cli::scene::SceneArgs;
use time::OffsetDateTime;

use crate::testbed::{FLEET, SINGLE, Testbed};

use super::{Case, cures, fleet, kubelet_certificate, manifest, manifest_in, sign, stray};

const AUTHORITY: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n";
const CLIENT: &str = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n";
const SERVER: &str =
    "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:cp1,IP:192.0.2.10\n";
const NODE: &str = "/O=system:nodes/CN=system:node:cp1";

/// Without the spec: what is known is what the files say.
const ALONE: &[&str] = &["-d", "out"];
const KUBELET: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--kubelet-dir", "kubelet/pki"];

pub const CASES: &[Case] = &[
    Case::finds("KP-TR001", |bed| {
        bed.copy("out/pki/front-proxy-client.crt", "out/pki/apiserver-kubelet-client.crt");
        bed.copy("out/pki/front-proxy-client.key", "out/pki/apiserver-kubelet-client.key");
    }),
    Case::passes("KP-TR001", |_| {}),
    Case::finds("KP-TR002", |bed| {
        share(bed, "front-proxy-ca");
        api_server(bed, &["requestheader-allowed-names="]);
    })
    .of("critical"),
    Case::finds("KP-TR002", |bed| {
        share(bed, "front-proxy-ca");
        api_server(bed, &[]);
    }),
    Case::passes("KP-TR002", |bed| {
        share(bed, "front-proxy-ca");
        api_server(bed, &["requestheader-allowed-names=front-proxy-client"]);
    }),
    Case::passes("KP-TR002", |bed| api_server(bed, &["requestheader-allowed-names="])),
    Case::finds("KP-TR003", |bed| share(bed, "front-proxy-ca")).of("high"),
    Case::finds("KP-TR003", |bed| {
        share(bed, "front-proxy-ca");
        api_server(bed, &["requestheader-allowed-names=front-proxy-client"]);
    }),
    // The front proxy's CA stands beside the clients'.
    Case::finds("KP-TR003", |bed| append(bed, "out/pki/front-proxy-ca.crt", "out/pki/ca.crt")),
    Case::finds("KP-TR003", |bed| {
        fleet(bed);
        for directory in ["out/authority", "out/nodes/cp1/etc/kubernetes/pki"] {
            bed.copy("out/authority/ca.crt", &format!("{directory}/front-proxy-ca.crt"));
            bed.copy("out/authority/ca.key", &format!("{directory}/front-proxy-ca.key"));
        }
    }),
    Case::passes("KP-TR003", |_| {}),
    Case::finds("KP-TR004", |bed| share(bed, "etcd/ca")).of("high"),
    Case::finds("KP-TR004", |bed| {
        manifest(bed, "etcd", &["trusted-ca-file=/etc/kubernetes/pki/ca.crt"]);
    }),
    Case::passes("KP-TR004", |_| {}),
    // One behind all three is KP-TR005's.
    Case::passes("KP-TR004", under_a_root),
    Case::finds("KP-TR005", under_a_root).of("critical"),
    // A root behind both: whoever sends the CA along with its certificate is let in by either.
    Case::finds("KP-TR004", |bed| {
        root(bed, "root", "/CN=root");
        for (ca, subject) in [("out/pki/ca", "/CN=kubernetes"), ("out/pki/etcd/ca", "/CN=etcd-ca")] {
            sign(bed, ca, "root", subject, AUTHORITY);
            let file = format!("{ca}.crt");
            bed.write(&file, bed.read(&file) + &bed.read("root.crt"));
        }
    }),
    Case::finds("KP-TR005", |bed| {
        share(bed, "etcd/ca");
        share(bed, "front-proxy-ca");
    })
    .of("critical"),
    Case::passes("KP-TR005", |bed| share(bed, "etcd/ca")),
    Case::finds("KP-TR006", |bed| corporate(bed, "out/pki/ca.crt", "/O=Example Corp/CN=Example Issuing CA"))
        .of("high"),
    Case::finds("KP-TR006", |bed| {
        corporate(bed, "out/pki/front-proxy-ca.crt", "/C=CH/CN=Example Issuing CA");
    }),
    Case::finds("KP-TR006", |bed| {
        root(bed, "kubelet-clients", "/O=Example Corp/CN=Example Issuing CA");
        bed.write("kubelet/pki/clients.crt", bed.read("kubelet-clients.crt"));
        config(bed, "/var/lib/kubelet/pki/clients.crt", "");
    })
    .with(KUBELET),
    // The CA that has signed the cluster's, and one without an organization: a successor, most likely.
    Case::passes("KP-TR006", under_a_root),
    Case::passes("KP-TR006", |bed| corporate(bed, "out/pki/ca.crt", "/CN=kubernetes-2")),
    Case::finds("KP-TR007", |bed| drop(bed.write("out/pki/ca.crt", bed.read("out/pki/ca.crt") + PUBLIC)))
        .of("critical"),
    Case::finds("KP-TR007", |bed| {
        bed.write("out/pki/public.crt", PUBLIC);
        manifest(bed, "etcd", &["trusted-ca-file=/etc/kubernetes/pki/public.crt"]);
    }),
    Case::passes("KP-TR007", |bed| corporate(bed, "out/pki/ca.crt", "/O=Example Corp/CN=Example Issuing CA")),
    Case::finds("KP-TR008", under_a_root).of("low"),
    Case::passes("KP-TR008", |bed| {
        root(bed, "root", "/O=Example Corp/CN=Example Root");
        let constraints = format!("{AUTHORITY}nameConstraints=critical,permitted;DNS:cluster.local\n");
        sign(bed, "out/pki/ca", "root", "/CN=kubernetes", &constraints);
    }),
    Case::finds("KP-TR009", |bed| intermediate(bed, "")).of("high"),
    Case::finds("KP-TR009", |bed| {
        root(bed, "root", "/O=Example Corp/CN=Example Root");
        sign(bed, "out/pki/ca", "root", "/CN=kubernetes", AUTHORITY);
    })
    .of("info"),
    Case::passes("KP-TR009", |bed| intermediate(bed, "intermediate.crt")),
    Case::passes("KP-TR009", under_a_root),
    Case::passes("KP-TR001", |bed| intermediate(bed, "")),
    Case::finds("KP-TR010", |bed| {
        bed.write("kubelet/pki/clients.crt", bed.read("out/pki/front-proxy-ca.crt"));
        config(bed, "/var/lib/kubelet/pki/clients.crt", "");
    })
    .with(KUBELET)
    .of("high"),
    Case::passes("KP-TR010", |bed| config(bed, "/etc/kubernetes/pki/ca.crt", "")).with(KUBELET),
    Case::finds("KP-TR011", |bed| api_server(bed, &[])).of("info"),
    Case::finds("KP-TR011", |bed| {
        api_server(bed, &["kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt"]);
        root(bed, "kubelet-self", "/CN=cp1-ca@1");
        stray(bed, "kubelet-pair", "kubelet-self", "/CN=cp1@1", SERVER);
        bed.write("kubelet/pki/kubelet.crt", bed.read("kubelet-pair.crt") + &bed.read("kubelet-self.crt"));
    })
    .with(KUBELET)
    .of("medium"),
    Case::passes("KP-TR011", |bed| {
        api_server(bed, &["kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt"]);
        kubelet_certificate(bed, "kubelet-server", NODE, SERVER);
    })
    .with(KUBELET),
    Case::finds("KP-TR012", |bed| manager(bed, &["root-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt"]))
        .of("high"),
    Case::finds("KP-TR012", |bed| {
        // A certificate of another CA for the API server, which the flag names.
        root(bed, "public", "/CN=public");
        stray(bed, "out/pki/public", "public", "/CN=api.example.com", SERVER);
        api_server(bed, &["tls-cert-file=/etc/kubernetes/pki/public.crt"]);
        manager(bed, &["root-ca-file=/etc/kubernetes/pki/ca.crt"]);
    }),
    Case::passes("KP-TR012", |bed| manager(bed, &["root-ca-file=/etc/kubernetes/pki/ca.crt"])),
    Case::finds("KP-TR013", |bed| {
        root(bed, "out/pki/new-ca", "/CN=kubernetes-2");
        api_server(bed, &[]);
        manager(bed, &["cluster-signing-cert-file=/etc/kubernetes/pki/new-ca.crt"]);
    })
    .of("high"),
    Case::passes("KP-TR013", |bed| {
        root(bed, "out/pki/new-ca", "/CN=kubernetes-2");
        append(bed, "out/pki/ca.crt", "out/pki/new-ca.crt");
        api_server(bed, &[]);
        manager(bed, &["cluster-signing-cert-file=/etc/kubernetes/pki/new-ca.crt"]);
    }),
    Case::finds("KP-TR014", |bed| {
        append(bed, "out/pki/ca.crt", "out/pki/front-proxy-ca.crt");
        manager(bed, &["cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt"]);
    })
    .of("high"),
    Case::passes("KP-TR014", |bed| manager(bed, &["cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt"])),
    Case::finds("KP-TR015", |_| {}).of("info"),
    Case::passes("KP-TR015", |bed| fs::remove_dir_all(bed.path("out/pki")).unwrap()).with(ALONE).nowhere(),
];

/// The cluster's CA in place of another.
fn share(bed: &Testbed, name: &str) {
    bed.copy("out/pki/ca.crt", &format!("out/pki/{name}.crt"));
    bed.copy("out/pki/ca.key", &format!("out/pki/{name}.key"));
}

fn append(bed: &Testbed, to: &str, from: &str) {
    bed.write(to, bed.read(to) + &bed.read(from));
}

/// A CA that signs itself.
fn root(bed: &Testbed, name: &str, subject: &str) {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    bed.peer("openssl", &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key]).success();
    let make =
        ["req", "-x509", "-utf8", "-key", &key, "-subj", subject, "-days", "3650", "-out", &certificate];
    bed.peer("openssl", &[&make[..], &["-addext", "keyUsage=critical,keyCertSign"]].concat()).success();
    bed.set_mode(&key, 0o600);
}

/// A CA that has signed nothing here, behind those of a file.
fn corporate(bed: &Testbed, file: &str, subject: &str) {
    root(bed, "corporate", subject);
    append(bed, file, "corporate.crt");
}

/// All CAs of the cluster are signed by a root of the company's, which stands behind each.
fn under_a_root(bed: &Testbed) {
    root(bed, "root", "/O=Example Corp/CN=Example Root");
    for (name, subject) in
        [("ca", "/CN=kubernetes"), ("etcd/ca", "/CN=etcd-ca"), ("front-proxy-ca", "/CN=front-proxy-ca")]
    {
        sign(bed, &format!("out/pki/{name}"), "root", subject, AUTHORITY);
        append(bed, &format!("out/pki/{name}.crt"), "root.crt");
    }
}

/// The API server's certificate is signed by a CA below the cluster's; `sent` stands behind it.
fn intermediate(bed: &Testbed, sent: &str) {
    stray(bed, "out/pki/intermediate", "out/pki/ca", "/CN=kubernetes-intermediate", AUTHORITY);
    sign(bed, "out/pki/apiserver", "out/pki/intermediate", "/CN=kube-apiserver", SERVER);
    if !sent.is_empty() {
        append(bed, "out/pki/apiserver.crt", &format!("out/pki/{sent}"));
    }
}

fn api_server(bed: &Testbed, flags: &[&str]) {
    let usual = [
        "client-ca-file=/etc/kubernetes/pki/ca.crt",
        "requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt",
    ];
    manifest(bed, "kube-apiserver", &[&usual[..], flags].concat());
}

fn manager(bed: &Testbed, flags: &[&str]) {
    manifest(bed, "kube-controller-manager", flags);
}

/// A kubelet's configuration, beside its certificates.
fn config(bed: &Testbed, clients: &str, more: &str) {
    fs::create_dir_all(bed.path("kubelet/pki")).unwrap();
    let text = format!(
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n\
         authentication:\n  anonymous: {{enabled: false}}\n  x509: {{clientCAFile: {clients}}}\n\
         rotateCertificates: true\n{more}"
    );
    bed.write("kubelet/config.yaml", text);
}

#[test]
fn a_chain_that_is_cut_is_mended() {
    let bed = Testbed::applied(SINGLE);
    intermediate(&bed, "");
    cures(&bed, "KP-TR009");
}

/// What a CA reaches is said of each, once.
#[test]
fn the_reach_of_each_ca_is_one_sentence() {
    let bed = Testbed::applied(SINGLE);
    api_server(&bed, &[]);
    stray(&bed, "out/pki/jane", "out/pki/ca", "/CN=jane", CLIENT);
    let said = |bed: &Testbed, arguments: &[&str]| -> Vec<String> {
        let report = super::audit(bed, arguments);
        let found = super::findings(&report).filter(|finding| finding["rule"] == "KP-TR015");
        found
            .map(|finding| {
                format!("{}: {}", finding["path"].as_str().unwrap(), finding["message"].as_str().unwrap())
            })
            .collect()
    };
    let expected = [
        "pki/ca.crt: has signed 8 certificates here; its clients are let in by API servers and kubelets; \
         kubeconfigs take its servers for the API server",
        "pki/front-proxy-ca.crt: has signed 1 certificate here; its clients are let in by API servers that are to \
         believe request headers",
        "pki/etcd/ca.crt: has signed 4 certificates here; its clients are let in by etcd and etcd's peers",
    ];
    assert_eq!(said(&bed, &["-d", "out", "-f", "cluster.yaml"]), expected);
    fleet(&bed);
    assert_eq!(said(&bed, &["-d", "out"]).len(), 3);
}

/// What a page draws of it: which nodes accept a CA, and what it has signed for whom.
#[test]
fn the_reach_of_a_ca_is_known_node_by_node() {
    let bed = Testbed::applied(FLEET);
    manifest_in(
        &bed,
        "out/nodes/cp1/etc/kubernetes",
        "kube-apiserver",
        &[
            "client-ca-file=/etc/kubernetes/pki/ca.crt",
            "requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt",
        ],
    );
    let arguments = SceneArgs {
        dirs: vec![bed.path("out")],
        file: None,
        nodes: Vec::new(),
        kubelet_dirs: Vec::new(),
        layout: None,
    };
    let looks = arguments.look().unwrap();
    let scene = looks.scene(OffsetDateTime::UNIX_EPOCH, false, None);
    let reaches = blast_radius(&scene);
    let of = |name: &str| reaches.iter().find(|reach| reach.path.ends_with(name)).unwrap();
    let nodes = |name: &str, by: By| -> (Vec<&str>, bool) {
        let accepted = of(name).accepted_by.iter().find(|acceptance| acceptance.by == by).unwrap();
        (accepted.nodes.iter().map(|(_, node)| *node).collect(), accepted.told)
    };
    let all = vec!["cp1", "cp2", "cp3", "worker1", "worker2"];
    assert_eq!(nodes("authority/ca.crt", By::Listener(Listener::ApiServer)), (all[..3].to_vec(), true));
    assert_eq!(nodes("authority/ca.crt", By::Listener(Listener::Kubelet)), (all.clone(), false));
    assert_eq!(nodes("authority/ca.crt", By::Kubeconfigs), (all.clone(), true));
    assert_eq!(nodes("authority/etcd/ca.crt", By::Listener(Listener::EtcdPeer)), (all[..3].to_vec(), false));
    let mut signed: Vec<_> =
        of("front-proxy-ca.crt").signed.iter().filter_map(|one| one.credential).collect();
    signed.dedup();
    assert_eq!((signed, of("front-proxy-ca.crt").signed.len()), (vec!["front-proxy-client"], 3));
    assert_eq!(of("authority/ca.crt").signed.len(), 3 * 6 + 1 + 2);
    assert_eq!(reaches.len(), 3);
}

/// ISRG Root X2, of Let's Encrypt.
const PUBLIC: &str = "\
-----BEGIN CERTIFICATE-----
MIICGzCCAaGgAwIBAgIQQdKd0XLq7qeAwSxs6S+HUjAKBggqhkjOPQQDAzBPMQsw
CQYDVQQGEwJVUzEpMCcGA1UEChMgSW50ZXJuZXQgU2VjdXJpdHkgUmVzZWFyY2gg
R3JvdXAxFTATBgNVBAMTDElTUkcgUm9vdCBYMjAeFw0yMDA5MDQwMDAwMDBaFw00
MDA5MTcxNjAwMDBaME8xCzAJBgNVBAYTAlVTMSkwJwYDVQQKEyBJbnRlcm5ldCBT
ZWN1cml0eSBSZXNlYXJjaCBHcm91cDEVMBMGA1UEAxMMSVNSRyBSb290IFgyMHYw
EAYHKoZIzj0CAQYFK4EEACIDYgAEzZvVn4CDCuwJSvMWSj5cz3es3mcFDR0HttwW
+1qLFNvicWDEukWVEYmO6gbf9yoWHKS5xcUy4APgHoIYOIvXRdgKam7mAHf7AlF9
ItgKbppbd9/w+kHsOdx1ymgHDB/qo0IwQDAOBgNVHQ8BAf8EBAMCAQYwDwYDVR0T
AQH/BAUwAwEB/zAdBgNVHQ4EFgQUfEKWrt5LSDv6kviejM9ti6lyN5UwCgYIKoZI
zj0EAwMDaAAwZQIwe3lORlCEwkSHRhtFcP9Ymd70/aTSVaYgLXTWNLxBo1BfASdW
tL4ndQavEi51mI38AjEAi/V3bNTIZargCyzuFJ0nN6T5U6VR5CmD1/iQMVtCnwr1
/q4AaOeMSQ+2b1tbFfLn
-----END CERTIFICATE-----
";
