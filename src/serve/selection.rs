//! Which requests a client wants to see.

use crate::api::selector::Selector;
use crate::api::status::Status;
use crate::csr::object::{API_VERSION, RESOURCE};
use crate::csr::{CertificateSigningRequest, Object};

use super::query::Query;

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
    pub fn of(query: &Query) -> Result<Self, Status> {
        let labels = query.get("labelSelector").unwrap_or_default();
        let fields = query.get("fieldSelector").unwrap_or_default();
        Ok(Self { selector: Selector::read(labels, fields, API_VERSION, RESOURCE)?, name: None })
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

    /// Whether a request is selected.
    #[must_use]
    pub fn matches(&self, object: &CertificateSigningRequest) -> bool {
        let (labels, name) = (object.metadata.labels.as_ref(), object.name());
        self.name.as_ref().is_none_or(|only| only == name)
            && self.selector.matches(labels, name, &object.spec.signer_name)
    }
}
