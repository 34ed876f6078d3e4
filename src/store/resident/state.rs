//! What is in a resident store now, and what has changed lately.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use crate::csr::{CertificateSigningRequest, Object};
use crate::store::{Change, Stored, Trouble, Version};

/// A change of one object, with what it was before: who looks at some objects only must know what has left their sight.
#[derive(Clone, Debug)]
pub struct Event {
    /// The number of the change.
    pub version: Version,
    /// What it was, unless it is new.
    pub old: Option<Arc<CertificateSigningRequest>>,
    /// What it is, unless it is not there any more.
    pub new: Option<Stored>,
}

/// The state.
#[derive(Debug, Default)]
pub struct State {
    /// The objects by their names.
    pub objects: BTreeMap<String, Stored>,
    /// Those whose names are to be generated.
    pub nameless: Vec<Stored>,
    /// What the file of each name says.
    pub bases: HashMap<String, Stored>,
    /// The names whose files are behind.
    pub dirty: BTreeSet<String>,
    /// What stands where objects should and is none.
    pub troubles: Vec<Trouble>,
    /// The number of the last change.
    pub last: Version,
    events: VecDeque<Arc<Event>>,
    /// The number from which on all changes are known.
    begin: Version,
    /// About how much memory the objects take.
    pub size: usize,
}

/// How many changes are remembered. etcd keeps five minutes' worth; this is that of a busy cluster.
const LONGEST: usize = 16_384;

impl State {
    /// A state that begins with a number.
    pub fn new(begin: Version) -> Self {
        Self { last: begin, begin, ..Self::default() }
    }

    /// Puts an object in, or takes one out, and notes the change.
    pub fn change(&mut self, version: Version, name: &str, new: Option<Stored>) {
        let old = match &new {
            Some(new) => {
                self.size += weight(new);
                self.objects.insert(name.to_owned(), new.clone())
            }
            None => self.objects.remove(name),
        };
        self.size -= old.as_ref().map_or(0, weight).min(self.size);
        self.last = self.last.max(version);
        // What has no uid is no request yet: nobody has seen it.
        let old = old.map(|old| old.object).filter(|old| !old.uid().is_empty());
        self.events.push_back(Arc::new(Event { version, old, new }));
        while self.events.len() > LONGEST {
            if let Some(event) = self.events.pop_front() {
                self.begin = self.begin.max(event.version);
            }
        }
    }

    /// The changes behind a number, oldest first, at most so many; `None` when some of them are forgotten.
    pub fn since(&self, version: Version, most: usize) -> Option<Vec<Arc<Event>>> {
        let first = self.events.partition_point(|event| event.version <= version);
        (version >= self.begin).then(|| self.events.range(first..).take(most).cloned().collect())
    }

    /// The objects behind a name, in the order of names, at most so many.
    pub fn page(&self, after: Option<&str>, most: usize) -> Vec<Stored> {
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let objects = self.objects.range::<str, _>((begin, Bound::Unbounded)).map(|(_, stored)| stored);
        objects.filter(|stored| !stored.object.uid().is_empty()).take(most).cloned().collect()
    }

    /// The number from which on all changes are known.
    pub fn begin(&self) -> Version {
        self.begin
    }
}

impl Event {
    /// The change as every store tells it.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        match (&self.old, &self.new) {
            (None, Some(new)) => Some(Change::Added(new.clone())),
            (Some(_), Some(new)) => Some(Change::Modified(new.clone())),
            (Some(old), None) => {
                Some(Change::Removed(Stored { object: Arc::clone(old), token: super::Token::default() }))
            }
            (None, None) => None,
        }
    }
}

/// About how many octets an object takes.
pub fn weight(stored: &Stored) -> usize {
    const FIXED: usize = 1024;
    let object = &stored.object;
    let texts = |map: &Option<BTreeMap<String, String>>| -> usize {
        map.iter().flatten().map(|(key, value)| key.len() + value.len()).sum()
    };
    let all = |list: Option<&Vec<String>>| -> usize { list.into_iter().flatten().map(String::len).sum() };
    let metadata = &object.metadata;
    let conditions = object.conditions().iter().map(|condition| {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        condition.type_.len() + text(&condition.reason) + text(&condition.message)
    });
    let owned = metadata.managed_fields.iter().flatten().map(|entry| {
        let fields = entry.fields_v1.as_ref().map_or(0, |fields| octets(&fields.0));
        fields + entry.manager.as_ref().map_or(0, String::len)
    });
    let spec = &object.spec;
    let extra = spec.extra.iter().flatten().map(|(key, values)| key.len() + all(Some(values)));
    FIXED
        + object.name().len()
        + spec.request.0.len()
        + all(spec.groups.as_ref())
        + all(spec.usages.as_ref())
        + extra.sum::<usize>()
        + object.certificate().map_or(0, <[u8]>::len)
        + texts(&metadata.labels)
        + texts(&metadata.annotations)
        + all(metadata.finalizers.as_ref())
        + conditions.sum::<usize>()
        + owned.sum::<usize>()
}

/// About how many octets a value takes.
fn octets(value: &Value) -> usize {
    /// A node of a `BTreeMap` of values holds eleven, also where it has one.
    const NODE: usize = 640;
    match value {
        Value::Object(fields) => {
            NODE + fields.iter().map(|(name, value)| name.len() + octets(value)).sum::<usize>()
        }
        Value::Array(list) => list.iter().map(|value| size_of::<Value>() + octets(value)).sum(),
        Value::String(text) => text.len(),
        _ => 0,
    }
}
