//! May a CA certify these names (RFC 5280 §6.1.3 (b), (c), §6.1.4 (g))?

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::Tag;

use super::Fault;
use super::budget::{Budget, Limit};
use super::subtree::{Answer, List, Presented, contains};
use crate::x509::alt_name::address;
use crate::x509::der::{children, tagged};
use crate::x509::name_constraints::{Base, Subtree};
use crate::x509::{Certificate, Name, NameConstraints, SubjectAltName};

/// RFC 2985 §5.2.1.
const EMAIL_ADDRESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");

/// RFC 5280 §6.1.3 (b), (c): the names of a certificate are permitted, and not excluded, by `authority`, which stands
/// somewhere above it. The caller leaves out certificates that are self-issued and not the end of the path.
///
/// Of each list and kind of name, the first that must not be is told, with the number of the others.
pub(super) fn names(certificate: &Certificate, authority: &Certificate, budget: &mut Budget) -> Vec<Fault> {
    let Some(constraints) = authority.name_constraints.as_deref() else { return Vec::new() };
    let mut faults = Faults { authority: &authority.subject, list: Vec::new() };
    if !budget.take(Limit::Comparisons) {
        return faults.given_up();
    }
    for name in presented(certificate) {
        let mut undecided = false;
        for subtree in &constraints.excluded {
            if !budget.take_some(Limit::Comparisons, weight(subtree, &name)) {
                return faults.given_up();
            }
            match judge(subtree, &name, List::Excluded) {
                Some(Answer::Inside) => {
                    faults.excluded(&name, &subtree.base);
                    break;
                }
                Some(Answer::Unknown) => undecided = true,
                Some(Answer::Outside) | None => {}
            }
        }
        let (mut applies, mut unknown, mut inside) = (false, false, false);
        for subtree in &constraints.permitted {
            if !budget.take_some(Limit::Comparisons, weight(subtree, &name)) {
                return faults.given_up();
            }
            let answer = judge(subtree, &name, List::Permitted);
            applies |= answer.is_some();
            unknown |= answer == Some(Answer::Unknown);
            inside |= answer == Some(Answer::Inside);
        }
        undecided |= unknown && !inside;
        if undecided {
            faults.undecided(&name);
        } else if applies && !inside {
            faults.not_permitted(&name);
        }
    }
    faults.list
}

/// The first of these names that a CA with such constraints must not certify; only DNS names and addresses are looked at.
#[must_use]
pub fn denied<'a>(constraints: &NameConstraints, names: &'a [SubjectAltName]) -> Option<&'a SubjectAltName> {
    names.iter().find(|name| {
        let presented = match name {
            SubjectAltName::Dns(name) => Presented::Dns(name),
            SubjectAltName::Ip(address) => Presented::Ip(*address),
            _ => return false,
        };
        let judge_all = |list: &[Subtree], which| -> Vec<Answer> {
            list.iter().filter_map(|subtree| judge(subtree, &presented, which)).collect()
        };
        let excluded = judge_all(&constraints.excluded, List::Excluded);
        let permitted = judge_all(&constraints.permitted, List::Permitted);
        excluded.iter().any(|answer| *answer != Answer::Outside)
            || !(permitted.is_empty() || permitted.contains(&Answer::Inside))
    })
}

/// How many comparisons one comparison counts for: one, where both are as short as names are (a DNS name has 253 octets
/// at most), and more where they are longer, so that long names take no longer than many.
fn weight(subtree: &Subtree, name: &Presented<'_>) -> u32 {
    let base = match &subtree.base {
        Base::Dns(text) | Base::Email(text) | Base::Uri(text) => text.len(),
        Base::Directory(name) => name.as_der().len(),
        Base::Ip(_) | Base::Other { .. } => 0,
    };
    let name = match name {
        Presented::Dns(text) | Presented::Email(text) | Presented::Uri(text) => text.len(),
        Presented::Directory(name) => name.as_der().len(),
        Presented::Ip(_) | Presented::Other { .. } => 0,
    };
    u32::try_from(1 + (base + name) / 512).unwrap_or(u32::MAX)
}

/// A subtree with a minimum or maximum cannot be decided: RFC 5280 gives them no meaning.
fn judge(subtree: &Subtree, name: &Presented<'_>, list: List) -> Option<Answer> {
    let answer = contains(&subtree.base, name, list)?;
    Some(if subtree.has_distances { Answer::Unknown } else { answer })
}

/// The names that constraints are about: the subject, the addresses for e-mail in it, and the alternative names, as they
/// stand. Never a common name: it is no DNS name, whatever it looks like.
fn presented(certificate: &Certificate) -> Vec<Presented<'_>> {
    let subject = &certificate.subject;
    let whole = (!subject.is_empty()).then(|| Presented::Directory(subject.clone()));
    let attributes = subject.relative_names().iter().flatten();
    let emails = attributes.filter(|attribute| attribute.oid == EMAIL_ADDRESS);
    let emails = emails.map(|attribute| Presented::Email(&attribute.value));
    let extension = certificate.extension(rfc5280::ID_CE_SUBJECT_ALT_NAME);
    // What does not decode is an anomaly, for which the certificate is refused.
    let names =
        extension.and_then(|extension| children(&extension.value, Tag::Sequence, "subjectAltName").ok());
    let names = names.into_iter().flatten().filter_map(general_name);
    whole.into_iter().chain(emails).chain(names).collect()
}

fn general_name(der: &[u8]) -> Option<Presented<'_>> {
    let (tag, content) = tagged(der, "subjectAltName").ok()?;
    let text = || std::str::from_utf8(content).ok();
    let other = |kind| Presented::Other { tag, kind };
    Some(match tag {
        0x81 => Presented::Email(text()?),
        0x82 => Presented::Dns(text()?),
        0x86 => Presented::Uri(text()?),
        0x87 => Presented::Ip(address(content)?),
        // A name that does not come apart is one of a kind that cannot be decided.
        0xa4 => Name::from_der(content).map_or(other("directory name"), Presented::Directory),
        0xa0 => other("other name"),
        0xa3 => other("X.400 address"),
        0xa5 => other("EDI party name"),
        0x88 => other("registered id"),
        _ => other("name of an unknown kind"),
    })
}

impl fmt::Display for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{}", name.escape_debug()),
            Self::Email(name) => write!(f, "email:{}", name.escape_debug()),
            Self::Uri(name) => write!(f, "URI:{}", name.escape_debug()),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::Directory(name) => write!(f, "the name {name}"),
            Self::Other { kind, .. } => write!(f, "a {kind}"),
        }
    }
}

/// What was found, of each kind the first and the number of the others.
struct Faults<'a> {
    authority: &'a Name,
    list: Vec<Fault>,
}

impl Faults<'_> {
    fn excluded(&mut self, name: &Presented<'_>, base: &Base) {
        let known = self.list.iter_mut().find_map(|fault| match fault {
            Fault::NameExcluded { others, .. } => Some(others),
            _ => None,
        });
        match known {
            Some(others) => *others += 1,
            None => self.list.push(Fault::NameExcluded {
                name: name.to_string(),
                others: 0,
                subtree: base.to_string(),
                authority: self.authority.clone(),
            }),
        }
    }

    fn not_permitted(&mut self, name: &Presented<'_>) {
        let known = self.list.iter_mut().find_map(|fault| match fault {
            Fault::NameNotPermitted { others, .. } => Some(others),
            _ => None,
        });
        match known {
            Some(others) => *others += 1,
            None => self.list.push(Fault::NameNotPermitted {
                name: name.to_string(),
                others: 0,
                authority: self.authority.clone(),
            }),
        }
    }

    fn undecided(&mut self, name: &Presented<'_>) {
        if !self.list.iter().any(|fault| matches!(fault, Fault::ConstraintUnsupported { .. })) {
            let authority = self.authority.clone();
            self.list.push(Fault::ConstraintUnsupported { name: name.to_string(), authority });
        }
    }

    fn given_up(mut self) -> Vec<Fault> {
        self.list.push(Fault::Limit(Limit::Comparisons));
        self.list
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::x509::SubjectAltName;
    use crate::x509::forge::{Forge, key, wrap};

    /// `[0]` or `[1]` with one subtree for each tag and content.
    fn list(tag: u8, subtrees: &[(u8, &[u8])]) -> Vec<u8> {
        let subtrees = subtrees.iter().map(|(tag, content)| wrap(0x30, &wrap(*tag, content)));
        wrap(tag, &subtrees.collect::<Vec<_>>().concat())
    }

    fn check(constraints: &[u8], leaf: &Forge) -> Vec<&'static str> {
        let key = key();
        let value = wrap(0x30, constraints);
        let ca =
            Forge::ca("ca", "ca", key.public_key()).extension(rfc5280::ID_CE_NAME_CONSTRAINTS, true, &value);
        let (ca, leaf) = (ca.sign(&key), leaf.sign(&key));
        assert!(ca.is_well_formed(), "{:?}", ca.anomalies);
        names(&leaf, &ca, &mut Budget::default()).iter().map(Fault::code).collect()
    }

    #[test]
    fn each_kind_of_name_is_judged_by_subtrees_of_its_kind() {
        let key = key();
        let leaf = || Forge::new("leaf", "ca", key.public_key());
        let ip = |address: &str| SubjectAltName::ip(address.parse().unwrap());
        let email = |name: &str| SubjectAltName::Email(name.to_owned());
        let uri = |name: &str| SubjectAltName::Uri(name.to_owned());
        let dns = |name: &str| SubjectAltName::Dns(name.to_owned());
        let subject = Name::new("leaf", &[]).unwrap().as_der().to_vec();
        let other = Name::new("other", &[]).unwrap().as_der().to_vec();
        let permitted = |tag, content: &[u8]| list(0xa0, &[(tag, content)]);
        let excluded = |tag, content: &[u8]| list(0xa1, &[(tag, content)]);
        let (yes, no, excludes, unclear): (Vec<&str>, _, _, _) =
            (vec![], vec!["name-not-permitted"], vec!["name-excluded"], vec!["constraint-unsupported"]);
        for (constraints, leaf, codes) in [
            (permitted(0x82, b"example.com"), leaf().dns("a.example.com"), yes.clone()),
            (permitted(0x82, b"example.com"), leaf().dns("a.example.org"), no.clone()),
            (permitted(0x82, b"example.com"), leaf().alt_names(&[ip("192.0.2.1")]), yes.clone()),
            (permitted(0x82, b"example.com"), leaf(), yes.clone()),
            (excluded(0x82, b"example.com"), leaf().dns("a.example.com"), excludes.clone()),
            (excluded(0x82, b"example.com"), leaf().dns("a.example.org"), yes.clone()),
            (excluded(0x82, b""), leaf().dns("a.example.org"), excludes.clone()),
            (permitted(0x82, b"example.com"), leaf().dns("a.example.com."), unclear.clone()),
            (
                permitted(0x87, &[192, 0, 2, 0, 255, 255, 255, 0]),
                leaf().alt_names(&[ip("192.0.2.1")]),
                yes.clone(),
            ),
            (
                permitted(0x87, &[192, 0, 2, 0, 255, 255, 255, 0]),
                leaf().alt_names(&[ip("192.0.3.1")]),
                no.clone(),
            ),
            (permitted(0x87, &[192, 0, 2, 0, 255, 255, 255, 0]), leaf().alt_names(&[ip("::1")]), no.clone()),
            (excluded(0x87, &[0; 8]), leaf().alt_names(&[ip("192.0.3.1")]), excludes.clone()),
            (excluded(0x87, &[0; 8]), leaf().alt_names(&[ip("::1")]), yes.clone()),
            (permitted(0x81, b"example.com"), leaf().alt_names(&[email("a@example.com")]), yes.clone()),
            (permitted(0x81, b"example.com"), leaf().alt_names(&[email("a@example.org")]), no.clone()),
            (excluded(0x81, b"example.com"), leaf().alt_names(&[email("a@example.com")]), excludes.clone()),
            (
                permitted(0x86, b".example.com"),
                leaf().alt_names(&[uri("https://a.example.com/")]),
                yes.clone(),
            ),
            (permitted(0x86, b".example.com"), leaf().alt_names(&[uri("https://example.org/")]), no.clone()),
            (permitted(0x86, b".example.com"), leaf().alt_names(&[uri("urn:a")]), unclear.clone()),
            (permitted(0xa4, &subject), leaf(), yes.clone()),
            (permitted(0xa4, &other), leaf(), no.clone()),
            (excluded(0xa4, &subject), leaf(), excludes.clone()),
            (excluded(0xa4, &other), leaf(), yes.clone()),
            // The common name is no DNS name.
            (
                permitted(0x82, b"example.com"),
                Forge::new("a.example.org", "ca", key.public_key()),
                yes.clone(),
            ),
            (permitted(0xa0, &[]), leaf().dns("a"), yes.clone()),
            // One of two subtrees is enough; both lists count.
            (
                list(0xa0, &[(0x82, b"example.org"), (0x82, b"example.com")]),
                leaf().alt_names(&[dns("a.example.com"), dns("b.example.org")]),
                yes.clone(),
            ),
            (
                [permitted(0x82, b"example.com"), excluded(0x82, b"b.example.com")].concat(),
                leaf().alt_names(&[dns("a.example.com"), dns("b.example.com"), dns("c.example.org")]),
                vec!["name-excluded", "name-not-permitted"],
            ),
        ] {
            assert_eq!(check(&constraints, &leaf), codes, "{constraints:02x?}");
        }
    }

    #[test]
    fn what_cannot_be_decided_is_refused() {
        let key = key();
        let leaf = || Forge::new("leaf", "ca", key.public_key());
        let names =
            |content: &[u8]| leaf().extension(rfc5280::ID_CE_SUBJECT_ALT_NAME, false, &wrap(0x30, content));
        let list_of = |tag, content: &[u8]| list(0xa0, &[(tag, content)]);
        // otherName, registeredID, a directory name that does not come apart, a distance.
        let distance = wrap(0xa0, &wrap(0x30, &[&wrap(0x82, b"a")[..], &[0x80, 0x01, 0x01]].concat()));
        for (constraints, leaf) in [
            (list_of(0xa0, &[]), names(&wrap(0xa0, &[]))),
            (list_of(0x88, &[0x2a]), names(&wrap(0x88, &[0x2a]))),
            (list_of(0xa4, &[0x30, 0x00]), names(&wrap(0xa4, &[0x30, 0x02, 0x31, 0x00]))),
            (distance, leaf().dns("a")),
        ] {
            assert_eq!(check(&constraints, &leaf), ["constraint-unsupported"], "{constraints:02x?}");
        }
    }

    #[test]
    fn an_address_for_email_in_the_subject_counts() {
        let key = key();
        let mut leaf = Forge::new("leaf", "ca", key.public_key());
        let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];
        let attribute = wrap(0x30, &[&oid[..], &wrap(0x16, b"a@example.org")].concat());
        leaf.subject = wrap(0x30, &wrap(0x31, &attribute));
        assert_eq!(check(&list(0xa0, &[(0x81, b"example.com")]), &leaf), ["name-not-permitted"]);
        assert_eq!(check(&list(0xa0, &[(0x81, b"example.org")]), &leaf), [""; 0]);
    }

    #[test]
    fn comparisons_are_bounded() {
        let key = key();
        let many: Vec<SubjectAltName> =
            (0..600).map(|n| SubjectAltName::Dns(format!("a{n}.example.com"))).collect();
        let subtrees = vec![(0x82, &b"example.org"[..]); 600];
        let leaf = || Forge::new("leaf", "ca", key.public_key()).alt_names(&many);
        assert_eq!(check(&list(0xa0, &subtrees), &leaf()), ["name-not-permitted", "limit"]);
        let faults = check(&list(0xa0, &subtrees[..100]), &leaf());
        assert_eq!(faults, ["name-not-permitted"], "told once");
        // Few names, but long ones.
        let long = vec![b'a'; 8_000];
        let many = vec![SubjectAltName::Dns("b".repeat(8_000)); 200];
        let leaf = Forge::new("leaf", "ca", key.public_key()).alt_names(&many);
        let started = Instant::now();
        assert_eq!(check(&list(0xa1, &vec![(0x82, &long[..]); 200]), &leaf), ["limit"]);
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    }

    #[test]
    fn names_are_denied_before_anything_is_signed() {
        let subtree = |base: Base| Subtree { base, has_distances: false };
        let dns = |domain: &str| subtree(Base::Dns(domain.to_owned()));
        let constraints = NameConstraints {
            permitted: vec![dns("example.com"), subtree(Base::Ip("192.0.2.0/24".parse().unwrap()))],
            excluded: vec![dns("bad.example.com")],
        };
        for (name, allowed) in [
            ("api.example.com", true),
            ("example.org", false),
            ("x.bad.example.com", false),
            ("192.0.2.7", true),
            ("198.51.100.7", false),
            ("2001:db8::1", false),
        ] {
            let name = name.parse().map_or_else(|_| SubjectAltName::Dns(name.to_owned()), SubjectAltName::ip);
            assert_eq!(denied(&constraints, std::slice::from_ref(&name)).is_none(), allowed, "{name}");
        }
        let excluded = NameConstraints { permitted: Vec::new(), ..constraints };
        assert!(denied(&excluded, &[SubjectAltName::Dns("anything".to_owned())]).is_none());
    }
}
