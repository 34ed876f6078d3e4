//! `kubepki csr submit`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::office::{AsArgs, OfficeArgs, allowed};
use crate::cli::{Exit, Outside};
use crate::csr::admission::Admission;
use crate::csr::strategy::{self, SUFFIX};
use crate::csr::{CertificateSigningRequest, Object, Refusal, User};
use crate::disk::{Notation, read};
use crate::error::Error;
use crate::report::csr::RESOURCE;
use crate::store::birth::birth;
use crate::store::manifest::{Foreign, Manifest};
use crate::store::{Store, StoreError, Write};

/// Keep requests, as `kubectl create` would
#[derive(Debug, Args)]
pub struct Submit {
    /// Manifests, in YAML (several documents, Lists) or JSON by their names; `-` for standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    requester: AsArgs,
}

/// How often a generated name is drawn anew where it is taken (`registry.Store`, `maxNameGenerationCreateAttempts`).
const DRAWS: usize = 8;

impl Submit {
    /// Keeps each object, or says why not; those before it stay.
    ///
    /// # Errors
    /// When one is refused.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let trusts = office.trusts_requester();
        let office = office.open(outside)?;
        for path in &self.files {
            for (object, foreign) in objects(path)? {
                if let Some(field) = foreign.as_ref().and_then(|foreign| foreign.paths().into_iter().next()) {
                    let message = format!("strict decoding error: unknown field {field:?}");
                    return Err(StoreError::Refused(Refusal::bad_request(message)).into());
                }
                let named = self.requester.named();
                if let Some(user) = &named {
                    allowed(&office.settings.rbac, user, "create", "", "")?;
                }
                let user = named.unwrap_or_else(|| requester(&object, trusts));
                let admission = Admission { rbac: &office.settings.rbac };
                let name = create(&office.store, &object, &user, admission, outside)?;
                writeln!(outside.out, "{RESOURCE}/{name} created")?;
            }
        }
        Ok(Exit::Done)
    }
}

/// Who asks: whom the manifest names, if that is believed.
fn requester(object: &CertificateSigningRequest, trusts: bool) -> User {
    let spec = &object.spec;
    match spec.username.as_deref().filter(|name| trusts && !name.is_empty()) {
        Some(name) => User {
            name: name.to_owned(),
            uid: spec.uid.clone().unwrap_or_default(),
            groups: spec.groups.clone().unwrap_or_default(),
            extra: spec.extra.clone().unwrap_or_default(),
        },
        None => User::anonymous(),
    }
}

/// Creates an object and returns its name.
pub(super) fn create(
    store: &impl Store,
    object: &CertificateSigningRequest,
    user: &User,
    admission: Admission<'_>,
    outside: &Outside<'_>,
) -> Result<String, Error> {
    let mut draws = 0;
    loop {
        let new = strategy::create(object.clone(), user, &admission, &birth(outside.now)?)
            .map_err(StoreError::from)?;
        let name = new.name().to_owned();
        draws += 1;
        let generated = object.name().is_empty() && name.len() > SUFFIX;
        match store.commit(vec![Write::Create(Arc::new(new))])?.into_iter().next() {
            Some(Err(_)) if generated && draws < DRAWS => {}
            Some(Err(refusal)) => return Err(StoreError::from(refusal).into()),
            _ => return Ok(name),
        }
    }
}

/// The objects in a file.
fn objects(path: &Path) -> Result<Vec<(CertificateSigningRequest, Option<Foreign>)>, Error> {
    let failed = |problem: String| Error::Usage {
        message: format!("{} {problem}", path.display()),
        hint: "`kubepki csr new NAME` makes such a manifest".to_owned(),
    };
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().take(read::MAX_SIZE + 1).read_to_end(&mut bytes)?;
        bytes
    } else {
        read::bytes(path).map_err(|error| failed(error.to_string()))?.bytes.to_vec()
    };
    let text = String::from_utf8(bytes).map_err(|_| failed("is not UTF-8 text".to_owned()))?;
    let notation = Notation::of(path).unwrap_or(Notation::Yaml);
    let values = notation.read_all(&text).map_err(|error| failed(error.to_string()))?;
    let mut objects = Vec::new();
    for value in values {
        let items = value.get("items").and_then(|items| items.as_array()).cloned();
        let is_list =
            value.get("kind").and_then(|kind| kind.as_str()).is_some_and(|kind| kind.ends_with("List"));
        for value in items.filter(|_| is_list).unwrap_or_else(|| vec![value]) {
            let Manifest { object, foreign } =
                Manifest::of(&value).map_err(|error| failed(error.to_string()))?;
            objects.push((object, foreign));
        }
    }
    if objects.is_empty() {
        return Err(failed("has no objects".to_owned()));
    }
    Ok(objects)
}
