//! A directory that somebody made, read backwards: which cluster is it the PKI of?
//!
//! *Spec of (survey)*: the spec whose targets the directory satisfies, as far as there is one, and how sure each part of it
//! is. `audit` without a spec judges by it; `adopt` prints it.

mod cluster;
mod node;
mod own;

use std::fmt;

use crate::audit::View;
use crate::catalog::{Holders, Role};
use crate::spec::{self, Spec};

/// A spec that was read from a directory.
#[derive(Clone, Debug)]
pub struct Inferred {
    /// The spec.
    pub spec: Spec,
    /// What it was read from.
    pub facts: Vec<Fact>,
}

/// One thing that was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What: the field of the spec.
    pub field: &'static str,
    /// What it is.
    pub value: String,
    /// How sure that is.
    pub confidence: Confidence,
    /// What it was read from, in words.
    pub source: String,
}

/// How sure something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Nothing tells: it is the default.
    Guessed,
    /// The files suggest it.
    Likely,
    /// The files say it.
    Certain,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Guessed => "guessed",
            Self::Likely => "likely",
            Self::Certain => "certain",
        })
    }
}

/// The spec to look at a directory with before anything is known of it: these nodes, with every role.
#[must_use]
pub fn provisional(nodes: &[String]) -> Spec {
    let names = if nodes.is_empty() { vec!["node".to_owned()] } else { nodes.to_vec() };
    let node = |name| spec::Node {
        name,
        roles: vec![Role::ControlPlane, Role::Etcd, Role::Worker],
        addresses: Vec::new(),
        bind_port: 6443,
    };
    Spec { nodes: names.into_iter().map(node).collect(), ..Spec::empty() }
}

/// Reads the spec from a directory that is looked at with a [`provisional`] spec.
#[must_use]
pub fn infer(view: &View<'_>) -> Inferred {
    cluster::infer(view)
}

/// One spec of several directories of the same cluster: the first one's, with the nodes of all. What the first does not
/// say is taken from the others: a worker knows little.
#[must_use]
pub fn merge<'a>(specs: impl IntoIterator<Item = &'a Spec>) -> Option<Spec> {
    let mut specs: Vec<&Spec> = specs.into_iter().collect();
    // Who serves knows more.
    specs.sort_by_key(|spec| spec.first_control_plane().is_none());
    let mut specs = specs.into_iter();
    let mut merged = specs.next()?.clone();
    for other in specs {
        let serves = other.first_control_plane().is_some();
        for node in &other.nodes {
            if !merged.nodes.iter().any(|known| known.name == node.name) {
                merged.nodes.push(node.clone());
            }
        }
        if merged.control_plane_endpoint.is_none() {
            merged.control_plane_endpoint.clone_from(&other.control_plane_endpoint);
        }
        if serves {
            merged.cert_sans.retain(|name| other.cert_sans.contains(name));
            merged.omit.retain(|name| other.omit.contains(name));
        }
        for row in &other.credentials {
            match merged.credentials.iter_mut().find(|known| known.name == row.name) {
                None => merged.credentials.push(row.clone()),
                Some(known) => {
                    if let (Holders::Selected(all), Holders::Selected(more)) =
                        (&mut known.holders, &row.holders)
                    {
                        all.extend(more.iter().cloned());
                    }
                }
            }
        }
    }
    Some(merged)
}

/// Whether a fact is certain.
#[must_use]
pub fn is_certain(facts: &[Fact], field: &str) -> bool {
    facts.iter().any(|fact| fact.field == field && fact.confidence == Confidence::Certain)
}

/// Notes facts.
#[derive(Default)]
struct Facts(Vec<Fact>);

impl Facts {
    fn note(
        &mut self,
        field: &'static str,
        value: impl Into<String>,
        confidence: Confidence,
        source: impl Into<String>,
    ) {
        let fact = Fact { field, value: value.into(), confidence, source: source.into() };
        if !self.0.contains(&fact) {
            self.0.push(fact);
        }
    }
}

/// The value that stands most often; of several the first.
fn most_frequent<T: PartialEq + Clone>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for value in values {
        match counts.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += 1,
            None => counts.push((value, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(value, _)| value)
}
