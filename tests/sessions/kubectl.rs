//! kubectl reads our kubeconfigs, and connects with them to a server that presents our certificate.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::testbed::{Run, Testbed, peer};

const KUBECONFIGS: [&str; 5] =
    ["admin.conf", "super-admin.conf", "kubelet.conf", "controller-manager.conf", "scheduler.conf"];

const SPEC: &str = "
apiVersion: kubepki/v1
kind: Cluster
clusterName: prod
controlPlaneEndpoint: api.prod.example.com:6443
networking: {serviceSubnet: '10.96.0.0/12,fd00:10:96::/112'}
apiServer: {certSANs: ['*.wild.example.com']}
nodes:
- {name: cp1, roles: [control-plane], addresses: [192.0.2.10]}
";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An HTTPS server that presents `apiserver.crt`, asks for a certificate of the cluster's CA, and serves the file
/// `version`.
fn serve(bed: &Testbed) -> (Server, u16) {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    bed.write("version", "{\"gitVersion\": \"v1.36.1\"}");
    let mut command = peer("openssl");
    command.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-WWW", "-quiet"]);
    command.args(["-cert", "out/pki/apiserver.crt", "-key", "out/pki/apiserver.key"]);
    command.args(["-Verify", "1", "-verify_return_error", "-CAfile", "out/pki/ca.crt"]);
    command.current_dir(bed.path("")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server(command.spawn().unwrap());
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(10), "the server does not come up");
        std::thread::sleep(Duration::from_millis(20));
    }
    (server, port)
}

fn get(bed: &Testbed, kubeconfig: &str, port: u16, name: &str) -> Run {
    let server = format!("--server=https://127.0.0.1:{port}");
    let arguments =
        ["--kubeconfig", kubeconfig, &server, "--tls-server-name", name, "get", "--raw", "/version"];
    bed.peer("kubectl", &arguments)
}

#[test]
fn every_kubeconfig_is_one() {
    let bed = Testbed::applied(SPEC);
    for file in KUBECONFIGS {
        let path = format!("out/{file}");
        // With its data, kubectl writes the same file: same fields, same order, same bytes.
        let written =
            bed.peer("kubectl", &["config", "view", "--raw", "--kubeconfig", &path]).success().stdout;
        // kubectl before v1.34 adds a line of its own.
        assert_eq!(written.replace("preferences: {}\n", ""), bed.read(&path), "{file}");
    }
    let fields = "jsonpath={.current-context} {.clusters[0].cluster.server} {.users[0].name}";
    let view = ["config", "view", "--kubeconfig", "out/kubelet.conf", "-o", fields];
    let expected = "system:node:cp1@prod https://192.0.2.10:6443 system:node:cp1";
    assert_eq!(bed.peer("kubectl", &view).success().stdout, expected);
}

#[test]
fn every_kubeconfig_connects_by_every_name() {
    let bed = Testbed::applied(SPEC);
    let (_server, port) = serve(&bed);
    for file in KUBECONFIGS {
        get(&bed, &format!("out/{file}"), port, "kubernetes.default.svc").success().out("v1.36.1");
    }
    for name in [
        "cp1",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc.cluster.local",
        "api.prod.example.com",
        "any.wild.example.com",
        "10.96.0.1",
        "fd00:10:96::1",
        "192.0.2.10",
    ] {
        get(&bed, "out/admin.conf", port, name).success().out("v1.36.1");
    }
    let ran = get(&bed, "out/admin.conf", port, "evil.example.com").code(1);
    ran.err("certificate is valid for").err("not evil.example.com");
    get(&bed, "out/admin.conf", port, "10.96.0.2").code(1).err("certificate is valid for");

    // Another cluster's kubeconfig trusts another CA; and its certificate would be refused.
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "other"]).success();
    get(&bed, "other/admin.conf", port, "kubernetes").code(1).err("certificate signed by unknown authority");
    let text = bed.read("other/admin.conf");
    let data = |text: &str| {
        text.lines().find(|line| line.contains("certificate-authority-data")).unwrap().to_owned()
    };
    bed.write("mixed.conf", text.replace(&data(&text), &data(&bed.read("out/admin.conf"))));
    get(&bed, "mixed.conf", port, "kubernetes").code(1);
}
