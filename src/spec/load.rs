//! A file into a [`Spec`], or everything that is wrong with it.

use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use super::cluster::API_VERSION;
use super::kubeadm::{GROUP, Host};
use super::reader::{At, Fields, Problems, Strictness, quoted};
use super::tree::{SyntaxError, Tree, Value};
use super::{Problem, Spec, authority, cluster, kubeadm, yaml};
use crate::system::reason;

/// A spec with what the user should know about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The spec.
    pub spec: Spec,
    /// Warnings, in the order of the file.
    pub warnings: Vec<Problem>,
    /// How messages call the file: its path, or `-`.
    pub name: String,
}

/// Why there is no spec.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file could not be read.
    #[error("{}: {}", path.display(), reason(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file was read, but cannot be used.
    #[error("{name} has {} problems", problems.len())]
    Invalid {
        /// How messages call the file.
        name: String,
        /// Every problem, warnings included, in the order of the file.
        problems: Vec<Problem>,
    },
}

/// A spec of a thousand nodes is some 100 KiB, the report of an audit that finds fault with each of their certificates
/// some 10 MiB; what is larger than this is neither.
const MAX_SIZE: u64 = 16 << 20;

/// Reads a spec or a kubeadm configuration; `-` is standard input.
///
/// # Errors
/// When the file cannot be read, or has any fatal problem: then all of its problems.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let text = text(path)?;
    let name = path.display().to_string();
    let toml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    let invalid = |problems| LoadError::Invalid { name: name.clone(), problems };
    let (mut spec, warnings) = parse_here(&text, toml).map_err(invalid)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    authority::load(&mut spec.authority, directory).map_err(|problem| invalid(vec![problem]))?;
    Ok(Loaded { spec, warnings, name })
}

/// Reads the text of a file that the user names; `-` is standard input.
///
/// # Errors
/// When it cannot be read, is too large, or is no text.
pub fn text(path: &Path) -> Result<String, LoadError> {
    let read_error = |source| LoadError::Read { path: path.to_owned(), source };
    let bytes = bytes(path, MAX_SIZE).map_err(read_error)?;
    String::from_utf8(bytes).map_err(|_| read_error(io::Error::other("not UTF-8 text")))
}

/// Reads a file of which no more than `most` bytes are taken; `-` is standard input.
pub(super) fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().take(most + 1).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

/// Reads the text of a spec or a kubeadm configuration; what kubeadm would ask the machine is asked of this one.
///
/// # Errors
/// Every problem, when one of them is fatal.
pub fn parse_here(text: &str, toml: bool) -> Result<(Spec, Vec<Problem>), Vec<Problem>> {
    parse(text, toml, THIS_MACHINE)
}

/// Reads the text of a spec or a kubeadm configuration.
///
/// # Errors
/// Every problem, when one of them is fatal.
pub fn parse(text: &str, toml: bool, host: Host) -> Result<(Spec, Vec<Problem>), Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let documents = if toml {
        crate::spec::toml::document(text).map(|tree| vec![tree])
    } else {
        yaml::documents(text).map_err(|error| vec![error])
    };
    let documents = documents.map_err(|errors| errors.into_iter().map(syntax_problem).collect::<Vec<_>>())?;
    let problems = Problems::default();
    let spec = if kubeadm::is_kubeadm(&documents) {
        kubeadm::read(&documents, host, &problems)
    } else {
        read_cluster(&documents, &problems)
    };
    let found = problems.into_sorted();
    if found.iter().any(|problem| problem.fatal) { Err(found) } else { Ok((spec, found)) }
}

fn read_cluster(documents: &[Tree], problems: &Problems) -> Spec {
    let mut documents = documents.iter().filter(|tree| tree.value != Value::Null);
    let (Some(tree), second) = (documents.next(), documents.next()) else {
        let hint = "`kubepki new single` prints a spec to begin with";
        problems.push(true, None, "", "the file is empty".to_owned(), Some(hint.to_owned()));
        return Spec::empty();
    };
    if let Some(second) = second {
        let message = "a second document: a spec is one document".to_owned();
        problems.push(true, Some(second.position), "", message, None);
    }
    let Some(mut fields) = Fields::document(tree, problems, Strictness::Strict) else { return Spec::empty() };
    let at = fields.at();
    if !is(&mut fields, "apiVersion", API_VERSION, &at, problems) {
        return Spec::empty();
    }
    is(&mut fields, "kind", "Cluster", &at, problems);
    cluster::read(fields, problems)
}

/// Whether a field of the header says what it must. A missing field is one fault that says all, since the rest of a
/// foreign file would only add noise.
fn is(fields: &mut Fields<'_>, name: &'static str, wanted: &str, at: &At<()>, problems: &Problems) -> bool {
    match fields.text(name) {
        Some(text) if text.value == wanted => true,
        Some(text) => {
            let message = format!("{} is not `{wanted}`", quoted(&text.value));
            let hint = format!(
                "a spec has `{name}: {wanted}`; a kubeadm configuration `apiVersion: {GROUP}v1beta4`"
            );
            problems.error_hint(&text, message, hint);
            false
        }
        None => {
            let hint = format!("begin the file with `apiVersion: {API_VERSION}` and `kind: Cluster`");
            problems.error_hint(at, format!("has no `{name}`"), hint);
            false
        }
    }
}

/// A fault in the syntax as a problem of the file.
#[must_use]
pub fn syntax_problem(error: SyntaxError) -> Problem {
    Problem {
        fatal: true,
        position: Some(error.position),
        field: String::new(),
        message: error.message,
        hint: None,
    }
}

/// What kubeadm asks the machine that it runs on.
const THIS_MACHINE: Host = Host { name: host_name, address: default_route };

fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
    (!name.is_empty()).then_some(name)
}

/// The source address of the default route: a connected UDP socket asks the routing table and sends nothing. The
/// destinations are addresses for documentation (RFC 5737, RFC 3849).
fn default_route(v6: bool) -> Option<IpAddr> {
    let (from, to) = if v6 {
        let to = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
        (SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)), SocketAddr::from((to, 9)))
    } else {
        (SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 9)))
    };
    let socket = UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_unspecified() && !address.is_loopback())
}
