//! `KP-X5018`: a name that a CA above may not certify.

use const_oid::db::rfc5280;

use crate::audit::peculiarity::{Peculiarity, peculiarities};
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::x509::name_constraints::{Base, NameConstraints, Subtree};
use crate::x509::{Certificate, SubjectAltName};

rule! {
    /// A certificate has a name that the name constraints of a CA above it exclude; or a CA's name constraints are
    /// malformed or not critical.
    ///
    /// ## Why it matters
    ///
    /// Go holds certificates to the constraints of all CAs above them, and refuses the whole chain for one name. Constraints
    /// that are not critical are passed over by who does not know them: they bind only the honest.
    ///
    /// DNS names and addresses are looked at here; `kubepki verify` holds all names to constraints.
    ///
    /// ## What to do
    ///
    /// Have the CA issued anew with wider constraints, or take the name out of the spec: `kubepki apply` then issues a
    /// certificate without it.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.10 and §6.1.4 (g).
    "KP-X5018" "constrained-name" High Sighting "certificates with name constraints of their own or above them"
}

/// More comparisons of a name with a constraint are not made: a hostile certificate has thousands of both.
const MOST: usize = 100_000;

fn applies(sighting: &Sighting<'_>) -> bool {
    let constrains =
        |certificate: &Certificate| certificate.extension(rfc5280::ID_CE_NAME_CONSTRAINTS).is_some();
    constrains(sighting.certificate()) || sighting.above().any(|above| constrains(above.certificate()))
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let mut faults = peculiarities(sighting, Peculiarity::NameConstraints);
    let own = certificate.extension(rfc5280::ID_CE_NAME_CONSTRAINTS);
    if own.is_some_and(|extension| !extension.critical) {
        let message = "its name constraints are not critical".to_owned();
        faults.push(super::renewable(sighting, Severity::Medium, message));
    }
    let mut budget = MOST;
    for above in sighting.above() {
        let ca = above.certificate();
        let Some(constraints) = ca.name_constraints.as_deref().filter(|_| ca != certificate) else {
            continue;
        };
        let names = certificate.subject_alt_names.iter();
        let mut refused = names.filter(|name| is_refused(constraints, name, &mut budget));
        if let Some(name) = refused.next() {
            let message = format!("has the name `{name}`, which `{}` may not certify", ca.subject);
            let text = "have the CA issued anew with wider constraints, or take the name out of the spec";
            let fault = sighting.fault(message, Remedy::by_hand(text));
            faults.push(if sighting.is_put_aside() { fault } else { fault.cured_by(Remedy::by_hand(text)) });
        }
    }
    faults
}

/// Whether constraints exclude a name, or permit others of its kind only.
fn is_refused(constraints: &NameConstraints, name: &SubjectAltName, budget: &mut usize) -> bool {
    let mut inside = |subtrees: &[Subtree]| -> Option<bool> {
        let mut of_kind = None;
        for subtree in subtrees {
            *budget = budget.checked_sub(1)?;
            match contains(&subtree.base, name) {
                Some(true) => return Some(true),
                Some(false) => of_kind = Some(false),
                None => {}
            }
        }
        of_kind
    };
    inside(&constraints.excluded) == Some(true) || inside(&constraints.permitted) == Some(false)
}

/// Whether a subtree holds a name; nothing where it is of another kind, or of one that is not looked at.
fn contains(base: &Base, name: &SubjectAltName) -> Option<bool> {
    match (base, name) {
        (Base::Dns(base), SubjectAltName::Dns(name)) => {
            let (base, name) = (base.to_ascii_lowercase(), name.to_ascii_lowercase());
            let below = if base.starts_with('.') { base.clone() } else { format!(".{base}") };
            Some(base.is_empty() || name == base || name.ends_with(&below))
        }
        (Base::Ip(base), SubjectAltName::Ip(address)) => Some(base.contains(address)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subtrees(bases: &[Base]) -> Vec<Subtree> {
        bases.iter().map(|base| Subtree { base: base.clone(), has_distances: false }).collect()
    }

    #[test]
    fn names_are_held_to_subtrees_of_their_kind() {
        let dns = |base: &str| Base::Dns(base.to_owned());
        let ip = |base: &str| Base::Ip(base.parse().unwrap());
        let name = |name: &str| match name.parse() {
            Ok(address) => SubjectAltName::Ip(address),
            Err(_) => SubjectAltName::Dns(name.to_owned()),
        };
        for (permitted, excluded, presented, refused) in [
            (vec![dns("example.com")], vec![], "example.com", false),
            (vec![dns("example.com")], vec![], "A.Example.com", false),
            (vec![dns("example.com")], vec![], "*.example.com", false),
            (vec![dns("example.com")], vec![], "notexample.com", true),
            (vec![dns(".example.com")], vec![], "example.com", true),
            (vec![dns(".example.com")], vec![], "a.example.com", false),
            (vec![dns("")], vec![], "anything", false),
            (vec![dns("example.com")], vec![], "192.0.2.1", false),
            (vec![dns("a"), dns("example.com")], vec![], "example.com", false),
            (vec![], vec![dns("example.com")], "a.example.com", true),
            (vec![dns("example.com")], vec![dns("a.example.com")], "a.example.com", true),
            (vec![ip("192.0.2.0/24")], vec![], "192.0.2.1", false),
            (vec![ip("192.0.2.0/24")], vec![], "198.51.100.1", true),
            (vec![ip("192.0.2.0/24")], vec![], "2001:db8::1", true),
            (vec![], vec![ip("0.0.0.0/0")], "2001:db8::1", false),
        ] {
            let constraints =
                NameConstraints { permitted: subtrees(&permitted), excluded: subtrees(&excluded) };
            let found = is_refused(&constraints, &name(presented), &mut MOST.clone());
            assert_eq!(found, refused, "{permitted:?} {excluded:?} {presented}");
        }
    }

    #[test]
    fn a_multitude_is_given_up() {
        let constraints =
            NameConstraints { permitted: subtrees(&[Base::Dns("a".into())]), excluded: Vec::new() };
        assert!(!is_refused(&constraints, &SubjectAltName::Dns("b".into()), &mut 0));
    }
}
