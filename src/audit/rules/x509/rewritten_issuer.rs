//! `KP-X5020`: an issuer that is called the same in other bytes.

use std::collections::HashMap;

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene, Severity, Sighting};

rule! {
    /// A certificate names its CA in other bytes than the CA names itself: another string type, or upper and lower case.
    ///
    /// ## Why it matters
    ///
    /// Go and rustls compare names byte by byte and do not find the CA, although OpenSSL does. Something has encoded the
    /// name anew instead of copying it.
    ///
    /// A credential that its own CA has signed so is told of by KP-TR001: the cluster refuses it.
    ///
    /// ## What to do
    ///
    /// Issue it with the CA's name as it stands in the CA's certificate.
    ///
    /// ## References
    ///
    /// RFC 5280 §7.1 and §4.1.2.4.
    "KP-X5020" "rewritten-issuer" Low Scene "clusters with CAs"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.sightings().any(|sighting| sighting.certificate().is_ca())
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    scene
        .views
        .iter()
        .flat_map(|view| {
            let mut named: HashMap<String, Sighting<'_>> = HashMap::new();
            for ca in view.sightings().filter(|sighting| sighting.certificate().is_ca()) {
                named.entry(text(&ca.certificate().subject)).or_insert(ca);
            }
            let orphans = view.sightings().filter(|sighting| {
                let known = view.authorities(sighting.certificate().issuer.as_der());
                known.is_empty() && !sighting.own_case().is_some_and(|case| has_its_ca(&case))
            });
            orphans
                .filter_map(|orphan| fault(&orphan, named.get(&text(&orphan.certificate().issuer))?))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn fault(orphan: &Sighting<'_>, ca: &Sighting<'_>) -> Option<Fault> {
    orphan.certificate().verify_signature(&ca.certificate().public_key).ok()?;
    let path = ca.path();
    let message = format!("names its issuer in other bytes than {} has its subject in", path.display());
    let fault = orphan.graded(Severity::Low, message, Remedy::Reissue);
    let remedy = Remedy::advice("issue it with the CA's name as it stands in the CA's certificate");
    Some(Fault { anchor: Some(orphan.anchor()), ..fault.cured_by(remedy) })
}

/// Of these another rule says that their CA did not sign them.
fn has_its_ca(case: &Case<'_>) -> bool {
    case.is_leaf() && case.issuer().is_some_and(|issuer| issuer.certificate().is_some())
}

/// What a name says, however it is written.
fn text(name: &crate::x509::Name) -> String {
    name.to_string().to_lowercase()
}
