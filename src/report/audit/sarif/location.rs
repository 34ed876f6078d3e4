//! Where a file is, as a URI (RFC 3986) that viewers resolve.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::report::audit::AuditReport;

/// The base of relative locations: what viewers take for the root of the repository (§3.4.4).
const ROOT: &str = "%SRCROOT%";

/// A location (§3.4).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

/// How paths become locations. Directories below the one that the command was run in are taken for parts of the
/// repository: their paths are relative to it, as code scanning wants them. One directory elsewhere is the root itself;
/// of several, the root of the file system is.
pub enum Bases {
    /// Relative to where the command was run.
    Here(Vec<PathBuf>),
    /// Relative to the one directory.
    Directory(PathBuf),
    /// Relative to the root of the file system.
    System(Vec<PathBuf>),
}

impl Bases {
    /// The bases of a report's directories.
    pub fn of(report: &AuditReport, here: &Path) -> Self {
        let paths: Vec<&Path> =
            report.directories.iter().map(|directory| Path::new(&directory.path)).collect();
        let below: Option<Vec<PathBuf>> = paths.iter().map(|path| below(path, here)).collect();
        match (below, &paths[..]) {
            (Some(below), _) => Self::Here(below),
            (None, [one]) => Self::Directory(absolute(here, one)),
            (None, _) => Self::System(paths.iter().map(|path| absolute(here, path)).collect()),
        }
    }

    /// The location of a file of a directory.
    pub fn location(&self, place: usize, path: &str) -> Location {
        let path = if path == "." { "" } else { path };
        if path.starts_with('/') {
            return Location { uri: uri(Path::new(path)), uri_base_id: None };
        }
        let directory = match self {
            Self::Here(all) | Self::System(all) => all.get(place).cloned().unwrap_or_default(),
            Self::Directory(_) => PathBuf::new(),
        };
        let full = directory.join(path);
        let relative = full.strip_prefix("/").unwrap_or(&full);
        let uri = match encode(relative) {
            text if text.is_empty() => "./".to_owned(),
            text => text.trim_end_matches('/').to_owned(),
        };
        Location { uri, uri_base_id: Some(ROOT) }
    }

    /// Where the root is: not said of a repository, which is somewhere else for everyone (§3.14.14).
    pub fn definitions(&self) -> BTreeMap<&'static str, Location> {
        let root = match self {
            Self::Here(_) => return BTreeMap::new(),
            Self::Directory(directory) => format!("{}/", uri(directory).trim_end_matches('/')),
            Self::System(_) => uri(Path::new("/")),
        };
        BTreeMap::from([(ROOT, Location { uri: root, uri_base_id: None })])
    }
}

/// A path that is relative and leads nowhere above, without `.`.
fn below(path: &Path, here: &Path) -> Option<PathBuf> {
    let path = path.strip_prefix(here).unwrap_or(path);
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let inside = path.components().all(|part| plain(&part));
    inside.then(|| path.components().filter(|part| *part != Component::CurDir).collect())
}

fn absolute(here: &Path, path: &Path) -> PathBuf {
    here.join(path).components().collect()
}

fn uri(path: &Path) -> String {
    format!("file://{}", encode(path))
}

fn encode(path: &Path) -> String {
    utf8_percent_encode(&path.display().to_string(), PATH).to_string()
}

/// What need not be encoded in the path of a URI (RFC 3986 §3.3): the unreserved characters, and the slashes. A colon is
/// allowed only after the first slash, so that it is encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'+');
