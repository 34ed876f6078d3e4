//! Which objects a list, a watch or a deletion is about: label and field selectors.

mod fields;
mod labels;
mod lexer;

use std::collections::BTreeMap;

pub use fields::Fields;
pub use labels::Labels;

use super::status::Status;
use crate::x509::go::quoted;

/// The fields that objects of `certificates.k8s.io` can be selected by.
const SELECTABLE: [&str; 2] = ["metadata.name", "spec.signerName"];

/// Both selectors of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// By labels.
    pub labels: Labels,
    /// By fields.
    pub fields: Fields,
}

impl Selector {
    /// Reads both selectors; `version` and `resource` name what is selected, such as `certificates.k8s.io/v1` and
    /// `certificatesigningrequests`.
    ///
    /// # Errors
    /// 400 when one does not parse, or an object cannot be selected by the field.
    pub fn read(labels: &str, fields: &str, version: &str, resource: &str) -> Result<Self, Status> {
        let selector = Self {
            labels: Labels::parse(labels).map_err(Status::bad_request)?,
            fields: Fields::parse(fields).map_err(Status::bad_request)?,
        };
        let mut names = selector.fields.names();
        if let Some(unknown) = names.find(|name| !SELECTABLE.contains(name)) {
            return Err(Status::bad_request(format!(
                "Unable to find {} that match label selector {}, field selector {}: field label not supported: {unknown}",
                quoted(&format!("{version}, Resource={resource}")),
                quoted(labels),
                quoted(fields),
            )));
        }
        drop(names);
        Ok(selector)
    }

    /// Whether an object is selected.
    #[must_use]
    pub fn matches(&self, labels: Option<&BTreeMap<String, String>>, name: &str, signer: &str) -> bool {
        let field = |field: &str| if field == "metadata.name" { name } else { signer };
        self.fields.matches(field)
            && self.labels.matches(|label| labels.and_then(|labels| labels.get(label)).map(String::as_str))
    }

    /// Whether everything is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_selected_by_is_told() {
        let read = |labels, fields| {
            Selector::read(labels, fields, "certificates.k8s.io/v1", "certificatesigningrequests")
        };
        assert_eq!(
            read("", "spec.username=foo").unwrap_err().message,
            "Unable to find \"certificates.k8s.io/v1, Resource=certificatesigningrequests\" that match label selector \
             \"\", field selector \"spec.username=foo\": field label not supported: spec.username"
        );
        let selector = read("a=1", "spec.signerName!=x,metadata.name==n").unwrap();
        let labels = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        assert!(selector.matches(Some(&labels), "n", "y"));
        assert!(!selector.matches(Some(&labels), "n", "x"));
        assert!(!selector.matches(None, "n", "y"));
        assert!(read("", "").unwrap().is_empty() && !selector.is_empty());
        assert_eq!(selector.fields.exactly("metadata.name"), Some("n"));
    }
}
