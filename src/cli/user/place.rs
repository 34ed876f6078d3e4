//! The cluster that a person's kubeconfig is for, from a spec, from a directory, or from what is said.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::bootstrap::url;
use crate::cli::ca::authority::{content, place, unusable};
use crate::cli::workspace::{SpecArg, load_spec};
use crate::disk::{Kubeconfig, read};
use crate::error::Error;
use crate::spec::{AuthorityMode, Spec};
use crate::target::{Aim, Selection, Targets};
use crate::x509::{Certificate, KeyAlgorithm};

/// Where the cluster's description and its CA are.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// The spec, or a kubeadm configuration: the cluster's name and address, and the kind of keys.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,

    /// The Kubernetes or fleet directory, or one with `ca.crt` and `ca.key` in it.
    #[arg(short, long, value_name = "DIR", default_value = "/etc/kubernetes")]
    dir: PathBuf,

    /// The API server's URL, if it is another than that of the spec, or of the directory's admin.conf.
    #[arg(long, value_name = "URL", value_parser = url)]
    server: Option<String>,
}

/// What a kubeconfig needs beside its user.
#[derive(Debug)]
pub struct Place {
    /// The cluster's name.
    pub cluster: String,
    /// The API server's URL.
    pub server: String,
    /// The kind of a new key.
    pub algorithm: KeyAlgorithm,
    /// The certificate of the cluster's CA, and its key.
    pub authority: [PathBuf; 2],
    external: bool,
}

/// kubeadm's `clusterName`, where nothing else is known.
const CLUSTER: &str = "kubernetes";

impl PlaceArgs {
    /// Reads what there is to read.
    ///
    /// # Errors
    /// When the spec cannot be used, or nothing says where the API server is.
    pub fn find(&self) -> Result<Place, Error> {
        let spec = self.file.as_ref().map(|file| load_spec(&SpecArg { file: file.clone() })).transpose()?;
        let (mut server, mut cluster) = (self.server.clone(), None);
        if let Some(spec) = &spec {
            cluster = Some(spec.cluster_name.clone());
            server = server.or(address(spec)?);
        }
        if server.is_none() || cluster.is_none() {
            let found = self.kubeconfig();
            server = server.or(found.as_ref().map(|config| config.server.clone()));
            cluster = cluster.or(found.map(|config| config.cluster));
        }
        let unknown = || Error::Usage {
            message: format!(
                "nothing says where the API server is: there is no spec, and no admin.conf in {}",
                self.dir.display()
            ),
            hint: "--server https://HOST:6443 says it, or -f names the spec".to_owned(),
        };
        Ok(Place {
            cluster: cluster.unwrap_or_else(|| CLUSTER.to_owned()),
            server: server.filter(|server| !server.is_empty()).ok_or_else(unknown)?,
            algorithm: spec.as_ref().map_or(KeyAlgorithm::EcdsaP256, |spec| spec.encryption_algorithm),
            authority: self.authority(spec.as_ref()),
            external: spec.is_some_and(|spec| spec.authority.mode == AuthorityMode::External),
        })
    }

    /// The cluster's CA: where the spec's `certificatesDir` is, if it is there.
    fn authority(&self, spec: Option<&Spec>) -> [PathBuf; 2] {
        let below =
            spec.and_then(|spec| Path::new(&spec.certificates_dir).strip_prefix("/etc/kubernetes").ok());
        let own = below.map(|below| self.dir.join(below)).filter(|own| own.join("ca.crt").exists());
        own.map_or_else(|| place(&self.dir, "pki/ca"), |own| [own.join("ca.crt"), own.join("ca.key")])
    }

    /// The directory's admin.conf; of a fleet's, that of the first node that has one.
    fn kubeconfig(&self) -> Option<Kubeconfig> {
        let mut nodes: Vec<PathBuf> = fs::read_dir(self.dir.join("nodes"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        nodes.sort();
        let homes = nodes.iter().map(|node| node.join("etc/kubernetes"));
        std::iter::once(self.dir.clone()).chain(homes).find_map(|home| {
            let bytes = read::bytes(&home.join("admin.conf")).ok()?.bytes;
            Kubeconfig::parse(std::str::from_utf8(&bytes).ok()?).ok()
        })
    }
}

/// Where a spec has the API server for who comes from outside.
fn address(spec: &Spec) -> Result<Option<String>, Error> {
    let targets = Targets::of(spec, &Selection::default())?;
    let servers = |name: Option<&str>| {
        targets.list.iter().find_map(|target| match &target.aim {
            Aim::Kubeconfig { servers, .. } if name.is_none_or(|name| target.credential == name) => {
                servers.last().cloned()
            }
            _ => None,
        })
    };
    Ok(servers(Some("admin.conf")).or_else(|| servers(None)))
}

impl Place {
    /// Whether the certificate can be signed here.
    ///
    /// # Errors
    /// When there is no CA, and nobody has said that it is elsewhere.
    pub fn signs(&self, args: &PlaceArgs) -> Result<bool, Error> {
        let [certificate, key] = &self.authority;
        if !certificate.exists() && !self.external {
            return Err(Error::Usage {
                message: format!("{}: there is no ca.crt", args.dir.display()),
                hint: "-d names the directory with the CA; --request asks for what a CA elsewhere signs"
                    .to_owned(),
            });
        }
        Ok(certificate.exists() && key.exists())
    }

    /// The certificates of the CA; none where it is not here.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn certificates(&self) -> Result<Vec<Certificate>, Error> {
        let [path, _] = &self.authority;
        if !path.exists() {
            return Ok(Vec::new());
        }
        let content = content(path)?;
        let found = content.certificates().map_err(|source| unusable(path, source))?;
        Ok(found.into_iter().cloned().collect())
    }
}
