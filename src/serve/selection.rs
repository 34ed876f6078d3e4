//! Which objects a client wants to see.

use super::bundle;
use super::query::Query;
use super::shape::{Kind, Thing};
use crate::api::selector::Selector;
use crate::api::status::Status;

/// What is selected.
#[derive(Debug)]
pub struct Selection {
    selector: Selector,
    /// Where only one object is meant by the path.
    name: Option<String>,
}

impl Selection {
    /// What a query selects.
    ///
    /// # Errors
    /// 400 when a selector does not parse, or names a field that is not selected by.
    pub fn of(query: &Query, kind: Kind) -> Result<Self, Status> {
        let labels = query.get("labelSelector").unwrap_or_default();
        let fields = query.get("fieldSelector").unwrap_or_default();
        Ok(Self { selector: Selector::read(labels, fields, kind.names().0, kind.resource())?, name: None })
    }

    /// The same, and only of one name.
    #[must_use]
    pub fn only(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.selector.is_empty() && self.name.is_none()
    }

    /// Whether an object is selected.
    #[must_use]
    pub fn matches(&self, thing: Thing<'_>) -> bool {
        let name = thing.name();
        if self.name.as_ref().is_some_and(|only| only != name) {
            return false;
        }
        match thing {
            Thing::Request(object) => {
                self.selector.matches(object.metadata.labels.as_ref(), name, &object.spec.signer_name)
            }
            Thing::Bundle(value) => {
                let labels = value.pointer("/metadata/labels").cloned();
                let labels = labels.and_then(|labels| serde_json::from_value(labels).ok());
                self.selector.matches(labels.as_ref(), name, bundle::signer(value))
            }
        }
    }
}
