//! What an encrypted archive of a node has in it: the list that comes first, so that whoever unpacks it knows what is missing,
//! what is too much, and what has changed on the way.

use serde::{Deserialize, Serialize};

/// Where the list is in the archive: unpacked by other programs, it is where nothing looks.
pub const PLACE: &str = "etc/kubernetes/.kubepki/archive.json";

/// What an archive has in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parcel {
    /// `kubepki/v1`.
    pub api_version: String,
    /// `NodeArchive`.
    pub kind: String,
    /// The node that it is for.
    pub node: String,
    /// Its files.
    pub files: Vec<Member>,
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Its path in the node's file system, without the slash in front.
    pub path: String,
    /// Its permission bits, in octal: `0600`.
    pub mode: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Parcel {
    /// The list's `apiVersion`.
    pub const API_VERSION: &'static str = "kubepki/v1";

    /// The list's `kind`.
    pub const KIND: &'static str = "NodeArchive";
}
