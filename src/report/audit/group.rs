//! Findings that say the same, told once: an expired certificate on two hundred nodes is one matter.

use indexmap::IndexMap;

use super::FindingReport;

/// Of more nodes than this, only some are named.
const NODES: usize = 4;

/// Where a fleet directory keeps its nodes.
const FLEET: &str = "nodes/";

/// Findings that are the same but for the place.
#[derive(Debug)]
pub struct Group<'a> {
    /// One of them.
    pub first: &'a FindingReport,
    /// All of them.
    pub all: Vec<&'a FindingReport>,
}

/// A file of a directory.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'a> {
    /// The directory, where there are several.
    pub directory: Option<&'a str>,
    /// To whom the file belongs.
    pub node: Option<&'a str>,
    /// The file.
    pub path: &'a str,
}

/// Puts together what says the same, in the order of the first of each.
#[must_use]
pub fn groups<'a>(findings: impl IntoIterator<Item = &'a FindingReport>) -> Vec<Group<'a>> {
    let mut groups: IndexMap<(&str, &str, &str), Group<'a>> = IndexMap::new();
    for finding in findings {
        // The command differs from directory to directory; what it does, does not.
        let same = (finding.rule, finding.message.as_str(), finding.fix.text());
        let group = groups.entry(same).or_insert_with(|| Group { first: finding, all: Vec::new() });
        group.all.push(finding);
    }
    groups.into_values().collect()
}

impl Group<'_> {
    /// Its files, of which no more than `most` are named.
    #[must_use]
    pub fn places(&self, most: usize) -> String {
        let spots = self.all.iter().map(|finding| Spot {
            directory: finding.directory.as_deref(),
            node: finding.node.as_deref(),
            path: &finding.path,
        });
        places(spots, most)
    }
}

/// Files, of which no more than `most` are named. The same file of several nodes or directories is named once, as a
/// shell would have it: `nodes/{cp1,cp2}/etc/kubernetes/admin.conf`.
#[must_use]
pub fn places<'a>(spots: impl IntoIterator<Item = Spot<'a>>, most: usize) -> String {
    let mut files: IndexMap<Parts<'_>, Vec<&str>> = IndexMap::new();
    for spot in spots {
        let (parts, one) = spot.parts();
        files.entry(parts).or_default().extend(one);
    }
    // One more takes no more room than to say that there is one.
    let named = if files.len() > most + 1 { most } else { files.len() };
    let texts: Vec<String> = files.iter().take(named).map(|(parts, some)| parts.with(some)).collect();
    let mut text = texts.join(", ");
    let more: usize = files.values().skip(named).map(|some| some.len().max(1)).sum();
    if more > 0 {
        text += &format!(" and {more} more");
    }
    text
}

/// A path around the name of the node in it, or after the directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Parts<'a> {
    directory: Option<&'a str>,
    before: &'a str,
    after: &'a str,
}

impl<'a> Spot<'a> {
    fn parts(self) -> (Parts<'a>, Option<&'a str>) {
        let Self { directory, node, path } = self;
        let directory = directory.filter(|_| !path.starts_with('/'));
        if let Some(rest) = path.strip_prefix(FLEET)
            && let Some(node) = node
            && let Some(after) = rest.strip_prefix(node).filter(|after| after.starts_with('/'))
        {
            return (Parts { directory, before: FLEET, after }, Some(node));
        }
        match directory {
            Some(_) => (Parts { directory: None, before: "", after: path }, directory),
            None => (Parts { directory: None, before: path, after: "" }, None),
        }
    }
}

impl Parts<'_> {
    fn with(&self, some: &[&str]) -> String {
        let Self { directory, before, after } = self;
        let directory = directory.map(|directory| format!("{directory}/")).unwrap_or_default();
        let some = match some {
            [] => String::new(),
            [one] => (*one).to_owned(),
            some if some.len() <= NODES => format!("{{{}}}", some.join(",")),
            [first, second, third, rest @ ..] => format!("{{{first},{second},{third},+{}}}", rest.len()),
            some => some.join(","),
        };
        let slash = if before.is_empty() { "/" } else { "" };
        format!("{directory}{before}{some}{slash}{after}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_of_several_is_named_once() {
        let spot = |directory, node, path| Spot { directory, node, path };
        let fleet: Vec<String> = (1..=6).map(|node| format!("n{node}")).collect();
        let paths: Vec<String> = fleet.iter().map(|node| format!("nodes/{node}/etc/kubelet.conf")).collect();
        let of = |count: usize| {
            let nodes = fleet.iter().zip(&paths).take(count);
            nodes.map(|(node, path)| spot(None, Some(node.as_str()), path.as_str())).collect::<Vec<_>>()
        };
        for (spots, most, text) in [
            (of(1), 4, "nodes/n1/etc/kubelet.conf"),
            (of(4), 4, "nodes/{n1,n2,n3,n4}/etc/kubelet.conf"),
            (of(6), 4, "nodes/{n1,n2,n3,+3}/etc/kubelet.conf"),
            (vec![spot(None, None, "a"), spot(None, None, "b"), spot(None, None, "c")], 2, "a, b, c"),
            (
                ["a", "b", "c", "d"].into_iter().map(|path| spot(None, Some("cp1"), path)).collect(),
                2,
                "a, b and 2 more",
            ),
            (
                vec![spot(Some("cp1"), Some("cp1"), "pki/ca.crt"), spot(Some("cp2"), None, "pki/ca.crt")],
                4,
                "{cp1,cp2}/pki/ca.crt",
            ),
            (vec![spot(Some("cp1"), None, "/var/lib/kubelet/pki/x")], 4, "/var/lib/kubelet/pki/x"),
        ] {
            assert_eq!(places(spots, most), text);
        }
    }
}
