use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use rustix::fs::{XattrFlags, setxattr};

use super::{Case, fleet, respec};
use crate::testbed::Testbed;

/// A user who has nothing to do with the cluster, and one that a system could have made for etcd.
const SOMEBODY: u32 = 4711;
const SYSTEM: u32 = 105;

const FLEET_OUT: &[&str] = &["-d", "out", "-f", "cluster.yaml"];
const KUBELET: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--kubelet-dir", "kubelet"];
const SCAN: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--scan", "cloud"];
const WHOLE: &[&str] = &["-d", "node"];

pub const CASES: &[Case] = &[
    Case::finds("KP-FS001", |bed| bed.set_mode("out/pki/ca.key", 0o640)),
    Case::finds("KP-FS001", |bed| stray(bed, "out/pki/ca.key", "out/pki/spare.key", 0o644)).of("critical"),
    // What is in it counts, not its name.
    Case::finds("KP-FS001", |bed| stray(bed, "out/pki/sa.key", "out/notes.txt", 0o604)).of("critical"),
    Case::finds("KP-FS001", |bed| {
        let key = ["-in", "out/pki/sa.key", "-aes256", "-passout", "pass:x", "-out", "out/pki/spare.key"];
        bed.peer("openssl", &[&["pkey"][..], &key].concat()).success();
        bed.set_mode("out/pki/spare.key", 0o644);
    })
    .of("medium"),
    Case::finds("KP-FS001", |bed| kubelet_client(bed, 0o644)).with(KUBELET).of("critical"),
    Case::passes("KP-FS001", |bed| kubelet_client(bed, 0o600)).with(KUBELET),
    Case::passes("KP-FS001", |bed| bed.set_mode("out/pki/ca.key", 0o400)),
    Case::passes("KP-FS001", |bed| stray(bed, "out/pki/ca.key", "out/pki/spare.key", 0o600)),
    Case::finds("KP-FS002", |bed| own(bed, "out/pki/ca.crt", SOMEBODY)).of("high"),
    Case::finds("KP-FS002", |bed| own(bed, "out/pki/etcd", SOMEBODY)).of("high"),
    Case::passes("KP-FS002", |_| {}),
    // A working copy is its owner's.
    Case::passes("KP-FS002", |bed| own_all(bed, "out", SOMEBODY)),
    Case::passes("KP-FS002", |bed| own_all(bed, "out/pki/etcd", SYSTEM)),
    Case::passes("KP-FS002", |bed| {
        own(bed, "out/pki/apiserver.key", SOMEBODY);
        manifest(
            bed,
            "out",
            "kube-apiserver",
            "",
            &format!("  securityContext: {{runAsUser: {SOMEBODY}}}\n"),
        );
    }),
    Case::finds("KP-FS003", |bed| bed.set_mode("out/pki/ca.crt", 0o664)),
    Case::finds("KP-FS003", |bed| stray(bed, "out/pki/ca.crt", "out/pki/other.pem", 0o646)),
    Case::passes("KP-FS003", |bed| bed.set_mode("out/pki/ca.crt", 0o600)),
    Case::finds("KP-FS004", |bed| bed.set_mode("out/admin.conf", 0o604)).of("critical"),
    Case::finds("KP-FS004", |bed| stray(bed, "out/admin.conf", "out/jane.kubeconfig", 0o644)).of("critical"),
    Case::finds("KP-FS004", |bed| {
        let text = bed.read("out/kubelet.conf");
        let secret = text.lines().filter(|line| !line.contains("client-"));
        let text: Vec<&str> = secret.collect();
        bed.write("out/kubelet.conf", text.join("\n") + "\n");
        bed.set_mode("out/kubelet.conf", 0o644);
    })
    .of("medium"),
    Case::passes("KP-FS004", |_| {}),
    Case::finds("KP-FS005", |bed| own(bed, "out/admin.conf", SOMEBODY)).of("high"),
    Case::passes("KP-FS005", |_| {}),
    Case::finds("KP-FS006", |bed| {
        kubelet(bed, "/etc/kubernetes/pki/ca.crt");
        bed.set_mode("out/pki/ca.crt", 0o664);
    })
    .with(KUBELET),
    Case::finds("KP-FS006", |bed| {
        kubelet(bed, "/etc/kubernetes/pki/ca.crt");
        own(bed, "out/pki/ca.crt", SOMEBODY);
    })
    .with(KUBELET),
    Case::passes("KP-FS006", |bed| kubelet(bed, "/etc/kubernetes/pki/ca.crt")).with(KUBELET),
    // One finding for one fact.
    Case::passes("KP-FS003", |bed| {
        kubelet(bed, "/etc/kubernetes/pki/ca.crt");
        bed.set_mode("out/pki/ca.crt", 0o664);
    })
    .with(KUBELET),
    Case::finds("KP-FS007", |bed| bed.set_mode("out/pki", 0o775)).of("high"),
    Case::finds("KP-FS007", |bed| bed.set_mode("out", 0o1777)),
    Case::passes("KP-FS007", |bed| bed.set_mode("out/pki", 0o700)),
    Case::finds("KP-FS008", |bed| {
        manifest(bed, "out", "etcd", "", "");
        bed.set_mode("out/manifests/etcd.yaml", 0o620);
    }),
    Case::finds("KP-FS008", |bed| {
        manifest(bed, "out", "etcd", "", "");
        own(bed, "out/manifests/etcd.yaml", SOMEBODY);
    }),
    Case::passes("KP-FS008", |bed| manifest(bed, "out", "etcd", "", "")),
    Case::finds("KP-FS009", |bed| {
        fs::rename(bed.path("out/pki/ca.crt"), bed.path("ca.crt")).unwrap();
        symlink(bed.path("ca.crt"), bed.path("out/pki/ca.crt")).unwrap();
    }),
    Case::finds("KP-FS009", |bed| symlink("nothing.crt", bed.path("out/pki/old.crt")).unwrap()),
    // A link that stays inside is followed.
    Case::passes("KP-FS009", |bed| {
        fs::rename(bed.path("out/pki/ca.crt"), bed.path("out/pki/root.crt")).unwrap();
        symlink("root.crt", bed.path("out/pki/ca.crt")).unwrap();
    }),
    // In a copy of its directory, the kubelet's link leads where it leads on the node.
    Case::passes("KP-FS009", |bed| kubelet_client(bed, 0o600)).with(KUBELET),
    Case::finds("KP-FS010", |bed| {
        fleet(bed);
        bed.copy("out/authority/ca.key", "out/nodes/worker1/etc/kubernetes/pki/ca.key");
    }),
    Case::finds("KP-FS010", |bed| {
        fleet(bed);
        bed.copy("out/authority/etcd/ca.key", "out/nodes/worker1/etc/kubernetes/pki/ca.key");
    })
    .with(&["-d", "out"]),
    Case::finds("KP-FS010", |bed| {
        worker(bed);
        bed.copy("out/pki/ca.key", "worker/pki/ca.key");
    })
    .with(&["-d", "worker"]),
    Case::passes("KP-FS010", fleet).with(FLEET_OUT),
    Case::passes("KP-FS010", worker).with(&["-d", "worker"]),
    Case::finds("KP-FS011", |bed| {
        let blank = "    - --cluster-signing-cert-file=\n    - --cluster-signing-key-file=\n";
        manifest(bed, "out", "kube-controller-manager", blank, "");
    })
    .of("medium"),
    Case::passes("KP-FS011", |bed| {
        let signs = "    - --cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt\n    \
                     - --cluster-signing-key-file=/etc/kubernetes/pki/ca.key\n";
        manifest(bed, "out", "kube-controller-manager", signs, "");
    }),
    Case::passes("KP-FS011", |bed| {
        let own = "    - --cluster-signing-kubelet-serving-key-file=/etc/kubernetes/pki/ca.key\n";
        manifest(bed, "out", "kube-controller-manager", own, "");
    }),
    Case::finds("KP-FS012", |_| {}).of("info"),
    Case::finds("KP-FS012", fleet).of("info"),
    Case::passes("KP-FS012", |bed| fs::remove_file(bed.path("out/super-admin.conf")).unwrap()),
    Case::finds("KP-FS013", |bed| bed.copy("out/pki/sa.key", "out/pki/sa.key.bak")).of("medium"),
    Case::finds("KP-FS013", |bed| {
        fs::create_dir(bed.path("out/pki.old")).unwrap();
        bed.copy("out/pki/sa.key", "out/pki.old/sa.key");
    })
    .of("medium"),
    Case::finds("KP-FS013", |bed| bed.copy("out/pki/ca.crt", "out/pki/ca.crt~")).of("low"),
    Case::finds("KP-FS013", |bed| drop(bed.write("out/pki.tar.gz", "an archive"))).of("medium"),
    Case::finds("KP-FS013", |bed| {
        fs::create_dir(bed.path("out/tls-1764000000")).unwrap();
        bed.copy("out/pki/sa.key", "out/tls-1764000000/service.key");
    })
    .of("info"),
    Case::passes("KP-FS013", |_| {}),
    Case::passes("KP-FS013", |bed| drop(bed.write("out/manifests.bak/etcd.yaml", "kind: Pod\n"))),
    Case::finds("KP-FS014", |_| {}).of("info"),
    Case::finds("KP-FS014", |bed| respec(bed, "authority: {mode: external}\n")).of("high"),
    Case::passes("KP-FS014", |bed| {
        for ca in ["ca", "front-proxy-ca", "etcd/ca"] {
            let path = format!("out/pki/{ca}.key");
            let key = ["-in", &path, "-aes256", "-passout", "pass:x", "-out", "encrypted"];
            bed.peer("openssl", &[&["pkey"][..], &key].concat()).success();
            bed.copy("encrypted", &path);
        }
    }),
    Case::finds("KP-FS015", |bed| open(bed, "out/pki/apiserver.key", "system.posix_acl_access")).of("low"),
    Case::finds("KP-FS015", |bed| open(bed, "out/pki", "system.posix_acl_default")).of("low"),
    Case::passes("KP-FS015", |_| {}),
    // The mask takes away what the list gives.
    Case::passes("KP-FS015", |bed| {
        open(bed, "out/pki/apiserver.key", "system.posix_acl_access");
        bed.set_mode("out/pki/apiserver.key", 0o600);
    }),
    Case::finds("KP-FS016", |bed| bed.copy("out/pki/ca.crt", "out/pki/spare.pem")).of("info"),
    Case::passes("KP-FS016", |bed| {
        manifest(bed, "out", "etcd", "", "");
        bed.write("out/enc.yaml", "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n");
        symlink("ca.crt", bed.path("out/pki/root.crt")).unwrap();
        let request = ["req", "-new", "-key", "out/pki/sa.key", "-subj", "/CN=x", "-out", "out/pki/sa.csr"];
        bed.peer("openssl", &request).success();
    }),
    Case::finds("KP-FS017", |bed| append(bed, "out/pki/apiserver.crt", "out/pki/apiserver.key")).of("medium"),
    Case::finds("KP-FS017", |bed| append(bed, "out/pki/ca.crt", "out/pki/ca.key")).of("medium"),
    Case::finds("KP-FS017", |bed| append(bed, "out/pki/apiserver.key", "out/pki/apiserver.crt")).of("low"),
    Case::passes("KP-FS017", |bed| {
        bed.copy("out/pki/apiserver.crt", "out/haproxy.pem");
        append(bed, "out/haproxy.pem", "out/pki/apiserver.key");
    }),
    Case::finds("KP-FS018", |bed| rewrite(bed, |text| text.replace('\n', "\r\n"))).of("low"),
    Case::finds("KP-FS018", |bed| rewrite(bed, |text| format!("\u{feff}{text}"))),
    Case::finds("KP-FS018", |bed| rewrite(bed, |text| format!("issuer=CN = kubernetes\n{text}"))),
    Case::finds("KP-FS018", |bed| rewrite(bed, |text| text.trim_end().to_owned())),
    Case::passes("KP-FS018", |_| {}),
    Case::finds("KP-FS019", |bed| {
        let key = bed.read("out/pki/sa.key").replace('\n', "\n    ");
        bed.write("cloud/user-data.txt", format!("#cloud-config\nwrite_files:\n- content: |\n    {key}"));
    })
    .with(SCAN)
    .of("high"),
    Case::finds("KP-FS019", |bed| drop(bed.write("cloud/backup/config", bed.read("out/admin.conf"))))
        .with(SCAN),
    Case::passes("KP-FS019", |bed| drop(bed.write("cloud/ca.crt", bed.read("out/pki/ca.crt")))).with(SCAN),
    Case::finds("KP-FS020", |bed| data(bed, 0o750, 0)).with(WHOLE),
    Case::finds("KP-FS020", |bed| data(bed, 0o700, SOMEBODY)).with(WHOLE),
    Case::passes("KP-FS020", |bed| data(bed, 0o700, 0)).with(WHOLE),
    Case::passes("KP-FS020", |bed| data(bed, 0o700, SYSTEM)).with(WHOLE),
];

/// A copy of a file under another name.
fn stray(bed: &Testbed, from: &str, to: &str, mode: u32) {
    bed.copy(from, to);
    bed.set_mode(to, mode);
}

/// Gives a file to a user, for which the tests run as root.
fn own(bed: &Testbed, name: &str, uid: u32) {
    chown(bed.path(name), Some(uid), Some(uid)).unwrap();
}

fn own_all(bed: &Testbed, directory: &str, uid: u32) {
    for entry in walkdir::WalkDir::new(bed.path(directory)) {
        chown(entry.unwrap().path(), Some(uid), Some(uid)).unwrap();
    }
}

/// The manifest of a component: more flags, each on a line of its own, and more of its specification.
pub fn manifest(bed: &Testbed, directory: &str, component: &str, flags: &str, more: &str) {
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {component}, namespace: kube-system}}\nspec:\n{more}  \
         containers:\n  - image: registry.k8s.io/{component}:v1.36.1\n    name: {component}\n    command:\n    - \
         {component}\n{flags}"
    );
    let path = format!("{directory}/manifests/{component}.yaml");
    bed.write(&path, text);
    bed.set_mode(&path, 0o600);
}

/// A kubelet's directory beside `out`, with a configuration that names this client CA.
pub fn kubelet(bed: &Testbed, client_ca: &str) {
    kubelet_with(
        bed,
        &format!(
            "authentication: {{anonymous: {{enabled: false}}, x509: {{clientCAFile: {client_ca}}}}}\nrotateCertificates: true\n"
        ),
    );
}

/// The same with any configuration.
pub fn kubelet_with(bed: &Testbed, config: &str) {
    fs::create_dir_all(bed.path("kubelet/pki")).unwrap();
    bed.write("kubelet/config.yaml", format!("kind: KubeletConfiguration\n{config}"));
}

/// What a kubelet keeps: certificate and key in one dated file, and an absolute link to it.
fn kubelet_client(bed: &Testbed, mode: u32) {
    kubelet(bed, "/etc/kubernetes/pki/ca.crt");
    let dated = "kubelet-client-2026-11-24-05-13-14.pem";
    let path = format!("kubelet/pki/{dated}");
    bed.write(
        &path,
        bed.read("out/pki/apiserver-kubelet-client.crt") + &bed.read("out/pki/apiserver-kubelet-client.key"),
    );
    bed.set_mode(&path, mode);
    let link = bed.path("kubelet/pki/kubelet-client-current.pem");
    symlink(format!("/var/lib/kubelet/pki/{dated}"), link).unwrap();
}

/// A worker's directory beside `out`.
fn worker(bed: &Testbed) {
    fs::create_dir_all(bed.path("worker/pki")).unwrap();
    bed.copy("out/pki/ca.crt", "worker/pki/ca.crt");
    bed.copy("out/kubelet.conf", "worker/kubelet.conf");
}

fn append(bed: &Testbed, to: &str, from: &str) {
    bed.write(to, bed.read(to) + &bed.read(from));
}

fn rewrite(bed: &Testbed, change: fn(&str) -> String) {
    bed.write("out/pki/front-proxy-ca.crt", change(&bed.read("out/pki/front-proxy-ca.crt")));
}

/// Lets another user read and write a file by an access control list.
fn open(bed: &Testbed, name: &str, attribute: &str) {
    let entry = |tag: u16, permissions: u16, number: u32| {
        [&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &number.to_le_bytes()].concat()
    };
    let nobody = u32::MAX;
    let list = [
        vec![2, 0, 0, 0],
        entry(0x01, 7, nobody),
        entry(0x02, 6, SOMEBODY),
        entry(0x04, 0, nobody),
        entry(0x10, 6, nobody),
        entry(0x20, 0, nobody),
    ];
    setxattr(bed.path(name), attribute, &list.concat(), XattrFlags::empty()).unwrap();
}

/// The whole file system of a node in `node`, with etcd's data in a directory of this mode and owner.
fn data(bed: &Testbed, mode: u32, uid: u32) {
    fs::create_dir_all(bed.path("node/etc")).unwrap();
    fs::create_dir_all(bed.path("node/var/lib/etcd")).unwrap();
    fs::rename(bed.path("out"), bed.path("node/etc/kubernetes")).unwrap();
    manifest(bed, "node/etc/kubernetes", "etcd", "    - --data-dir=/var/lib/etcd\n", "");
    bed.set_mode("node/var/lib/etcd", mode);
    chown(bed.path("node/var/lib/etcd"), Some(uid), None).unwrap();
    assert!(Path::new(&bed.path("node/etc/kubernetes/pki/ca.crt")).exists());
}
