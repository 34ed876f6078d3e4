//! `kubectl describe csr`.

use std::collections::BTreeMap;
use std::io;

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::plain;
use crate::csr::object::moment;
use crate::csr::request::Wanted;
use crate::csr::{CertificateSigningRequest, Object};
use crate::moment::residual;
use crate::report::tabs::columns;

/// Go's `time.RFC1123Z`.
const RFC1123Z: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
);

/// What `kubectl describe csr` prints, moments in UTC (`k8s.io/kubectl/pkg/describe/describe.go`,
/// `describeCertificateSigningRequest`).
///
/// # Errors
/// When the writer fails.
pub fn describe(
    object: &CertificateSigningRequest,
    wanted: &Wanted,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let spec = &object.spec;
    let created = object.metadata.creation_timestamp.as_ref().and_then(moment);
    let created = created.and_then(|created| created.format(RFC1123Z).ok());
    let mut text = String::new();
    let mut line = |name: &str, value: &str| text += &format!("{name}:\t{}\n", plain(value));
    line("Name", object.name());
    line("Labels", &labels(object.metadata.labels.as_ref()));
    line("Annotations", &labels(object.metadata.annotations.as_ref()));
    // What Go makes of no time at all.
    line("CreationTimestamp", created.as_deref().unwrap_or("Mon, 01 Jan 0001 00:00:00 +0000"));
    line("Requesting User", spec.username.as_deref().unwrap_or_default());
    if !spec.signer_name.is_empty() {
        line("Signer", &spec.signer_name);
    }
    if let Some(seconds) = spec.expiration_seconds {
        line("Requested Duration", &residual(seconds.into()));
    }
    line("Status", &object.state());
    let subject = &wanted.subject;
    text += "Subject:\n";
    text += &format!("\tCommon Name:\t{}\n", plain(&subject.common_name));
    text += &format!("\tSerial Number:\t{}\n", plain(&subject.serial_number));
    let mut values = |name: &str, values: &[String]| {
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|value| plain(value)).collect();
            text += &format!("\t{name}:\t{}\n", values.join("\n\t\t"));
        }
    };
    values("Organization", &subject.organization);
    values("Organizational Unit", &subject.organizational_unit);
    values("Country", &subject.country);
    values("Locality", &subject.locality);
    values("Province", &subject.province);
    values("StreetAddress", &subject.street_address);
    values("PostalCode", &subject.postal_code);
    if !wanted.subject_alt_names().is_empty() {
        text += "Subject Alternative Names:\n";
        let addresses: Vec<String> = wanted.ip_addresses.iter().map(ToString::to_string).collect();
        let mut values = |name: &str, values: &[String]| {
            if !values.is_empty() {
                let values: Vec<String> = values.iter().map(|value| plain(value)).collect();
                text += &format!("\t{name}:\t{}\n", values.join("\n\t\t"));
            }
        };
        values("DNS Names", &wanted.dns_names);
        values("Email Addresses", &wanted.email_addresses);
        values("URIs", &wanted.uris);
        values("IP Addresses", &addresses);
    }
    text += "Events:\t<none>\n";
    // `tabbedString`: columns of any width, two blanks between them.
    out.write_all(columns(&text, 0, 2).as_bytes())
}

/// `a=1,b=2` (`labels.FormatLabels`).
fn labels(labels: Option<&BTreeMap<String, String>>) -> String {
    let pairs: Vec<String> =
        labels.into_iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
    if pairs.is_empty() { "<none>".to_owned() } else { pairs.join(",") }
}
