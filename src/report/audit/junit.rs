//! The audit for CI servers: JUnit's XML, one suite for each family of rules and one test case for each rule.
//!
//! A case fails with a finding as bad as `--fail-on`, so that the suites fail when the exit status is 1; milder findings
//! are told in `system-out`. A rule that did not apply is skipped, with the reason.

use std::collections::HashMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::{AuditReport, CheckReport, FindingReport};
use crate::audit::rules::{self, Family};
use crate::report::style::plain;

impl AuditReport {
    /// Writes the report as JUnit's XML.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn junit(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut found: HashMap<&str, Vec<&FindingReport>> = HashMap::new();
        for finding in &self.findings {
            found.entry(finding.rule).or_default().push(finding);
        }
        let checks: HashMap<&str, &CheckReport> =
            self.checked.iter().chain(&self.not_applicable).map(|check| (check.rule, check)).collect();
        let suites: Vec<Suite<'_>> =
            rules::FAMILIES.iter().map(|family| self.suite(family, &checks, &found)).collect();
        let mut xml = Xml(Writer::new_with_indent(out, b' ', 2));
        xml.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let [tests, failures, skipped] = counts(suites.iter().flat_map(|suite| &suite.cases));
        xml.open(
            "testsuites",
            &[
                ("name", "kubepki audit"),
                ("tests", &tests),
                ("failures", &failures),
                ("errors", "0"),
                ("skipped", &skipped),
            ],
        )?;
        for suite in &suites {
            self.write_suite(&mut xml, suite)?;
        }
        xml.close("testsuites")?;
        xml.0.into_inner().write_all(b"\n")
    }

    fn suite<'a>(
        &'a self,
        family: &'static Family,
        checks: &HashMap<&str, &'a CheckReport>,
        found: &HashMap<&str, Vec<&'a FindingReport>>,
    ) -> Suite<'a> {
        let cases = family.rules.iter().filter_map(|rule| {
            let findings = found.get(rule.id).cloned().unwrap_or_default();
            let (failures, mild) = findings.into_iter().partition(|finding| self.fails(finding));
            Some(Case { check: checks.get(rule.id)?, failures, mild })
        });
        Suite { family, cases: cases.collect() }
    }

    fn write_suite(&self, xml: &mut Xml<'_>, suite: &Suite<'_>) -> io::Result<()> {
        let [tests, failures, skipped] = counts(&suite.cases);
        xml.open(
            "testsuite",
            &[
                ("name", suite.family.folder),
                ("tests", &tests),
                ("failures", &failures),
                ("errors", "0"),
                ("skipped", &skipped),
                ("time", "0"),
                // ISO 8601 without a time zone, as the schema has it.
                ("timestamp", self.judged_at.trim_end_matches('Z')),
                ("hostname", "localhost"),
            ],
        )?;
        for case in &suite.cases {
            let CheckReport { rule, name, reason, .. } = case.check;
            let (name, class) = (format!("{rule} {name}"), format!("kubepki.{}", suite.family.folder));
            let attributes = [("name", name.as_str()), ("classname", class.as_str()), ("time", "0")];
            if case.check.count > 0 && case.failures.is_empty() && case.mild.is_empty() {
                xml.empty("testcase", &attributes)?;
                continue;
            }
            xml.open("testcase", &attributes)?;
            if let Some(reason) = reason {
                xml.empty("skipped", &[("message", reason)])?;
            }
            for finding in &case.failures {
                let message = format!("{}: {}", finding.place(), finding.message);
                xml.open("failure", &[("message", &message), ("type", &finding.severity)])?;
                xml.text(&text(finding))?;
                xml.close("failure")?;
            }
            if !case.mild.is_empty() {
                let texts: Vec<String> = case.mild.iter().map(|finding| text(finding)).collect();
                xml.open("system-out", &[])?;
                xml.text(&texts.join("\n"))?;
                xml.close("system-out")?;
            }
            xml.close("testcase")?;
        }
        xml.close("testsuite")
    }
}

fn text(finding: &FindingReport) -> String {
    format!(
        "{} ({}): {}\nwhy: {}\n{}: {}\n",
        finding.place(),
        finding.severity,
        finding.message,
        finding.why,
        finding.fix.label(),
        finding.remedy
    )
}

struct Suite<'a> {
    family: &'static Family,
    cases: Vec<Case<'a>>,
}

struct Case<'a> {
    check: &'a CheckReport,
    failures: Vec<&'a FindingReport>,
    mild: Vec<&'a FindingReport>,
}

/// How many cases there are, how many of them fail, and how many are skipped.
fn counts<'a>(cases: impl IntoIterator<Item = &'a Case<'a>>) -> [String; 3] {
    let [mut tests, mut failures, mut skipped] = [0, 0, 0];
    for case in cases {
        tests += 1;
        failures += usize::from(!case.failures.is_empty());
        skipped += usize::from(case.check.count == 0);
    }
    [tests, failures, skipped].map(|count: usize| count.to_string())
}

/// Writes XML 1.0. Control characters, which it cannot hold, are made visible.
struct Xml<'a>(Writer<&'a mut dyn io::Write>);

impl Xml<'_> {
    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.0.write_event(Event::Start(start(name, attributes)))
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.0.write_event(Event::Empty(start(name, attributes)))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        let lines: Vec<_> = text.lines().map(plain).collect();
        self.0.write_event(Event::Text(BytesText::new(&format!("{}\n", lines.join("\n")))))
    }
}

fn start<'a>(name: &'a str, attributes: &[(&'a str, &str)]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, &*plain(value)));
    }
    start
}
