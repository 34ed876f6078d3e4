//! How much is done for one path: no input takes long.

use std::fmt;

/// What is left to be done.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    signatures: u32,
    candidates: u32,
    comparisons: u32,
    /// The first limit that was reached.
    pub reached: Option<Limit>,
}

/// A limit at which the search for a path is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Signatures that are checked: as many as Go's `maxChainSignatureChecks` (CVE-2018-16875) and webpki allow.
    Signatures,
    /// Candidates for an issuer that are looked at: as many as webpki and mozilla::pkix allow.
    Candidates,
    /// Names that are compared with name constraints: as many as Go's `maxConstraintComparisons` and webpki allow.
    Comparisons,
    /// Certificates in one path: OpenSSL's default depth.
    Length,
}

impl Limit {
    /// The limit itself.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::Signatures | Self::Length => 100,
            Self::Candidates => 200_000,
            Self::Comparisons => 250_000,
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            signatures: Limit::Signatures.number(),
            candidates: Limit::Candidates.number(),
            comparisons: Limit::Comparisons.number(),
            reached: None,
        }
    }
}

impl Budget {
    /// Takes one of what is left; false when there is nothing.
    pub fn take(&mut self, limit: Limit) -> bool {
        self.take_some(limit, 1)
    }

    /// Takes as many; false when there are less.
    pub fn take_some(&mut self, limit: Limit, count: u32) -> bool {
        let left = match limit {
            Limit::Signatures => &mut self.signatures,
            Limit::Candidates => &mut self.candidates,
            Limit::Comparisons => &mut self.comparisons,
            Limit::Length => return true,
        };
        match left.checked_sub(count) {
            Some(less) => {
                *left = less;
                true
            }
            None => self.reach(limit),
        }
    }

    /// Notes that a limit is reached; always false.
    pub fn reach(&mut self, limit: Limit) -> bool {
        self.reached = self.reached.or(Some(limit));
        false
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Signatures => "signatures that would have to be checked",
            Self::Candidates => "candidates for issuers of its path",
            Self::Comparisons => "names that would have to be compared with name constraints",
            Self::Length => "certificates in its path",
        };
        write!(f, "has more than {} {what}", self.number())
    }
}
