//! The entries of `metadata.managedFields`.

use serde_json::{Value, json};

use super::set::Set;
use super::{Writer, walk};
use crate::api::schema::ObjectKind;
use crate::moment::rfc3339;
use crate::x509::go::quoted;

/// How a writer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Apply,
    Update,
}

/// How many writers may own fields by updating (`DefaultMaxUpdateManagers`); the oldest beyond come to one.
const UPDATERS: usize = 10;

/// What they come to.
const ANCIENT: &str = "ancient-changes";

/// Who owned what was there before anything was applied.
const BEFORE: &str = "before-first-apply";

/// The annotation in which `kubectl apply` keeps what it has applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// All entries of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries(Vec<Entry>);

/// What one writer owns, by one operation, in one part.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    manager: String,
    operation: Operation,
    api_version: String,
    subresource: String,
    pub(super) time: Option<String>,
    pub(super) set: Set,
}

impl Entries {
    /// The entries of a stored object; what is none is left out.
    pub(super) fn of(object: &Value) -> Self {
        let list = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        Self(list.into_iter().flatten().filter_map(Entry::read).collect())
    }

    /// The entries that a client sends, if it sends any. One that is empty means that there are to be none.
    pub(super) fn said(object: &Value) -> Option<Self> {
        let list = object.pointer("/metadata/managedFields")?.as_array()?;
        match &list[..] {
            [one] if one.as_object().is_some_and(serde_json::Map::is_empty) => Some(Self::default()),
            _ => Some(Self::of(object)).filter(|entries| !entries.is_empty()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry of a writer, made if there is none.
    pub(super) fn entry(
        &mut self,
        writer: &Writer<'_>,
        operation: Operation,
        kind: &ObjectKind,
    ) -> &mut Entry {
        let manager = if writer.manager.is_empty() { "unknown" } else { writer.manager };
        self.named(manager, operation, &kind.api_version(), writer.subresource)
    }

    fn named(
        &mut self,
        manager: &str,
        operation: Operation,
        api_version: &str,
        subresource: &str,
    ) -> &mut Entry {
        let known = self
            .0
            .iter()
            .position(|entry| entry.is(manager, operation, subresource) && entry.api_version == api_version);
        let place = known.unwrap_or_else(|| {
            self.0.push(Entry {
                manager: manager.to_owned(),
                operation,
                api_version: api_version.to_owned(),
                subresource: subresource.to_owned(),
                time: None,
                set: Set::default(),
            });
            self.0.len() - 1
        });
        &mut self.0[place]
    }

    /// Everything that is there is owned by somebody.
    pub(super) fn before_first_apply(&mut self, mut all: Set, writer: &Writer<'_>, kind: &ObjectKind) {
        for path in super::reset(kind, writer.subresource) {
            all.remove(path);
        }
        super::strip(&mut all);
        if !all.is_empty() {
            let writer = Writer { manager: BEFORE, ..*writer };
            let entry = self.entry(&writer, Operation::Update, kind);
            entry.set = all;
            entry.time = Some(rfc3339(writer.now));
        }
    }

    /// What anybody owns.
    pub(super) fn union(&self) -> Set {
        self.0.iter().fold(Set::default(), |all, entry| all.union(&entry.set))
    }

    /// All but one writer lose fields.
    pub(super) fn lose(&mut self, fields: &Set, but: Option<(&Writer<'_>, Operation)>) {
        for entry in &mut self.0 {
            if but.is_none_or(|(writer, operation)| !entry.is(writer.manager, operation, writer.subresource))
            {
                entry.set = entry.set.difference(fields);
            }
        }
    }

    /// Who else owns what has changed: writers as messages tell them, and the paths.
    pub(super) fn conflicts(&self, changed: &Set, writer: &Writer<'_>) -> Vec<(String, Vec<String>)> {
        let others =
            self.0.iter().filter(|entry| !entry.is(writer.manager, Operation::Apply, writer.subresource));
        let mut conflicts: Vec<(String, Vec<String>)> = others
            .map(|entry| (entry.told(), entry.set.intersection(changed).paths()))
            .filter(|(_, paths)| !paths.is_empty())
            .collect();
        conflicts.sort();
        conflicts
    }

    /// Not more updaters than there may be (`capManagersManager`).
    pub(super) fn cap(&mut self) {
        loop {
            let mut updaters: Vec<usize> = (0..self.0.len())
                .filter(|place| self.0.get(*place).is_some_and(|entry| entry.operation == Operation::Update))
                .collect();
            updaters.sort_by_key(|place| {
                self.0.get(*place).map(|entry| (entry.time.clone(), entry.manager.clone()))
            });
            if updaters.len() <= UPDATERS {
                return;
            }
            // The two oldest become one.
            let mut oldest = [updaters.first().copied(), updaters.get(1).copied()];
            oldest.sort();
            let [Some(one), Some(other)] = oldest else { return };
            let other = self.0.remove(other);
            let one = self.0.remove(one);
            let bucket = self.named(ANCIENT, Operation::Update, &other.api_version, "");
            bucket.time = one.time.max(other.time).max(bucket.time.take());
            bucket.set = std::mem::take(&mut bucket.set).union(&one.set).union(&other.set);
        }
    }

    /// Puts the entries into an object, applies first, and the older before the newer.
    pub(super) fn put(mut self, object: &mut Value) {
        self.0.retain(|entry| !entry.set.is_empty());
        self.0.sort_by(|one, other| {
            let key = |entry: &Entry| {
                (
                    entry.operation == Operation::Update,
                    entry.time.clone(),
                    entry.manager.clone(),
                    entry.subresource.clone(),
                )
            };
            key(one).cmp(&key(other))
        });
        let list: Vec<Value> = self.0.iter().map(Entry::write).collect();
        let Some(object) = object.as_object_mut() else { return };
        let metadata = object.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut()
            && !list.is_empty()
        {
            metadata.insert("managedFields".to_owned(), Value::from(list));
        }
    }
}

impl Entry {
    fn is(&self, manager: &str, operation: Operation, subresource: &str) -> bool {
        self.manager == manager && self.operation == operation && self.subresource == subresource
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let operation = match text("operation")?.as_str() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        Some(Self {
            manager: text("manager").unwrap_or_default(),
            operation,
            api_version: text("apiVersion").unwrap_or_default(),
            subresource: text("subresource").unwrap_or_default(),
            time: text("time"),
            set: value.get("fieldsV1").map(Set::read).unwrap_or_default(),
        })
    }

    fn write(&self) -> Value {
        let operation = match self.operation {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        };
        let mut value = json!({
            "manager": self.manager, "operation": operation, "apiVersion": self.api_version,
            "fieldsType": "FieldsV1", "fieldsV1": self.set.write(),
        });
        if let Some(fields) = value.as_object_mut() {
            fields.extend(self.time.clone().map(|time| ("time".to_owned(), Value::from(time))));
            if !self.subresource.is_empty() {
                fields.insert("subresource".to_owned(), Value::from(self.subresource.as_str()));
            }
        }
        value
    }

    /// As messages tell it (`printManager`).
    fn told(&self) -> String {
        let mut told = quoted(&self.manager);
        if !self.subresource.is_empty() {
            told += &format!(" with subresource {}", quoted(&self.subresource));
        }
        if self.operation == Operation::Update {
            told += &format!(" using {}", self.api_version);
            if let Some(time) = &self.time {
                told += &format!(" at {time}");
            }
        }
        told
    }
}

/// Whether what others own is what `kubectl apply` itself has put there before it applied on the server
/// (`lastAppliedManager`).
pub(super) fn from_last_applied(
    conflicts: &[(String, Vec<String>)],
    live: &Value,
    kind: &'static ObjectKind,
) -> bool {
    let text = live
        .pointer("/metadata/annotations")
        .and_then(|annotations| annotations.get(LAST_APPLIED))
        .and_then(Value::as_str);
    let Some(last) = text.and_then(|text| serde_json::from_str::<Value>(text).ok()) else { return false };
    let Ok((last, _)) = crate::api::codec::hold(last, kind) else { return false };
    let changes = walk::changes(&last, live, kind.message);
    let changed = changes.added.union(&changes.modified).union(&changes.removed);
    let allowed = walk::said(&last, kind.message).difference(&changed).paths();
    conflicts.iter().flat_map(|(_, paths)| paths).all(|path| allowed.contains(path))
}
