//! `kubepki serve`: a cluster that knows nothing but certificates.

mod api;
mod bundles;
mod client;
mod files;
mod hostile;
mod kill;
mod kubectl;
mod kubelet;
mod people;
mod recorded;
mod rights;
mod root;
mod watch;
mod who;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kubepki::x509::{Certificate, KeyAlgorithm, Name, PrivateKey, Request};
use serde_json::{Value, json};

use crate::testbed::{Run, SINGLE, Testbed, peer};
use client::{Client, P, Who};

/// A server, which is killed with the test.
struct Served {
    bed: Testbed,
    child: Child,
    port: u16,
    metrics: u16,
}

const KUBECONFIG: &str = "out/.kubepki/serve.conf";

const CLIENT: &str = "kubernetes.io/kube-apiserver-client";

impl Served {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(arguments: &[&str]) -> Self {
        Self::of(Testbed::applied(SINGLE), arguments)
    }

    /// A server of the tree in `out`.
    fn of(bed: Testbed, arguments: &[&str]) -> Self {
        let (child, port, metrics) = start(&bed, arguments);
        Self { bed, child, port, metrics }
    }

    /// The same again, after it has ended.
    fn restart(&mut self, arguments: &[&str]) {
        (self.child, self.port, self.metrics) = start(&self.bed, arguments);
    }

    fn authority(&self) -> Certificate {
        self.bed.certificate("out/pki/ca.crt")
    }

    fn connect(&self, who: &Who) -> Client {
        Client::connect(self.port, &self.authority(), who)
    }

    fn admin(&self) -> Client {
        self.connect(&Who::of(&self.bed.kubeconfig("out/admin.conf")))
    }

    fn kubectl(&self, arguments: &[&str]) -> Run {
        self.any_kubectl("kubectl", arguments, "")
    }

    fn any_kubectl(&self, program: &str, arguments: &[&str], input: &str) -> Run {
        let input = self.bed.write("stdin", input);
        let mut command = if program == "kubectl" { peer(program) } else { Command::new(program) };
        command.args(["--kubeconfig", KUBECONFIG]).args(arguments).current_dir(self.bed.path(""));
        command.env("HOME", self.bed.path("home")).env_remove("KUBECONFIG");
        command.env("KUBE_EDITOR", "sed -i s/blue/green/");
        command.stdin(std::fs::File::open(input).unwrap());
        Run::of(&mut command, &format!("{program} {}", arguments.join(" ")))
    }

    /// A certificate for a user, signed by the server as anybody's.
    fn user(&self, name: &str, groups: &[&str]) -> Who {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let object = object(name, CLIENT, name, groups, &key, &["client auth"]);
        let certificate = signed(&mut self.admin(), &object);
        Who::with(certificate, key)
    }

    fn stop(&mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(bed: &Testbed, arguments: &[&str]) -> (Child, u16, u16) {
    let common = ["serve", "-d", "out", "--address", "127.0.0.1:0", "--metrics-address", "127.0.0.1:0"];
    let mut command = bed.command(&[&common, arguments].concat());
    command.stdout(Stdio::piped()).stderr(std::fs::File::create(bed.path("serve.err")).unwrap());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut port, mut metrics) = (0, 0);
    loop {
        let line = lines.next().unwrap_or_else(|| panic!("{}", bed.read("serve.err"))).unwrap();
        let number = |line: &str| {
            let digits = line.rsplit(':').next().unwrap().trim_end_matches("/metrics");
            digits.parse().unwrap_or_else(|_| panic!("{line}"))
        };
        if line.starts_with("serving ") {
            port = number(&line);
        } else if line.starts_with("metrics ") {
            metrics = number(&line);
        } else if line.starts_with("kubectl ") {
            break;
        }
    }
    // Nobody blocks on a pipe that is not read.
    std::thread::spawn(move || lines.for_each(drop));
    (child, port, metrics)
}

/// A request as an object.
fn object(
    name: &str,
    signer: &str,
    common_name: &str,
    groups: &[&str],
    key: &PrivateKey,
    usages: &[&str],
) -> Value {
    let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    let request = Request::make(&Name::new(common_name, &groups).unwrap(), &[], key).unwrap();
    json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
        "spec": {"request": STANDARD.encode(request.to_pem().unwrap()), "signerName": signer, "usages": usages},
    })
}

/// Any request.
fn simple(name: &str) -> Value {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    object(name, CLIENT, name, &["dev"], &key, &["client auth"])
}

fn approved(mut object: Value) -> Value {
    object["status"]["conditions"] = json!([{"type": "Approved", "status": "True", "reason": "Test"}]);
    object
}

/// Creates a request, approves it, and waits for the certificate.
fn signed(admin: &mut Client, object: &Value) -> Certificate {
    let name = object["metadata"]["name"].as_str().unwrap();
    let made = admin.json("POST", P, object).code(201).json();
    admin.json("PUT", &format!("{P}/{name}/approval"), &approved(made)).code(200);
    certificate(admin, name)
}

/// The certificate of a request, once it is there.
fn certificate(client: &mut Client, name: &str) -> Certificate {
    let begun = Instant::now();
    loop {
        let object = client.get(&format!("{P}/{name}")).code(200).json();
        if let Some(text) = object["status"]["certificate"].as_str() {
            let pem = STANDARD.decode(text).unwrap();
            return Certificate::all_from_pem(&pem).unwrap().remove(0);
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{object}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until something holds.
#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
