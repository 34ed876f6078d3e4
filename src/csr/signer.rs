//! Signers: what each allows, honours and drops. Four are Kubernetes' own (`pkg/controller/certificates/signer`,
//! `pkg/apis/certificates/helpers.go`); others are the user's.

mod built_in;
mod custom;

pub use built_in::{
    BUILT_IN, BuiltIn, KUBE_APISERVER_CLIENT, KUBE_APISERVER_CLIENT_KUBELET, KUBELET_SERVING, LEGACY_UNKNOWN,
};
pub use custom::{Custom, Pattern, Range};

use time::Duration;

use super::request::Wanted;

/// A signer with the CA that it signs with.
#[derive(Clone, Debug)]
pub struct Signer {
    /// Its name: a domain and a path.
    pub name: String,
    /// What it allows.
    pub rules: Rules,
    /// The longest lifetime that it gives, and the one that it gives where none is asked for: Kubernetes'
    /// `--cluster-signing-duration`.
    pub longest: Duration,
    /// The CA that it signs with, by its name in the driver's table.
    pub authority: String,
    /// Whether the CA's certificate follows the leaf in what it hands out.
    pub append_chain: bool,
}

/// What a signer allows.
#[derive(Clone, Debug)]
pub enum Rules {
    /// One of Kubernetes' own.
    BuiltIn(&'static BuiltIn),
    /// The user's.
    Custom(Box<Custom>),
}

impl Signer {
    /// Checks a request against what the signer allows.
    ///
    /// # Errors
    /// The first thing that it does not allow, in the words that go into the Failed condition.
    pub fn check(&self, wanted: &Wanted, usages: &[String]) -> Result<(), String> {
        match &self.rules {
            Rules::BuiltIn(signer) => (signer.check)(wanted, usages),
            Rules::Custom(signer) => signer.check(wanted, usages),
        }
    }

    /// Whether what it signs is a CA.
    #[must_use]
    pub fn makes_authorities(&self) -> bool {
        matches!(&self.rules, Rules::Custom(signer) if signer.authority)
    }
}
