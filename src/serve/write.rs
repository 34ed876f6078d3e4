//! Create, update, patch, delete. What is decided about a write is decided in [`crate::csr::strategy`]; here it is carried
//! out, again where somebody else was quicker.

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::sync::oneshot;

use crate::api::managed::{Writer, track};
use crate::api::options::WriteOptions;
use crate::api::patch::{self, PatchType};
use crate::api::status::{Details, Status};
use crate::csr::admission::Admission;
use crate::csr::object::{API_VERSION, GROUP, KIND, RESOURCE, time};
use crate::csr::refusal::Reason;
use crate::csr::strategy::{self, SUFFIX};
use crate::csr::validate::Endpoint;
use crate::csr::{CertificateSigningRequest, Object, Refusal, User};
use crate::store::birth::birth;
use crate::store::controller::Settings;
use crate::store::{Resident, Store, StoreError, Stored, Write};

use super::answer::Answer;
use super::attributes::cannot;
use super::call::{Call, known, typed};
use super::read::{self, find, value};
use super::selection::Selection;
use super::shape::{Form, Kind, Thing};

/// What a write is done with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Where requests are kept.
    pub store: &'a Resident,
    /// What decisions are made by.
    pub settings: &'a Settings,
    /// Now.
    pub now: OffsetDateTime,
}

/// How often a generated name is drawn anew where it is taken (`registry.Store`, `maxNameGenerationCreateAttempts`).
const DRAWS: usize = 8;

/// How often a write that does not say what it has read is tried again (`retry.DefaultRetry` has five; a patch upstream
/// `maxRetryWhenPatchConflicts`).
const TRIES: usize = 5;

impl Desk<'_> {
    fn admission(&self) -> Admission<'_> {
        Admission { rbac: &self.settings.rbac }
    }

    fn writer<'b>(&self, manager: &'b str, endpoint: Endpoint) -> Writer<'b> {
        let subresource = match endpoint {
            Endpoint::Main => "",
            Endpoint::Approval => "approval",
            Endpoint::Status => "status",
        };
        Writer { manager, subresource, now: self.now }
    }

    /// Makes a request.
    ///
    /// # Errors
    /// When it is not as it must be, or may not be made.
    pub async fn create(&self, call: &Call) -> Result<Answer, Status> {
        let form = call.form(self.now)?;
        let options = call.options("CreateOptions", false)?;
        let mut decoded = call.object(API_VERSION, KIND, options.field_validation)?;
        let manager = options.manager(&call.user_agent);
        track(None, &mut decoded.value, known(API_VERSION, KIND)?, &self.writer(&manager, Endpoint::Main));
        let object: CertificateSigningRequest = typed(decoded.value)?;
        let stored = self.create_object(object, call, &options).await?;
        Ok(form.one(201, Thing::Request(&stored)).warned(&decoded.warnings))
    }

    async fn create_object(
        &self,
        mut object: CertificateSigningRequest,
        call: &Call,
        options: &WriteOptions,
    ) -> Result<Arc<CertificateSigningRequest>, Status> {
        let mut draws = 0;
        let request = self.settings.readings.read(&object.spec.request.0);
        let said = object.name().to_owned();
        loop {
            let birth = birth(self.now).map_err(|error| failed(&error, &said))?;
            // Only a name that is drawn may have to be drawn again.
            let again = said.is_empty().then(|| object.clone());
            let new = strategy::create_read(object, &request, &call.user, &self.admission(), &birth);
            let new = Arc::new(new.map_err(|refusal| Status::refused(&refusal, &said))?);
            let name = new.name().to_owned();
            draws += 1;
            let outcome = if options.dry_run {
                match self.store.get(&name).map_err(|error| failed(&error, &name))? {
                    None => Ok(new),
                    Some(_) => Err(Refusal::already_exists(&name)),
                }
            } else {
                self.one(Write::Create(new), &name).await?.map(|stored| stored.object)
            };
            match outcome {
                Ok(object) => return Ok(object),
                Err(refusal) => match again {
                    Some(again)
                        if refusal.reason == Reason::AlreadyExists
                            && name.len() > SUFFIX
                            && draws < DRAWS =>
                    {
                        object = again;
                    }
                    _ => return Err(Status::refused(&refusal, &name)),
                },
            }
        }
    }

    /// Puts an object in the place of one that is there.
    ///
    /// # Errors
    /// When there is none, the object is not as it must be, or may not be put there.
    pub async fn update(&self, call: &Call, name: &str, endpoint: Endpoint) -> Result<Answer, Status> {
        let form = call.form(self.now)?;
        let options = call.options("UpdateOptions", false)?;
        let decoded = call.object(API_VERSION, KIND, options.field_validation)?;
        let kind = known(API_VERSION, KIND)?;
        let manager = options.manager(&call.user_agent);
        let version = decoded.value.pointer("/metadata/resourceVersion").and_then(Value::as_str);
        let said = version.is_some_and(|version| !version.is_empty());
        let object = self
            .retry(name, said, |old| {
                let mut new = decoded.value.clone();
                track(Some(value(old)), &mut new, kind, &self.writer(&manager, endpoint));
                self.admit(new, old, endpoint, &call.user, options.dry_run)
            })
            .await?;
        Ok(form.one(200, Thing::Request(&object)).warned(&decoded.warnings))
    }

    /// Changes an object; a server-side apply makes it where there is none.
    ///
    /// # Errors
    /// When the patch is none or cannot be applied, or what comes of it is not as it must be or may not be put there.
    pub async fn patch(&self, call: &Call, name: &str, endpoint: Endpoint) -> Result<Answer, Status> {
        let form = call.form(self.now)?;
        let patch_type = PatchType::of_content_type(&call.content_type)?;
        let applies = patch_type == PatchType::Apply;
        let options = call.options("PatchOptions", applies)?;
        let kind = known(API_VERSION, KIND)?;
        let manager = options.manager(&call.user_agent);
        let writer = self.writer(&manager, endpoint);
        let mut warnings = Vec::new();
        if applies && endpoint == Endpoint::Main && self.store.request(name).is_none() {
            let made = patch::apply(patch_type, &call.body, None, kind, &options, &writer)?;
            let object: CertificateSigningRequest = typed(made.value)?;
            if object.name() != name {
                return Err(Status::refused(&Refusal::other_name(object.name(), name), name));
            }
            if !self.settings.rbac.allows_request(&call.user, "create", "", "") {
                let text = cannot(&call.user.name, "create", RESOURCE, GROUP);
                return Err(Status::refused(&Refusal::forbidden(name, &text), name));
            }
            let object = self.create_object(object, call, &options).await?;
            return Ok(form.one(201, Thing::Request(&object)).warned(&made.warnings));
        }
        let object = self
            .retry(name, false, |old| {
                let before = value(old);
                let mut patched =
                    patch::apply(patch_type, &call.body, Some(&before), kind, &options, &writer)?;
                if !applies {
                    track(Some(before), &mut patched.value, kind, &writer);
                }
                warnings = patched.warnings;
                self.admit(patched.value, old, endpoint, &call.user, options.dry_run)
            })
            .await?;
        Ok(form.one(200, Thing::Request(&object)).warned(&warnings))
    }

    /// What is to be put in the place of an object for one that came.
    fn admit(
        &self,
        new: Value,
        old: &CertificateSigningRequest,
        endpoint: Endpoint,
        user: &User,
        dry_run: bool,
    ) -> Result<Put, Status> {
        let request = self.settings.readings.read(&old.spec.request.0);
        let admission = self.admission();
        let new = strategy::update_read(typed(new)?, old, &request, endpoint, user, &admission, self.now);
        Ok(put(new.map_err(|refusal| Status::refused(&refusal, old.name()))?, dry_run))
    }

    /// Looks at the object that is there and writes another, again where somebody else was quicker. `said` is whether the
    /// writer has said which version they have read.
    async fn retry(
        &self,
        name: &str,
        said: bool,
        mut change: impl FnMut(&CertificateSigningRequest) -> Result<Put, Status>,
    ) -> Result<Arc<CertificateSigningRequest>, Status> {
        let mut tries = 0;
        loop {
            let old = find(self.store, name)?;
            let put = change(&old.object)?;
            if put.dry_run || *old.object == put.object && !put.over {
                return Ok(Arc::new(put.object));
            }
            let (write, last) = if put.over {
                (Write::Remove(old), Some(Arc::new(put.object)))
            } else {
                (Write::Replace { old, new: Arc::new(put.object) }, None)
            };
            tries += 1;
            match self.one(write, name).await? {
                Ok(stored) => return Ok(last.unwrap_or(stored.object)),
                Err(refusal) if refusal.is_conflict() && !said && tries < TRIES => {}
                Err(refusal) => return Err(Status::refused(&refusal, name)),
            }
        }
    }

    /// Deletes a request.
    ///
    /// # Errors
    /// When there is none, or it is not the one that was meant.
    pub async fn delete(&self, call: &Call, name: &str) -> Result<Answer, Status> {
        let form = call.form(self.now)?;
        let wanted = Wanted::of(call)?;
        let mut tries = 0;
        loop {
            let old = find(self.store, name)?;
            let meant = strategy::remove(&old.object, wanted.uid.as_deref(), wanted.version.as_deref());
            meant.map_err(|refusal| Status::refused(&refusal, name))?;
            if old.object.metadata.finalizers.as_ref().is_some_and(|finalizers| !finalizers.is_empty()) {
                return self.mark(&old, &wanted, &form).await;
            }
            let uid = old.object.uid().to_owned();
            if !wanted.dry_run {
                tries += 1;
                match self.one(Write::Remove(old), name).await? {
                    Ok(_) => {}
                    Err(refusal) if refusal.is_conflict() && tries < TRIES => continue,
                    Err(refusal) => return Err(Status::refused(&refusal, name)),
                }
            }
            let (name, group, kind) = (name.to_owned(), GROUP.to_owned(), RESOURCE.to_owned());
            let status = Status::success(Details { name, group, kind, uid, ..Details::default() });
            return Ok(Answer::object(200, form.accept.format, &status.value()));
        }
    }

    /// Notes that an object is to be deleted once nobody holds it any more.
    async fn mark(&self, old: &Stored, wanted: &Wanted, form: &Form) -> Result<Answer, Status> {
        let mut new = (*old.object).clone();
        if new.metadata.deletion_timestamp.is_none() {
            new.metadata.deletion_timestamp = Some(time(self.now));
            new.metadata.deletion_grace_period_seconds = Some(0);
            if !wanted.dry_run {
                let name = old.name().to_owned();
                let stored = self.one(Write::Replace { old: old.clone(), new: Arc::new(new) }, &name).await?;
                let stored = stored.map_err(|refusal| Status::refused(&refusal, &name))?;
                return Ok(form.one(200, Thing::Request(&stored.object)));
            }
        }
        Ok(form.one(200, Thing::Request(&new)))
    }

    /// Deletes every request that is selected.
    ///
    /// # Errors
    /// When the selectors are not as they must be.
    pub async fn delete_many(&self, call: &Call) -> Result<Answer, Status> {
        let form = call.form(self.now)?;
        let wanted = Wanted::of(call)?;
        let selection = Selection::of(&call.query, Kind::Request)?;
        let (all, _) = self.store.page(None, usize::MAX);
        let held = |stored: &&Stored| {
            stored.object.metadata.finalizers.as_ref().is_some_and(|finalizers| !finalizers.is_empty())
        };
        let selected: Vec<Stored> =
            all.into_iter().filter(|stored| selection.matches(Thing::Request(&stored.object))).collect();
        let mut gone = Vec::new();
        if wanted.dry_run {
            gone.clone_from(&selected);
        } else {
            for stored in selected.iter().filter(held) {
                self.mark(stored, &wanted, &form).await?;
            }
            let writes = selected.iter().filter(|stored| !held(stored)).cloned().map(Write::Remove).collect();
            let outcomes = self.many(writes, "").await?;
            // What somebody else has changed or deleted meanwhile is theirs.
            gone.extend(outcomes.into_iter().flatten());
        }
        let metadata = json!({"resourceVersion": self.store.version().to_string()});
        Ok(read::answer(&form, &gone, &metadata))
    }

    async fn one(&self, write: Write, name: &str) -> Result<Result<Stored, Refusal>, Status> {
        let outcomes = self.many(vec![write], name).await?;
        Ok(outcomes.into_iter().next().unwrap_or_else(|| Err(Refusal::not_found(name))))
    }

    /// What came of some writes, once they are durable.
    async fn many(&self, writes: Vec<Write>, name: &str) -> Result<Vec<Result<Stored, Refusal>>, Status> {
        let (sender, told) = oneshot::channel();
        // Who does not wait any more need not be told.
        self.store.bring(writes, Box::new(|done| drop(sender.send(done))));
        let done = told.await.map_err(|_| Status::internal("the server stops"))?;
        done.map_err(|error| failed(&error, name))
    }
}

/// What is to be put in the place of an object.
struct Put {
    object: CertificateSigningRequest,
    dry_run: bool,
    /// Whether nothing is to be there any more.
    over: bool,
}

/// What is to be done for an object to be put.
fn put(object: CertificateSigningRequest, dry_run: bool) -> Put {
    let metadata = &object.metadata;
    // What was only kept for somebody's finalizer goes with the last of them.
    let over =
        metadata.deletion_timestamp.is_some() && metadata.finalizers.as_ref().is_none_or(Vec::is_empty);
    Put { object, dry_run, over }
}

/// What is to be deleted.
pub(super) struct Wanted {
    pub uid: Option<String>,
    pub version: Option<String>,
    pub dry_run: bool,
}

impl Wanted {
    pub fn of(call: &Call) -> Result<Self, Status> {
        let options = call.options("DeleteOptions", false)?;
        let body = if call.body.is_empty() {
            Value::Null
        } else {
            let kind = known("meta.k8s.io/v1", "DeleteOptions")?;
            let format = crate::api::codec::Format::of_content_type(&call.content_type)?;
            crate::api::codec::decode(format, &call.body, kind, options.field_validation)?.value
        };
        let text = |path: &str| body.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let dry = body.get("dryRun").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        let text = |path| text(path).filter(|text| !text.is_empty());
        Ok(Self {
            uid: text("/preconditions/uid"),
            version: text("/preconditions/resourceVersion"),
            dry_run: options.dry_run || dry,
        })
    }
}

/// A store that cannot be read or written.
pub(super) fn failed(error: &StoreError, name: &str) -> Status {
    match error {
        StoreError::Refused(refusal) => Status::refused(refusal, name),
        StoreError::Held(_) => Status::new(503, "ServiceUnavailable", error.to_string()),
        // The path of a file is nothing for a client.
        _ => Status::internal("the store cannot be read or written"),
    }
}
