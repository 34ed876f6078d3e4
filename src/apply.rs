//! Layer 7: a plan into files. Keys are made and certificates signed here; the files are written, all or none, by
//! [`crate::disk::write`].

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use rayon::prelude::*;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::audit::case::Signing;
use crate::audit::{Case, View};
use crate::disk::FileRole;
use crate::disk::kubeconfig::{self, Entry, KubeconfigError};
use crate::disk::write::{Change, NewFile};
use crate::plan::{Action, Plan, Step};
use crate::target::{Aim, Blueprint};
use crate::x509::path::{Conditions, Validator};
use crate::x509::profile::BACKDATE;
use crate::x509::{self, Certificate, Issuer, PrivateKey, Profile, PublicKey, TokenKey, issue, pem};

/// Why a plan could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A key or certificate could not be made.
    #[error("{target}: {source}")]
    X509 {
        /// The target's name.
        target: String,
        /// Why not.
        source: x509::Error,
    },
    /// A kubeconfig could not be written.
    #[error("{target}: {source}")]
    Kubeconfig {
        /// The target's name.
        target: String,
        /// Why not.
        source: KubeconfigError,
    },
    /// A root must not sign a CA, or nobody would take what it signs.
    #[error("{target}: {why}")]
    Root {
        /// The target's name.
        target: String,
        /// Why not.
        why: String,
    },
    /// The plan asks for something that the directory does not allow; plans that are made here never do.
    #[error("{target}: the plan does not fit what is there")]
    Unfit {
        /// The target's name.
        target: String,
    },
}

/// From this many keys of any kind on, threads are worth their start.
const WORTH_THREADS: usize = 64;

/// What the steps made, by target.
struct Made<'a> {
    plan: &'a Plan,
    keys: HashMap<usize, PrivateKey>,
    authorities: HashMap<usize, Certificate>,
}

/// Makes the keys, certificates and files of a plan; certificates are valid from `now` on, whenever the view was judged.
/// `progress` is called after each key, from any thread.
///
/// # Errors
/// When the cryptographic library fails, or the plan is not one of this view.
pub fn change(
    view: &View<'_>,
    plan: &Plan,
    now: OffsetDateTime,
    progress: &(dyn Fn() + Sync),
) -> Result<Change, ApplyError> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let steps: Vec<(&Step, Case<'_>)> =
        plan.steps.iter().filter_map(|step| Some((step, view.case(step.target)?))).collect();

    // All keys first, on all cores: for RSA this is nearly all the time that there is to spend.
    let needed: Vec<_> =
        steps.iter().filter_map(|(step, case)| Some((case, algorithm(step, case)?))).collect();
    let make = |(case, algorithm): &(&Case<'_>, x509::KeyAlgorithm)| {
        let key = PrivateKey::generate(*algorithm).map_err(failed(case))?;
        progress();
        Ok((case.index, key))
    };
    let slow = needed.iter().any(|(_, algorithm)| algorithm.is_slow());
    let keys = if (slow && needed.len() > 1) || needed.len() >= WORTH_THREADS {
        needed.par_iter().with_max_len(1).map(make).collect::<Result<HashMap<_, _>, _>>()?
    } else {
        needed.iter().map(make).collect::<Result<HashMap<_, _>, _>>()?
    };

    let mut made = Made { plan, keys, authorities: HashMap::new() };
    for (step, case) in &steps {
        if let (Action::Create | Action::Reissue | Action::Rewrite, Aim::Authority { certificate, .. }) =
            (&step.action, &case.target.aim)
        {
            let signed = made.authority_certificate(case, certificate, now)?;
            made.authorities.insert(case.index, signed);
        }
    }
    let write = |(step, case): &(&Step, Case<'_>)| made.files(step, case, now);
    let files: Vec<Vec<NewFile>> = if steps.len() >= WORTH_THREADS {
        steps.par_iter().map(write).collect::<Result<_, _>>()?
    } else {
        steps.iter().map(write).collect::<Result<_, _>>()?
    };
    let files: Vec<NewFile> = files.into_iter().flatten().collect();
    let others = plan.others.iter().filter_map(|other| Some((other.path.clone(), other.mode?)));
    let modes = steps.iter().flat_map(|(step, _)| step.modes.clone()).chain(others);
    let written: HashSet<&PathBuf> = files.iter().map(|file| &file.path).collect();
    let modes = modes.filter(|(path, _)| !written.contains(path)).collect();
    Ok(Change { files, modes })
}

/// The algorithm of the key that a step makes, if it makes one.
fn algorithm(step: &Step, case: &Case<'_>) -> Option<x509::KeyAlgorithm> {
    match (&step.action, &case.target.aim) {
        // Its certificate is put there, and its key is nobody's.
        _ if case.is_root() => None,
        // The token makes it.
        _ if case.token_key().is_some() => None,
        (Action::Create, Aim::KeyPair { algorithm, .. }) => Some(*algorithm),
        (Action::Create | Action::Rekey, aim) => aim.certificate().map(|blueprint| blueprint.algorithm),
        _ => None,
    }
}

impl Made<'_> {
    /// The files that a step writes.
    fn files(&self, step: &Step, case: &Case<'_>, now: OffsetDateTime) -> Result<Vec<NewFile>, ApplyError> {
        match (&step.action, &case.target.aim) {
            (Action::Create | Action::Reissue | Action::Rewrite, Aim::Authority { .. }) => {
                let certificate = self.authorities.get(&case.index).ok_or_else(|| unfit(case))?;
                let text = certificate.to_pem().map_err(failed(case))?;
                let mut files = vec![file(case, FileRole::Certificate, text)];
                if let Some(key) = case.token_key().filter(|_| step.action == Action::Create) {
                    files.insert(0, secret_file(case, FileRole::Key, &format!("{}\n", key.uri())));
                } else if self.keys.contains_key(&case.index) {
                    files.insert(0, self.key_file(case)?);
                }
                Ok(files)
            }
            (Action::Create, Aim::KeyPair { .. }) => {
                let key = self.keys.get(&case.index).ok_or_else(|| unfit(case))?;
                Ok(vec![self.key_file(case)?, public_key_file(case, key.public_key())?])
            }
            (Action::Rewrite, Aim::KeyPair { .. }) => {
                let key = case.private_key().ok_or_else(|| unfit(case))?;
                Ok(vec![public_key_file(case, key.public_key())?])
            }
            (Action::Create | Action::Rekey | Action::Reissue, Aim::Pair { certificate, .. }) => {
                let public = self.public_key(step, case)?;
                let signed = self.sign(case, certificate, public, now - BACKDATE, now)?;
                let text = self.chained(case, &signed)?;
                let mut files = vec![file(case, FileRole::Certificate, text)];
                if step.action != Action::Reissue {
                    files.insert(0, self.key_file(case)?);
                }
                Ok(files)
            }
            (Action::Create | Action::Rekey | Action::Reissue, Aim::Kubeconfig { certificate, .. }) => {
                let public = self.public_key(step, case)?;
                // kubeadm's kubeconfigs begin when their CA did; once renewed, five minutes ago.
                let begin = match step.action {
                    Action::Create => self.authority(case)?.not_before,
                    _ => now - BACKDATE,
                };
                let signed = self.sign(case, certificate, public, begin, now)?;
                let key = self.keys.get(&case.index).or_else(|| case.private_key());
                Ok(vec![self.kubeconfig(case, &signed, key.ok_or_else(|| unfit(case))?)?])
            }
            (Action::Rewrite, Aim::Pair { .. }) => {
                let own = case.certificate().ok_or_else(|| unfit(case))?;
                Ok(vec![file(case, FileRole::Certificate, self.chained(case, own)?)])
            }
            (Action::Rewrite, Aim::Kubeconfig { .. }) => Ok(vec![self.redirected(case)?]),
            (Action::Copy, Aim::Copy { .. }) => self.copies(case, now),
            _ => Ok(Vec::new()),
        }
    }

    /// The certificate of a CA: that of the root as the spec names it, else a new one.
    fn authority_certificate(
        &self,
        case: &Case<'_>,
        blueprint: &Blueprint,
        now: OffsetDateTime,
    ) -> Result<Certificate, ApplyError> {
        let root = case.view.spec.authority.root_certificate();
        if case.is_root() {
            return root.cloned().ok_or_else(|| unfit(case));
        }
        let key = self.key(case).ok_or_else(|| unfit(case))?;
        let mut profile = profile(blueprint, true, now - BACKDATE, now + blueprint.lifetime);
        let Some(above) = case.root() else {
            return issue::self_signed(&profile, key).map_err(failed(case));
        };
        let Signing::Here(issuer) = above.signing() else { return Err(unfit(case)) };
        profile.not_after = profile.not_after.min(issuer.certificate().not_after);
        let signed = issuer.issue(&profile, key.public_key()).map_err(failed(case))?;
        // As whoever has nothing but the root will look at it.
        let validator = Validator::new(&[issuer.certificate()], &[]);
        match validator.validate(&signed, &Conditions::at(now)).reasons.first() {
            None => Ok(signed),
            Some(reason) => {
                let who = if reason.depth == 0 { "the certificate" } else { "the root" };
                Err(ApplyError::Root { target: name(case), why: format!("{who} {}", reason.fault) })
            }
        }
    }

    /// The key of a CA: the one just made, the one in its token, or the one that is there.
    fn key<'a>(&'a self, case: &Case<'a>) -> Option<&'a PrivateKey> {
        let in_token = || case.token_key().and_then(TokenKey::opened);
        self.keys.get(&case.index).or_else(|| case.private_key()).or_else(in_token)
    }

    /// A certificate with what stands behind it in its file.
    fn chained(&self, case: &Case<'_>, own: &Certificate) -> Result<String, ApplyError> {
        let behind = if case.followed_by().is_some() { Some(self.authority(case)?) } else { None };
        let chain: Vec<&Certificate> = std::iter::once(own).chain(behind).collect();
        chain_pem(case, &chain)
    }

    fn public_key<'a>(&'a self, step: &Step, case: &Case<'a>) -> Result<&'a PublicKey, ApplyError> {
        let key = match step.action {
            Action::Reissue => case.private_key(),
            _ => self.keys.get(&case.index),
        };
        key.map(PrivateKey::public_key).ok_or_else(|| unfit(case))
    }

    /// The certificate of a target's CA: the one that is there, or the one just made.
    fn authority<'a>(&'a self, case: &Case<'a>) -> Result<&'a Certificate, ApplyError> {
        let issuer = case.issuer().ok_or_else(|| unfit(case))?;
        self.authorities.get(&issuer.index).or_else(|| issuer.certificate()).ok_or_else(|| unfit(case))
    }

    fn sign(
        &self,
        case: &Case<'_>,
        blueprint: &Blueprint,
        public_key: &PublicKey,
        not_before: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Certificate, ApplyError> {
        let ca = case.issuer().ok_or_else(|| unfit(case))?;
        let made = self.authorities.get(&ca.index).zip(self.key(&ca));
        let issuer = match made {
            Some((certificate, key)) => Issuer::new(certificate, key),
            None => match ca.signing() {
                Signing::Here(issuer) => Some(issuer),
                Signing::Sealed(_) | Signing::Elsewhere | Signing::Nobody => None,
            },
        };
        let issuer = issuer.ok_or_else(|| unfit(case))?;
        // A leaf that outlived its CA would die before the date it shows.
        let not_after = (now + blueprint.lifetime).min(issuer.certificate().not_after);
        let profile =
            Profile { subject: subject(case, blueprint), ..profile(blueprint, false, not_before, not_after) };
        issuer.issue(&profile, public_key).map_err(failed(case))
    }

    fn kubeconfig(
        &self,
        case: &Case<'_>,
        certificate: &Certificate,
        key: &PrivateKey,
    ) -> Result<NewFile, ApplyError> {
        kubeconfig_file(case, self.authority(case)?, &[certificate], key)
    }

    /// A kubeconfig with another CA or server, and the same client.
    fn redirected(&self, case: &Case<'_>) -> Result<NewFile, ApplyError> {
        let authority = trusted(case, self.authority(case)?)?;
        let (server, text) = server(case).zip(text(case)).ok_or_else(|| unfit(case))?;
        let text = kubeconfig::redirect(text, server, &authority)
            .map_err(|source| ApplyError::Kubeconfig { target: name(case), source })?;
        Ok(secret_file(case, FileRole::Kubeconfig, &text))
    }

    /// A node's copies of what the authority has, or is just getting.
    fn copies(&self, case: &Case<'_>, now: OffsetDateTime) -> Result<Vec<NewFile>, ApplyError> {
        let original = case.original().ok_or_else(|| unfit(case))?;
        let step = self.plan.steps.iter().find(|step| step.target == original.index);
        let fresh = step.map(|step| self.files(step, &original, now)).transpose()?.unwrap_or_default();
        let mut files = Vec::new();
        for entry in case.entries() {
            let role = entry.file.role;
            // A node that has no token has no use for the name of a key in it.
            if role == FileRole::Key && (original.is_in_token() || original.token_key().is_some()) {
                continue;
            }
            let there = entry.found.present().map(|present| &present.file.bytes);
            let path = original.path(role);
            let made = fresh.iter().find(|file| file.path == path).map(|file| &file.bytes);
            let wanted = made.or_else(|| original.present(role).map(|present| &present.file.bytes));
            if let Some(bytes) = wanted.filter(|bytes| there != Some(*bytes)) {
                files.push(NewFile {
                    path: entry.file.path.clone(),
                    bytes: bytes.clone(),
                    mode: role.mode(),
                });
            }
        }
        Ok(files)
    }

    fn key_file(&self, case: &Case<'_>) -> Result<NewFile, ApplyError> {
        let key = self.keys.get(&case.index).ok_or_else(|| unfit(case))?;
        let text = key.to_pem().map_err(failed(case))?;
        Ok(secret_file(case, FileRole::Key, &text))
    }
}

/// The subject of a certificate that is replaced, if it is right for an earlier release; else the release's own.
pub(crate) fn subject(case: &Case<'_>, blueprint: &Blueprint) -> x509::Name {
    let old = case.certificate().map(|certificate| &certificate.subject);
    let kept = old.filter(|old| blueprint.subjects.iter().any(|subject| subject.means(old)));
    kept.or(blueprint.subjects.first()).cloned().unwrap_or_default()
}

/// The file of a kubeconfig whose client has this certificate, with what follows it, and key.
pub(crate) fn kubeconfig_file(
    case: &Case<'_>,
    authority: &Certificate,
    chain: &[&Certificate],
    key: &PrivateKey,
) -> Result<NewFile, ApplyError> {
    let Aim::Kubeconfig { cluster, .. } = &case.target.aim else { return Err(unfit(case)) };
    let user = chain.first().and_then(|certificate| certificate.subject.common_name());
    let entry = Entry {
        cluster,
        server: server(case).ok_or_else(|| unfit(case))?,
        authority: Some(&trusted(case, authority)?),
        user: user.unwrap_or_default(),
        certificate: Some(&chain_pem(case, chain)?),
        key: &key.to_pem().map_err(failed(case))?,
    };
    // What can be read is kept but for the entry; what cannot is replaced.
    let existing = case.kubeconfig().and_then(|_| text(case));
    let text = kubeconfig::write(existing, &entry)
        .map_err(|source| ApplyError::Kubeconfig { target: name(case), source })?;
    Ok(secret_file(case, FileRole::Kubeconfig, &text))
}

/// What a kubeconfig trusts: the CA, first, as kubeadm compares it, and behind it the root, for clients that demand a
/// self-signed anchor.
fn trusted(case: &Case<'_>, authority: &Certificate) -> Result<String, ApplyError> {
    let root = case.view.spec.authority.root_certificate();
    let chain: Vec<&Certificate> = std::iter::once(authority).chain(root).collect();
    chain_pem(case, &chain)
}

/// Certificates one after the other.
pub(crate) fn chain_pem(case: &Case<'_>, chain: &[&Certificate]) -> Result<String, ApplyError> {
    chain.iter().map(|certificate| certificate.to_pem().map_err(failed(case))).collect()
}

pub(crate) fn profile(
    blueprint: &Blueprint,
    ca: bool,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Profile {
    Profile {
        subject: blueprint.subjects.first().cloned().unwrap_or_default(),
        subject_alt_names: blueprint.subject_alt_names.clone(),
        usages: blueprint.usages.clone(),
        ca,
        path_length: blueprint.path_length,
        name_constraints: blueprint.name_constraints.clone(),
        not_before,
        not_after,
    }
}

fn file(case: &Case<'_>, role: FileRole, text: String) -> NewFile {
    NewFile { path: case.path(role), bytes: Zeroizing::new(text.into_bytes()), mode: role.mode() }
}

fn secret_file(case: &Case<'_>, role: FileRole, text: &str) -> NewFile {
    NewFile { path: case.path(role), bytes: Zeroizing::new(text.as_bytes().to_vec()), mode: role.mode() }
}

fn public_key_file(case: &Case<'_>, key: &PublicKey) -> Result<NewFile, ApplyError> {
    let text = pem::encode("PUBLIC KEY", key.as_der()).map_err(failed(case))?;
    Ok(file(case, FileRole::PublicKey, text))
}

/// The API server that a kubeconfig is to point to: the one that it points to, if that is right.
fn server<'a>(case: &Case<'a>) -> Option<&'a str> {
    let Aim::Kubeconfig { servers, .. } = &case.target.aim else { return None };
    let there = case.kubeconfig().map(|kubeconfig| &kubeconfig.server);
    let kept = there.filter(|there| servers.contains(there));
    kept.or(servers.first()).map(String::as_str)
}

/// The text of a kubeconfig.
fn text<'a>(case: &Case<'a>) -> Option<&'a str> {
    std::str::from_utf8(&case.present(FileRole::Kubeconfig)?.file.bytes).ok()
}

pub(crate) fn name(case: &Case<'_>) -> String {
    case.view.targets.name(case.target)
}

pub(crate) fn failed(case: &Case<'_>) -> impl Fn(x509::Error) -> ApplyError {
    let target = name(case);
    move |source| ApplyError::X509 { target: target.clone(), source }
}

pub(crate) fn unfit(case: &Case<'_>) -> ApplyError {
    ApplyError::Unfit { target: name(case) }
}
