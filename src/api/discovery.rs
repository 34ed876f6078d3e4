//! What a server tells about its resources: one by one, and all in one answer (`apidiscovery.k8s.io`).

use serde_json::{Value, json};

use super::status::Status;
use super::with;

/// A resource that is served.
#[derive(Debug)]
pub struct Resource {
    /// The API group.
    pub group: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The resource.
    pub name: &'static str,
    /// One of it.
    pub singular: &'static str,
    /// The kind of its objects.
    pub kind: &'static str,
    /// Short names.
    pub short_names: &'static [&'static str],
    /// What can be done with it.
    pub verbs: &'static [&'static str],
    /// Its parts.
    pub parts: &'static [&'static str],
}

/// What can be done with objects that are stored.
const STORED: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// What can be done with a part.
const PART: &[&str] = &["get", "patch", "update"];

/// Every resource.
pub const RESOURCES: &[Resource] = &[
    Resource {
        group: "authentication.k8s.io",
        version: "v1",
        name: "selfsubjectreviews",
        singular: "selfsubjectreview",
        kind: "SelfSubjectReview",
        short_names: &[],
        verbs: &["create"],
        parts: &[],
    },
    Resource {
        group: "authorization.k8s.io",
        version: "v1",
        name: "selfsubjectaccessreviews",
        singular: "selfsubjectaccessreview",
        kind: "SelfSubjectAccessReview",
        short_names: &[],
        verbs: &["create"],
        parts: &[],
    },
    Resource {
        group: "authorization.k8s.io",
        version: "v1",
        name: "selfsubjectrulesreviews",
        singular: "selfsubjectrulesreview",
        kind: "SelfSubjectRulesReview",
        short_names: &[],
        verbs: &["create"],
        parts: &[],
    },
    Resource {
        group: "certificates.k8s.io",
        version: "v1",
        name: "certificatesigningrequests",
        singular: "certificatesigningrequest",
        kind: "CertificateSigningRequest",
        short_names: &["csr"],
        verbs: STORED,
        parts: &["approval", "status"],
    },
    Resource {
        group: "certificates.k8s.io",
        version: "v1beta1",
        name: "clustertrustbundles",
        singular: "clustertrustbundle",
        kind: "ClusterTrustBundle",
        short_names: &[],
        verbs: STORED,
        parts: &[],
    },
];

/// How a client wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `/apis` names the groups, and each is asked for its resources.
    Plain,
    /// All in one answer, in a version of `apidiscovery.k8s.io`.
    Aggregated(&'static str),
}

impl Form {
    /// What an `Accept` header asks for; the first that is known counts, as clients list the best first.
    ///
    /// # Errors
    /// 406 when none is.
    pub fn of(header: &str) -> Result<Self, Status> {
        let clause = |clause: &str| {
            let mut parts = clause.split(';').map(str::trim);
            let json = ["application/json", "application/*", "*/*", ""].contains(&parts.next()?);
            let parameters: Vec<&str> = parts.filter(|part| !part.starts_with("q=")).collect();
            let has = |text: &str| parameters.contains(&text);
            if !json {
                None
            } else if !parameters.iter().any(|part| part.starts_with("as=")) {
                Some(Self::Plain)
            } else if !has("g=apidiscovery.k8s.io") || !has("as=APIGroupDiscoveryList") {
                None
            } else if has("v=v2") {
                Some(Self::Aggregated("v2"))
            } else if has("v=v2beta1") {
                Some(Self::Aggregated("v2beta1"))
            } else {
                None
            }
        };
        header.split(',').find_map(clause).ok_or_else(|| Status::not_acceptable(&["application/json"]))
    }

    /// The `Content-Type` of the answer: without the parameters, a client takes it for the plain one.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "application/json",
            Self::Aggregated("v2beta1") => {
                "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
            }
            Self::Aggregated(_) => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        }
    }
}

/// The groups in their order, each with its versions, the preferred first.
fn versions() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for resource in RESOURCES {
        match groups.iter_mut().find(|(group, _)| *group == resource.group) {
            Some((_, versions)) if versions.contains(&resource.version) => {}
            Some((_, versions)) => versions.push(resource.version),
            None => groups.push((resource.group, vec![resource.version])),
        }
    }
    groups
}

/// The answer of `/api`: there is no core group here.
#[must_use]
pub fn core(form: Form) -> Value {
    match form {
        Form::Plain => json!({"kind": "APIVersions", "versions": [], "serverAddressByClientCIDRs": []}),
        Form::Aggregated(version) => list(version, Vec::new()),
    }
}

/// The answer of `/apis`.
#[must_use]
pub fn groups(form: Form) -> Value {
    match form {
        Form::Plain => {
            let groups: Vec<Value> =
                versions().into_iter().map(|(group, versions)| one(group, &versions)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        Form::Aggregated(version) => list(version, versions().into_iter().map(aggregated).collect()),
    }
}

/// The answer of `/apis/GROUP`.
#[must_use]
pub fn group(name: &str) -> Option<Value> {
    let (group, versions) = versions().into_iter().find(|(group, _)| *group == name)?;
    let mut value = one(group, &versions);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("kind".to_owned(), Value::from("APIGroup"));
        fields.insert("apiVersion".to_owned(), Value::from("v1"));
    }
    Some(value)
}

/// The answer of `/apis/GROUP/VERSION`.
#[must_use]
pub fn resources(group: &str, version: &str) -> Option<Value> {
    let entry = |resource: &Resource, name: &str, verbs: &[&str]| {
        json!({
            "name": name, "singularName": if name == resource.name { resource.singular } else { "" },
            "namespaced": false, "kind": resource.kind, "verbs": verbs,
        })
    };
    let mut list = Vec::new();
    for resource in of(group, version) {
        let mut own = entry(resource, resource.name, resource.verbs);
        if !resource.short_names.is_empty()
            && let Some(fields) = own.as_object_mut()
        {
            fields.insert("shortNames".to_owned(), json!(resource.short_names));
        }
        list.push(own);
        list.extend(
            resource.parts.iter().map(|part| entry(resource, &format!("{}/{part}", resource.name), PART)),
        );
    }
    let version = format!("{group}/{version}");
    let answer =
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": list});
    (!list_is_empty(&answer)).then_some(answer)
}

fn list_is_empty(answer: &Value) -> bool {
    answer.get("resources").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// The resources of a group in a version.
fn of<'a>(group: &'a str, version: &'a str) -> impl Iterator<Item = &'static Resource> + use<'a> {
    RESOURCES.iter().filter(move |resource| resource.group == group && resource.version == version)
}

fn one(group: &str, versions: &[&str]) -> Value {
    let version = |version: &&str| json!({"groupVersion": format!("{group}/{version}"), "version": version});
    let versions: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

fn list(version: &str, items: Vec<Value>) -> Value {
    let version = format!("apidiscovery.k8s.io/{version}");
    let list = json!({"kind": "APIGroupDiscoveryList", "apiVersion": version, "metadata": {}});
    with(list, "items", Value::Array(items))
}

fn aggregated((group, versions): (&'static str, Vec<&'static str>)) -> Value {
    let version = |version: &str| {
        let resources: Vec<Value> = of(group, version).map(aggregated_resource).collect();
        json!({"version": version, "freshness": "Current", "resources": resources})
    };
    let versions: Vec<Value> = versions.into_iter().map(version).collect();
    json!({"metadata": {"name": group}, "versions": versions})
}

fn aggregated_resource(resource: &Resource) -> Value {
    // Empty means: as where it stands.
    let kind = json!({"group": "", "version": "", "kind": resource.kind});
    let part = |part: &&str| json!({"subresource": part, "responseKind": kind, "verbs": PART});
    let parts: Vec<Value> = resource.parts.iter().map(part).collect();
    json!({
        "resource": resource.name, "responseKind": kind, "scope": "Cluster",
        "singularResource": resource.singular, "verbs": resource.verbs, "shortNames": resource.short_names,
        "subresources": parts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::schema::find;

    #[test]
    fn headers_are_understood() {
        let all = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;\
                   g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
        for (header, form) in [
            (all, Form::Aggregated("v2")),
            (
                "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
                Form::Aggregated("v2beta1"),
            ),
            ("application/json, */*", Form::Plain),
            ("", Form::Plain),
            ("application/vnd.kubernetes.protobuf;as=APIGroupDiscoveryList, */*", Form::Plain),
        ] {
            assert_eq!(Form::of(header), Ok(form), "{header}");
        }
        assert_eq!(Form::of("text/html").unwrap_err().code, 406);
    }

    #[test]
    fn everything_that_is_served_is_told_in_both_ways() {
        for resource in RESOURCES {
            let version = format!("{}/{}", resource.group, resource.version);
            assert!(find(&version, resource.kind).is_some(), "{version}");
            assert!(group(resource.group).is_some());
            let told = resources(resource.group, resource.version).unwrap();
            let told = told["resources"].as_array().unwrap();
            assert!(told.iter().any(|told| told["name"] == resource.name && told["namespaced"] == false));
        }
        let plain = resources("certificates.k8s.io", "v1").unwrap();
        let names: Vec<&str> =
            plain["resources"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "certificatesigningrequests",
                "certificatesigningrequests/approval",
                "certificatesigningrequests/status"
            ]
        );
        assert_eq!(plain["resources"][0]["shortNames"], json!(["csr"]));
        assert_eq!(resources("certificates.k8s.io", "v9"), None);
        assert_eq!(group("apps"), None);
        let all = groups(Form::Aggregated("v2"));
        assert_eq!(
            all["items"][2]["versions"][0]["resources"][0]["subresources"][1]["subresource"],
            "status"
        );
        assert_eq!(groups(Form::Plain)["groups"][2]["preferredVersion"]["version"], "v1");
    }
}
