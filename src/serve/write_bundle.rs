//! Create, update, patch and delete trust bundles. Who makes one for a signer must be allowed to attest for it
//! (`plugin/pkg/admission/certificates/ctbattest`).

use std::sync::Arc;

use serde_json::Value;

use crate::api::managed::{Writer, track};
use crate::api::patch::{self, PatchType};
use crate::api::status::{Details, Status};
use crate::api::trust_bundle;
use crate::csr::Refusal;
use crate::csr::object::GROUP;
use crate::csr::rbac::Attributes;
use crate::x509::go::quoted;

use super::answer::Answer;
use super::attributes::cannot;
use super::bundle::{API_VERSION, Bundles, KIND, RESOURCE, conflict, name, not_found, signer};
use super::call::{Call, known};
use super::selection::Selection;
use super::shape::{Kind, Thing};
use super::source::{Item, Source};
use super::write::{Desk, Wanted};

impl Desk<'_> {
    /// Makes a bundle.
    ///
    /// # Errors
    /// When it is not as it must be, or may not be made.
    pub fn create_bundle(&self, bundles: &Bundles, call: &Call) -> Result<Answer, Status> {
        let form = call.form(self.now)?;
        let options = call.options("CreateOptions", false)?;
        let decoded = call.object(API_VERSION, KIND, options.field_validation)?;
        let manager = options.manager(&call.user_agent);
        let mut object = decoded.value;
        let kind = known(API_VERSION, KIND)?;
        track(None, &mut object, kind, &Writer { manager: &manager, subresource: "", now: self.now });
        let made = self.make_bundle(bundles, call, object, options.dry_run)?;
        Ok(form.one(201, Thing::Bundle(&made)).warned(&decoded.warnings))
    }

    fn make_bundle(
        &self,
        bundles: &Bundles,
        call: &Call,
        object: Value,
        dry_run: bool,
    ) -> Result<Arc<Value>, Status> {
        let said = object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
        if !said.is_empty() {
            return Err(Status::bad_request("resourceVersion should not be set on objects to be created"));
        }
        trust_bundle::create(&object)?;
        self.attests(call, &object)?;
        if dry_run { Ok(Arc::new(object)) } else { bundles.create(object, self.now) }
    }

    /// Puts a bundle in the place of one that is there.
    ///
    /// # Errors
    /// When there is none, it is not as it must be, or may not be put there.
    pub fn update_bundle(&self, bundles: &Bundles, call: &Call, at: &str) -> Result<Answer, Status> {
        let form = call.form(self.now)?;
        let options = call.options("UpdateOptions", false)?;
        let decoded = call.object(API_VERSION, KIND, options.field_validation)?;
        let old = bundles.get(at).ok_or_else(|| not_found(at))?;
        let manager = options.manager(&call.user_agent);
        let writer = Writer { manager: &manager, subresource: "", now: self.now };
        let mut new = decoded.value;
        track(Some((*old).clone()), &mut new, known(API_VERSION, KIND)?, &writer);
        let put = self.put_bundle(bundles, call, &old, new, options.dry_run)?;
        Ok(form.one(200, Thing::Bundle(&put)).warned(&decoded.warnings))
    }

    /// Changes a bundle.
    ///
    /// # Errors
    /// When there is none, or what comes of it is not as it must be or may not be put there.
    pub fn patch_bundle(&self, bundles: &Bundles, call: &Call, at: &str) -> Result<Answer, Status> {
        let form = call.form(self.now)?;
        let patch_type = PatchType::of_content_type(&call.content_type)?;
        let applies = patch_type == PatchType::Apply;
        let options = call.options("PatchOptions", applies)?;
        let kind = known(API_VERSION, KIND)?;
        let manager = options.manager(&call.user_agent);
        let writer = Writer { manager: &manager, subresource: "", now: self.now };
        let Some(old) = bundles.get(at) else {
            if !applies {
                return Err(not_found(at));
            }
            let made = patch::apply(patch_type, &call.body, None, kind, &options, &writer)?;
            if name(&made.value) != at {
                return Err(Status::refused(&Refusal::other_name(name(&made.value), at), at));
            }
            let attributes =
                Attributes { verb: "create", group: GROUP, resource: RESOURCE, subresource: "", name: "" };
            if !self.settings.rbac.allows(&call.user, &attributes) {
                let text = cannot(&call.user.name, "create", RESOURCE, GROUP);
                return Err(forbidden(at, &text));
            }
            let object = self.make_bundle(bundles, call, made.value, options.dry_run)?;
            return Ok(form.one(201, Thing::Bundle(&object)).warned(&made.warnings));
        };
        let mut patched = patch::apply(patch_type, &call.body, Some(&old), kind, &options, &writer)?;
        if !applies {
            track(Some((*old).clone()), &mut patched.value, kind, &writer);
        }
        let put = self.put_bundle(bundles, call, &old, patched.value, options.dry_run)?;
        Ok(form.one(200, Thing::Bundle(&put)).warned(&patched.warnings))
    }

    fn put_bundle(
        &self,
        bundles: &Bundles,
        call: &Call,
        old: &Arc<Value>,
        mut new: Value,
        dry_run: bool,
    ) -> Result<Arc<Value>, Status> {
        if name(&new) != name(old) {
            return Err(Status::refused(&Refusal::other_name(name(&new), name(old)), name(old)));
        }
        trust_bundle::update(&new, old)?;
        for field in ["resourceVersion", "uid"] {
            let path = format!("/metadata/{field}");
            let said = new.pointer(&path).and_then(Value::as_str).filter(|said| !said.is_empty());
            if said.is_some() && said != old.pointer(&path).and_then(Value::as_str) {
                return Err(conflict(name(old), crate::csr::refusal::MODIFIED));
            }
        }
        if let (Some(metadata), Some(known)) =
            (new.get_mut("metadata").and_then(Value::as_object_mut), old.get("metadata"))
        {
            for field in ["uid", "creationTimestamp", "resourceVersion"] {
                metadata.insert(field.to_owned(), known.get(field).cloned().unwrap_or_default());
            }
        }
        self.attests(call, &new)?;
        if dry_run || new == **old {
            return Ok(Arc::new(new));
        }
        bundles.replace(old, new)
    }

    /// Deletes a bundle.
    ///
    /// # Errors
    /// When there is none, or it is not the one that was meant.
    pub fn delete_bundle(&self, bundles: &Bundles, call: &Call, at: &str) -> Result<Answer, Status> {
        let form = call.form(self.now)?;
        let wanted = Wanted::of(call)?;
        let old = bundles.get(at).ok_or_else(|| not_found(at))?;
        let text = |field: &str| old.pointer(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let uid = text("/metadata/uid");
        let other = |meant: &Option<String>, is: &str| meant.as_ref().is_some_and(|meant| meant != is);
        if other(&wanted.uid, &uid) || other(&wanted.version, &text("/metadata/resourceVersion")) {
            return Err(conflict(at, "the precondition does not match the object in record"));
        }
        if !wanted.dry_run {
            bundles.remove(&old)?;
        }
        let (name, group, kind) = (at.to_owned(), GROUP.to_owned(), RESOURCE.to_owned());
        let status = Status::success(Details { name, group, kind, uid, ..Details::default() });
        Ok(Answer::object(200, form.accept.format, &status.value()))
    }

    /// Deletes every bundle that is selected.
    ///
    /// # Errors
    /// When the selectors are not as they must be.
    pub fn delete_bundles(&self, bundles: &Arc<Bundles>, call: &Call) -> Result<Answer, Status> {
        let form = call.form(self.now)?;
        let wanted = Wanted::of(call)?;
        let selection = Selection::of(&call.query, Kind::Bundle)?;
        let (all, version) = Source::Bundles(Arc::clone(bundles)).page(None, usize::MAX);
        let mut gone: Vec<Item> = all.into_iter().filter(|item| selection.matches(item.thing())).collect();
        if !wanted.dry_run {
            gone.retain(|item| match item {
                Item::Bundle(value) => bundles.remove(value).is_ok(),
                Item::Request(_) => false,
            });
        }
        let metadata = serde_json::json!({"resourceVersion": version.to_string()});
        Ok(form.list(Kind::Bundle, gone.iter().map(Item::thing), &metadata))
    }

    /// Whether who asks may say whom to trust for a signer.
    fn attests(&self, call: &Call, object: &Value) -> Result<(), Status> {
        let signer = signer(object);
        if signer.is_empty() || self.settings.rbac.allows_signer(&call.user, "attest", signer) {
            return Ok(());
        }
        let text = format!("user not permitted to attest for signerName {}", quoted(signer));
        Err(forbidden(name(object), &text))
    }
}

fn forbidden(name: &str, text: &str) -> Status {
    let message = format!("{RESOURCE}.{GROUP} {} is forbidden: {text}", quoted(name));
    Status::new(403, "Forbidden", message).details(RESOURCE, name, Vec::new())
}
