//! What has changed in a store, so that who has seen it once can be told the rest.

use std::collections::{HashMap, VecDeque};

use super::{Listing, Stored, Trouble, Version};

/// A change of one object.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is new.
    Added(Stored),
    /// It is another than it was.
    Modified(Stored),
    /// It is not there any more: as it was last.
    Removed(Stored),
}

impl Change {
    /// The object that it is about.
    #[must_use]
    pub fn stored(&self) -> &Stored {
        match self {
            Self::Added(stored) | Self::Modified(stored) | Self::Removed(stored) => stored,
        }
    }
}

/// What has changed behind a version.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Each change with its version, oldest first.
    pub changes: Vec<(Version, Change)>,
    /// The version that this is the state of.
    pub version: Version,
    /// The objects whose names are to be generated: nothing says when they have come.
    pub nameless: Vec<Stored>,
    /// What stands where objects should and is none.
    pub troubles: Vec<Trouble>,
}

impl Changes {
    /// What has changed, as it is now, as if nothing else were there.
    #[must_use]
    pub fn into_listing(self) -> Listing {
        let mut latest: HashMap<String, Stored> = HashMap::with_capacity(self.changes.len());
        for (_, change) in self.changes {
            match change {
                Change::Added(stored) | Change::Modified(stored) => {
                    latest.insert(stored.name().to_owned(), stored);
                }
                Change::Removed(stored) => drop(latest.remove(stored.name())),
            }
        }
        let objects = latest.into_values().chain(self.nameless).collect();
        Listing { objects, troubles: self.troubles, version: self.version }
    }
}

/// The latest changes, each with its version.
#[derive(Debug)]
pub struct History {
    changes: VecDeque<(Version, Change)>,
    /// The version from which on all changes are known.
    begin: Version,
    last: Version,
}

/// How many changes are remembered. etcd keeps five minutes' worth; this is that of a busy cluster.
const LONGEST: usize = 8192;

impl History {
    /// A history that begins with a version.
    #[must_use]
    pub fn new(begin: Version) -> Self {
        Self { changes: VecDeque::new(), begin, last: begin }
    }

    /// The version of the last change.
    #[must_use]
    pub fn last(&self) -> Version {
        self.last
    }

    /// Notes that the store has reached a version.
    pub fn reach(&mut self, version: Version) {
        self.last = self.last.max(version);
    }

    /// Notes a change.
    pub fn push(&mut self, version: Version, change: Change) {
        self.reach(version);
        self.changes.push_back((version, change));
        while self.changes.len() > LONGEST {
            if let Some((version, _)) = self.changes.pop_front() {
                self.begin = self.begin.max(version);
            }
        }
    }

    /// The changes behind a version, oldest first; `None` when some of them are forgotten.
    #[must_use]
    pub fn since(&self, version: Version) -> Option<Vec<(Version, Change)>> {
        let later = |(at, _): &&(Version, Change)| *at > version;
        (version >= self.begin).then(|| self.changes.iter().filter(later).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_is_forgotten_is_told() {
        let stored = Stored { object: Arc::default(), token: super::super::Token::default() };
        let mut history = History::new(10);
        history.push(11, Change::Added(stored.clone()));
        history.push(15, Change::Removed(stored.clone()));
        assert_eq!(history.since(9).map(|changes| changes.len()), None);
        assert_eq!(history.since(10).map(|changes| changes.len()), Some(2));
        assert_eq!(history.since(11).map(|changes| changes.len()), Some(1));
        assert_eq!((history.since(15).map(|changes| changes.len()), history.last()), (Some(0), 15));
        for version in 16..20_000 {
            history.push(version, Change::Modified(stored.clone()));
        }
        assert!(history.since(15).is_none() && history.since(19_000).is_some());
    }
}
