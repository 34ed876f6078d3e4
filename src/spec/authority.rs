//! Where the CAs come from: the field `authority`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use super::AuthorityMode;
use super::problem::Problem;
use super::reader::{At, Fields, Problems, quoted};
use crate::catalog::{CATALOG, Credential, Kind};
use crate::x509::name_constraints::{Base, Subtree};
use crate::x509::{Certificate, NameConstraints, SubjectAltName, TokenUri};

/// How many CAs may stand between a CA of the cluster and a leaf, if the spec does not say: none.
const PATH_LENGTH: u8 = 0;

/// The largest file that is taken for the certificate of a root: one has two or three kilobytes.
const LARGEST: u64 = 1 << 20;

/// Where the CAs come from, and what is above them.
#[derive(Clone, Debug, PartialEq)]
pub struct Authority {
    /// Whether they are made, under a root, or elsewhere.
    pub mode: AuthorityMode,
    /// The root that signs them.
    pub root: Option<Root>,
    /// How many CAs may stand between one of them and a leaf.
    pub path_length: u8,
    /// The names that they may certify.
    pub name_constraints: Option<NameConstraints>,
    /// The CAs whose keys are in a token, by their names, each with the URI of its key.
    pub keys: Vec<(String, TokenUri)>,
}

/// A root of the user's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Root {
    /// The file of its certificate; relative to the spec until that is loaded.
    pub certificate_file: PathBuf,
    /// Where its key is, if that is ever here: a file, of which one that is not there means that the key is elsewhere, or
    /// the `pkcs11:` URI of a key in a token.
    pub key_file: Option<PathBuf>,
    /// The certificate, once the file has been read.
    pub certificate: Option<Box<Certificate>>,
}

impl Default for Authority {
    fn default() -> Self {
        Self {
            mode: AuthorityMode::SelfSigned,
            root: None,
            path_length: PATH_LENGTH,
            name_constraints: None,
            keys: Vec::new(),
        }
    }
}

impl Authority {
    /// The certificate of the root that signs the CAs, if the spec names one and it has been read.
    #[must_use]
    pub fn root_certificate(&self) -> Option<&Certificate> {
        self.root.as_ref()?.certificate.as_deref()
    }
}

/// Reads the fields; no file is looked at.
#[must_use]
pub fn read(mut fields: Fields<'_>, problems: &Problems) -> Authority {
    let mut authority = Authority::default();
    if let Some(mode) = fields.choice("mode", &AuthorityMode::ALL) {
        authority.mode = mode.value;
    }
    let under_root = authority.mode == AuthorityMode::Intermediate;
    if let Some(root) = fields.fields("root") {
        if !under_root {
            let message = "only CAs of the mode `intermediate` have a root above them";
            problems.error_hint(&root.at(), message, "write `mode: intermediate`, or leave it out");
        }
        authority.root = read_root(root);
    }
    let rooted = authority.root.is_some() || !under_root;
    let needs_root = |at: &At<()>| {
        if !rooted || !under_root {
            problems.error(at, "says something of CAs that are made under a root, and there is no `root`");
        }
    };
    if let Some(length) = fields.number("pathLength", 0..=u32::from(u8::MAX)) {
        needs_root(&length.with(()));
        authority.path_length = u8::try_from(length.value).unwrap_or(PATH_LENGTH);
    }
    if let Some(constraints) = fields.fields("nameConstraints") {
        needs_root(&constraints.at());
        authority.name_constraints = read_constraints(constraints, problems);
    }
    if let Some(keys) = fields.fields("keys") {
        if authority.mode == AuthorityMode::External {
            problems
                .error(&keys.at(), "names keys of CAs, and the mode `external` says that they are elsewhere");
        }
        authority.keys = read_keys(keys);
    }
    fields.finish();
    authority
}

/// The URI of each CA's key.
fn read_keys(mut fields: Fields<'_>) -> Vec<(String, TokenUri)> {
    let rows = CATALOG.iter().filter(|row| matches!(row.kind, Kind::Authority { .. }));
    let key = |row: &'static Credential| {
        let uri = |text: &str| TokenUri::parse(text).map_err(|error| error.to_string());
        Some((row.name.clone(), fields.parsed(row.name.as_str(), uri)?.value))
    };
    let keys = rows.filter_map(key).collect();
    fields.finish();
    keys
}

fn read_root(mut fields: Fields<'_>) -> Option<Root> {
    let path = |text: &str| match text {
        "" => Err("is empty: name a file".to_owned()),
        text => Ok(PathBuf::from(text)),
    };
    let certificate = fields.required("certificate", path);
    let key = |text: &str| {
        if !TokenUri::is_one(text) {
            return path(text);
        }
        TokenUri::parse(text).map(|uri| PathBuf::from(uri.to_string())).map_err(|error| error.to_string())
    };
    let key = fields.parsed("key", key);
    fields.finish();
    Some(Root { certificate_file: certificate?.value, key_file: key.map(|key| key.value), certificate: None })
}

fn read_constraints(mut fields: Fields<'_>, problems: &Problems) -> Option<NameConstraints> {
    let at = fields.at();
    let mut list = |name| {
        let Some(mut list) = fields.fields(name) else { return Vec::new() };
        let mut subtrees = Vec::new();
        for (kind, make) in [("dns", domain as fn(&str) -> Option<Base>), ("ip", network)] {
            for text in list.texts(kind) {
                match make(&text.value) {
                    Some(base) => subtrees.push(Subtree { base, has_distances: false }),
                    None if kind == "dns" => {
                        problems.error(&text, format!("{} is not a domain", quoted(&text.value)));
                    }
                    None => {
                        let message = format!("{} is neither a network nor an address", quoted(&text.value));
                        problems.error(&text, message);
                    }
                }
            }
        }
        list.finish();
        subtrees
    };
    let constraints = NameConstraints { permitted: list("permitted"), excluded: list("excluded") };
    fields.finish();
    if constraints.permitted.is_empty() && constraints.excluded.is_empty() {
        problems
            .error(&at, "permits and excludes nothing: give `permitted` or `excluded`, with `dns` or `ip`");
        return None;
    }
    Some(constraints)
}

/// A domain: itself and all below it, or with a leading dot only what is below.
#[must_use]
pub fn domain(text: &str) -> Option<Base> {
    match text.strip_prefix('.').unwrap_or(text).parse() {
        Ok(SubjectAltName::Dns(name)) if !name.contains('*') => Some(Base::Dns(text.to_lowercase())),
        _ => None,
    }
}

/// A network, or an address alone.
#[must_use]
pub fn network(text: &str) -> Option<Base> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    Some(Base::Ip(text.parse::<IpNet>().or(address).ok()?.trunc()))
}

/// Reads the certificate of the root. `directory` is where the spec lies, from where its paths begin.
///
/// # Errors
/// When it cannot be read, is not one self-signed certificate of a CA, or allows no CA below it.
pub fn load(authority: &mut Authority, directory: &Path) -> Result<(), Problem> {
    let length = authority.path_length;
    let Some(root) = &mut authority.root else { return Ok(()) };
    root.certificate_file = directory.join(&root.certificate_file);
    let in_token = |key: &Path| key.to_str().is_some_and(TokenUri::is_one);
    root.key_file = root.key_file.take().map(|key| if in_token(&key) { key } else { directory.join(key) });
    let problem = |message: String, hint: Option<&str>| Problem {
        fatal: true,
        position: None,
        field: "authority.root.certificate".to_owned(),
        message: format!("{} {message}", root.certificate_file.display()),
        hint: hint.map(str::to_owned),
    };
    let make = "`kubepki ca new NAME --subject CN=…` makes a root";
    let text = super::load::bytes(&root.certificate_file, LARGEST)
        .map_err(|error| problem(format!("cannot be read: {}", crate::system::reason(&error)), Some(make)))?;
    let certificates =
        Certificate::all_from_pem(&text).map_err(|error| problem(error.to_string(), Some(make)))?;
    let [certificate] = &certificates[..] else {
        let message = format!("holds {} certificates, and a root is one", certificates.len());
        return Err(problem(message, Some("name the file of the certificate that signs itself")));
    };
    if !certificate.is_ca() {
        return Err(problem("is not the certificate of a CA".to_owned(), Some(make)));
    }
    if !certificate.is_self_issued() {
        let message = format!("is signed by `{}`: a root signs itself", certificate.issuer);
        return Err(problem(message, Some("name the root, and have it sign the CAs")));
    }
    let most = certificate.basic_constraints.and_then(|constraints| constraints.path_len);
    if let Some(most) = most
        && most <= length
    {
        let message =
            format!("allows CAs of a path length below {most}, and authority.pathLength is {length}");
        return Err(problem(message, None));
    }
    root.certificate = Some(Box::new(certificate.clone()));
    Ok(())
}
