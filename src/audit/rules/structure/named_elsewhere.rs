//! `KP-ST008`: a component that reads other files than are looked at.

use std::path::Path;

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy, Severity};
use crate::disk::KubeletConfig;

rule! {
    /// A component is told to read a certificate, key or kubeconfig that is outside of the directory, or not there.
    ///
    /// ## Why it matters
    ///
    /// What is outside was not audited: the files here may be right, and not the ones in use. A component whose file is
    /// not there does not start.
    ///
    /// Looked at are the flags of static pod manifests and the kubelet's configuration. Their paths are those of the
    /// node: `/etc/kubernetes` is the directory that is audited, wherever that is.
    ///
    /// ## What to do
    ///
    /// Audit the directory that the file is in as well (`-d`, `--kubelet-dir`), or the node's whole file system; or let
    /// the flag name the file that is here.
    ///
    /// ## References
    ///
    /// Kubernetes, "PKI certificates and requirements", certificate paths.
    "KP-ST008" "named-elsewhere" Medium Node "nodes with manifests or a kubelet's configuration"
}

/// How the flags end that name a file of the PKI.
const FLAGS: [&str; 11] = [
    "cert-file",
    "key-file",
    "ca-file",
    "crl-file",
    "cafile",
    "certfile",
    "keyfile",
    "kubeconfig",
    "certificate-authority",
    "client-certificate",
    "client-key",
];

/// The kubelet's own directory, which is looked at where `--kubelet-dir` names it.
const KUBELET: &str = "/var/lib/kubelet";

fn applies(node: &Node<'_>) -> bool {
    node.pods().next().is_some() || node.kubelet().is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (manifest, pod) in node.pods() {
        let is_of_pki = |flag: &&String| FLAGS.iter().any(|ending| flag.ends_with(ending));
        let flags = pod.flags.keys().filter(is_of_pki);
        let named = flags.filter_map(|flag| Some((format!("--{flag}"), pod.flag(flag)?)));
        faults.extend(of(node, manifest, named));
    }
    if let Some((path, config)) = node.kubelet() {
        faults.extend(of(node, path, kubelet(config).into_iter()));
    }
    faults
}

fn kubelet(config: &KubeletConfig) -> [(String, &str); 3] {
    [
        ("clientCAFile".to_owned(), &config.authentication.x509.client_ca_file),
        ("tlsCertFile".to_owned(), &config.tls_cert_file),
        ("tlsPrivateKeyFile".to_owned(), &config.tls_private_key_file),
    ]
}

/// The faults of what one file names: each that is not there, and together what is elsewhere.
fn of<'a>(node: &Node<'_>, from: &Path, named: impl Iterator<Item = (String, &'a str)>) -> Vec<Fault> {
    let (mut faults, mut elsewhere) = (Vec::new(), Vec::new());
    let survey = node.view.survey;
    for (flag, path) in named.filter(|(_, path)| path.starts_with('/')) {
        let place = node.place(path);
        let Some(place) = place.filter(|place| survey.root_of(place).is_some()) else {
            if !Path::new(path).starts_with(KUBELET) {
                elsewhere.push(format!("{} ({})", path.escape_debug(), flag.escape_debug()));
            }
            continue;
        };
        let file = node.view.file(&place);
        // What a credential lacks is KP-ST001's.
        let claimed = file.and_then(|file| file.case()).is_some_and(|case| {
            case.entries()
                .iter()
                .any(|entry| entry.file.path == place && (entry.file.required || !entry.found.is_missing()))
        });
        let kubelets = Path::new(path).starts_with(KUBELET);
        if !claimed && !kubelets && file.is_none_or(|file| file.role.is_some()) {
            let message =
                format!("names {} ({}), which is not there", path.escape_debug(), flag.escape_debug());
            let remedy = Remedy::by_hand("put the file there, or let the flag name the one that is");
            faults.push(Fault::new(from.to_owned(), message, remedy).severity(Severity::High));
        }
    }
    if !elsewhere.is_empty() {
        let message = format!("names what was not looked at: {}", elsewhere.join(", "));
        let remedy =
            Remedy::by_hand("audit that directory too, or let the flags name the files that are here");
        faults.push(Fault::new(from.to_owned(), message, remedy));
    }
    faults
}
