//! Asking: keys that stay where they are made, requests for them, and a slip for each that says the rest.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use zeroize::Zeroizing;

use super::Slip;
use super::bundle::{Files, digest};
use crate::apply::{self, ApplyError};
use crate::audit::{Case, View};
use crate::disk::content::Item;
use crate::disk::kubeconfig::{self, Entry};
use crate::disk::write::{Change, NewFile};
use crate::disk::{FileRole, OWN};
use crate::plan::{Action, Plan};
use crate::spec::Period;
use crate::target::{Aim, Blueprint, Site};
use crate::x509::{Name, PrivateKey, Request};

/// Keys that wait beside the ones in use, by the path of the file that they are for.
pub type Waiting = HashMap<PathBuf, PrivateKey>;

/// What is asked.
pub struct Asked {
    /// The files that are written: keys, requests, kubeconfigs that wait for their certificate.
    pub change: Change,
    /// What each request asks for.
    pub slips: Vec<Slip>,
    /// The requests as files of a bundle.
    pub files: Files,
}

/// Makes the requests of a plan's `request` steps. A key that is there and fits is asked for again, and so is a request
/// that asks for the same; a key that is in use is never replaced before its certificate is there: the new one waits.
/// `progress` is called after each.
///
/// # Errors
/// When the cryptographic library fails, or the plan is not one of this view.
pub fn ask(
    view: &View<'_>,
    plan: &Plan,
    waiting: &Waiting,
    progress: &(dyn Fn() + Sync),
) -> Result<Asked, ApplyError> {
    let steps = plan.steps.iter().filter(|step| step.action == Action::Request);
    let cases: Vec<Case<'_>> = steps.filter_map(|step| view.case(step.target)).collect();
    let there = requests(view);
    let ask = |case: &Case<'_>| {
        let asked = one(case, waiting, &there);
        progress();
        asked
    };
    let all = cases.par_iter().with_max_len(8).map(ask).collect::<Result<Vec<_>, _>>()?;
    let mut asked = Asked { change: Change::default(), slips: Vec::new(), files: Files::new() };
    for (files, slip, text) in all {
        asked.change.files.extend(files);
        asked.files.insert(slip.file.clone(), text);
        asked.slips.push(slip);
    }
    Ok(asked)
}

/// Where a key waits until its certificate is there.
#[must_use]
pub fn waiting_place(key: &Path) -> PathBuf {
    let mut place =
        Path::new(OWN).join("requests").join(key.strip_prefix("/").unwrap_or(key)).into_os_string();
    if key.extension().is_none_or(|extension| extension != "key") {
        place.push(".key");
    }
    place.into()
}

/// Requests that are in the directory, by their paths.
fn requests<'a>(view: &'a View<'_>) -> HashMap<&'a Path, &'a Request> {
    let strays = view.survey.strays.iter();
    strays
        .filter_map(|stray| {
            let items = &stray.found.present()?.content.items;
            let [Ok(Item::Request(request))] = &items[..] else { return None };
            Some((stray.path.as_path(), &**request))
        })
        .collect()
}

/// What one target asks: the files to be written, the slip, and the request in PEM.
fn one(
    case: &Case<'_>,
    waiting: &Waiting,
    there: &HashMap<&Path, &Request>,
) -> Result<(Vec<NewFile>, Slip, Vec<u8>), ApplyError> {
    let failed = apply::failed(case);
    let blueprint = case.blueprint().ok_or_else(|| apply::unfit(case))?;
    let issuer = case.certifier().ok_or_else(|| apply::unfit(case))?;
    let mut files = Vec::new();
    let usable = |key: &&PrivateKey| key.public_key().algorithm() == Some(blueprint.algorithm);
    let known = case.private_key().into_iter().chain(waiting.get(&case.key_path())).find(usable);
    let fresh = match known {
        Some(_) => None,
        None => Some(PrivateKey::generate(blueprint.algorithm).map_err(&failed)?),
    };
    if let Some(fresh) = &fresh {
        files.push(key_file(case, fresh, waiting_place(&case.key_path()))?);
    }
    let key = known.or(fresh.as_ref()).ok_or_else(|| apply::unfit(case))?;
    let subject = apply::subject(case, blueprint);
    let path = request_path(case);
    let known =
        there.get(path.as_path()).copied().filter(|known| asks_the_same(known, &subject, blueprint, key));
    let request = match known {
        Some(known) => known.clone(),
        None => Request::make(&subject, &blueprint.subject_alt_names, key).map_err(&failed)?,
    };
    let text = request.to_pem().map_err(&failed)?.into_bytes();
    if known.is_none() {
        files.push(NewFile { path, bytes: Zeroizing::new(text.clone()), mode: 0o600 });
    }
    let slip = slip(case, &issuer, blueprint, &request, &text);
    Ok((files, slip, text))
}

/// The file of a new key: in its own place where nothing is yet.
fn key_file(case: &Case<'_>, key: &PrivateKey, waiting: PathBuf) -> Result<NewFile, ApplyError> {
    let failed = apply::failed(case);
    let text = key.to_pem().map_err(&failed)?;
    let free =
        case.entries().iter().all(|entry| entry.found.is_missing() || entry.file.role != key_role(case));
    let secret = |path: PathBuf, text: &str| NewFile {
        path,
        bytes: Zeroizing::new(text.as_bytes().to_vec()),
        mode: FileRole::Key.mode(),
    };
    match &case.target.aim {
        _ if !free => Ok(secret(waiting, &text)),
        Aim::Kubeconfig { cluster, servers, certificate, .. } => {
            let subject = apply::subject(case, certificate);
            let entry = Entry {
                cluster,
                server: servers.first().map(String::as_str).unwrap_or_default(),
                authority: None,
                user: subject.common_name().unwrap_or_default(),
                certificate: None,
                key: &text,
            };
            let text = kubeconfig::write(None, &entry);
            let text = text.map_err(|source| ApplyError::Kubeconfig { target: apply::name(case), source })?;
            Ok(secret(case.key_path(), &text))
        }
        _ => Ok(secret(case.key_path(), &text)),
    }
}

fn key_role(case: &Case<'_>) -> FileRole {
    if case.is_kubeconfig() { FileRole::Kubeconfig } else { FileRole::Key }
}

/// Where the request is kept: `apiserver.csr`, `admin.conf.csr`, as `kubeadm certs generate-csr` calls them.
fn request_path(case: &Case<'_>) -> PathBuf {
    let path = case.certificate_path();
    if case.is_kubeconfig() {
        let mut path = path.into_os_string();
        path.push(".csr");
        path.into()
    } else {
        path.with_extension("csr")
    }
}

fn asks_the_same(request: &Request, subject: &Name, blueprint: &Blueprint, key: &PrivateKey) -> bool {
    request.subject == *subject
        && request.subject_alt_names == blueprint.subject_alt_names
        && request.public_key == *key.public_key()
        && request.verify_signature().is_ok()
}

fn slip(case: &Case<'_>, issuer: &Case<'_>, blueprint: &Blueprint, request: &Request, text: &[u8]) -> Slip {
    let node = match &case.target.site {
        Site::Node(node) => node.clone(),
        Site::Authority => String::new(),
    };
    let credential = case.target.credential.clone();
    Slip {
        file: format!("requests/{}/{credential}.csr", case.target.site),
        name: apply::name(case),
        node,
        credential,
        sha256: digest(text),
        signer: issuer.target.credential.clone(),
        subject: request.subject.to_string(),
        subject_alt_names: request.subject_alt_names.iter().map(ToString::to_string).collect(),
        usages: blueprint.usages.names(),
        validity: Period::seconds(blueprint.lifetime.whole_seconds()).to_string(),
        public_key: request.public_key.fingerprint(),
    }
}
