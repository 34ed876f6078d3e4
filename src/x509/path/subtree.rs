//! Is a name in a subtree (RFC 5280 §4.2.1.10)?

use std::net::IpAddr;

use ipnet::IpNet;

use crate::x509::Name;
use crate::x509::name::Attribute;
use crate::x509::name_constraints::Base;

/// A name in a certificate, as far as name constraints ask for it.
#[derive(Clone, Debug)]
pub(super) enum Presented<'a> {
    /// dNSName.
    Dns(&'a str),
    /// rfc822Name, or an emailAddress in the subject.
    Email(&'a str),
    /// uniformResourceIdentifier.
    Uri(&'a str),
    /// iPAddress.
    Ip(IpAddr),
    /// directoryName, or the subject.
    Directory(Name),
    /// A name of another kind, by its tag.
    Other {
        /// The tag.
        tag: u8,
        /// What it is called.
        kind: &'static str,
    },
}

/// What can be said of a name and a subtree of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The name is in the subtree.
    Inside,
    /// The name is not in the subtree.
    Outside,
    /// Nobody knows: whoever must know refuses the certificate.
    Unknown,
}

/// For what an answer is used. Where a name can be read in two ways, the reading is the one that refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// permittedSubtrees.
    Permitted,
    /// excludedSubtrees.
    Excluded,
}

/// Whether the name is in the subtree; `None` when they are of different kinds, so that the subtree does not apply.
pub(super) fn contains(base: &Base, name: &Presented<'_>, list: List) -> Option<Answer> {
    Some(match (base, name) {
        (Base::Dns(base), Presented::Dns(name)) => dns(base, name, list),
        (Base::Email(base), Presented::Email(name)) => email(base, name, list),
        (Base::Uri(base), Presented::Uri(name)) => uri(base, name),
        (Base::Ip(range), Presented::Ip(address)) => ip(range, *address),
        (Base::Directory(base), Presented::Directory(name)) => directory(base, name, list),
        (Base::Other { tag: base, .. }, Presented::Other { tag, .. }) if base == tag => Answer::Unknown,
        // A directory name that does not come apart.
        (Base::Directory(_), Presented::Other { tag: 0xa4, .. }) => Answer::Unknown,
        _ => return None,
    })
}

/// A domain holds itself and all below it; with a leading dot, only what is below, and an empty one all. A wildcard stands
/// for every name that it matches: all of them must be permitted, and none excluded (CVE-2025-61727).
fn dns(base: &str, name: &str, list: List) -> Answer {
    let (wildcard, domain) = match name.strip_prefix("*.") {
        Some(domain) => (true, domain),
        None => (false, name),
    };
    if !is_domain(domain) {
        return Answer::Unknown;
    }
    let holds_each = is_below(base, domain) || (!base.starts_with('.') && base.eq_ignore_ascii_case(domain));
    // Names one label below the domain: that of `.domain` holds them too.
    let holds_below =
        wildcard && base.strip_prefix('.').is_some_and(|base| base.eq_ignore_ascii_case(domain));
    // A base one label below the domain is one of the names that the wildcard matches.
    let parent = base.split_once('.').map_or("", |(_, parent)| parent);
    let holds_one =
        wildcard && list == List::Excluded && !base.starts_with('.') && parent.eq_ignore_ascii_case(domain);
    answer(holds_each || holds_below || holds_one)
}

/// Whether a domain is below `base`, whose leading dot makes no difference; all domains are below nothing.
fn is_below(base: &str, domain: &str) -> bool {
    let base = base.strip_prefix('.').unwrap_or(base);
    if base.is_empty() {
        return true;
    }
    let Some(cut) = domain.len().checked_sub(base.len() + 1) else { return false };
    // Both are ASCII: a cut is at a character's boundary, or there is none.
    let Some((_, end)) = domain.split_at_checked(cut) else { return false };
    end.strip_prefix('.').is_some_and(|end| end.eq_ignore_ascii_case(base))
}

fn is_domain(name: &str) -> bool {
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*');
    name.split('.').all(label)
}

/// A mailbox is itself, a host holds its mailboxes, and a domain with a leading dot those of the hosts below it. What stands
/// before the `@` is compared letter for letter where it is permitted (RFC 5280 §7.5), and whatever the case where it is
/// excluded.
fn email(base: &str, name: &str, list: List) -> Answer {
    // A quoted local part may have an `@` of its own, and other spellings of the same.
    let Some((local, host)) = name
        .rsplit_once('@')
        .filter(|(local, host)| !local.is_empty() && !local.contains(['"', '@', '\\']) && is_domain(host))
    else {
        return Answer::Unknown;
    };
    match base.rsplit_once('@') {
        Some((mailbox, domain)) => {
            let same = match list {
                List::Permitted => mailbox == local,
                List::Excluded => mailbox.eq_ignore_ascii_case(local),
            };
            answer(same && domain.eq_ignore_ascii_case(host))
        }
        None => answer(host_in(base, host)),
    }
}

/// The host of a URI is the base, or below it when the base begins with a dot. A URI without a host that is a name must be
/// refused where a constraint applies.
fn uri(base: &str, name: &str) -> Answer {
    let Some((_, rest)) = name.split_once("://") else { return Answer::Unknown };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.split_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) => return Answer::Unknown,
        None => host,
    };
    if !is_domain(host) || host.parse::<IpAddr>().is_ok() || host.contains(['%', '\\', '[']) {
        return Answer::Unknown;
    }
    answer(host_in(base, host))
}

/// The rule that e-mail addresses and URIs share.
fn host_in(base: &str, host: &str) -> bool {
    match base.strip_prefix('.') {
        Some(_) => is_below(base, host),
        None => base.is_empty() || base.eq_ignore_ascii_case(host),
    }
}

/// An address of the other family is in no range.
fn ip(range: &IpNet, address: IpAddr) -> Answer {
    answer(range.contains(&address))
}

/// A name begins with all relative names of the base.
fn directory(base: &Name, name: &Name, list: List) -> Answer {
    let (base, name) = (base.relative_names(), name.relative_names());
    let begin = name.get(..base.len());
    answer(
        begin.is_some_and(|begin| begin.iter().zip(base).all(|(one, other)| same_relative(one, other, list))),
    )
}

/// RFC 5280 §7.1, as OpenSSL has it: letters of ASCII whatever their case, spaces that lead or follow left out, and several
/// in a row as one.
fn same_relative(one: &[Attribute], other: &[Attribute], list: List) -> bool {
    let canonical = |attributes: &[Attribute]| {
        let fold = |text: &str| text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let mut all: Vec<_> =
            attributes.iter().map(|a| (a.oid, fold(&a.value).to_ascii_lowercase())).collect();
        all.sort_unstable();
        all
    };
    // Bytes that are no text in their type are not known to be the same.
    let unclear =
        |attributes: &[Attribute]| attributes.iter().any(|a| a.value.contains(char::REPLACEMENT_CHARACTER));
    canonical(one) == canonical(other) && (list == List::Excluded || !unclear(one))
}

fn answer(inside: bool) -> Answer {
    if inside { Answer::Inside } else { Answer::Outside }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Answer::{Inside, Outside, Unknown};

    #[test]
    fn domains_hold_what_is_below_them() {
        for (base, name, permitted, excluded) in [
            ("example.com", "example.com", Inside, Inside),
            ("example.com", "WWW.Example.Com", Inside, Inside),
            ("example.com", "a.b.example.com", Inside, Inside),
            ("example.com", "badexample.com", Outside, Outside),
            ("example.com", "example.org", Outside, Outside),
            ("www.example.com", "example.com", Outside, Outside),
            (".example.com", "www.example.com", Inside, Inside),
            (".example.com", "example.com", Outside, Outside),
            ("", "anything", Inside, Inside),
            ("com", "example.com", Inside, Inside),
            // What a wildcard matches must all be permitted, and none of it be excluded.
            ("example.com", "*.example.com", Inside, Inside),
            (".example.com", "*.example.com", Inside, Inside),
            ("foo.example.com", "*.example.com", Outside, Inside),
            ("FOO.example.com", "*.EXAMPLE.com", Outside, Inside),
            (".foo.example.com", "*.example.com", Outside, Outside),
            ("a.foo.example.com", "*.example.com", Outside, Outside),
            ("", "*.example.com", Inside, Inside),
            ("bar.foo.example.com", "*.foo.example.com", Outside, Inside),
            // Names that nobody can place.
            ("example.com", "www.example.com.", Unknown, Unknown),
            ("example.com", "w*.example.com", Unknown, Unknown),
            ("example.com", "", Unknown, Unknown),
            ("example.com", "a b.example.com", Unknown, Unknown),
            ("example.com", "*", Unknown, Unknown),
        ] {
            assert_eq!(dns(base, name, List::Permitted), permitted, "{base} permits {name}");
            assert_eq!(dns(base, name, List::Excluded), excluded, "{base} excludes {name}");
        }
    }

    #[test]
    fn mailboxes_hosts_and_domains() {
        for (base, name, permitted, excluded) in [
            ("a@example.com", "a@EXAMPLE.com", Inside, Inside),
            ("a@example.com", "A@example.com", Outside, Inside),
            ("a@example.com", "b@example.com", Outside, Outside),
            ("example.com", "b@example.com", Inside, Inside),
            ("example.com", "b@mail.example.com", Outside, Outside),
            (".example.com", "b@mail.example.com", Inside, Inside),
            (".example.com", "b@example.com", Outside, Outside),
            ("", "b@example.com", Inside, Inside),
            ("example.com", "\"b@evil\"@example.com", Unknown, Unknown),
            ("example.com", "b", Unknown, Unknown),
            ("example.com", "b@", Unknown, Unknown),
        ] {
            assert_eq!(email(base, name, List::Permitted), permitted, "{base} permits {name}");
            assert_eq!(email(base, name, List::Excluded), excluded, "{base} excludes {name}");
        }
    }

    #[test]
    fn the_host_of_a_uri() {
        for (base, name, expected) in [
            ("example.com", "https://example.com/path", Inside),
            ("example.com", "https://user@example.com:8443?x#y", Inside),
            ("example.com", "spiffe://EXAMPLE.com/ns/a", Inside),
            ("example.com", "https://www.example.com", Outside),
            (".example.com", "https://www.example.com", Inside),
            (".example.com", "https://example.com", Outside),
            ("example.com", "https://example.com@evil.example", Outside),
            ("example.com", "https://evil.example/@example.com", Outside),
            ("example.com", "urn:example:com", Unknown),
            ("example.com", "https://192.0.2.1/", Unknown),
            ("example.com", "https://[2001:db8::1]/", Unknown),
            ("example.com", "https:///path", Unknown),
        ] {
            assert_eq!(uri(base, name), expected, "{base} {name}");
        }
    }

    #[test]
    fn addresses_are_in_ranges_of_their_family() {
        for (range, address, expected) in [
            ("10.0.0.0/8", "10.255.0.1", Inside),
            ("10.0.0.0/8", "11.0.0.1", Outside),
            ("0.0.0.0/0", "11.0.0.1", Inside),
            ("0.0.0.0/0", "::1", Outside),
            ("2001:db8::/32", "2001:db8::1", Inside),
            ("2001:db8::/32", "2001:db9::1", Outside),
        ] {
            assert_eq!(ip(&range.parse().unwrap(), address.parse().unwrap()), expected, "{range} {address}");
        }
    }

    #[test]
    fn directory_names_begin_with_the_base() {
        let name = |common_name: &str, organizations: &[&str]| {
            Name::new(common_name, &organizations.iter().map(ToString::to_string).collect::<Vec<_>>())
                .unwrap()
        };
        for (base, presented, expected) in [
            (Name::default(), name("a", &["x"]), Inside),
            (name("", &["x"]), name("a", &["x"]), Inside),
            (name("", &["Acme  Ltd"]), name("a", &[" ACME ltd "]), Inside),
            (name("", &["x"]), name("a", &["x", "y"]), Outside),
            (name("", &["y", "x"]), name("a", &["X", "Y"]), Inside),
            (name("a", &["x"]), name("", &["x"]), Outside),
            (name("", &["x"]), name("a", &[]), Outside),
        ] {
            assert_eq!(directory(&base, &presented, List::Permitted), expected, "{base} {presented}");
        }
    }

    #[test]
    fn subtrees_of_another_kind_do_not_apply() {
        let base = Base::Dns("example.com".to_owned());
        assert_eq!(contains(&base, &Presented::Email("a@example.com"), List::Permitted), None);
        let base = Base::Other { tag: 0xa0, kind: "other name" };
        let other = Presented::Other { tag: 0xa0, kind: "other name" };
        assert_eq!(contains(&base, &other, List::Permitted), Some(Unknown));
        let other = Presented::Other { tag: 0x88, kind: "registered id" };
        assert_eq!(contains(&base, &other, List::Permitted), None);
    }
}
