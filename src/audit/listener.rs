//! Who believes client certificates, and of which CAs: what a CA's key, or a certificate of it, opens.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use super::case::Case;
use super::node::Node;
use super::view::MOST_AUTHORITIES;
use crate::catalog::{FileRole, Role};
use crate::disk::{Found, StaticPod};
use crate::target::Aim;
use crate::x509::{Certificate, PublicKey, chain};

/// Something that lets in whoever shows a certificate of its client CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listener {
    /// The API server (`--client-ca-file`): the common name is the user, the organizations are the groups.
    ApiServer,
    /// Kubelets (`authentication.x509.clientCAFile`).
    Kubelet,
    /// The API server and extension API servers, for who may name another user in a header
    /// (`--requestheader-client-ca-file`).
    RequestHeader,
    /// etcd (`--trusted-ca-file`).
    Etcd,
    /// etcd, for its other members (`--peer-trusted-ca-file`).
    EtcdPeer,
}

/// The CAs that a node's listeners believe, by the file that they are in.
#[derive(Clone, Debug)]
pub struct Bundle<'a> {
    /// The file.
    pub path: PathBuf,
    /// What is in it.
    pub certificates: Vec<&'a Certificate>,
    /// Who reads it.
    pub listeners: BTreeSet<Listener>,
    /// The credential whose file it is.
    pub case: Option<Case<'a>>,
    /// Those of which a flag or a configuration says so; of the others it is what kubeadm and distributions do.
    pub told: BTreeSet<Listener>,
}

impl Listener {
    /// Every listener.
    pub const ALL: [Self; 5] =
        [Self::ApiServer, Self::Kubelet, Self::RequestHeader, Self::Etcd, Self::EtcdPeer];

    /// To whom the credential of a target is shown: its CA is one that they believe.
    #[must_use]
    pub fn shown(credential: &str, aim: &Aim) -> &'static [Self] {
        match credential {
            "apiserver-kubelet-client" => &[Self::Kubelet],
            "front-proxy-client" => &[Self::RequestHeader],
            "apiserver-etcd-client" | "etcd-healthcheck-client" => &[Self::Etcd],
            "etcd-peer" => &[Self::EtcdPeer],
            "kubelet-client" => &[Self::ApiServer],
            _ if matches!(aim, Aim::Kubeconfig { .. }) => &[Self::ApiServer],
            _ => &[],
        }
    }

    /// What it is called where it stands for all of its kind.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::ApiServer => "API servers",
            Self::Kubelet => "kubelets",
            Self::RequestHeader => "API servers that are to believe request headers",
            Self::Etcd => "etcd",
            Self::EtcdPeer => "etcd's peers",
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiServer => "the API server",
            Self::Kubelet => "the kubelet",
            Self::RequestHeader => "the API server's request header authentication",
            Self::Etcd => "etcd",
            Self::EtcdPeer => "etcd's peers",
        })
    }
}

impl Bundle<'_> {
    /// Its listeners in words.
    #[must_use]
    pub fn readers(&self) -> String {
        let names: Vec<String> = self.listeners.iter().map(ToString::to_string).collect();
        match &names[..] {
            [] => "nobody".to_owned(),
            [one] => one.clone(),
            [most @ .., last] => format!("{} and {last}", most.join(", ")),
        }
    }

    /// The keys of its CAs. One that stands behind a CA which it has signed is believed as much as that one: its readers
    /// take the CAs between from the client (Kubernetes' `x509.Authenticator`, Go's `tls.Config.ClientCAs`).
    #[must_use]
    pub fn signers(&self) -> HashSet<&PublicKey> {
        self.certificates.iter().map(|ca| &ca.public_key).collect()
    }

    /// The CA that another bundle has too, where it stands behind the first in both: a root that has signed the CAs of each.
    #[must_use]
    pub fn common_root(&self, other: &Self) -> Option<String> {
        let [behind, others] = [self, other].map(|bundle| bundle.certificates.get(1..).unwrap_or_default());
        let heads = [self, other].map(|bundle| bundle.certificates.first().map(|ca| &ca.public_key));
        let key = |ca: &&&Certificate| {
            let head = heads.contains(&Some(&ca.public_key));
            !head && others.iter().any(|other| other.public_key == ca.public_key)
        };
        behind.iter().find(key).map(|root| {
            format!(
                "`{}` stands behind the CA, as in {}: the clients of every CA under it are let in",
                root.subject,
                other.path.display()
            )
        })
    }

    /// Whether it is a node's copy that says the same as the authority's file: what is wrong with it is said of that one.
    #[must_use]
    pub fn is_faithful_copy(&self) -> bool {
        let original = self.case.and_then(|case| case.original());
        original.is_some_and(|original| original.certificates() == self.certificates)
    }
}

/// The client CA bundles of a node: what its manifests and its kubelet's configuration say; where there is neither, the
/// CAs of the credentials that are shown to its listeners. Of the authority: its CAs.
#[must_use]
pub fn bundles<'a>(node: &Node<'a>) -> Vec<Bundle<'a>> {
    let mut bundles: Vec<Bundle<'a>> = Vec::new();
    let mut push = |listener: Listener, path: PathBuf, certificates: Vec<&'a Certificate>, told: bool| {
        if certificates.is_empty() {
            return;
        }
        if !bundles.iter().any(|known| known.path == path) {
            let case = node.cases().find(|case| case.path(FileRole::Certificate) == path);
            let (listeners, told) = (BTreeSet::new(), BTreeSet::new());
            bundles.push(Bundle { path: path.clone(), certificates, listeners, case, told });
        }
        if let Some(bundle) = bundles.iter_mut().find(|known| known.path == path) {
            bundle.listeners.insert(listener);
            bundle.told.extend(told.then_some(listener));
        }
    };
    if node.is_authority() {
        for case in node.cases().filter(Case::is_authority) {
            for listener in node.view.listeners(&case) {
                push(*listener, case.certificate_path(), case.certificates(), false);
            }
        }
        return bundles;
    }
    for listener in Listener::ALL {
        match told(node, listener) {
            Told::File(path, found) => push(listener, path.to_owned(), certificates(found), true),
            Told::Elsewhere => {}
            Told::Nothing => {
                if let Some(case) = usual(node, listener) {
                    push(listener, case.certificate_path(), case.certificates(), false);
                }
            }
        }
    }
    bundles
}

/// The bundle of one of a node's listeners.
#[must_use]
pub fn bundle<'a>(node: &Node<'a>, listener: Listener) -> Option<Bundle<'a>> {
    bundles(node).into_iter().find(|bundle| bundle.listeners.contains(&listener))
}

/// Whether the bundles of both listeners are here, and this is the place to judge them: a node's copies of what the
/// authority keeps are judged where that is, but for what a manifest says.
#[must_use]
pub fn both(node: &Node<'_>, one: Listener, other: Listener) -> bool {
    let (Some(one), Some(other)) = (bundle(node, one), bundle(node, other)) else { return false };
    !(one.is_faithful_copy() && other.is_faithful_copy())
}

/// The bundles of two listeners, if they have a CA in common: whoever is a client of the one is one of the other.
#[must_use]
pub fn shared<'a>(node: &Node<'a>, one: Listener, other: Listener) -> Option<(Bundle<'a>, Bundle<'a>)> {
    let (one, other) = (bundle(node, one)?, bundle(node, other)?);
    let common = !one.signers().is_disjoint(&other.signers());
    common.then_some((one, other))
}

/// Whether one CA serves for the API server's clients, for etcd's, and for request headers.
#[must_use]
pub fn shared_by_all(node: &Node<'_>) -> bool {
    let bundles = [Listener::ApiServer, Listener::Etcd, Listener::RequestHeader].map(|one| bundle(node, one));
    let [Some(clients), Some(etcd), Some(headers)] = bundles else { return false };
    let (etcd, headers) = (etcd.signers(), headers.signers());
    clients.signers().iter().any(|key| etcd.contains(key) && headers.contains(key))
}

/// What is to be done about a root that stands behind CAs of clients.
pub const OUT_WITH_THE_ROOT: &str =
    "take the root out of the files with CAs of clients, and give it in a file of its own";

/// Whether a certificate, with what follows it in its file, leads to one of these CAs.
#[must_use]
pub fn trusts(bundle: &[&Certificate], chain: &[&Certificate]) -> bool {
    let chain = chain.get(..MOST_AUTHORITIES).unwrap_or(chain);
    let Some((certificate, sent)) = chain.split_first() else { return false };
    let named = bundle.iter().filter(|ca| chain.iter().any(|one| one.issuer == ca.subject));
    named.take(MOST_AUTHORITIES).any(|ca| chain::leads_to(certificate, sent, ca).is_ok())
}

/// What is said of a listener's bundle.
enum Told<'a> {
    /// It is in this file.
    File(&'a Path, &'a Found),
    /// There is none, or it is in a file that is not here.
    Elsewhere,
    /// Nothing.
    Nothing,
}

fn told<'a>(node: &Node<'a>, listener: Listener) -> Told<'a> {
    let flag = |component: &str, name: &str| -> Option<Option<&'a str>> {
        let (_, pod): (_, &'a StaticPod) = node.pod(component)?;
        Some(pod.flag(name))
    };
    let said = match listener {
        Listener::ApiServer => flag("kube-apiserver", "client-ca-file"),
        Listener::RequestHeader => flag("kube-apiserver", "requestheader-client-ca-file"),
        Listener::Etcd => flag("etcd", "trusted-ca-file"),
        Listener::EtcdPeer => flag("etcd", "peer-trusted-ca-file"),
        Listener::Kubelet => {
            node.kubelet().map(|(_, config)| Some(config.authentication.x509.client_ca_file.as_str()))
        }
    };
    match said {
        None => Told::Nothing,
        Some(path) => match path.and_then(|path| node.named_file(path)) {
            Some((path, found)) => Told::File(path, found),
            None => Told::Elsewhere,
        },
    }
}

/// The CA that a listener of the node believes where nothing is said of it: that of the credentials which are shown to it.
fn usual<'a>(node: &Node<'a>, listener: Listener) -> Option<Case<'a>> {
    let runs = match listener {
        Listener::ApiServer | Listener::RequestHeader => node.is(Role::ControlPlane),
        Listener::Kubelet => node.is(Role::ControlPlane) || node.is(Role::Worker),
        Listener::Etcd | Listener::EtcdPeer => {
            node.spec().is_some_and(|own| node.view.spec.is_etcd_member(own))
        }
    };
    if !runs {
        return None;
    }
    let shown = node
        .cases()
        .find(|case| Listener::shown(&case.target.credential, &case.target.aim).contains(&listener));
    let credential = match (listener, shown.and_then(|case| case.issuer())) {
        (_, Some(issuer)) => issuer.target.credential.clone(),
        // A worker shows nothing to kubelets but has one.
        (Listener::Kubelet, None) => "ca".to_owned(),
        _ => return None,
    };
    node.credential(&credential)
}

/// The certificates in a file that can be read.
#[must_use]
pub fn certificates(found: &Found) -> Vec<&Certificate> {
    found.present().map(|present| present.content.readable_certificates().collect()).unwrap_or_default()
}
