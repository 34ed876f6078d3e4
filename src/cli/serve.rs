//! `kubepki serve`.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use zeroize::Zeroizing;

use super::csr::OfficeArgs;
use super::{Exit, Outside, terminal};
use crate::csr::load::permissions;
use crate::disk::durable::replace;
use crate::disk::kubeconfig::redirect;
use crate::disk::{DiskError, OWN, read};
use crate::error::Error;
use crate::moment::{Clock, rfc3339};
use crate::serve::credentials::Places;
use crate::serve::tls::Identity;
use crate::serve::{ServeError, Setup, Word, run};
use crate::version::Version;
use crate::x509::{Certificate, SubjectAltName};

/// Answer kubectl and kubelets as a cluster does that knows nothing but certificates
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
pub struct Serve {
    #[command(flatten)]
    office: OfficeArgs,

    /// Where to listen; port 0 takes one that is free.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:6443")]
    address: SocketAddr,

    /// The server's certificate, if it is another than apiserver.crt of the Kubernetes directory.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// Its key.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// The CAs whose client certificates are let in, if they are others than ca.crt of the Kubernetes directory.
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,

    /// Bootstrap tokens: manifests of Secrets as they lie in kube-system.
    #[arg(long, value_name = "FILE")]
    bootstrap_tokens: Option<PathBuf>,

    /// The audit log, if it is another than .kubepki/audit.log of the Kubernetes directory.
    #[arg(long, value_name = "FILE")]
    audit_log: Option<PathBuf>,

    /// Where metrics are, over plain HTTP.
    #[arg(long, value_name = "IP:PORT")]
    metrics_address: Option<SocketAddr>,
}

const SESSION: &str = "\
A session, with a tree that `apply` has made in out:
  kubepki serve -d out                           and in another terminal:
  kubectl --kubeconfig out/.kubepki/serve.conf get csr

Requests are kept in out/csr, one in each file: `kubepki csr` and a text editor see the same ones.";

/// The roles that every API server has.
const ROLES: &str = include_str!("../../templates/serve-rbac.yaml");

/// What the kubeconfig is called that leads to the server.
const KUBECONFIG: &str = "serve.conf";

impl Serve {
    /// Serves until it is told to stop.
    ///
    /// # Errors
    /// When the server cannot begin, or what it was told to keep cannot be written.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut office = self.office.open(outside)?;
        let root = self.office.directory().to_owned();
        let tree = Tree::of(&root);
        let identity = match (self.cert, self.key) {
            (Some(certificate), Some(key)) => Identity { certificate, key },
            _ => Identity {
                certificate: tree.node.join("pki/apiserver.crt"),
                key: tree.node.join("pki/apiserver.key"),
            },
        };
        let authorities = self.client_ca.unwrap_or(tree.authority);
        let (roles, _) = permissions(ROLES).unwrap_or_default();
        office.settings.rbac.extend(roles);
        office.settings.trust_files = office.settings.trust_requester;
        // What is not in a file that somebody has put there was written by this server.
        office.settings.trust_requester = true;
        office.store.prepare()?;
        let kubernetes = office.settings.spec.as_ref().map(|spec| spec.kubernetes_version);
        let ledger = office.ledger()?;
        let setup = Setup {
            address: self.address,
            metrics: self.metrics_address,
            places: Places {
                identity: identity.clone(),
                authorities: authorities.clone(),
                tokens: self.bootstrap_tokens,
            },
            directory: office.store,
            settings: office.settings,
            authorities: office.authorities,
            ledger,
            bundles: root.join("trust"),
            audit: self.audit_log.unwrap_or_else(|| root.join(OWN).join("audit.log")),
            kubernetes: kubernetes.unwrap_or(Version::LATEST).to_string(),
            clock: outside.clock,
        };
        let guide = Guide {
            out: Mutex::new(Box::new(anstream::stdout())),
            clock: outside.clock,
            identity,
            authorities,
            admin: tree.node.join("admin.conf"),
            kubeconfig: root.join(OWN).join(KUBECONFIG),
        };
        run(setup, &(Arc::new(move |word: &Word<'_>| guide.tell(word)) as Arc<_>))?;
        Ok(Exit::Done)
    }
}

/// Where things are in a Kubernetes directory, or in a fleet's.
struct Tree {
    /// The Kubernetes directory of a control plane.
    node: PathBuf,
    /// The cluster's CA.
    authority: PathBuf,
}

impl Tree {
    fn of(root: &Path) -> Self {
        let fleet = root.join("authority/ca.crt");
        if root.join("pki").is_dir() || !fleet.exists() {
            return Self { node: root.to_owned(), authority: root.join("pki/ca.crt") };
        }
        let nodes = std::fs::read_dir(root.join("nodes")).into_iter().flatten().flatten();
        let mut nodes: Vec<PathBuf> = nodes.map(|node| node.path().join("etc/kubernetes")).collect();
        nodes.sort_unstable();
        let node = nodes.into_iter().find(|node| node.join("pki/apiserver.crt").exists());
        Self { node: node.unwrap_or_else(|| root.to_owned()), authority: fleet }
    }
}

/// Tells on the terminal what the server does.
struct Guide {
    out: Mutex<Box<dyn Write + Send>>,
    clock: Clock,
    identity: Identity,
    authorities: PathBuf,
    admin: PathBuf,
    kubeconfig: PathBuf,
}

impl Guide {
    fn tell(&self, word: &Word<'_>) {
        match word {
            Word::Listening { address, metrics } => {
                self.say(&format!("serving certificates.k8s.io on https://{address}"));
                if let Some(metrics) = metrics {
                    self.say(&format!("metrics are on http://{metrics}/metrics"));
                }
                match self.kubeconfig(*address) {
                    Ok(()) => {
                        self.say(&format!("kubectl --kubeconfig {} get csr", self.kubeconfig.display()));
                    }
                    Err(error) => terminal::warning(&format!("no kubeconfig was written: {error}")),
                }
            }
            Word::Event(event) if event.is_trouble() => terminal::warning(&event.to_string()),
            Word::Event(event) => self.say(&format!("{} {event}", rfc3339((self.clock)()))),
            Word::Trouble(problem) => terminal::warning(problem),
            Word::Stopping => self.say("stopping: requests that are in work are finished"),
        }
    }

    /// A line of data. Where nobody reads any more, the server serves on.
    fn say(&self, line: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }

    /// Writes the kubeconfig that leads here: that of the administrator, to this server.
    fn kubeconfig(&self, address: SocketAddr) -> Result<(), Error> {
        let bytes = |path: &Path| -> Result<Zeroizing<String>, Error> {
            let failed =
                |problem: String| DiskError::at(path, "cannot be read")(std::io::Error::other(problem));
            let bytes = read::bytes(path).map_err(|error| failed(error.to_string()))?;
            let text = std::str::from_utf8(&bytes.bytes).map_err(|_| failed("not UTF-8 text".to_owned()))?;
            Ok(Zeroizing::new(text.to_owned()))
        };
        let failed = |path: &Path, problem: String| Error::from(ServeError::file(path, problem));
        let certificates = Certificate::all_from_pem(bytes(&self.identity.certificate)?.as_bytes());
        let certificates =
            certificates.map_err(|error| failed(&self.identity.certificate, error.to_string()))?;
        let reached = reachable(address);
        let server = format!("https://{reached}");
        let text = redirect(&bytes(&self.admin)?, &server, &bytes(&self.authorities)?)
            .map_err(|error| failed(&self.admin, error.to_string()))?;
        let name = certificates.first().and_then(|certificate| server_name(certificate, reached.ip()));
        let text = match name {
            Some(name) => Zeroizing::new(text.replacen(
                &format!("    server: {server}\n"),
                &format!("    server: {server}\n    tls-server-name: {name}\n"),
                1,
            )),
            None => text,
        };
        replace(&self.kubeconfig, text.as_bytes(), 0o600)?;
        Ok(())
    }
}

/// From where somebody on this machine reaches an address that is listened on.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The name by which the server is to be asked for, where its certificate does not speak for the address.
fn server_name(certificate: &Certificate, address: IpAddr) -> Option<String> {
    let names = &certificate.subject_alt_names;
    if names.contains(&SubjectAltName::Ip(address)) {
        return None;
    }
    let dns = names.iter().filter_map(|name| match name {
        SubjectAltName::Dns(name) if !name.starts_with('*') => Some(name.clone()),
        _ => None,
    });
    let mut dns: Vec<String> = dns.collect();
    // The name that every API server has.
    let usual = dns.iter().position(|name| name == "kubernetes");
    match usual {
        Some(position) => Some(dns.swap_remove(position)),
        None => dns.into_iter().next().or_else(|| {
            names.iter().find_map(|name| match name {
                SubjectAltName::Ip(ip) => Some(ip.to_string()),
                _ => None,
            })
        }),
    }
}
