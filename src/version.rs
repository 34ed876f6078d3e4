//! Kubernetes releases: some names in certificates depend on them.

pub mod go;

use std::fmt;
use std::str::FromStr;

pub use go::{Go, Refusal};

/// A Kubernetes release. A pre-release counts as the release it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The major version: 1.
    pub major: u16,
    /// The minor version.
    pub minor: u16,
    /// The patch.
    pub patch: u16,
}

impl Version {
    /// The release that is taken when none is named: the newest whose certificates were compared with kubeadm's.
    pub const LATEST: Self = Self::new(1, 36, 1);

    /// Before every release: a rule that has always held begins here.
    pub const FIRST: Self = Self::new(1, 0, 0);

    /// A release.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The text is no release of Kubernetes 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Kubernetes version such as `v1.36.1`")]
pub struct NotAVersion;

/// `v1.36.1`, `1.36.1`, `v1.36`, `v1.37.0-rc.1`, `v1.36.1+vendor`.
impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let numbers = text.split(['-', '+']).next().unwrap_or_default();
        let mut parts = numbers.split('.').map(|part| {
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse::<u16>().map_err(|_| NotAVersion) } else { Err(NotAVersion) }
        });
        let mut next = || parts.next().transpose();
        match (next()?, next()?, next()?, next()?) {
            (Some(1), Some(minor), patch, None) => Ok(Self::new(1, minor, patch.unwrap_or(0))),
            _ => Err(NotAVersion),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, version) in [
            ("v1.36.1", Version::new(1, 36, 1)),
            ("1.28.0", Version::new(1, 28, 0)),
            ("v1.36", Version::new(1, 36, 0)),
            ("v1.37.0-rc.1", Version::new(1, 37, 0)),
            ("v1.36.1+rke2r1", Version::new(1, 36, 1)),
        ] {
            assert_eq!(text.parse(), Ok(version));
        }
        for text in ["", "v2.0.0", "1", "stable-1", "v1.x", "v1.36.1.2", "v1.+36", "v1.99999"] {
            assert_eq!(text.parse::<Version>(), Err(NotAVersion), "{text}");
        }
    }
}
