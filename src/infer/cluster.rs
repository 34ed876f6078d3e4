//! What the files of all nodes together say of their cluster.

use std::collections::HashSet;

use time::Duration;

use super::node::{Seen, see};
use super::{Confidence, Facts, Inferred, most_frequent, own};
use crate::audit::case::Signing;
use crate::audit::{Case, Node, View};
use crate::catalog::{CATALOG, Kind, ROOT, Role};
use crate::spec::{self, Authority, AuthorityMode, Etcd, Naming, Period, Root, Spec};
use crate::target::Aim;
use crate::version::Version;
use crate::x509::profile::BACKDATE;
use crate::x509::{Certificate, SubjectAltName, chain};

pub fn infer(view: &View<'_>) -> Inferred {
    let mut facts = Facts::default();
    let nodes: Vec<Node<'_>> = view.nodes().filter(|node| !node.is_authority() && is_there(node)).collect();
    let seen: Vec<Seen> = nodes.iter().map(|node| see(node, &mut facts)).collect();
    let mut spec = Spec::empty();
    cluster_name(view, &mut spec, &mut facts);
    release(view, &nodes, &mut spec, &mut facts);
    endpoint(&seen, &mut spec, &mut facts);
    let subnets: Vec<_> = seen.iter().map(|seen| seen.service_subnets.clone()).collect();
    if let Some(subnets) = most_frequent(subnets.into_iter().filter(|subnets| !subnets.is_empty())) {
        spec.service_subnets = subnets;
    }
    if let Some(domain) = most_frequent(seen.iter().filter_map(|seen| seen.dns_domain.clone())) {
        facts.note("networking.dnsDomain", &domain, Confidence::Certain, "the API server's names");
        spec.dns_domain = domain;
    }
    let serves = || seen.iter().filter(|seen| seen.roles.contains(&Role::ControlPlane));
    spec.cert_sans = common(serves().map(|seen| seen.cert_sans.as_slice()), &spec, &seen);
    etcd(&seen, &mut spec, &mut facts);
    algorithm(view, &mut spec, &mut facts);
    periods(view, &mut spec);
    authority(view, &mut spec, &mut facts);
    spec.omit = omitted(&nodes);
    let names: Vec<String> = seen.iter().map(|seen| seen.name.clone()).collect();
    spec.nodes = seen
        .into_iter()
        .map(|seen| {
            let Seen { name, roles, addresses, bind_port, .. } = seen;
            spec::Node { name, roles, addresses, bind_port }
        })
        .collect();
    // The first control plane is the one that kubeadm made first: it alone has this file.
    let first = nodes
        .iter()
        .position(|node| node.credential("super-admin.conf").is_some_and(|case| !case.is_absent()));
    if let Some(first) = first {
        spec.nodes[..=first].rotate_right(1);
    }
    spec.credentials = own::credentials(view, &nodes, &names, &spec);
    Inferred { spec, facts: facts.0 }
}

/// Whether a node has any of its files.
fn is_there(node: &Node<'_>) -> bool {
    node.cases().any(|case| !case.is_absent())
}

fn leaves<'a>(view: &'a View<'a>) -> impl Iterator<Item = (Case<'a>, &'a Certificate)> {
    view.cases()
        .filter(|case| case.is_ours() && case.is_leaf())
        .filter_map(|case| Some((case, case.certificate()?)))
}

fn cluster_name(view: &View<'_>, spec: &mut Spec, facts: &mut Facts) {
    // A kubelet that writes its own kubeconfig calls every cluster `default-cluster`.
    let kubeconfigs = view.cases().filter(|case| !case.is_rotated()).filter_map(|case| case.kubeconfig());
    if let Some(name) = most_frequent(kubeconfigs.map(|kubeconfig| kubeconfig.cluster.clone())) {
        facts.note("clusterName", &name, Confidence::Certain, "kubeconfigs");
        spec.cluster_name = name;
    }
}

/// The tag of the API server's image says it; else the groups in certificates tell releases apart, roughly.
fn release(view: &View<'_>, nodes: &[Node<'_>], spec: &mut Spec, facts: &mut Facts) {
    const FIELD: &str = "kubernetesVersion";
    let tag = |node: &Node<'_>| node.pod("kube-apiserver")?.1.tag()?.parse::<Version>().ok();
    if let Some(version) = most_frequent(nodes.iter().filter_map(tag)) {
        facts.note(FIELD, version.to_string(), Confidence::Certain, "the API server's image");
        spec.kubernetes_version = version;
        return;
    }
    let groups = |credential: &str| {
        let case = view.cases().find(|case| case.target.credential == credential && !case.is_absent())?;
        Some(case.certificate()?.subject.organizations().join(","))
    };
    let (version, confidence) =
        match (groups("admin.conf").as_deref(), groups("apiserver-kubelet-client").as_deref()) {
            (Some("system:masters"), _) => (Version::new(1, 28, 0), Confidence::Likely),
            (_, Some("system:masters" | "kubeadm:cluster-admins")) => {
                (Version::new(1, 36, 0), Confidence::Guessed)
            }
            (_, _) => (Version::LATEST, Confidence::Guessed),
        };
    facts.note(FIELD, version.to_string(), confidence, "the groups in certificates");
    spec.kubernetes_version = version;
}

fn endpoint(seen: &[Seen], spec: &mut Spec, facts: &mut Facts) {
    spec.control_plane_endpoint = most_frequent(seen.iter().filter_map(|seen| seen.endpoint.clone()));
    if let Some(endpoint) = &spec.control_plane_endpoint {
        facts.note("controlPlaneEndpoint", endpoint.to_string(), Confidence::Certain, "kubeconfigs");
    }
}

/// The names that all of these certificates have, but for those that the spec gives them anyway.
fn common<'a>(
    mut lists: impl Iterator<Item = &'a [SubjectAltName]>,
    spec: &Spec,
    seen: &[Seen],
) -> Vec<SubjectAltName> {
    let Some(first) = lists.next() else { return Vec::new() };
    let rest: Vec<HashSet<&SubjectAltName>> = lists.map(|list| list.iter().collect()).collect();
    let reached = spec.control_plane_endpoint.as_ref().map(spec::Endpoint::alt_name);
    let expected = |name: &&SubjectAltName| {
        let service = spec.service_ips().any(|address| SubjectAltName::ip(address) == **name);
        service || reached.as_ref() == Some(*name)
    };
    // With one node there is nothing to compare with.
    let everywhere = |name: &&SubjectAltName| seen.len() < 2 || rest.iter().all(|list| list.contains(*name));
    let readable = |name: &&SubjectAltName| matches!(name, SubjectAltName::Dns(_) | SubjectAltName::Ip(_));
    first.iter().filter(readable).filter(everywhere).filter(|name| !expected(name)).cloned().collect()
}

fn etcd(seen: &[Seen], spec: &mut Spec, facts: &mut Facts) {
    let planes = || seen.iter().filter(|seen| seen.roles.contains(&Role::ControlPlane));
    let external = planes().next().is_some() && planes().all(|seen| seen.external_etcd.is_some());
    if external {
        let mut endpoints: Vec<String> =
            planes().find_map(|seen| seen.external_etcd.clone()).unwrap_or_default();
        let confidence = if endpoints.is_empty() { Confidence::Guessed } else { Confidence::Certain };
        if endpoints.is_empty() {
            endpoints.push("https://127.0.0.1:2379".to_owned());
        }
        facts.note("etcd.external", endpoints.join(","), confidence, "there are no files of an etcd member");
        let none = String::new;
        spec.etcd = Etcd::External { endpoints, ca_file: none(), cert_file: none(), key_file: none() };
        return;
    }
    let members = || {
        seen.iter()
            .filter(|seen| seen.roles.contains(&Role::ControlPlane) || seen.roles.contains(&Role::Etcd))
    };
    let [server_cert_sans, peer_cert_sans] =
        [0, 1].map(|which| common(members().map(|seen| seen.etcd_sans[which].as_slice()), spec, seen));
    if members().next().is_some() {
        facts.note("etcd.local", "{}", Confidence::Certain, "there are files of an etcd member");
    }
    spec.etcd = Etcd::Local { server_cert_sans, peer_cert_sans };
}

fn algorithm(view: &View<'_>, spec: &mut Spec, facts: &mut Facts) {
    let algorithms = leaves(view).filter_map(|(_, certificate)| certificate.public_key.algorithm());
    if let Some(algorithm) = most_frequent(algorithms) {
        facts.note("encryptionAlgorithm", algorithm.to_string(), Confidence::Certain, "the keys");
        spec.encryption_algorithm = algorithm;
    }
}

/// The lifetimes that stand most often. Where it makes whole hours, five minutes are the allowance for clocks.
fn periods(view: &View<'_>, spec: &mut Spec) {
    let lifetime = |certificate: &Certificate| {
        let whole = certificate.not_after - certificate.not_before;
        let net = whole - BACKDATE;
        if net.whole_seconds() % 3600 == 0 { net } else { whole }
    };
    let pair = |case: &Case<'_>| matches!(case.target.aim, Aim::Pair { .. });
    let pairs = leaves(view).filter(|(case, _)| pair(case)).map(|(_, certificate)| lifetime(certificate));
    let any = leaves(view).map(|(_, certificate)| lifetime(certificate));
    let period = |found: Option<Duration>| {
        found.filter(|found| found.is_positive()).map(|found| Period::seconds(found.whole_seconds()))
    };
    if let Some(period) = period(most_frequent(pairs).or_else(|| most_frequent(any))) {
        spec.certificate_validity_period = period;
    }
    let authorities = view.cases().filter(Case::is_authority).filter_map(|case| case.certificate());
    if let Some(period) = period(most_frequent(authorities.map(lifetime))) {
        spec.ca_certificate_validity_period = period;
    }
}

fn authority(view: &View<'_>, spec: &mut Spec, facts: &mut Facts) {
    let authorities: Vec<Case<'_>> =
        view.cases().filter(|case| case.is_authority() && case.certificate().is_some()).collect();
    let documented = authorities.iter().any(|case| {
        let row = CATALOG.iter().find(|row| row.name == case.target.credential);
        let documented = row.and_then(|row| row.documented_common_name.as_deref());
        documented.is_some() && case.certificate().and_then(|own| own.subject.common_name()) == documented
    });
    if documented {
        spec.naming = Naming::Documented;
        facts.note("naming", "documented", Confidence::Certain, "the CAs' names");
    }
    // A worker never has the key.
    let serves = view.cases().any(|case| case.target.credential == "apiserver" && !case.is_absent());
    let elsewhere = |case: &Case<'_>| matches!(case.signing(), Signing::Elsewhere);
    if let Some(found) = root(view, &authorities, facts) {
        spec.authority = found;
    } else if serves && !authorities.is_empty() && authorities.iter().all(elsewhere) {
        spec.authority.mode = AuthorityMode::External;
        facts.note("authority.mode", "external", Confidence::Certain, "no CA has its key here");
    } else if authorities.iter().any(|case| case.certificate().is_some_and(|own| !own.is_self_issued())) {
        spec.authority.mode = AuthorityMode::Intermediate;
        facts.note("authority.mode", "intermediate", Confidence::Certain, "a CA is not its own issuer");
    }
}

/// The root above the CAs, in the file where kubepki puts it.
fn root(view: &View<'_>, authorities: &[Case<'_>], facts: &mut Facts) -> Option<Authority> {
    let name = format!("{}.crt", ROOT.place);
    let found = view.survey.strays.iter().find_map(|stray| {
        let content = &stray.found.present().filter(|_| stray.path.ends_with(&name))?.content;
        let [root] = content.certificates().ok()?[..] else { return None };
        let signs = |case: &Case<'_>| case.certificate().is_some_and(|ca| chain::signed_by(ca, root).is_ok());
        (root.is_ca() && root.is_self_issued() && authorities.iter().any(signs)).then_some((stray, root))
    });
    let (stray, root) = found?;
    let file = view.survey.absolute(&stray.path);
    facts.note("authority.root", file.display().to_string(), Confidence::Certain, "it has signed a CA");
    let constraints =
        authorities.iter().find_map(|case| case.certificate()?.name_constraints.as_deref().cloned());
    let length = authorities.iter().find_map(|case| case.certificate()?.basic_constraints?.path_len);
    Some(Authority {
        mode: AuthorityMode::Intermediate,
        root: Some(Root {
            certificate_file: file,
            key_file: None,
            certificate: Some(Box::new(root.clone())),
        }),
        path_length: length.unwrap_or_default(),
        name_constraints: constraints,
        keys: Vec::new(),
    })
}

/// What no component needs and no node has.
fn omitted(nodes: &[Node<'_>]) -> Vec<String> {
    let planes = nodes.iter().any(|node| node.credential("apiserver").is_some_and(|case| !case.is_absent()));
    let optional = CATALOG.iter().filter(|row| row.optional && planes);
    let nowhere = |name: &str| {
        let mut cases = nodes.iter().filter_map(|node| node.credential(name));
        cases.all(|case| case.is_absent())
    };
    let relevant = |name: &str, kind: &Kind| {
        // Without a member there is no health to ask for.
        matches!(kind, Kind::Kubeconfig { .. })
            || nodes.iter().any(|node| node.credential("etcd-server").is_some_and(|case| !case.is_absent()))
            || !name.starts_with("etcd")
    };
    optional
        .filter(|row| nowhere(&row.name) && relevant(&row.name, &row.kind))
        .map(|row| row.name.clone())
        .collect()
}
