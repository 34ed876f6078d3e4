//! `kubepki trust`.

mod check;
mod diff;
mod tree;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use self::tree::TreeArgs;
use super::{Exit, Outside};
use crate::api::trust_bundle::{SERVING, api_version, object, published_name};
use crate::api::trust_bundle::{name_faults, prefix};
use crate::api::trust_file::bundles;
use crate::csr::validate::signer_name;
use crate::disk::{Notation, read};
use crate::error::Error;
use crate::report;
use crate::version::Version;

/// Print ClusterTrustBundle objects for CAs, check them, and compare them with a tree
///
/// One object for each CA of the directory and each PEM file. The cluster's CA is that of the signer
/// kubernetes.io/kube-apiserver-serving, under the name that kube-controller-manager publishes it by; others are nobody's,
/// or of --signer. API servers have these objects behind the feature gate ClusterTrustBundle.
#[derive(Debug, Args)]
#[command(after_help = SESSION, args_conflicts_with_subcommands = true)]
pub struct Trust {
    #[command(subcommand)]
    verb: Option<Verb>,

    #[command(flatten)]
    print: Print,
}

const SESSION: &str = "\
A session:
  kubepki trust -d /etc/kubernetes | kubectl apply -f -
  kubepki trust corporate.pem --signer example.com/serving
  kubepki trust check bundles.yaml                   what an API server would refuse, and in which line
  kubectl get clustertrustbundles -o yaml > now.yaml; kubepki trust diff now.yaml -d /etc/kubernetes";

#[derive(Debug, Subcommand)]
enum Verb {
    Check(check::Check),
    Diff(diff::Diff),
}

#[derive(Debug, Args)]
struct Print {
    /// Files of CA certificates in PEM. With them, the directory is left out unless it is named.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    tree: TreeArgs,

    /// The signer whose CAs those of the files are.
    #[arg(long, value_name = "NAME", value_parser = signer, requires = "files")]
    signer: Option<String>,

    /// The object's name, for one file; without it, the file's, or of a signer's the hash of what is in it.
    #[arg(long, value_name = "NAME", requires = "files")]
    name: Option<String>,

    /// The release that reads it: v1alpha1 before 1.33, v1beta1 from then on.
    #[arg(long, value_name = "VERSION", default_value_t = Version::LATEST)]
    target_kubernetes: Version,

    /// The notation.
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    output: BundleFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BundleFormat {
    /// Documents of YAML.
    Yaml,
    /// A List of JSON.
    Json,
}

impl Trust {
    /// Runs what was asked for.
    ///
    /// # Errors
    /// When a file cannot be read, or makes no bundle.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        match self.verb {
            Some(Verb::Check(verb)) => verb.run(outside),
            Some(Verb::Diff(verb)) => verb.run(outside),
            None => self.print.run(outside),
        }
    }
}

impl Print {
    fn run(&self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let usage = |message: String, hint: &str| Error::Usage { message, hint: hint.to_owned() };
        let release = self.target_kubernetes;
        let version = api_version(release).ok_or_else(|| {
            usage(format!("{release} has no ClusterTrustBundle"), "it is there from 1.26 on")
        })?;
        if self.name.is_some() && self.files.len() > 1 {
            let message = format!("{} files cannot have the same name", self.files.len());
            return Err(usage(message, "name them one by one, or let them be called after their files"));
        }
        let mut objects = Vec::new();
        if self.files.is_empty() || self.tree.is_said() {
            for (name, path) in self.tree.authorities()? {
                let text = bundle(&path)?;
                objects.push(match name.as_str() {
                    "ca" => object(version, &published_name(SERVING, &text), SERVING, &text),
                    name => object(version, name, "", &text),
                });
            }
        }
        let signer = self.signer.as_deref().unwrap_or_default();
        for path in &self.files {
            let text = bundle(path)?;
            let name = self.object_name(path, signer, &text)?;
            objects.push(object(version, &name, signer, &text));
        }
        self.write(&objects, outside)?;
        Ok(Exit::Done)
    }

    fn object_name(&self, path: &Path, signer: &str, text: &str) -> Result<String, Error> {
        let name = match &self.name {
            // The part behind the signer's will do.
            Some(name) if name.starts_with(&prefix(signer)) => name.clone(),
            Some(name) => prefix(signer) + name,
            None if signer.is_empty() => {
                path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase().replace('_', "-")
            }
            None => published_name(signer, text),
        };
        match name_faults(&name, signer).first() {
            None if !name.is_empty() => Ok(name),
            fault => Err(Error::Usage {
                message: format!(
                    "`{}` is no name of a bundle: {}",
                    name.escape_debug(),
                    fault.map_or("it is empty", String::as_str)
                ),
                hint: "--name NAME says another".to_owned(),
            }),
        }
    }

    fn write(&self, objects: &[Value], outside: &mut Outside<'_>) -> Result<(), Error> {
        if self.output == BundleFormat::Json {
            return report::json(&json!({"apiVersion": "v1", "kind": "List", "items": objects}), outside.out);
        }
        for (index, object) in objects.iter().enumerate() {
            let text = Notation::Yaml
                .write(object)
                .map_err(|error| Error::Format { format: "YAML", problem: error.to_string() })?;
            let separator = if index > 0 { "---\n" } else { "" };
            write!(outside.out, "{separator}{text}")?;
        }
        Ok(())
    }
}

/// The text of a file.
fn text(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let bytes = read::bytes(path).map_err(failed)?.bytes;
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Error::Refused { path: path.to_owned(), why: "is no text".to_owned() })
}

/// The text of a PEM file, if it makes a bundle: it is published as it is.
fn bundle(path: &Path) -> Result<String, Error> {
    let text = text(path)?;
    let refused = |line: usize, why: &str| Error::Refused {
        path: PathBuf::from(format!("{}:{line}", path.display())),
        why: why.to_owned(),
    };
    let found = bundles(&text).map_err(|fault| refused(fault.line, &fault.words))?;
    match found.first() {
        Some(found) if found.name.is_empty() => match found.faults.first() {
            Some(fault) => Err(refused(fault.line, &fault.words)),
            None => Ok(text),
        },
        _ => Err(refused(1, "at least one trust anchor must be provided")),
    }
}

fn signer(name: &str) -> Result<String, String> {
    signer_name(name, "signer").first().map_or_else(|| Ok(name.to_owned()), |error| Err(error.body()))
}
