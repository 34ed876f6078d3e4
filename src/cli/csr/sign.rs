//! `kubepki csr sign`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::office::{AsArgs, Office, OfficeArgs, allowed};
use crate::cli::{Exit, Outside};
use crate::csr::admission::Admission;
use crate::csr::object::{APPROVED, CertificateSigningRequest, Object};
use crate::csr::rbac::Rbac;
use crate::csr::request::Wanted;
use crate::csr::validate::Endpoint;
use crate::csr::{Policy, Refusal, User, strategy};
use crate::disk::read;
use crate::error::Error;
use crate::report::csr::RESOURCE;
use crate::store::entry::{Asked, Reason};
use crate::store::work::{Desk, Wants};
use crate::store::{Entry, Store, StoreError};
use crate::x509::{Certificate, chain};

/// Sign by hand what is approved, or hand out a certificate that somebody else has signed
#[derive(Debug, Args)]
pub struct Sign {
    /// The requests.
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    /// The certificate, in PEM, with its chain behind it if need be; for one request.
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,

    #[command(flatten)]
    user: AsArgs,
}

impl Sign {
    /// Signs them.
    ///
    /// # Errors
    /// When one is not approved, or cannot be signed, or the user may not.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        if self.cert.is_some() && self.names.len() != 1 {
            let message = "one certificate for several requests".to_owned();
            return Err(Error::Usage { message, hint: "name one request with --cert".to_owned() });
        }
        let mut office = office.open(outside)?;
        office.authorities.refresh();
        let user = self.user.user();
        for name in &self.names {
            allowed(&office.settings.rbac, &user, "update", "status", name)?;
            let (stored, object) = office.object(name, outside.now)?;
            if !office.settings.rbac.allows_signer(&user, "sign", &object.spec.signer_name) {
                let text = format!(
                    "user not permitted to sign requests with signerName {:?}",
                    object.spec.signer_name
                );
                return Err(StoreError::Refused(Refusal::forbidden(name, &text)).into());
            }
            if !object.has(APPROVED) {
                let message = format!("{name:?} is not approved: it is {}", object.state());
                return Err(Error::Usage {
                    message,
                    hint: format!("`kubepki csr approve {name}` comes first"),
                });
            }
            if object.certificate().is_none() {
                match &self.cert {
                    Some(file) => give(file, &object, &user, &office, outside)?,
                    None => sign(stored, &office, outside)?,
                }
            }
            writeln!(outside.out, "{RESOURCE}/{name} signed")?;
        }
        Ok(Exit::Done)
    }
}

/// Signs with the signer's CA.
fn sign(stored: crate::store::Stored, office: &Office, outside: &Outside<'_>) -> Result<(), Error> {
    let ends = office.authorities.ends();
    let nobody = Rbac::default();
    // Nothing but signing: no rule approves, and nothing is cleaned away.
    let policy = Policy { rules: &[], spec: None, rbac: &nobody, clean: false, ..office.policy(&ends) };
    let trust_files = office.settings.trust_files;
    let desk = Desk { policy, authorities: &office.authorities, trust_files, now: outside.now };
    let name = stored.name().to_owned();
    let read = Wanted::read(&stored.object.spec.request.0);
    let mut task = desk.look(stored, &read);
    let refused = |message: String| {
        let hint = format!("`kubepki csr explain {name}` says more");
        Error::Usage { message: format!("{name:?}: {message}"), hint }
    };
    if let Some(problem) = task.retry.take().or_else(|| task.invalid.take()) {
        return Err(refused(problem));
    }
    let entry = task.entry.take();
    let failed = entry.is_none().then(|| {
        let failed = task.events.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        if failed.is_empty() { "no signer of its name is served".to_owned() } else { failed }
    });
    if let Some(entry) = entry {
        for entry in office.ledger()?.add(vec![entry], outside.now)? {
            task.certify(&entry)?;
        }
    }
    if let Wants::Write(new) = task.wants {
        office.store.replace(task.stored, Arc::unwrap_or_clone(new))?;
    }
    failed.map_or(Ok(()), |failed| Err(refused(failed)))
}

/// Hands out a certificate from elsewhere: one for the key of the request, and where the signer's CA is at hand, of it.
fn give(
    file: &Path,
    object: &CertificateSigningRequest,
    user: &User,
    office: &Office,
    outside: &Outside<'_>,
) -> Result<(), Error> {
    let refused = |problem: String| Error::Usage {
        message: format!("{}: {problem}", file.display()),
        hint: "`kubepki inspect FILE` says what is in it".to_owned(),
    };
    let bytes = read::bytes(file).map_err(|error| refused(error.to_string()))?.bytes.to_vec();
    let certificates = Certificate::all_from_pem(&bytes).map_err(|error| refused(error.to_string()))?;
    let wanted = Wanted::read(&object.spec.request.0).map_err(|error| refused(error.to_string()))?;
    let leaf = certificates.first().filter(|leaf| leaf.public_key == wanted.public_key);
    let leaf =
        leaf.ok_or_else(|| refused("the first certificate is not for the key of the request".to_owned()))?;
    if leaf.not_after <= outside.now {
        return Err(refused(format!(
            "the certificate has ended at {}",
            crate::moment::rfc3339(leaf.not_after)
        )));
    }
    let signer = office.settings.signers.iter().find(|signer| signer.name == object.spec.signer_name);
    let authority = signer.and_then(|signer| office.authorities.get(&signer.authority));
    if let Some(authority) = authority
        && chain::signed_by(leaf, authority.certificate()).is_err()
    {
        let subject = &authority.certificate().subject;
        return Err(refused(format!("the certificate is not signed by the signer's CA, {subject}")));
    }
    let decision = Reason {
        rule: Some("by hand".to_owned()),
        reason: "Given".to_owned(),
        message: "signed elsewhere and handed out with kubepki csr sign --cert".to_owned(),
    };
    let mut entry = Entry::new(leaf, &object.spec.signer_name, decision, outside.now);
    entry.request = Some(Asked { name: object.name().to_owned(), uid: object.uid().to_owned() });
    office.ledger()?.add(vec![entry], outside.now)?;
    office.update(object.name(), outside.now, |object| {
        let mut new = object.clone();
        new.set_certificate(bytes.clone());
        let admission = Admission { rbac: &office.settings.rbac };
        let new = strategy::update(new, object, Endpoint::Status, user, &admission, outside.now);
        Ok(Some(new.map_err(StoreError::from)?))
    })
}
