//! The one table of routes.

use http::Method;

use crate::csr::validate::Endpoint;

/// A row: a path, whose `{}` stands for any segment, and what its methods do.
#[derive(Debug)]
pub struct Route {
    /// The path.
    pub path: &'static str,
    /// The methods; `HEAD` does what `GET` does.
    pub methods: &'static [(Method, Action)],
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Says that the server is well.
    Health,
    /// Says which version it is.
    Version,
    /// Lists paths.
    Paths,
    /// Old discovery of the core group: it is empty here.
    CoreVersions,
    /// Discovery of groups, in the old form or all at once.
    Groups,
    /// Discovery of one group.
    Group,
    /// Discovery of the resources of a group's version.
    Resources,
    /// OpenAPI v2.
    OpenApi,
    /// The index of OpenAPI v3.
    OpenApiIndex,
    /// OpenAPI v3 of one group's version.
    OpenApiGroup,
    /// Lists requests, or watches them.
    List,
    /// Watches requests, whatever the query says.
    Watch,
    /// Writes requests.
    Write(Change),
    /// One request, or a watch of it.
    Get,
    /// Who am I?
    WhoAmI,
    /// May I?
    MayI,
    /// What may I?
    WhatMayI,
    /// Lists trust bundles, or watches them.
    ListBundles,
    /// Makes a trust bundle.
    CreateBundle,
    /// One trust bundle.
    GetBundle,
    /// Replaces one.
    UpdateBundle,
    /// Patches one.
    PatchBundle,
    /// Deletes one.
    DeleteBundle,
    /// Deletes trust bundles.
    DeleteBundles,
}

/// What is written: it waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Makes a request.
    Create,
    /// Replaces one.
    Update(Endpoint),
    /// Patches one.
    Patch(Endpoint),
    /// Deletes one.
    Delete,
    /// Deletes many.
    DeleteMany,
}

use Action as A;
use Change::{Create, Delete, DeleteMany, Patch, Update};
use Endpoint::{Approval, Main, Status};

/// Every route.
pub const ROUTES: &[Route] = &[
    Route { path: "/", methods: &[(Method::GET, A::Paths)] },
    Route { path: "/healthz", methods: &[(Method::GET, A::Health)] },
    Route { path: "/livez", methods: &[(Method::GET, A::Health)] },
    Route { path: "/readyz", methods: &[(Method::GET, A::Health)] },
    Route { path: "/version", methods: &[(Method::GET, A::Version)] },
    Route { path: "/api", methods: &[(Method::GET, A::CoreVersions)] },
    Route { path: "/apis", methods: &[(Method::GET, A::Groups)] },
    Route { path: "/apis/{}", methods: &[(Method::GET, A::Group)] },
    Route { path: "/apis/{}/{}", methods: &[(Method::GET, A::Resources)] },
    Route { path: "/openapi/v2", methods: &[(Method::GET, A::OpenApi)] },
    Route { path: "/openapi/v3", methods: &[(Method::GET, A::OpenApiIndex)] },
    Route { path: "/openapi/v3/apis/{}/{}", methods: &[(Method::GET, A::OpenApiGroup)] },
    Route {
        path: "/apis/certificates.k8s.io/v1/certificatesigningrequests",
        methods: &[
            (Method::GET, A::List),
            (Method::POST, A::Write(Create)),
            (Method::DELETE, A::Write(DeleteMany)),
        ],
    },
    Route {
        path: "/apis/certificates.k8s.io/v1/certificatesigningrequests/{}",
        methods: &[
            (Method::GET, A::Get),
            (Method::PUT, A::Write(Update(Main))),
            (Method::PATCH, A::Write(Patch(Main))),
            (Method::DELETE, A::Write(Delete)),
        ],
    },
    Route {
        path: "/apis/certificates.k8s.io/v1/certificatesigningrequests/{}/approval",
        methods: &[
            (Method::GET, A::Get),
            (Method::PUT, A::Write(Update(Approval))),
            (Method::PATCH, A::Write(Patch(Approval))),
        ],
    },
    Route {
        path: "/apis/certificates.k8s.io/v1/certificatesigningrequests/{}/status",
        methods: &[
            (Method::GET, A::Get),
            (Method::PUT, A::Write(Update(Status))),
            (Method::PATCH, A::Write(Patch(Status))),
        ],
    },
    Route {
        path: "/apis/certificates.k8s.io/v1/watch/certificatesigningrequests",
        methods: &[(Method::GET, A::Watch)],
    },
    Route {
        path: "/apis/certificates.k8s.io/v1/watch/certificatesigningrequests/{}",
        methods: &[(Method::GET, A::Watch)],
    },
    Route {
        path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        methods: &[(Method::POST, A::WhoAmI)],
    },
    Route {
        path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        methods: &[(Method::POST, A::MayI)],
    },
    Route {
        path: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        methods: &[(Method::POST, A::WhatMayI)],
    },
    Route {
        path: "/apis/certificates.k8s.io/v1beta1/clustertrustbundles",
        methods: &[
            (Method::GET, A::ListBundles),
            (Method::POST, A::CreateBundle),
            (Method::DELETE, A::DeleteBundles),
        ],
    },
    Route {
        path: "/apis/certificates.k8s.io/v1beta1/clustertrustbundles/{}",
        methods: &[
            (Method::GET, A::GetBundle),
            (Method::PUT, A::UpdateBundle),
            (Method::PATCH, A::PatchBundle),
            (Method::DELETE, A::DeleteBundle),
        ],
    },
];

/// What came of looking for a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// What is done, and what stood where the row has `{}`.
    Action(Action, Vec<String>),
    /// The path is known, but not with this method.
    Method,
    /// The path is not known.
    Nothing,
}

/// Looks for a route.
#[must_use]
pub fn find(method: &Method, path: &[String]) -> Found {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    // A row that says more of the path stands for it, whatever its place in the table.
    let rows = ROUTES.iter().filter_map(|route| Some((route, matched(route.path, path)?)));
    let Some((route, names)) = rows.min_by_key(|(_, names)| names.len()) else { return Found::Nothing };
    match route.methods.iter().find(|(known, _)| known == method) {
        Some((_, action)) => Found::Action(*action, names),
        None => Found::Method,
    }
}

fn matched(pattern: &str, path: &[String]) -> Option<Vec<String>> {
    let pattern = pattern.split('/').skip(1).filter(|part| !part.is_empty());
    let mut names = Vec::new();
    let mut parts = path.iter();
    for wanted in pattern {
        let part = parts.next()?;
        match wanted {
            "{}" if !part.is_empty() => names.push(part.clone()),
            wanted if wanted == part => {}
            _ => return None,
        }
    }
    parts.next().is_none().then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_found_by_path_and_method() {
        const P: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        let of = |method: Method, path: &str| {
            find(&method, &crate::serve::query::segments(path).unwrap_or_default())
        };
        let action = |action, names: &[&str]| {
            Found::Action(action, names.iter().map(|name| (*name).to_owned()).collect())
        };
        assert_eq!(of(Method::GET, "/"), action(A::Paths, &[]));
        assert_eq!(of(Method::GET, P), action(A::List, &[]));
        assert_eq!(of(Method::GET, &format!("{P}/a%20b")), action(A::Get, &["a b"]));
        assert_eq!(of(Method::PUT, &format!("{P}/a/approval")), action(A::Write(Update(Approval)), &["a"]));
        assert_eq!(of(Method::POST, &format!("{P}/a/status")), Found::Method);
        assert_eq!(of(Method::GET, &format!("{P}/a/scale")), Found::Nothing);
        assert_eq!(of(Method::HEAD, "/healthz"), action(A::Health, &[]));
        assert_eq!(of(Method::GET, "/apis/x/v1"), action(A::Resources, &["x", "v1"]));
        assert_eq!(of(Method::GET, "/apis//v1"), Found::Nothing);
    }
}
