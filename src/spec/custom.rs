//! The `credentials` of the user's own: rows of the catalogue that come from the spec.

use super::reader::{At, Fields, Problems, choose, quoted};
use super::syntax::{alt_name, is_dns_name};
use super::{Spec, problem::nearest};
use crate::catalog::{Base, CATALOG, Credential, Holders, Kind, Role, Selector, Server, Since, Symbol};
use crate::version::Version;
use crate::x509::{ExtendedKeyUsage, KeyUsage};

/// Words of `kind`.
const KINDS: [(&str, bool); 2] = [("pair", false), ("kubeconfig", true)];

/// Words of `server`.
const SERVERS: [(&str, Server); 2] = [("endpoint", Server::Endpoint), ("local", Server::Local)];

/// Reads `credentials`.
#[must_use]
pub fn read(fields: &mut Fields<'_>, spec: &Spec, problems: &Problems) -> Vec<Credential> {
    let mut rows: Vec<At<Credential>> = Vec::new();
    for fields in fields.all_fields("credentials") {
        let Some(row) = credential(fields, spec, problems) else { continue };
        for (other, whose) in CATALOG
            .iter()
            .map(|row| (row, "a built-in credential"))
            .chain(rows.iter().map(|row| (&row.value, "another credential")))
        {
            if other.name == row.value.name {
                problems.error(&row, format!("the name `{}` is taken by {whose}", other.name));
            }
            if other.place == row.value.place {
                problems
                    .error(&row, format!("the path `{}` is taken by {whose}, `{}`", other.place, other.name));
            }
        }
        rows.push(row);
    }
    rows.into_iter().map(|row| row.value).collect()
}

fn credential(mut fields: Fields<'_>, spec: &Spec, problems: &Problems) -> Option<At<Credential>> {
    let at = fields.at();
    let name = fields.required("name", |name| {
        if is_dns_name(name) {
            Ok(name.to_owned())
        } else {
            Err(format!("{} is not a name: lower-case letters, digits, `-` and `.`", quoted(name)))
        }
    });
    let kubeconfig = fields.choice("kind", &KINDS).is_some_and(|kind| kind.value);
    let issuer = issuer(&mut fields, kubeconfig, problems);
    let (common_name, organizations) = subject(&mut fields, problems);
    let names = fields.texts("subjectAltNames");
    let names: Vec<String> = names.into_iter().filter_map(|at| template(at, true, problems)).collect();
    let (key_usages, extended_key_usages) = usages(&mut fields, problems);
    let selectors = selectors(&mut fields, spec, problems);
    let server = fields.choice("server", &SERVERS);
    if let (Some(server), false) = (&server, kubeconfig) {
        problems.error(server, "only a kubeconfig has a server: set `kind: kubeconfig`");
    }
    let path = fields.parsed("path", relative_path);
    if let (Some(path), true) = (&path, kubeconfig)
        && path.value.starts_with("pki/")
    {
        problems.error(
            path,
            format!("`{}` is among the certificates: a kubeconfig lies beside them", path.value),
        );
    }
    let about = fields.text("about").map_or_else(String::new, |about| about.value);
    fields.finish();

    if extended_key_usages.contains(&ExtendedKeyUsage::ServerAuth) && names.is_empty() {
        problems
            .error(&at, "is for `server auth` but has no `subjectAltNames`, so no client would accept it");
    }
    if common_name.is_empty() && names.is_empty() {
        problems.error(&at, "has neither `subject.commonName` nor `subjectAltNames`: it would be nobody's");
    }
    let name = name?.value;
    let server = server.map_or(Server::Endpoint, |server| server.value);
    let server = vec![Since { version: Version::FIRST, value: server }];
    Some(at.with(Credential {
        place: path.map_or_else(|| name.clone(), |path| path.value),
        name,
        base: if kubeconfig { Base::Kubernetes } else { Base::Certificates },
        kind: if kubeconfig { Kind::Kubeconfig { server, rotates: false } } else { Kind::Pair },
        issuer: Some(issuer),
        holders: Holders::Selected(selectors),
        common_name,
        organizations: vec![Since { version: Version::FIRST, value: organizations }],
        subject_alt_names: names,
        key_usages,
        extended_key_usages,
        about,
        ..Credential::empty()
    }))
}

fn issuer(fields: &mut Fields<'_>, kubeconfig: bool, problems: &Problems) -> String {
    let authorities = || CATALOG.iter().filter(|row| matches!(row.kind, Kind::Authority { .. }));
    let at = fields.at();
    let Some(issuer) = fields.text("issuer") else {
        problems.error(&at, "has no `issuer`: name the CA that signs it: ca, etcd-ca or front-proxy-ca");
        return String::new();
    };
    if !authorities().any(|row| row.name == issuer.value) {
        let known: Vec<&str> = authorities().map(|row| row.name.as_str()).collect();
        let message =
            format!("{} is no CA of the cluster: there are {}", quoted(&issuer.value), known.join(", "));
        match nearest(&issuer.value, known) {
            Some(name) => problems.error_hint(&issuer, message, format!("did you mean `{name}`?")),
            None => problems.error(&issuer, message),
        }
    } else if kubeconfig && issuer.value != "ca" {
        let message = format!(
            "`{}` is no CA that an API server asks about its clients: a kubeconfig needs `ca`",
            issuer.value
        );
        problems.error(&issuer, message);
    }
    issuer.value
}

fn subject(fields: &mut Fields<'_>, problems: &Problems) -> (String, Vec<String>) {
    let Some(mut subject) = fields.fields("subject") else { return Default::default() };
    let common_name = subject.text("commonName").and_then(|at| template(at, false, problems));
    let organizations = subject.texts("organizations");
    let organizations = organizations.into_iter().filter_map(|at| template(at, false, problems)).collect();
    subject.finish();
    (common_name.unwrap_or_default(), organizations)
}

/// Texts with symbols in them: every symbol must be known, and an alternative name without one must be a name.
fn template(at: At<String>, names: bool, problems: &Problems) -> Option<String> {
    let mut rest = at.value.as_str();
    let mut symbols = 0;
    while let Some((_, word, after)) = Symbol::split(rest) {
        symbols += 1;
        rest = after;
        if Symbol::named(word).is_none() {
            let known: Vec<&str> = Symbol::ALL.iter().map(|(name, _)| *name).collect();
            let message = format!("`<{word}>` is no symbol: there are {}", known.join(", "));
            match nearest(word, known) {
                Some(name) => problems.error_hint(&at, message, format!("did you mean `<{name}>`?")),
                None => problems.error(&at, message),
            }
            return None;
        }
    }
    if symbols == 0
        && names
        && let Err(message) = alt_name(&at.value)
    {
        problems.error(&at, message);
        return None;
    }
    // X.520 bounds a common name at 64 characters; Go does not, but OpenSSL refuses longer ones.
    if !names && at.value.chars().count() > 64 {
        problems.error(&at, format!("{} has more than 64 characters", quoted(&at.value)));
        return None;
    }
    if at.value.chars().any(char::is_control) {
        problems.error(&at, format!("{} has a control character", quoted(&at.value)));
        return None;
    }
    Some(at.value)
}

fn usages(fields: &mut Fields<'_>, problems: &Problems) -> (Vec<KeyUsage>, Vec<ExtendedKeyUsage>) {
    #[derive(Clone, Copy)]
    enum Usage {
        Key(KeyUsage),
        Extended(ExtendedKeyUsage),
    }
    let certifies = |usage| matches!(usage, KeyUsage::CertSign | KeyUsage::CrlSign);
    let choices: Vec<(&'static str, Usage)> = KeyUsage::all()
        .filter(|(_, usage)| !certifies(*usage))
        .map(|(name, usage)| (name, Usage::Key(usage)))
        .chain(ExtendedKeyUsage::all().map(|(name, usage)| (name, Usage::Extended(usage))))
        .collect();
    let at = fields.at();
    let texts = fields.texts("usages");
    let (mut key, mut extended) = (Vec::new(), Vec::new());
    for text in &texts {
        match choose(text, &choices, problems).map(|usage| usage.value) {
            Some(Usage::Key(usage)) => key.push(usage),
            Some(Usage::Extended(usage)) => extended.push(usage),
            None => {}
        }
    }
    if texts.is_empty() {
        problems.error(&at, "has no `usages`: say what it is for, such as [client auth]");
    }
    if key.is_empty() {
        key = vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment];
    }
    (key, extended)
}

fn selectors(fields: &mut Fields<'_>, spec: &Spec, problems: &Problems) -> Vec<Selector> {
    let texts = fields.texts("nodes");
    if texts.is_empty() {
        return vec![Selector::Role(Role::ControlPlane)];
    }
    texts
        .iter()
        .filter_map(|text| {
            let role = Role::ALL.iter().find(|(name, _)| *name == text.value);
            if let Some((_, role)) = role {
                return Some(Selector::Role(*role));
            }
            if spec.nodes.iter().any(|node| node.name == text.value) {
                return Some(Selector::Node(text.value.clone()));
            }
            let names = spec.nodes.iter().map(|node| node.name.as_str());
            let known: Vec<&str> = Role::ALL.iter().map(|(name, _)| *name).chain(names).collect();
            let message = format!("{} is neither a role nor a node of this spec", quoted(&text.value));
            match nearest(&text.value, known) {
                Some(name) => problems.error_hint(text, message, format!("did you mean `{name}`?")),
                None => problems.error(text, message),
            }
            None
        })
        .collect()
}

fn relative_path(text: &str) -> Result<String, String> {
    let part = |part: &str| {
        !part.is_empty() && part != ".." && !part.starts_with('.') && !part.chars().any(char::is_control)
    };
    if text.split('/').all(part) {
        Ok(text.to_owned())
    } else {
        Err(format!("{} is not a relative path without `..` and hidden names", quoted(text)))
    }
}
