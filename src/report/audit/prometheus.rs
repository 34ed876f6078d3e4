//! The audit for node_exporter's textfile collector, in Prometheus' text format 0.0.4.
//!
//! Certificates have the names and labels of x509-certificate-exporter, so that its dashboards and alerts hold. What is
//! counted in seconds from now is as of the judgement: `x509_cert_not_after - time()` is exact at any time.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;
use time::OffsetDateTime;

use super::AuditReport;
use super::held::{Held, Reason, held};
use crate::audit::{Scene, Severity, View};
use crate::x509::Name;
use crate::x509::decimal::decimal;

/// The attributes of a name that are labels; of several values the first, as in the exporter.
const ATTRIBUTES: [(&str, ObjectIdentifier); 5] =
    [("C", rfc4519::C), ("ST", rfc4519::ST), ("L", rfc4519::L), ("O", rfc4519::O), ("OU", rfc4519::OU)];

/// The octets of a certificate's fingerprint that tell it from another with the same labels.
const DISCRIMINATOR: usize = 8;

impl AuditReport {
    /// Writes the report as metrics. `now` is when it was made, which is not always the moment that it is judged for.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn prometheus(
        &self,
        scene: &Scene<'_>,
        now: OffsetDateTime,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let held = held(scene);
        let judged = scene.views.first().map_or(now, View::now);
        for family in certificates(self, &held, judged).into_iter().chain(sources(self, scene, &held)) {
            family.write(out)?;
        }
        for family in self.own(now) {
            family.write(out)?;
        }
        Ok(())
    }

    fn own(&self, now: OffsetDateTime) -> [Family; 4] {
        let mut findings = Family::gauge("kubepki_finding", "How many findings there are of a rule.");
        let mut counts: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
        for finding in &self.findings {
            let role = finding.role.as_deref().unwrap_or_default();
            *counts.entry((finding.rule, &finding.severity, role)).or_default() += 1;
        }
        for ((rule, severity, role), count) in counts {
            findings.push([("rule", rule), ("severity", severity), ("role", role)], count);
        }
        let mut severities =
            Family::gauge("kubepki_audit_findings", "How many findings there are of a severity.");
        for severity in Severity::ALL {
            let count = i64::try_from(self.count_of(severity)).unwrap_or(i64::MAX);
            severities.push([("severity", severity.to_string().as_str())], count);
        }
        let help = "When the audit was made, in seconds since 1970.";
        let mut run = Family::gauge("kubepki_audit_last_run_timestamp_seconds", help);
        run.push([], now.unix_timestamp());
        let mut build = Family::gauge("kubepki_build_info", "The program that made the audit.");
        build.push([("version", self.version)], 1);
        [findings, severities, run, build]
    }
}

fn certificates(report: &AuditReport, held: &[Held<'_>], now: OffsetDateTime) -> [Family; 6] {
    let now = now.unix_timestamp();
    let mut after = Family::gauge("x509_cert_not_after", "The end of the validity, in seconds since 1970.");
    let mut before =
        Family::gauge("x509_cert_not_before", "The begin of the validity, in seconds since 1970.");
    let mut expired = Family::gauge("x509_cert_expired", "Whether the certificate has expired.");
    let mut left =
        Family::gauge("x509_cert_expires_in_seconds", "The seconds that were left at the judgement.");
    let mut since =
        Family::gauge("x509_cert_valid_since_seconds", "The seconds that were over at the judgement.");
    let mut errors = Family::gauge("x509_cert_error", "Whether what should be a certificate cannot be read.");
    let mut seen: HashMap<String, &[u8]> = HashMap::new();
    for one in held {
        let labels = labels(report, one);
        let Ok(certificate) = one.certificate else {
            if seen.insert(labels.clone(), &[]).is_none() {
                errors.samples.push((labels, 1));
            }
            continue;
        };
        // The same certificate twice in a file is one series; another with the same labels is told apart.
        let mut labels = labels;
        match seen.get(&labels) {
            Some(other) if *other == certificate.as_der() => continue,
            Some(_) => {
                let fingerprint = certificate.fingerprint();
                let short = fingerprint.get(..DISCRIMINATOR).unwrap_or_default();
                labels += &format!(",discriminator=\"{short}\"");
                if seen.insert(labels.clone(), certificate.as_der()).is_some() {
                    continue;
                }
            }
            None => {
                seen.insert(labels.clone(), certificate.as_der());
            }
        }
        let (begin, end) = (certificate.not_before.unix_timestamp(), certificate.not_after.unix_timestamp());
        for (family, value) in [
            (&mut after, end),
            (&mut before, begin),
            (&mut expired, i64::from(end < now)),
            (&mut left, end - now),
            (&mut since, now - begin),
            (&mut errors, 0),
        ] {
            family.samples.push((labels.clone(), value));
        }
    }
    [after, before, expired, left, since, errors]
}

/// One source for each directory.
fn sources(report: &AuditReport, scene: &Scene<'_>, held: &[Held<'_>]) -> [Family; 2] {
    let mut up = Family::gauge("x509_source_up", "Whether the directory could be looked at as a whole.");
    let help = "How many certificates of this audit could not be read.";
    let mut errors = Family { kind: "counter", ..Family::gauge("x509_source_errors_total", help) };
    let mut counts: HashMap<(usize, Reason), i64> = HashMap::new();
    for one in held {
        if let Err(reason) = one.certificate {
            *counts.entry((one.view, reason)).or_default() += 1;
        }
    }
    for (view, directory) in report.directories.iter().enumerate() {
        let overflow = scene.views.get(view).is_some_and(|view| view.survey.overflow);
        let name = ("source_name", directory.path.as_str());
        up.push([("source_kind", "file"), name], i64::from(!overflow));
        for (word, reason) in Reason::ALL {
            let count = counts.get(&(view, reason)).copied().unwrap_or_default();
            errors.push([("source_kind", "file"), name, ("reason", word)], count);
        }
    }
    [up, errors]
}

/// The labels that every metric of a certificate has; what does not apply is empty.
fn labels(report: &AuditReport, held: &Held<'_>) -> String {
    let directory = report.directories.get(held.view).map_or("", |directory| directory.path.as_str());
    let path = Path::new(directory).join(held.path).display().to_string();
    let name = held.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let certificate = held.certificate.ok();
    let serial = certificate.map(|certificate| decimal(&certificate.serial)).unwrap_or_default();
    let mut all = Labels::default();
    all.push("serial_number", &serial);
    for (prefix, name) in [
        ("subject", certificate.map(|certificate| &certificate.subject)),
        ("issuer", certificate.map(|certificate| &certificate.issuer)),
    ] {
        for (attribute, oid) in ATTRIBUTES {
            all.push(
                &format!("{prefix}_{attribute}"),
                name.and_then(|name| name.first(oid)).unwrap_or_default(),
            );
        }
        all.push(&format!("{prefix}_CN"), name.and_then(Name::common_name).unwrap_or_default());
    }
    all.push("filename", &name);
    all.push("filepath", &path);
    all.push("embedded_kind", held.embedded.map_or("", |embedded| embedded.kind));
    all.push("embedded_key", held.embedded.map_or("", |embedded| embedded.name));
    all.0
}

/// A metric with all of its samples.
struct Family {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    samples: Vec<(String, i64)>,
}

impl Family {
    fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: "gauge", samples: Vec::new() }
    }

    fn push<const N: usize>(&mut self, labels: [(&str, &str); N], value: i64) {
        let mut all = Labels::default();
        for (name, value) in labels {
            all.push(name, value);
        }
        self.samples.push((all.0, value));
    }

    /// Nothing of a metric without samples.
    fn write(mut self, out: &mut dyn io::Write) -> io::Result<()> {
        let Self { name, help, kind, .. } = self;
        if self.samples.is_empty() {
            return Ok(());
        }
        writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
        self.samples.sort_unstable();
        for (labels, value) in &self.samples {
            if labels.is_empty() {
                writeln!(out, "{name} {value}")?;
            } else {
                writeln!(out, "{name}{{{labels}}} {value}")?;
            }
        }
        Ok(())
    }
}

/// Labels as they are written.
#[derive(Default)]
struct Labels(String);

impl Labels {
    /// Backslash, quote and line feed are escaped; everything else stands for itself.
    fn push(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0 += name;
        self.0 += "=\"";
        for character in value.chars() {
            match character {
                '\\' => self.0 += "\\\\",
                '"' => self.0 += "\\\"",
                '\n' => self.0 += "\\n",
                other => self.0.push(other),
            }
        }
        self.0.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_samples_sorted() {
        let mut family = Family::gauge("name", "Help.");
        family.push([("b", "x\\y\"z\nw")], 2);
        family.push([("a", "")], -1);
        let mut out = Vec::new();
        family.write(&mut out).unwrap();
        let expected =
            "# HELP name Help.\n# TYPE name gauge\nname{a=\"\"} -1\nname{b=\"x\\\\y\\\"z\\nw\"} 2\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
