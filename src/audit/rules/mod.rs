//! The rules, one to a file. To add one: write its file, and add its name here.

macro_rules! rules {
    ($($rule:ident),+ $(,)?) => {
        $(mod $rule;)+

        /// Every rule, in the order of the list.
        pub static ALL: &[&super::Rule] = &[$(&$rule::RULE),+];
    };
}

rules![
    symlink_outside,
    missing,
    unreadable,
    readable_key,
    writable_certificate,
    readable_kubeconfig,
    copy_drift,
    key_mismatch,
    not_an_authority,
    wrong_issuer,
    expired,
    expiring,
    not_yet_valid,
    subject_drift,
    alt_name_drift,
    usage_drift,
    lifetime_drift,
    algorithm_drift,
    stale_authority,
    server_drift,
    public_key_mismatch,
];

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::HashSet;

    #[test]
    fn ids_and_names_are_unique_and_well_formed() {
        let ids: HashSet<_> = ALL.iter().map(|rule| rule.id).collect();
        let names: HashSet<_> = ALL.iter().map(|rule| rule.name).collect();
        assert_eq!((ids.len(), names.len()), (ALL.len(), ALL.len()));
        for rule in ALL {
            let number = rule.id.strip_prefix("KP-").unwrap_or_else(|| panic!("{}", rule.id));
            assert!(
                number.len() == 5 && number[2..].bytes().all(|byte| byte.is_ascii_digit()),
                "{}",
                rule.id
            );
            assert!(rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.name);
        }
    }

    #[test]
    fn every_manual_has_its_parts() {
        for rule in ALL {
            for part in ["## Why", "## What to do", "## References"] {
                assert!(rule.manual().contains(part), "{}: no {part}", rule.id);
            }
            assert!(rule.summary().ends_with('.'), "{}: {}", rule.id, rule.summary());
        }
    }

    /// A file that nobody lists would be a rule that nobody runs.
    #[test]
    fn every_file_is_listed() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/audit/rules");
        let files = std::fs::read_dir(directory).unwrap().count();
        assert_eq!(files, ALL.len() + 1, "mod.rs and one file for each rule");
    }
}
