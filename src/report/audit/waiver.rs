//! What the user accepts: findings of a rule that are not shown, with the reason. It changes what is shown, never what is
//! planned.

use std::path::Path;

use time::{Date, OffsetDateTime};

use super::FindingReport;
use crate::audit::{Rule, rules};
use crate::moment;
use crate::spec::Problem;
use crate::spec::load::{self, LoadError, syntax_problem};
use crate::spec::problem::nearest;
use crate::spec::reader::{Fields, Problems, Strictness, quoted};
use crate::spec::yaml;

/// Findings that are accepted.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The rule.
    pub rule: &'static Rule,
    /// The paths that are meant, with `*` for any characters; none: all.
    pub path: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is (UTC); none: for good.
    pub until: Option<Date>,
    /// Where it is written, for messages: `accepted.yaml:3:3`, or the argument.
    pub origin: String,
}

impl Waiver {
    /// Reads the waivers of a file, a list of mappings in YAML: `rule`, `reason`, and if need be `path` and `until`.
    ///
    /// # Errors
    /// When the file cannot be read, or any entry is wrong: then everything that is wrong with the file.
    pub fn load(path: &Path) -> Result<Vec<Self>, LoadError> {
        let text = load::text(path)?;
        let name = path.display().to_string();
        Self::parse(&text, &name).map_err(|problems| LoadError::Invalid { name, problems })
    }

    fn parse(text: &str, name: &str) -> Result<Vec<Self>, Vec<Problem>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let documents = yaml::documents(text).map_err(|error| vec![syntax_problem(error)])?;
        let problems = Problems::default();
        let entries = documents.iter().flat_map(|tree| Fields::elements(tree, &problems, Strictness::Strict));
        let waivers = entries.filter_map(|fields| Self::read(fields, name, &problems)).collect();
        let found = problems.into_sorted();
        if found.is_empty() { Ok(waivers) } else { Err(found) }
    }

    fn read(mut fields: Fields<'_>, name: &str, problems: &Problems) -> Option<Self> {
        let at = fields.at();
        let origin = format!("{name}:{}", at.position);
        let rule = fields.required("rule", |text| Ok(text.to_owned()));
        let rule = rule.and_then(|text| match find(&text.value) {
            Ok(rule) => Some(rule),
            Err(hint) => {
                problems.error_hint(&text, format!("{} is no rule", quoted(&text.value)), hint);
                None
            }
        });
        let path = fields.text("path").map(|path| path.value);
        let reason = fields.required("reason", |text| match text.trim() {
            "" => Err("is empty: say why it is accepted".to_owned()),
            text => Ok(text.to_owned()),
        });
        let until = fields.parsed("until", |text| {
            moment::day(text).ok_or_else(|| format!("{} is not a day such as 2027-03-01", quoted(text)))
        });
        fields.finish();
        let until = until.map(|until| until.value);
        Some(Self { rule: rule?, path, reason: reason?.value, until, origin })
    }

    /// Reads the argument of `--ignore`: `RULE` or `RULE:PATH`.
    ///
    /// # Errors
    /// When there is no such rule.
    pub fn from_argument(text: &str) -> Result<Self, String> {
        let (rule, path) = text.split_once(':').map_or((text, None), |(rule, path)| (rule, Some(path)));
        let rule = find(rule).map_err(|hint| format!("{} is no rule: {hint}", quoted(rule)))?;
        Ok(Self {
            rule,
            path: path.map(str::to_owned),
            reason: "ignored on the command line".to_owned(),
            until: None,
            origin: format!("--ignore {text}"),
        })
    }

    /// Whether it is about a finding.
    #[must_use]
    pub fn covers(&self, finding: &FindingReport) -> bool {
        let is = |pattern: &str| matches(pattern, &finding.path) || matches(pattern, &finding.place());
        finding.rule == self.rule.id && self.path.as_deref().is_none_or(is)
    }

    /// Whether its last day is over.
    #[must_use]
    pub fn has_ended(&self, now: OffsetDateTime) -> bool {
        self.until.is_some_and(|until| now.to_offset(time::UtcOffset::UTC).date() > until)
    }
}

/// The rule of a number or name; else what to write instead.
fn find(text: &str) -> Result<&'static Rule, String> {
    let is = |rule: &&Rule| rule.id.eq_ignore_ascii_case(text) || rule.name.eq_ignore_ascii_case(text);
    rules::all().find(is).ok_or_else(|| {
        let words = rules::all().flat_map(|rule| [rule.id, rule.name]);
        match nearest(text, words) {
            Some(word) => format!("did you mean `{word}`?"),
            None => "`kubepki explain` lists the rules".to_owned(),
        }
    })
}

/// Whether a path is what a pattern says: `*` stands for any characters, `/` among them. In linear time: of the pieces
/// between the asterisks, the first begins the path, the last ends it, and each of the others is taken where it comes
/// first.
fn matches(pattern: &str, path: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(last) = pieces.next_back() else { return pattern == path };
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, expected) in [
            ("pki/ca.key", "pki/ca.key", true),
            ("pki/ca.key", "pki/ca.key2", false),
            ("*", "", true),
            ("*.key", "pki/etcd/ca.key", true),
            ("nodes/*/pki/*.key", "nodes/cp1/etc/kubernetes/pki/etcd/ca.key", true),
            ("nodes/*/pki/*.key", "nodes/cp1/etc/kubernetes/ca.key", false),
            ("a*a", "a", false),
            ("a**b", "ab", true),
            ("**a*b**", "xaxbx", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_file_says_everything_that_is_wrong_with_it() {
        let text = "- rule: KP-TM0001\n- rule: expired\n  reason: ''\n  until: soon\n  paths: x\n- 3\n";
        let problems = Waiver::parse(text, "f").unwrap_err();
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "1:3: [0]: has no `reason`",
                "1:9: [0].rule: `KP-TM0001` is no rule",
                "3:11: [1].reason: is empty: say why it is accepted",
                "4:10: [1].until: `soon` is not a day such as 2027-03-01",
                "5:3: [1].paths: unknown field",
                "6:3: [2]: expected a mapping, found a number",
            ]
        );
        assert_eq!(problems[1].hint.as_deref(), Some("did you mean `KP-TM001`?"));
        assert_eq!(problems[4].hint.as_deref(), Some("did you mean `path`?"));
        assert_eq!(Waiver::parse("rule: x", "f").unwrap_err()[0].message, "expected a list, found a mapping");
        assert!(Waiver::parse("# nothing yet\n", "f").unwrap().is_empty());
    }

    #[test]
    fn the_last_day_is_a_day_of_it() {
        let text = "- {rule: kp-tm001, path: 'pki/*', reason: known, until: 2027-03-01}";
        let waiver = Waiver::parse(text, "f").unwrap().remove(0);
        assert_eq!((waiver.rule.id, waiver.origin.as_str()), ("KP-TM001", "f:1:3"));
        let at = |text| moment::parse(text).unwrap();
        assert!(!waiver.has_ended(at("2027-03-01T23:59:59Z")));
        assert!(waiver.has_ended(at("2027-03-02")));
    }
}
