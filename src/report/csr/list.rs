//! `kubectl get csr`.

use std::io;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::plain;
use crate::api::table::request_cells;
use crate::csr::CertificateSigningRequest;
use crate::disk::Notation;
use crate::error::Error;
use crate::report::tabs::columns;
use crate::store::manifest::Foreign;
use crate::store::manifest::Manifest;

/// The table of `kubectl get csr` (`pkg/printers/internalversion/printers.go`, `printCertificateSigningRequest`).
///
/// # Errors
/// When the writer fails.
pub fn list<'a>(
    objects: impl IntoIterator<Item = &'a CertificateSigningRequest>,
    now: OffsetDateTime,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut table = "NAME\tAGE\tSIGNERNAME\tREQUESTOR\tREQUESTEDDURATION\tCONDITION\n".to_owned();
    for object in objects {
        let cells = request_cells(object, now).map(|text| cell(&text));
        table += &cells.join("\t");
        table.push('\n');
    }
    // `printers.GetNewTabWriter`: columns of at least six, three blanks between them.
    out.write_all(columns(&table, 6, 3).as_bytes())
}

/// A cell: its first line.
fn cell(text: &str) -> String {
    match text.split_once(['\n', '\r', '\u{c}']) {
        Some((first, _)) => plain(first) + "...",
        None => plain(text),
    }
}

/// Objects as `kubectl get csr -o yaml` prints them: one by itself, or a List. What only managers need is left out.
///
/// # Errors
/// When the writer fails.
pub fn objects<'a>(
    objects: impl IntoIterator<Item = (&'a CertificateSigningRequest, Option<&'a Foreign>)>,
    single: bool,
    notation: Notation,
    out: &mut dyn io::Write,
) -> Result<(), Error> {
    let unreadable =
        |error: crate::disk::NotationError| Error::Format { format: "YAML", problem: error.to_string() };
    let value = |(object, foreign): (&CertificateSigningRequest, Option<&Foreign>)| {
        let mut value = Manifest::value(object, foreign).map_err(unreadable)?;
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        Ok::<_, Error>(value)
    };
    let mut items = objects.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
    let document = match (single, items.len()) {
        (true, 1) => items.remove(0),
        _ => json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}),
    };
    Ok(out.write_all(notation.write(&document).map_err(unreadable)?.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::Object;
    use crate::csr::object::time;
    use time::macros::datetime;

    #[test]
    fn the_table_is_kubectls() {
        let now = datetime!(2026-11-22 12:00 UTC);
        let mut object = CertificateSigningRequest::default();
        object.metadata.name = Some("jane\nx".into());
        object.metadata.creation_timestamp = Some(time(now - time::Duration::minutes(3)));
        object.spec.signer_name = "kubernetes.io/kube-apiserver-client".into();
        object.spec.username = Some("system:anonymous".into());
        object.spec.expiration_seconds = Some(86_400);
        object.add_condition("Approved", "", "");
        let bare = CertificateSigningRequest::default();
        let mut out = Vec::new();
        list([&object, &bare], now, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "NAME      AGE         SIGNERNAME                            REQUESTOR          REQUESTEDDURATION   CONDITION
jane...   3m          kubernetes.io/kube-apiserver-client   system:anonymous   24h                 Approved
          <unknown>   <none>                                                   <none>              Pending
"
        );
    }
}
