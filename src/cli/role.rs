//! `kubepki manifests role`: what users and groups of certificates may do.

use clap::{ArgGroup, Args};

use super::terminal;
use crate::csr::names::{label, path_segment};
use crate::csr::role::{Assignment, May, VERBS, rules};
use crate::disk::Notation;
use crate::error::Error;

/// Who may what, and where.
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
#[command(group = ArgGroup::new("who").args(["user", "group"]).multiple(true).required(true))]
#[command(group = ArgGroup::new("where").args(["namespace", "all_namespaces"]).required(true))]
#[command(group = ArgGroup::new("what").args(["existing", "verb"]).required(true))]
pub struct Role {
    /// A user who gets the role: the common name of a certificate; may be given again.
    #[arg(long, value_name = "NAME")]
    user: Vec<String>,

    /// A group that gets it: an organization of a certificate; may be given again.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,

    /// The namespace in which it counts.
    #[arg(short, long, value_name = "NAME", value_parser = namespace)]
    namespace: Option<String>,

    /// It counts in the whole cluster.
    #[arg(short = 'A', long)]
    all_namespaces: bool,

    /// A ClusterRole that is there, such as view, edit or admin.
    #[arg(long = "cluster-role", value_name = "NAME", value_parser = segment)]
    existing: Option<String>,

    /// What a role of their own allows, as with `kubectl create role`: `get,list`.
    #[arg(long, value_name = "VERB", value_delimiter = ',', requires = "resource")]
    verb: Vec<String>,

    /// On what: `pods`, `pods/log`, `deployments.apps`; may be given again.
    #[arg(long, value_name = "RESOURCE", value_delimiter = ',', requires = "verb")]
    resource: Vec<String>,

    /// On no other than the one of this name; may be given again.
    #[arg(long, value_name = "NAME", requires = "resource")]
    resource_name: Vec<String>,

    /// What role and binding are called, if not after who gets it.
    #[arg(long, value_name = "NAME", value_parser = segment)]
    name: Option<String>,
}

const SESSION: &str = "\
A session:
  kubepki manifests role --group dev --namespace shop --cluster-role edit | kubectl apply -f -
  kubepki manifests role --user jane -n shop --verb get,list --resource pods,pods/log
  kubepki manifests role --group audit -A --cluster-role view";

impl Role {
    /// The manifests in YAML.
    ///
    /// # Errors
    /// When a resource is not known, or the names make none of an object.
    pub fn manifest(&self) -> Result<String, Error> {
        let usage = |message: String, hint: &str| Error::Usage { message, hint: hint.to_owned() };
        for verb in self.verb.iter().filter(|verb| !VERBS.contains(&verb.as_str())) {
            terminal::warning(&format!("`{}` is no verb of Kubernetes' own", verb.escape_debug()));
        }
        let may = match &self.existing {
            Some(name) => May::ClusterRole(name.clone()),
            None => May::Rules(
                rules(&self.verb, &self.resource, &self.resource_name)
                    .map_err(|message| usage(message, "`kubectl api-resources` lists those of a cluster"))?,
            ),
        };
        let assignment = Assignment {
            name: self.object_name()?,
            namespace: self.namespace.clone(),
            users: self.user.clone(),
            groups: self.group.clone(),
            may,
        };
        let format = |problem: String| Error::Format { format: "YAML", problem };
        let objects = assignment.objects().map_err(|error| format(error.to_string()))?;
        let texts: Result<Vec<String>, Error> = objects
            .iter()
            .map(|object| Notation::Yaml.write(object).map_err(|error| format(error.to_string())))
            .collect();
        Ok(texts?.join("---\n"))
    }

    /// `dev-view`, `jane`: who gets it first, and what.
    fn object_name(&self) -> Result<String, Error> {
        if let Some(name) = &self.name {
            return Ok(name.clone());
        }
        let who = self.group.iter().chain(&self.user).next().map(String::as_str).unwrap_or_default();
        let name = self.existing.as_ref().map_or_else(|| who.to_owned(), |role| format!("{who}-{role}"));
        segment(&name).map_err(|problem| Error::Usage {
            message: format!("`{}` is no name of a role: it {problem}", name.escape_debug()),
            hint: "--name NAME says another".to_owned(),
        })
    }
}

/// A name of an object of RBAC (`ValidatePathSegmentName`).
fn segment(text: &str) -> Result<String, String> {
    let faults = path_segment(text);
    match faults.first() {
        Some(fault) => Err(fault.clone()),
        None if text.is_empty() => Err("is empty".to_owned()),
        None => Ok(text.to_owned()),
    }
}

fn namespace(text: &str) -> Result<String, String> {
    label(text).into_iter().next().map_or_else(|| Ok(text.to_owned()), Err)
}
