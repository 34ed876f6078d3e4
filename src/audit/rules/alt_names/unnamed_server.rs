//! `KP-SN004`: a kubeconfig that goes to a host for which no API server speaks.

use std::collections::{HashMap, HashSet};

use crate::audit::names::{api_servers, covers, expected};
use crate::audit::rule::rule;
use crate::audit::{Access, Case, Fault, Remedy, Scene};
use crate::x509::{Certificate, chain};

rule! {
    /// A kubeconfig connects to a host that is in the certificate of no API server of its cluster.
    ///
    /// ## Why it matters
    ///
    /// Its user cannot connect: TLS compares the host of the URL, or `tls-server-name` where there is one, with the names
    /// in the certificate.
    ///
    /// A credential of the spec's that points elsewhere is told by `KP-SP005`, and a name that API servers ought to have
    /// and lack by the rules about their certificates.
    ///
    /// ## What to do
    ///
    /// Change the URL, or set `tls-server-name` to a name that is in the certificate, or add the host to
    /// `apiServer.certSANs` and run `kubepki apply`.
    ///
    /// ## References
    ///
    /// RFC 9525 §6; Kubernetes, kubeconfig v1, `tls-server-name`.
    "KP-SN004" "unnamed-server" High Scene "kubeconfigs of API servers that are here"
}

/// So many CAs of the right name are looked at in a kubeconfig: more are a hostile file's.
const MOST: usize = 16;

fn applies(scene: &Scene<'_>) -> bool {
    let servers = servers(scene);
    let mut known = HashMap::new();
    scene.accesses().any(|access| !own(&access, &servers, &mut known).is_empty())
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let servers = servers(scene);
    let mut known = HashMap::new();
    let mut faults = Vec::new();
    for access in scene.accesses() {
        let own = own(&access, &servers, &mut known);
        let Some(host) = expected(access.kubeconfig).filter(|_| !own.is_empty()) else { continue };
        let speaks = |(case, certificate): &&(Case<'_>, &Certificate)| {
            let planned = case.blueprint().map(|own| own.subject_alt_names.as_slice()).unwrap_or_default();
            certificate.subject_alt_names.iter().chain(planned).any(|name| covers(name, &host))
        };
        if own.iter().any(|server| speaks(&server)) {
            continue;
        }
        let message = format!("connects to `{host}`, which is in no API server's certificate");
        let remedy = Remedy::Rewrite;
        let fault =
            access.fault(message, remedy, "change the URL, or add the host to the API servers' names");
        faults.push(Fault { anchor: Some(access.anchor()), ..fault });
    }
    faults
}

type Server<'a> = (Case<'a>, &'a Certificate);

fn servers<'a>(scene: &'a Scene<'a>) -> Vec<Server<'a>> {
    scene.views.iter().flat_map(api_servers).collect()
}

/// The API servers that a kubeconfig can be about: those of a CA that it trusts. None where another rule speaks: the
/// connection is not checked, or not encrypted, or a credential does not point where the spec says.
fn own<'a>(
    access: &Access<'a>,
    servers: &[Server<'a>],
    known: &mut HashMap<&'a [u8], Vec<usize>>,
) -> Vec<Server<'a>> {
    let kubeconfig = access.kubeconfig;
    let plain = kubeconfig.server.starts_with("http://");
    let drifted = access.case().is_some_and(|case| case.is_ours() && case.view.terms.given);
    if kubeconfig.insecure || plain || drifted {
        return Vec::new();
    }
    let mut own: Vec<usize> = Vec::new();
    let names: HashSet<&[u8]> = servers.iter().map(|(_, server)| server.issuer.as_der()).collect();
    let named = access.authority().iter().filter(|ca| names.contains(ca.subject.as_der()));
    for ca in named.take(MOST) {
        let signed = known.entry(ca.as_der()).or_insert_with(|| {
            let numbered = servers.iter().enumerate();
            let signed = numbered.filter(|(_, (_, certificate))| chain::claims(certificate, ca));
            signed.map(|(index, _)| index).collect()
        });
        own.extend(signed.iter());
    }
    own.into_iter().filter_map(|index| servers.get(index).copied()).collect()
}
