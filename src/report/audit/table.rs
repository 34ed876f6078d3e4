//! The audit for people.

use std::io;

use anstyle::Style;
use textwrap::core::display_width;
use textwrap::{WordSeparator, WordSplitter};

use super::group::{Group, groups};
use super::{AcceptedBy, AuditReport, CheckReport, DirectoryReport};
use crate::audit::Severity;
use crate::report::Table;
use crate::report::style::{BAD, CHANGED, FAINT, GOOD, HEAD, plain, short};

/// The columns before a finding: two blanks, `KP-FS001`, two blanks.
const INDENT: usize = 12;

/// From this width on, what cures a finding stands beside it and not below.
const BESIDE: usize = 130;

/// Text is not wrapped into a column that is narrower: a terminal with less room wraps by itself.
const NARROWEST: usize = 24;

/// Of more files than this, only some are named in `table`.
const FILES: usize = 4;

/// The same for `wide`.
const WIDE_FILES: usize = 24;

/// More of a message than this is not told: the names in it may be of any length.
const MESSAGE: usize = 1000;

/// Of more directories than this, only some of the commands that cure them are told.
const CURES: usize = 4;

impl Table for AuditReport {
    fn table(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()> {
        Page { out, width, wide: false }.draw(self)
    }
}

impl AuditReport {
    /// Draws everything: what is known of the cluster, what was checked, and why each finding matters.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn wide(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()> {
        Page { out, width, wide: true }.draw(self)
    }
}

/// What is drawn on, and how.
struct Page<'a> {
    out: &'a mut dyn io::Write,
    width: usize,
    wide: bool,
}

impl Page<'_> {
    fn draw(&mut self, report: &AuditReport) -> io::Result<()> {
        for directory in &report.directories {
            self.directory(directory)?;
        }
        for severity in Severity::ALL.into_iter().rev() {
            let count = report.count_of(severity);
            if count == 0 {
                continue;
            }
            let style = style(severity);
            writeln!(self.out, "\n{style}{}{style:#} ({count})", severity.to_string().to_uppercase())?;
            for group in groups(report.of(severity)) {
                self.group(&group)?;
            }
        }
        self.accepted(report)?;
        self.checks(report)?;
        self.footer(report)
    }

    fn directory(&mut self, directory: &DirectoryReport) -> io::Result<()> {
        let path = plain(&directory.path);
        let nodes = match &directory.nodes[..] {
            [] => String::new(),
            [one] => format!(", node {}", plain(one)),
            many => format!(", {} nodes", many.len()),
        };
        let about = format!("({} layout{nodes})", directory.layout);
        if display_width(&path) + 1 + display_width(&about) <= self.width {
            writeln!(self.out, "{HEAD}{path}{HEAD:#} {FAINT}{about}{FAINT:#}")?;
        } else {
            writeln!(self.out, "{HEAD}{path}{HEAD:#}")?;
            self.text(2, &about, FAINT)?;
        }
        let facts = if self.wide { directory.facts() } else { Vec::new() };
        for fact in facts {
            write!(self.out, "  {FAINT}{:<8}{FAINT:#} ", fact.confidence)?;
            let text = format!("{} {} ({})", fact.field, fact.value, fact.source);
            self.hang(11, 4, &text, Style::new())?;
        }
        Ok(())
    }

    fn group(&mut self, group: &Group<'_>) -> io::Result<()> {
        let places = group.places(if self.wide { WIDE_FILES } else { FILES });
        let what = format!("{places}: {}", short(&group.first.message, MESSAGE));
        let fix = &group.first.fix;
        let style = match fix.label() {
            "fix" => GOOD,
            "by hand" => CHANGED,
            _ => FAINT,
        };
        let label = fix.label().len() + 2;
        write!(self.out, "  {FAINT}{}{FAINT:#}  ", group.first.rule)?;
        if self.width < BESIDE {
            self.text(INDENT, &what, Style::new())?;
            self.why(group)?;
            write!(self.out, "{:INDENT$}{style}{}:{style:#} ", "", fix.label())?;
            return self.text(INDENT + label, fix.text(), Style::new());
        }
        let left = (self.width - INDENT) * 3 / 5;
        let right = INDENT + left + 2;
        let what = wrap(&what, left);
        let fixes = wrap(fix.text(), self.width.saturating_sub(right + label));
        for index in 0..what.len().max(fixes.len()) {
            let line = what.get(index).map_or("", String::as_str);
            let indent = if index == 0 { 0 } else { INDENT };
            write!(self.out, "{:indent$}{line}", "")?;
            let Some(fix_line) = fixes.get(index) else {
                writeln!(self.out)?;
                continue;
            };
            write!(self.out, "{:1$}", "", left + 2 - display_width(line))?;
            if index == 0 {
                writeln!(self.out, "{style}{}:{style:#} {fix_line}", fix.label())?;
            } else {
                writeln!(self.out, "{:label$}{fix_line}", "")?;
            }
        }
        self.why(group)
    }

    fn why(&mut self, group: &Group<'_>) -> io::Result<()> {
        if !self.wide {
            return Ok(());
        }
        write!(self.out, "{:INDENT$}", "")?;
        self.text(INDENT, &group.first.why, FAINT)
    }

    /// What was ignored, with its reason: an accepted risk is told when everything is.
    fn accepted(&mut self, report: &AuditReport) -> io::Result<()> {
        let ignored = report.accepted.iter().filter(|accepted| accepted.accepted_by == AcceptedBy::Ignore);
        let ignored: Vec<_> = ignored.filter(|_| self.wide).collect();
        if ignored.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{HEAD}Ignored{HEAD:#}")?;
        for accepted in ignored {
            let finding = &accepted.finding;
            let until = accepted.until.as_ref().map(|until| format!(", until {until}")).unwrap_or_default();
            let text = format!(
                "{}: {} ({}{until})",
                finding.place(),
                finding.message,
                accepted.reason.replace('\n', " ")
            );
            write!(self.out, "  {FAINT}{}{FAINT:#}  ", finding.rule)?;
            self.text(INDENT, &text, Style::new())?;
        }
        Ok(())
    }

    fn checks(&mut self, report: &AuditReport) -> io::Result<()> {
        if !self.wide {
            return Ok(());
        }
        let column = report.checked.iter().chain(&report.not_applicable).map(|check| check.name.len()).max();
        let column = column.unwrap_or_default();
        let indent = INDENT + column + 2;
        for (heading, checks) in [("Checked", &report.checked), ("Did not apply", &report.not_applicable)] {
            if checks.is_empty() {
                continue;
            }
            writeln!(self.out, "\n{HEAD}{heading}{HEAD:#}")?;
            for check in checks {
                let CheckReport { rule, name, .. } = check;
                write!(self.out, "  {FAINT}{rule}{FAINT:#}  ")?;
                if indent + NARROWEST > self.width {
                    write!(self.out, "{name}\n{:INDENT$}", "")?;
                } else {
                    write!(self.out, "{name:<column$}  ")?;
                }
                let at = if indent + NARROWEST > self.width { INDENT } else { indent };
                self.text(at, &check.scope(), Style::new())?;
            }
        }
        Ok(())
    }

    fn footer(&mut self, report: &AuditReport) -> io::Result<()> {
        let cures = report.cures();
        if let Some(first) = cures.first() {
            write!(self.out, "\n{GOOD}cured by:{GOOD:#} ")?;
            self.text(10, first, Style::new())?;
            for cure in cures.iter().take(CURES).skip(1) {
                write!(self.out, "{:10}", "")?;
                self.text(10, cure, Style::new())?;
            }
            if cures.len() > CURES {
                let more = cures.len() - CURES;
                writeln!(self.out, "{:10}{FAINT}and the same for {more} more directories{FAINT:#}", "")?;
            }
        }
        let counts = report.counts();
        let (nothing, since) =
            if report.compared { ("nothing new", " since the baseline") } else { ("nothing found", "") };
        let found = if counts.is_empty() { nothing.to_owned() } else { format!("{counts}{since}") };
        let style = if report.is_healthy() { GOOD } else { BAD };
        writeln!(self.out, "\n{style}{}{style:#}: {found}", report.summary.verdict)?;
        for line in [report.aside(), report.gone_line()].into_iter().flatten() {
            self.text(0, &line, FAINT)?;
        }
        self.text(0, &report.scope(), FAINT)
    }

    /// Writes text beside what stands already on the line, `indent` columns from the left, and wraps it there.
    fn text(&mut self, indent: usize, text: &str, style: Style) -> io::Result<()> {
        self.hang(indent, 0, text, style)
    }

    /// The same, with every line but the first still further in.
    fn hang(&mut self, indent: usize, more: usize, text: &str, style: Style) -> io::Result<()> {
        for (index, line) in wrap(text, self.width.saturating_sub(indent + more)).iter().enumerate() {
            if index > 0 {
                write!(self.out, "{:1$}", "", indent + more)?;
            }
            writeln!(self.out, "{style}{line}{style:#}")?;
        }
        Ok(())
    }
}

/// Text in lines. Words are what blanks part: a path stays whole while it fits.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let options = textwrap::Options::new(room.max(NARROWEST))
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(&plain(text), options).iter().map(ToString::to_string).collect()
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => BAD.bold(),
        Severity::High => BAD,
        Severity::Medium => CHANGED,
        Severity::Low | Severity::Info => FAINT,
    }
}

#[cfg(test)]
mod tests {
    use super::super::baseline::GoneReport;
    use super::super::sample::report;
    use super::*;

    fn drawn(report: &AuditReport, width: usize, wide: bool) -> String {
        let mut out = Vec::new();
        if wide {
            report.wide(&mut out, width).unwrap();
        } else {
            report.table(&mut out, width).unwrap();
        }
        String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).unwrap()
    }

    /// Holds a text to a golden file in `tests/fixtures/audit`; `GOLDEN=write` in the environment writes it anew.
    #[track_caller]
    fn golden(name: &str, text: &str) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audit").join(name);
        if std::env::var_os("GOLDEN").is_some_and(|mode| mode == "write") {
            std::fs::write(&path, text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, golden, "{} (GOLDEN=write writes it)", path.display());
    }

    #[test]
    fn every_width_has_its_picture() {
        for (width, wide) in
            [(60, false), (80, false), (120, false), (200, false), (60, true), (100, true), (160, true)]
        {
            let text = drawn(&report(), width, wide);
            for line in text.lines() {
                assert!(display_width(line) <= width, "{width}: {line}");
                assert_eq!(line, line.trim_end(), "{width}");
            }
            golden(&format!("{}-{width}.txt", if wide { "wide" } else { "table" }), &text);
        }
    }

    #[test]
    fn colours_are_for_severities_and_cures() {
        let mut out = Vec::new();
        report().table(&mut out, 80).unwrap();
        let text = String::from_utf8(out).unwrap();
        for part in
            ["\u{1b}[1m\u{1b}[31mCRITICAL\u{1b}[0m", "\u{1b}[32mfix:\u{1b}[0m", "\u{1b}[33mby hand:\u{1b}[0m"]
        {
            assert!(text.contains(part), "{part:?}");
        }
        // Only our own: what a file's name would do to the terminal is seen and not done.
        assert!(text.contains("ca\\u{1b}[31m\\u{202e}trc.crt"));
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let mut report = report();
        report.accept(|finding| {
            let by = match finding.rule {
                "KP-TM001" => AcceptedBy::Baseline,
                "KP-FS001" => AcceptedBy::Ignore,
                _ => return None,
            };
            Some((by, "known".to_owned(), Some("2028-01-01".to_owned())))
        });
        report.compared = true;
        let gone = |rule: &str| GoneReport {
            rule: rule.to_owned(),
            name: "n".to_owned(),
            severity: "low".to_owned(),
            path: "pki/ca.crt".to_owned(),
            message: "m".to_owned(),
            fingerprint: "f".to_owned(),
        };
        report.gone = ["A", "B", "C", "D", "E"].map(gone).into();
        let text = drawn(&report, 100, false);
        for line in [
            "attention: 1 critical, 1 high, 1 low since the baseline",
            "not shown: 1 ignored, 5 known from the baseline",
            "gone since the baseline: A pki/ca.crt, B pki/ca.crt, C pki/ca.crt and 2 more",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
        let wide = drawn(&report, 100, true);
        assert!(
            wide.contains(
                "  KP-FS001  /etc/kubernetes/pki/sa.key: has mode 644, looser than 600 (known, until"
            )
        );
        report.findings.clear();
        report.count();
        assert!(drawn(&report, 100, false).contains("\nhealthy: nothing new\n"));
    }
}
