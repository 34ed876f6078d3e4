//! Which requests a client wants to see.

use std::collections::BTreeMap;

use crate::api::selector::{Fields, Labels};
use crate::api::status::Status;
use crate::csr::{CertificateSigningRequest, Object};

use super::query::Query;

/// Selectors.
#[derive(Debug)]
pub struct Selection {
    labels: Labels,
    fields: Fields,
    everything: bool,
    /// Where only one object is meant by the path.
    name: Option<String>,
}

impl Selection {
    /// Those of a query.
    ///
    /// # Errors
    /// 400 when a selector does not parse, or names a field that is not selected by.
    pub fn of(query: &Query) -> Result<Self, Status> {
        let label = query.get("labelSelector").unwrap_or_default();
        let field = query.get("fieldSelector").unwrap_or_default();
        let labels = Labels::parse(label)?;
        let fields = Fields::parse(field, label)?;
        let everything = label.trim().is_empty() && field.trim().is_empty();
        Ok(Self { labels, fields, everything, name: None })
    }

    /// The same, and only of one name.
    #[must_use]
    pub fn only(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), everything: false, ..self }
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether a request is selected.
    #[must_use]
    pub fn matches(&self, object: &CertificateSigningRequest) -> bool {
        const NONE: &BTreeMap<String, String> = &BTreeMap::new();
        self.name.as_ref().is_none_or(|name| name == object.name())
            && self.labels.matches(object.metadata.labels.as_ref().unwrap_or(NONE))
            && self.fields.matches(|field| match field {
                "metadata.name" => object.name(),
                "spec.signerName" => &object.spec.signer_name,
                _ => "",
            })
    }
}
