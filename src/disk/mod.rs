//! Layer 3: files. Reads what is there, writes what it is given; judges nothing and prints nothing.
//!
//! | Module | Holds |
//! |---|---|
//! | [`layout`] | which file a target's parts are in |
//! | [`survey`] | what is in those files now |
//! | [`content`], [`kubeconfig`] | what bytes mean |
//! | [`read`] | a file's bytes, whatever the file may be |
//! | [`mod@write`], [`journal`], [`lock`] | all of a change or none of it, also after a crash |
//! | [`durable`] | single files and directories, with their modes, on the disk |
//! | [`archive`] | a node's directory as a tar file |

pub mod archive;
pub mod content;
pub mod durable;
pub mod error;
pub mod journal;
pub mod kubeconfig;
pub mod layout;
pub mod lock;
pub mod read;
pub mod survey;
pub mod write;

pub use content::Content;
pub use error::DiskError;
pub use kubeconfig::Kubeconfig;
pub use layout::{File, FileRole, Layout};
pub use survey::{Entry, Found, Present, Survey};

/// kubepki's own directory inside the one it works on: lock, journal, backups.
pub const OWN: &str = ".kubepki";
