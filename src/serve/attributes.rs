//! What a request is about, by its method and path alone (`k8s.io/apiserver/pkg/endpoints/request`, `RequestInfo`): this is
//! what is authorized and what the audit log says, also where the server knows no such path.

use http::Method;

use super::query::Query;

/// What a request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// `create`, `get`, `list`, `watch`, …; for a path that is no resource, the method in small letters.
    pub verb: String,
    /// The resource, unless it is only a path.
    pub resource: Option<Resource>,
}

/// A resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// Its API group.
    pub group: String,
    /// Its version.
    pub version: String,
    /// Its name in the plural.
    pub name: String,
    /// The part of it, or nothing.
    pub subresource: String,
    /// The namespace, or nothing.
    pub namespace: String,
    /// The object's name, or nothing.
    pub object: String,
}

impl Subject {
    /// Reads it off method, path and query.
    #[must_use]
    pub fn of(method: &Method, path: &[String], query: &Query) -> Self {
        let plain = || Self { verb: method.as_str().to_ascii_lowercase(), resource: None };
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let (group, version, rest) = match &parts[..] {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            _ => return plain(),
        };
        let (watches, rest) = match rest {
            ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
            rest => (false, rest),
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            rest => ("", rest),
        };
        let at = |index: usize| rest.get(index).map(|part| (*part).to_owned()).unwrap_or_default();
        let (name, object, subresource) = (at(0), at(1), at(2));
        let mut resource = Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            namespace: namespace.to_owned(),
            name,
            object,
            subresource,
        };
        let one = !resource.object.is_empty();
        let verb = match *method {
            Method::POST => "create",
            Method::GET | Method::HEAD if watches || !one && query.is("watch") => "watch",
            Method::GET | Method::HEAD if one => "get",
            Method::GET | Method::HEAD => "list",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if one => "delete",
            Method::DELETE => "deletecollection",
            _ => "",
        };
        if resource.object.is_empty()
            && matches!(verb, "list" | "watch")
            && let Some(name) = query.get("fieldSelector").and_then(exact_name)
        {
            name.clone_into(&mut resource.object);
        }
        Self { verb: verb.to_owned(), resource: Some(resource) }
    }

    /// Why somebody may not do it, in the words of the API server.
    #[must_use]
    pub fn refusal(&self, user: &str, path: &str) -> String {
        let user = crate::x509::go::quoted(user);
        let verb = &self.verb;
        let Some(resource) = &self.resource else {
            return format!("User {user} cannot {verb} path {}", crate::x509::go::quoted(path));
        };
        let part = if resource.subresource.is_empty() {
            String::new()
        } else {
            format!("/{}", resource.subresource)
        };
        let place = if resource.namespace.is_empty() {
            CLUSTER.to_owned()
        } else {
            format!("in the namespace \"{}\"", resource.namespace)
        };
        let Resource { name, group, .. } = resource;
        sentence(&user, verb, &format!("{name}{part}"), group, &place)
    }
}

const CLUSTER: &str = "at the cluster scope";

/// Why a user may not do something in the whole cluster, in the words of the API server.
#[must_use]
pub fn cannot(user: &str, verb: &str, resource: &str, group: &str) -> String {
    sentence(&crate::x509::go::quoted(user), verb, resource, group, CLUSTER)
}

fn sentence(user: &str, verb: &str, resource: &str, group: &str, place: &str) -> String {
    format!("User {user} cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}")
}

/// The name that a field selector asks for, if it asks for exactly one.
fn exact_name(selector: &str) -> Option<&str> {
    let mut names = selector.split(',').filter_map(|term| {
        let (field, name) = term.split_once('=')?;
        (field == "metadata.name").then(|| name.trim_start_matches('='))
    });
    names.next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_about_what_kubernetes_says() {
        const P: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        for (method, path, expected) in [
            (Method::GET, "/healthz", "get path"),
            (Method::GET, "/apis/certificates.k8s.io/v1", "get path"),
            (Method::GET, &*P.to_owned(), "list certificatesigningrequests  "),
            (Method::GET, &format!("{P}?watch=true"), "watch certificatesigningrequests  "),
            (
                Method::GET,
                &format!("{P}?watch=1&fieldSelector=metadata.name%3Dx"),
                "watch certificatesigningrequests  x",
            ),
            (Method::GET, &format!("{P}/x?watch=true"), "get certificatesigningrequests  x"),
            (Method::PUT, &format!("{P}/x/approval"), "update certificatesigningrequests approval x"),
            (Method::DELETE, &*P.to_owned(), "deletecollection certificatesigningrequests  "),
            (Method::GET, &P.replace("v1/", "v1/watch/"), "watch certificatesigningrequests  "),
            (Method::POST, "/api/v1/namespaces/a/events", "create events  "),
        ] {
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            let parts: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
            let subject = Subject::of(&method, &parts, &Query::read(query));
            let found = match &subject.resource {
                None => format!("{} path", subject.verb),
                Some(of) => format!("{} {} {} {}", subject.verb, of.name, of.subresource, of.object),
            };
            assert_eq!(found, expected);
        }
    }
}
