//! Findings that say the same, told once: an expired certificate on two hundred nodes is one matter.

use std::collections::HashMap;

use super::FindingReport;

/// Of more nodes than this, only some are named.
const NODES: usize = 4;

/// Findings that are the same but for the place.
#[derive(Debug)]
pub struct Group<'a> {
    /// One of them.
    pub first: &'a FindingReport,
    /// All of them.
    pub all: Vec<&'a FindingReport>,
}

/// Puts together what says the same, in the order of the first of each.
#[must_use]
pub fn groups<'a>(findings: &[&'a FindingReport]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut known: HashMap<(&str, &str, &str), usize> = HashMap::new();
    for finding in findings {
        // The command differs from directory to directory; what it does, does not.
        let same = (finding.rule, finding.message.as_str(), finding.fix.text());
        match known.get(&same).and_then(|index| groups.get_mut(*index)) {
            Some(group) => group.all.push(finding),
            None => {
                known.insert(same, groups.len());
                groups.push(Group { first: finding, all: vec![finding] });
            }
        }
    }
    groups
}

impl Group<'_> {
    /// Its files, of which no more than `most` are named. The same file of several nodes or directories is named once,
    /// as a shell would have it: `nodes/{cp1,cp2}/etc/kubernetes/admin.conf`.
    #[must_use]
    pub fn places(&self, most: usize) -> String {
        let files = self.files();
        let (named, rest) = match files.get(..most) {
            // One more takes no more room than to say that there is one.
            Some(named) if files.len() > most + 1 => (named, &files[most..]),
            _ => (&files[..], &[][..]),
        };
        let mut text = named.iter().map(|(file, _)| file.as_str()).collect::<Vec<_>>().join(", ");
        let more: usize = rest.iter().map(|(_, count)| count).sum();
        if more > 0 {
            text += &format!(" and {more} more");
        }
        text
    }

    /// Its files, each with how often it stands for one.
    fn files(&self) -> Vec<(String, usize)> {
        let mut files: Vec<(Parts<'_>, Vec<&str>)> = Vec::new();
        let mut known: HashMap<Parts<'_>, usize> = HashMap::new();
        for finding in &self.all {
            let (parts, one) = parts(finding);
            match known.get(&parts).and_then(|index| files.get_mut(*index)) {
                Some((_, some)) => some.extend(one),
                None => {
                    known.insert(parts, files.len());
                    files.push((parts, one.into_iter().collect()));
                }
            }
        }
        let text = |(Parts { directory, before, after }, some): &(Parts<'_>, Vec<&str>)| {
            let directory = directory.map(|directory| format!("{directory}/")).unwrap_or_default();
            let some = match &some[..] {
                [] => String::new(),
                [one] => (*one).to_owned(),
                some if some.len() <= NODES => format!("{{{}}}", some.join(",")),
                many => format!("{{{},…{} more}}", many[..NODES - 1].join(","), many.len() - NODES + 1),
            };
            let slash = if before.is_empty() { "/" } else { "" };
            format!("{directory}{before}{some}{slash}{after}")
        };
        files.iter().map(|file| (text(file), file.1.len().max(1))).collect()
    }
}

/// A path around the name of the node in it, or after the directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Parts<'a> {
    directory: Option<&'a str>,
    before: &'a str,
    after: &'a str,
}

fn parts(finding: &FindingReport) -> (Parts<'_>, Option<&str>) {
    let path = finding.path.as_str();
    let directory = finding.directory.as_deref().filter(|_| !path.starts_with('/'));
    let whole = match directory {
        Some(_) => (Parts { directory: None, before: "", after: path }, directory),
        None => (Parts { directory: None, before: path, after: "" }, None),
    };
    let Some(rest) = path.strip_prefix(FLEET) else { return whole };
    match finding.node.as_deref().and_then(|node| rest.split_at_checked(node.len())) {
        Some((node, after)) if Some(node) == finding.node.as_deref() && after.starts_with('/') => {
            (Parts { directory, before: FLEET, after }, Some(node))
        }
        _ => whole,
    }
}

/// Where a fleet directory keeps its nodes.
const FLEET: &str = "nodes/";
