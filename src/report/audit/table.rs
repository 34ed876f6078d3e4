//! The audit for people.

use std::io;

use super::{AuditReport, FindingReport};
use crate::audit::Severity;
use crate::report::Table;
use crate::report::style::{BAD, CHANGED, FAINT, GOOD, HEAD, beside};

impl Table for AuditReport {
    fn table(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()> {
        self.draw(out, width, false)
    }
}

impl AuditReport {
    /// Draws everything: what is known of the cluster, what was checked, and why each finding matters.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn wide(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()> {
        self.draw(out, width, true)
    }

    fn draw(&self, out: &mut dyn io::Write, width: usize, wide: bool) -> io::Result<()> {
        for directory in &self.directories {
            let nodes = match &directory.nodes[..] {
                [] => String::new(),
                [one] => format!(", node {one}"),
                many => format!(", {} nodes", many.len()),
            };
            writeln!(
                out,
                "{HEAD}{}{HEAD:#} {FAINT}({} layout{nodes}){FAINT:#}",
                directory.path, directory.layout
            )?;
            for fact in directory.inferred.iter().flatten().filter(|_| wide) {
                write!(out, "  {FAINT}{:<8}{FAINT:#} {} ", fact.confidence, fact.field)?;
                beside(
                    out,
                    &format!("{} ({})", fact.value, fact.source),
                    13 + fact.field.len(),
                    width,
                    FAINT,
                )?;
            }
        }
        for severity in Severity::ALL.iter().rev() {
            let of: Vec<&FindingReport> =
                self.findings.iter().filter(|finding| finding.rank == *severity).collect();
            if of.is_empty() {
                continue;
            }
            let style = match severity {
                Severity::Critical | Severity::High => BAD,
                Severity::Medium => CHANGED,
                Severity::Low | Severity::Info => FAINT,
            };
            writeln!(out, "\n{style}{}{style:#} ({})", severity.to_string().to_uppercase(), of.len())?;
            let mut rest = &of[..];
            while let Some(first) = rest.first() {
                // What is the same but for the place is told once.
                let same = rest.iter().take_while(|other| alike(first, other)).count();
                let (group, others) = rest.split_at(same);
                rest = others;
                finding(out, group, self.directories.len() > 1, width, wide)?;
            }
        }
        self.footer(out, width, wide)
    }

    fn footer(&self, out: &mut dyn io::Write, width: usize, wide: bool) -> io::Result<()> {
        if wide {
            writeln!(out, "\n{HEAD}Checked{HEAD:#}")?;
            for check in &self.checked {
                writeln!(out, "  {} {:<28} {} {}", check.rule, check.name, check.count, check.subject)?;
            }
            writeln!(out, "\n{HEAD}Did not apply{HEAD:#}")?;
            for check in &self.not_applicable {
                writeln!(out, "  {} {:<28} {}", check.rule, check.name, check.subject)?;
            }
        }
        let counts: Vec<String> = Severity::ALL
            .iter()
            .rev()
            .filter_map(|severity| {
                let count = *self.summary.findings.get(&severity.to_string())?;
                (count > 0).then(|| format!("{count} {severity}"))
            })
            .collect();
        let found = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
        let style = if self.summary.verdict == "healthy" { GOOD } else { BAD };
        writeln!(out, "\n{style}{}{style:#}: {found}", self.summary.verdict)?;
        if self.summary.accepted > 0 {
            writeln!(out, "{FAINT}{} more accepted{FAINT:#}", self.summary.accepted)?;
        }
        let rules = self.checked.len() + self.not_applicable.len();
        let mut text = format!(
            "{} of {rules} rules applied to {} certificates",
            self.summary.rules_checked, self.summary.certificates
        );
        if let Some(day) = &self.summary.last_safe_day {
            text += &format!("; the last day on which all of them are valid is {day}");
        }
        beside(out, &text, 0, width, FAINT)
    }
}

/// Whether two findings say the same of several files of a node, or of the same file of several nodes.
fn alike(one: &FindingReport, other: &FindingReport) -> bool {
    let name = |finding: &FindingReport| finding.path.rsplit('/').next().unwrap_or_default().to_owned();
    let same = one.rule == other.rule && one.message == other.message && one.remedy == other.remedy;
    same && (one.node == other.node || name(one) == name(other))
}

fn finding(
    out: &mut dyn io::Write,
    group: &[&FindingReport],
    several: bool,
    width: usize,
    wide: bool,
) -> io::Result<()> {
    let Some(first) = group.first() else { return Ok(()) };
    let place = |finding: &FindingReport| match &finding.directory {
        Some(directory) if several => format!("{directory}/{}", finding.path),
        _ => finding.path.clone(),
    };
    let places: Vec<String> = group.iter().map(|finding| place(finding)).collect();
    let shown = match &places[..] {
        [..] if places.len() <= 4 => places.join(", "),
        _ => format!("{}, {} and {} more", places[0], places[1], places.len() - 2),
    };
    write!(out, "  {FAINT}{}{FAINT:#} ", first.rule)?;
    beside(out, &format!("{shown}: {}", first.message), 13, width, anstyle::Style::new())?;
    if wide {
        write!(out, "{:13}", "")?;
        beside(out, &first.why, 13, width, FAINT)?;
    }
    write!(out, "{:13}{GOOD}fix:{GOOD:#} ", "")?;
    beside(out, &first.remedy, 18, width, anstyle::Style::new())
}
