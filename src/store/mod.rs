//! Layer 8: where requests are kept, and what drives the decisions about them.
//!
//! | Module | Holds |
//! |---|---|
//! | [`Store`] | what a place for requests can do |
//! | [`directory`] | a directory with an object in each file |
//! | [`resident`] | the same held in memory, for a server |
//! | [`manifest`], [`name`] | an object's text, and the name of its file |
//! | [`history`], [`notice`] | what has changed since, and that something has |
//! | [`counter`] | one writer at a time, and the number of the last write |
//! | [`ledger`], [`entry`] | everything that was ever signed |
//! | [`authority`] | the CAs that sign |
//! | [`controller`], [`outcome`] | the loop: list, decide, sign, write; and what it tells |
//! | [`work`] | one object on the desk |
//! | [`admission`], [`birth`] | how a file becomes a request; uids and names for new objects |

pub mod admission;
pub mod authority;
mod backoff;
pub mod birth;
pub mod controller;
pub mod counter;
pub mod directory;
pub mod entry;
pub mod error;
mod file;
pub mod history;
pub mod ledger;
pub mod manifest;
pub mod name;
pub mod notice;
pub mod outcome;
pub mod readings;
pub mod resident;
pub mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::csr::{CertificateSigningRequest, Object, Refusal};

pub use authority::{Authorities, Authority};
pub use controller::Controller;
pub use directory::Directory;
pub use entry::Entry;
pub use error::StoreError;
pub use history::{Change, Changes};
pub use ledger::Ledger;
pub use resident::Resident;

/// The number of a change: what `metadata.resourceVersion` says in decimal digits. It only grows.
pub type Version = u64;

/// A place where requests are kept. What is behind it may change at any time by somebody else's hand: whoever writes says
/// what they have read, and is refused when that is not what is there any more.
pub trait Store: Send + Sync {
    /// Every object, and what stands where objects should and is none.
    ///
    /// # Errors
    /// When the place cannot be looked at.
    fn list(&self) -> Result<Listing, StoreError>;

    /// The object of a name.
    ///
    /// # Errors
    /// When the place cannot be looked at.
    fn get(&self, name: &str) -> Result<Option<Stored>, StoreError>;

    /// Does what it is told, each thing by itself, and makes all of it durable at once. A refusal is a name that is taken,
    /// or an object that is not any more what the writer has read.
    ///
    /// # Errors
    /// When the place cannot be written to; some of it may have been done.
    fn commit(&self, writes: Vec<Write>) -> Result<Vec<Result<Stored, Refusal>>, StoreError>;

    /// What has changed behind a version. `None` when that is so
    /// long ago that it is forgotten: list again.
    ///
    /// # Errors
    /// When the place cannot be looked at.
    fn changes(&self, since: Version) -> Result<Option<Changes>, StoreError>;

    /// Waits until something may have changed, but not longer than so long. Says whether something has.
    fn wait(&self, patience: Duration) -> bool;

    /// Keeps a new object.
    ///
    /// # Errors
    /// When its name is taken, or the place cannot be written to.
    fn create(&self, object: CertificateSigningRequest) -> Result<Stored, StoreError> {
        one(self.commit(vec![Write::Create(Arc::new(object))])?)
    }

    /// Keeps an object in the place of one that was read.
    ///
    /// # Errors
    /// When that is not there any more, or is another by now, or the place cannot be written to.
    fn replace(&self, old: Stored, new: CertificateSigningRequest) -> Result<Stored, StoreError> {
        one(self.commit(vec![Write::Replace { old, new: Arc::new(new) }])?)
    }

    /// Forgets an object that was read.
    ///
    /// # Errors
    /// When it is not there any more, or is another by now, or the place cannot be written to.
    fn remove(&self, old: Stored) -> Result<Stored, StoreError> {
        one(self.commit(vec![Write::Remove(old)])?)
    }
}

fn one(outcomes: Vec<Result<Stored, Refusal>>) -> Result<Stored, StoreError> {
    let outcome = outcomes.into_iter().next();
    Ok(outcome.unwrap_or_else(|| Err(Refusal::not_found("")))?)
}

/// An object as it was read, with what the store needs to know it again.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The object.
    pub object: Arc<CertificateSigningRequest>,
    /// What the store knows it again by.
    pub token: Token,
}

/// What a store knows an object again by: its file, its bytes, and what stands in it that is no field of the object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Token {
    /// The name of its file.
    pub file: String,
    /// The SHA-256 of its bytes.
    pub digest: Vec<u8>,
    /// What somebody has put there beside the fields that there are.
    pub foreign: Option<Arc<manifest::Foreign>>,
}

impl Stored {
    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.object.name()
    }
}

/// What is in a store.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The objects by their names.
    pub objects: Vec<Stored>,
    /// What stands there and is no object.
    pub troubles: Vec<Trouble>,
    /// The version that this is the state of.
    pub version: Version,
}

/// Something that stands where an object should and is none, or is one that does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trouble {
    /// Its path.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

/// Something to be done to a store.
#[derive(Clone, Debug)]
pub enum Write {
    /// A new object is kept.
    Create(Arc<CertificateSigningRequest>),
    /// An object takes the place of one that was read.
    Replace {
        /// The one that was read.
        old: Stored,
        /// The one that is kept.
        new: Arc<CertificateSigningRequest>,
    },
    /// An object is forgotten.
    Remove(Stored),
}
