//! The two kinds of objects that are kept, as one: what lists and watches read.

use std::sync::Arc;

use serde_json::Value;

use crate::csr::CertificateSigningRequest;
use crate::store::{Resident, Version};

use super::bundle::Bundles;
use super::shape::{Kind, Thing};

/// Where objects of one kind are.
#[derive(Clone)]
pub enum Source {
    /// Requests.
    Requests(Arc<Resident>),
    /// Trust bundles.
    Bundles(Arc<Bundles>),
}

/// An object.
#[derive(Clone, Debug)]
pub enum Item {
    /// A request.
    Request(Arc<CertificateSigningRequest>),
    /// A trust bundle.
    Bundle(Arc<Value>),
}

/// A change of one object.
#[derive(Clone, Debug)]
pub struct Event {
    /// The number of the change.
    pub version: Version,
    /// What it was, unless it is new.
    pub old: Option<Item>,
    /// What it is, unless it is not there any more.
    pub new: Option<Item>,
}

impl Item {
    /// The object.
    #[must_use]
    pub fn thing(&self) -> Thing<'_> {
        match self {
            Self::Request(object) => Thing::Request(object),
            Self::Bundle(value) => Thing::Bundle(value),
        }
    }

    /// The same with another number: that of what has taken it away.
    #[must_use]
    pub fn at(&self, version: Version) -> Self {
        match self {
            Self::Request(object) => {
                let mut object = (**object).clone();
                object.metadata.resource_version = Some(version.to_string());
                Self::Request(Arc::new(object))
            }
            Self::Bundle(value) => {
                let mut value = (**value).clone();
                if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
                    metadata.insert("resourceVersion".to_owned(), version.to_string().into());
                }
                Self::Bundle(Arc::new(value))
            }
        }
    }
}

impl Source {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Requests(_) => Kind::Request,
            Self::Bundles(_) => Kind::Bundle,
        }
    }

    /// The objects behind a name in the order of names, at most so many, and the number that this is the state of.
    #[must_use]
    pub fn page(&self, after: Option<&str>, most: usize) -> (Vec<Item>, Version) {
        match self {
            Self::Requests(store) => {
                let (page, version) = store.page(after, most);
                (page.into_iter().map(|stored| Item::Request(stored.object)).collect(), version)
            }
            Self::Bundles(bundles) => {
                let (page, version) = bundles.page(after, most);
                (page.into_iter().map(Item::Bundle).collect(), version)
            }
        }
    }

    /// The changes behind a number, oldest first, about so many; `None` when some of them are forgotten.
    #[must_use]
    pub fn events(&self, since: Version, most: usize) -> Option<Vec<Event>> {
        match self {
            Self::Requests(store) => {
                let events = store.events(since, most)?;
                let event = |event: &Arc<crate::store::resident::Event>| {
                    // What has no uid is no request yet.
                    let new = event.new.as_ref().map(|stored| &stored.object);
                    let new =
                        new.filter(|object| object.metadata.uid.as_ref().is_some_and(|uid| !uid.is_empty()));
                    Event {
                        version: event.version,
                        old: event.old.clone().map(Item::Request),
                        new: new.cloned().map(Item::Request),
                    }
                };
                Some(events.iter().map(event).collect())
            }
            Self::Bundles(bundles) => {
                let event = |event: super::bundle::Event| Event {
                    version: event.version,
                    old: event.old.map(Item::Bundle),
                    new: event.new.map(Item::Bundle),
                };
                Some(bundles.events(since)?.into_iter().map(event).collect())
            }
        }
    }

    /// The numbers from which on all changes are known, and of the last.
    #[must_use]
    pub fn versions(&self) -> (Version, Version) {
        match self {
            Self::Requests(store) => (store.oldest(), store.version()),
            Self::Bundles(bundles) => bundles.versions(),
        }
    }
}
