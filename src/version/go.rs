//! Which Go a Kubernetes release is built with: its crypto/x509 decides which certificates every component refuses.

use std::fmt;

use super::Version;

/// A release of Go 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Go {
    /// The minor version.
    pub minor: u16,
    /// The patch.
    pub patch: u16,
}

/// Something that Go refuses from a release on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The first Go that refuses it.
    pub since: Go,
    /// Whether a GODEBUG setting decides: then the release's own default holds, whatever Go a patch release is built with.
    /// Kubernetes writes `godebug default=go1.N` into its `go.mod`, so that release branches behave as they began
    /// (KEP-3744).
    pub has_setting: bool,
}

const fn go(minor: u16, patch: u16) -> Go {
    Go { minor, patch }
}

/// The first release of each Kubernetes minor, and patch releases that moved on to a Go that refuses more. The source is
/// `.go-version` of each release branch, and the entries "Kubernetes is now built with Go" in `CHANGELOG-1.N.md`. The
/// patch of Go is given where something depends on it.
const BUILT_WITH: [(Version, Go); 20] = [
    (Version::new(1, 22, 0), go(16, 0)),
    (Version::new(1, 23, 0), go(17, 0)),
    (Version::new(1, 24, 0), go(18, 0)),
    (Version::new(1, 25, 0), go(19, 0)),
    (Version::new(1, 26, 0), go(19, 0)),
    (Version::new(1, 27, 0), go(20, 0)),
    (Version::new(1, 28, 0), go(20, 7)),
    (Version::new(1, 28, 2), go(20, 8)),
    (Version::new(1, 29, 0), go(21, 0)),
    (Version::new(1, 30, 0), go(22, 0)),
    (Version::new(1, 31, 0), go(22, 0)),
    (Version::new(1, 32, 0), go(23, 0)),
    (Version::new(1, 33, 0), go(24, 0)),
    (Version::new(1, 33, 11), go(25, 0)),
    (Version::new(1, 34, 0), go(24, 0)),
    (Version::new(1, 34, 7), go(25, 0)),
    (Version::new(1, 35, 0), go(25, 0)),
    (Version::new(1, 36, 0), go(26, 0)),
    (Version::new(1, 37, 0), go(26, 0)),
    (Version::new(1, 38, 0), go(27, 0)),
];

impl Go {
    /// The Go that a Kubernetes release is built with; of one that is newer than the table, the newest that is known. None
    /// of releases before 1.22.
    #[must_use]
    pub fn of(release: Version) -> Option<Self> {
        BUILT_WITH.iter().rev().find(|(first, _)| *first <= release).map(|(_, go)| *go)
    }
}

impl Refusal {
    /// What Go refuses since a release.
    #[must_use]
    pub const fn since(minor: u16, patch: u16) -> Self {
        Self { since: go(minor, patch), has_setting: false }
    }

    /// The same, where a GODEBUG setting decides.
    #[must_use]
    pub const fn by_setting(self) -> Self {
        Self { has_setting: true, ..self }
    }

    /// Whether a Kubernetes release refuses it.
    #[must_use]
    pub fn holds_in(&self, release: Version) -> bool {
        let decides = if self.has_setting { Version { patch: 0, ..release } } else { release };
        Go::of(decides).is_some_and(|go| go >= self.since)
    }

    /// The first Kubernetes minor that refuses it from its beginning.
    #[must_use]
    pub fn first_release(&self) -> Option<Version> {
        let minors = BUILT_WITH.iter().filter(|(release, _)| release.patch == 0);
        minors.map(|(release, _)| *release).find(|release| self.holds_in(*release))
    }
}

/// `Go 1.26`: patches differ in nothing that is judged here.
impl fmt::Display for Go {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Go 1.{}", self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_has_every_minor() {
        assert!(BUILT_WITH.is_sorted_by_key(|(release, _)| *release));
        for (first, last) in BUILT_WITH.iter().zip(&BUILT_WITH[1..]) {
            assert!(last.0.minor - first.0.minor <= 1, "{}", last.0);
        }
    }

    #[test]
    fn releases_refuse_what_their_go_refuses() {
        let (serial, path) = (Refusal::since(23, 0).by_setting(), Refusal::since(25, 0));
        for (release, refuses_serial, refuses_path) in [
            ((1, 20, 0), false, false),
            ((1, 31, 14), false, false),
            ((1, 32, 0), true, false),
            ((1, 33, 10), true, false),
            ((1, 33, 11), true, true),
            ((1, 34, 0), true, false),
            ((1, 35, 0), true, true),
            ((1, 99, 0), true, true),
        ] {
            let release = Version::new(release.0, release.1, release.2);
            assert_eq!(serial.holds_in(release), refuses_serial, "{release}");
            assert_eq!(path.holds_in(release), refuses_path, "{release}");
        }
        assert_eq!(serial.first_release(), Some(Version::new(1, 32, 0)));
        assert_eq!(path.first_release(), Some(Version::new(1, 35, 0)));
        assert_eq!(Refusal::since(99, 0).first_release(), None);
        // A setting holds by what the minor began with.
        let tiny = Refusal::since(25, 0).by_setting();
        assert!(!tiny.holds_in(Version::new(1, 33, 11)) && tiny.holds_in(Version::new(1, 35, 1)));
    }

    #[test]
    fn releases_name_their_go() {
        for (release, name) in
            [("v1.36.1", "Go 1.26"), ("1.37", "Go 1.26"), ("v1.33.11", "Go 1.25"), ("1.99", "Go 1.27")]
        {
            assert_eq!(Go::of(release.parse().unwrap()).unwrap().to_string(), name);
        }
        assert_eq!(Go::of(Version::new(1, 21, 14)), None);
    }
}
