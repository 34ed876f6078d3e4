//! The rules, one to a file, in a folder for each family. To add one: write its file, and add its name to the list of
//! its family.

use super::Rule;

/// Declares the rules of a family.
macro_rules! rules {
    ($($rule:ident),+ $(,)?) => {
        $(mod $rule;)+

        /// The family's rules, in the order in which they are held.
        pub(super) static ALL: &[&crate::audit::Rule] = &[$(&$rule::RULE),+];
    };
}
use rules;

/// Declares the families: the folder, the letters of its numbers, and what it is about.
macro_rules! families {
    ($($family:ident $letters:literal $about:literal),+ $(,)?) => {
        $(mod $family;)+

        /// Every family, in the order in which they are held.
        pub static FAMILIES: &[Family] =
            &[$(Family { folder: stringify!($family), letters: $letters, about: $about, rules: $family::ALL }),+];
    };
}

/// Rules that are about the same thing.
pub struct Family {
    /// The folder that they are in.
    pub folder: &'static str,
    /// The letters of their numbers: `TM` of `KP-TM001`.
    pub letters: &'static str,
    /// What they are about.
    pub about: &'static str,
    /// The rules.
    pub rules: &'static [&'static Rule],
}

families![
    files "FS" "files and who may read them",
    structure "ST" "what is there, and is it what its name says?",
    time "TM" "from when until when",
    keys "KY" "keys and algorithms",
    x509 "X5" "certificates as RFC 5280 wants them in a private PKI",
    trust "TR" "who trusts whom",
    identity "ID" "who is who to the API server",
    alt_names "SN" "the names that certificates speak for",
    kubeconfig "KC" "kubeconfigs",
    service_account "SA" "the keys of service accounts",
    etcd "ET" "etcd",
    front_proxy "FP" "the front proxy",
    kubelet "KL" "the kubelet",
    nodes "XN" "nodes compared with each other",
    revocation "RV" "revocation",
    go "GO" "what the Go of a release refuses",
    spec "SP" "what differs from the spec",
];

/// Every rule.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.rules).copied()
}

#[cfg(test)]
mod tests {
    use super::{FAMILIES, all};
    use std::collections::HashSet;

    #[test]
    fn ids_and_names_are_unique_and_well_formed() {
        let ids: HashSet<_> = all().map(|rule| rule.id).collect();
        let names: HashSet<_> = all().map(|rule| rule.name).collect();
        assert_eq!((ids.len(), names.len()), (all().count(), all().count()));
        for family in FAMILIES {
            for rule in family.rules {
                let number = rule.id.strip_prefix("KP-").and_then(|id| id.strip_prefix(family.letters));
                let number = number.unwrap_or_else(|| panic!("{} is not of {}", rule.id, family.folder));
                assert!(number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()), "{}", rule.id);
                let letters = rule
                    .name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit());
                assert!(letters, "{}", rule.name);
            }
        }
    }

    #[test]
    fn every_manual_has_its_parts() {
        for rule in all() {
            for part in ["## Why it matters", "## What to do", "## References"] {
                assert!(rule.manual().contains(part), "{}: no {part}", rule.id);
            }
            assert!(rule.summary().ends_with('.'), "{}: {}", rule.id, rule.summary());
            assert!(!rule.why().is_empty(), "{}", rule.id);
            assert!(
                rule.subject.ends_with(|last: char| last.is_ascii_alphanumeric() || last == ')'),
                "{}",
                rule.id
            );
        }
    }

    /// A file that nobody lists would be a rule that nobody runs.
    #[test]
    fn every_file_is_listed() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/audit/rules");
        for family in FAMILIES {
            let files = std::fs::read_dir(directory.join(family.folder)).unwrap().count();
            assert_eq!(files, family.rules.len() + 1, "{}: mod.rs and one file for each rule", family.folder);
        }
        assert_eq!(std::fs::read_dir(directory).unwrap().count(), FAMILIES.len() + 1);
    }
}
