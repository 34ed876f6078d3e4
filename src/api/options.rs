//! The options of a write, as they stand in the query (`k8s.io/apimachinery/pkg/apis/meta/v1/validation`).

use super::status::Status;
use crate::csr::refusal::{Fault, FieldError, Value};
use crate::x509::go::quoted;

/// What becomes of fields that no type has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// They are dropped.
    Ignore,
    /// They are dropped, and the client is warned.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// The longest name of a field manager, in bytes (`FieldManagerMaxLength`).
const MANAGER: usize = 128;

/// The options of a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// What becomes of unknown fields.
    pub field_validation: FieldValidation,
    /// Whether nothing is to be stored.
    pub dry_run: bool,
    /// Who writes; empty where that is not said.
    pub field_manager: String,
    /// Whether a server-side apply takes fields from others; only such a one may say it.
    pub force: bool,
}

impl WriteOptions {
    /// Reads the options of a write from a query whose names and values are decoded. `kind` is what the options are called:
    /// `CreateOptions`, `UpdateOptions`, `PatchOptions`. `apply` tells a server-side apply.
    ///
    /// # Errors
    /// 422 with everything that is wrong.
    pub fn read<'a>(
        kind: &str,
        apply: bool,
        query: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Status> {
        let mut options = Self::default();
        let mut force = None;
        let mut dry_run = Vec::new();
        let mut errors = Vec::new();
        let mut validation = "";
        for (name, value) in query {
            match name {
                "fieldValidation" => validation = value,
                "dryRun" => dry_run.push(value),
                "fieldManager" => value.clone_into(&mut options.field_manager),
                "force" => force = Some(value),
                _ => {}
            }
        }
        if apply && options.field_manager.is_empty() {
            errors.push(FieldError::new("fieldManager", Fault::Required, "is required for apply patch"));
        }
        if !apply && force.is_some() && kind == "PatchOptions" {
            let detail = "may not be specified for non-apply patch";
            errors.push(FieldError::new("force", Fault::Forbidden, detail));
        }
        // What `strconv.ParseBool`, with the rules of queries, takes for false.
        options.force =
            force.is_some_and(|force| !["false", "0", "f", "F", "FALSE", "False"].contains(&force));
        errors.extend(manager(&options.field_manager));
        dry_run.retain(|value| !value.is_empty());
        if dry_run.iter().any(|value| *value != "All") {
            let value = serde_json::Value::from(dry_run.clone()).to_string();
            let detail = "supported values: \"All\"";
            errors.push(FieldError::new("dryRun", Fault::NotSupported(Value::Json(value)), detail));
        }
        options.dry_run = !dry_run.is_empty();
        match field_validation(validation) {
            Ok(validation) => options.field_validation = validation,
            Err(error) => errors.push(error),
        }
        if errors.is_empty() {
            Ok(options)
        } else {
            Err(Status::invalid(&format!("{kind}.meta.k8s.io"), "", &errors))
        }
    }

    /// Who writes: the manager that the client names, or what its `User-Agent` begins with
    /// (`managedfields.prefixFromUserAgent`).
    #[must_use]
    pub fn manager(&self, user_agent: &str) -> String {
        if !self.field_manager.is_empty() {
            return self.field_manager.clone();
        }
        let prefix = user_agent.split('/').next().unwrap_or_default();
        prefix.chars().filter(|c| !c.is_control()).take(MANAGER).collect()
    }
}

fn field_validation(text: &str) -> Result<FieldValidation, FieldError> {
    match text {
        "Ignore" => Ok(FieldValidation::Ignore),
        "" | "Warn" => Ok(FieldValidation::Warn),
        "Strict" => Ok(FieldValidation::Strict),
        other => {
            let fault = Fault::NotSupported(Value::Text(other.to_owned()));
            let detail = "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"";
            Err(FieldError::new("fieldValidation", fault, detail))
        }
    }
}

fn manager(name: &str) -> Vec<FieldError> {
    const FIELD: &str = "fieldManager";
    let mut errors = Vec::new();
    if name.len() > MANAGER {
        errors.push(FieldError::new(FIELD, Fault::TooLong, format!("may not be more than {MANAGER} bytes")));
    }
    for (position, character) in name.char_indices() {
        // What Go would have to escape is not printable.
        let shown = quoted(&character.to_string());
        if shown.starts_with("\"\\") && !['"', '\\'].contains(&character) {
            let fault = Fault::Invalid(Value::Text(name.to_owned()));
            let code = u32::from(character);
            let detail = format!("invalid character U+{code:04X} (at position {position})");
            errors.push(FieldError::new(FIELD, fault, detail));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_refused() {
        let read = |kind, apply, query: &[(&'static str, &'static str)]| {
            WriteOptions::read(kind, apply, query.iter().copied())
        };
        let options = read(
            "CreateOptions",
            false,
            &[
                ("fieldManager", "kubectl-create"),
                ("fieldValidation", "Strict"),
                ("dryRun", "All"),
                ("a", "b"),
            ],
        );
        let expected = WriteOptions {
            field_validation: FieldValidation::Strict,
            dry_run: true,
            field_manager: "kubectl-create".to_owned(),
            force: false,
        };
        assert_eq!(options, Ok(expected));
        assert!(read("PatchOptions", true, &[("fieldManager", "a"), ("force", "true")]).unwrap().force);
        assert!(!read("PatchOptions", true, &[("fieldManager", "a"), ("force", "false")]).unwrap().force);
        assert_eq!(WriteOptions::default().manager("kubectl/v1.36.0 (linux/amd64)"), "kubectl");
        for (kind, apply, query, message) in [
            (
                "PatchOptions",
                true,
                &[][..],
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
            ),
            (
                "PatchOptions",
                false,
                &[("force", "true")],
                "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch",
            ),
            (
                "CreateOptions",
                false,
                &[("dryRun", "some"), ("fieldValidation", "x")],
                "CreateOptions.meta.k8s.io \"\" is invalid: [dryRun: Unsupported value: [\"some\"]: supported values: \
                 \"All\", fieldValidation: Unsupported value: \"x\": supported values: \"\", \"Ignore\", \"Strict\", \
                 \"Warn\"]",
            ),
            (
                "UpdateOptions",
                false,
                &[("fieldManager", "a\nb")],
                "UpdateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\nb\": invalid character \
                 U+000A (at position 1)",
            ),
        ] {
            let status = read(kind, apply, query).unwrap_err();
            assert_eq!((status.code, status.message.as_str()), (422, message));
        }
    }
}
