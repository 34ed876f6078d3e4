//! Layer 3: files. Reads what is there, writes what it is given; judges nothing and prints nothing.
//!
//! | Module | Holds |
//! |---|---|
//! | [`layout`] | which file a target's parts are in |
//! | [`inventory`] | every file below the directories, read and parsed once |
//! | [`survey`] | what is in the targets' files now, and what no target has |
//! | [`content`], [`kubeconfig`], [`manifest`] | what bytes mean |
//! | [`form`] | how a PEM file is written |
//! | [`notation`] | objects as kubectl prints them |
//! | [`read`] | a file's bytes, whatever the file may be |
//! | [`acl`] | who may do more with a file than its mode says |
//! | [`mod@write`], [`journal`], [`lock`] | all of a change or none of it, also after a crash |
//! | [`batch`] | many files of one directory, each whole or not there |
//! | [`durable`] | single files and directories, with their modes, on the disk |
//! | [`digest`] | what was looked at, as one number |
//! | [`stamp`] | what tells a file from the same one changed |
//! | [`scan`] | private keys where none belong |
//! | [`archive`], [`parcel`] | a node's directory as a tar file, and the list of what is in an encrypted one |

pub mod acl;
pub mod archive;
pub mod batch;
pub mod content;
pub mod detect;
pub mod digest;
pub mod durable;
pub mod error;
pub mod form;
pub mod inventory;
pub mod journal;
pub mod kubeconfig;
pub mod layout;
pub mod lock;
pub mod manifest;
pub mod notation;
#[cfg(feature = "age")]
pub mod parcel;
pub mod read;
pub mod rolling;
pub mod scan;
#[cfg(feature = "age")]
pub mod seal;
pub mod stamp;
pub mod survey;
pub mod write;
pub mod yaml;

pub use crate::catalog::FileRole;
pub use acl::Acl;
pub use content::Content;
pub use error::DiskError;
pub use inventory::{Directory, Inventory};
pub use kubeconfig::Kubeconfig;
pub use layout::{File, Layout};
pub use manifest::{KubeletConfig, StaticPod};
pub use notation::{Notation, NotationError};
pub use scan::Scan;
pub use stamp::Stamp;
pub use survey::{Entry, Found, Present, Stray, Survey};

/// kubepki's own directory inside the one it works on: lock, journal, backups.
pub const OWN: &str = ".kubepki";
