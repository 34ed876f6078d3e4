//! The names of files. A request may have any name that is one segment of a path in a URL: blanks, colons, a thousand
//! letters. What no file system takes is written in hexadecimal, as in a URL; what is too long is cut and told apart by its
//! hash. The name inside the file is the truth.

use crate::x509::{hex::hex, sha256};

/// The longest beginning of a file's name, in octets: with the suffix, and with what a temporary file adds to it, it stays
/// below the 255 of Linux.
const LONGEST: usize = 200;

/// How many octets of the name are kept where it is cut.
const KEPT: usize = 120;

/// The name of a request's file, without its suffix.
#[must_use]
pub fn escape(name: &str) -> String {
    let escaped = percent(name);
    if escaped.len() <= LONGEST {
        return escaped;
    }
    let mut kept = String::new();
    for character in name.chars() {
        let next = kept.clone() + &percent_one(character, kept.is_empty());
        if next.len() > KEPT {
            break;
        }
        kept = next;
    }
    // A `%` that is followed by `~` stands in no name that is not cut.
    format!("{kept}%~{}", hex(&sha256(name.as_bytes())))
}

fn percent(name: &str) -> String {
    name.chars().enumerate().map(|(index, character)| percent_one(character, index == 0)).collect()
}

/// A character as it is, or its octets in hexadecimal: separators, what cannot be seen, and the dot that hides a file.
fn percent_one(character: char, first: bool) -> String {
    let hidden = first && character == '.';
    if hidden || character.is_control() || matches!(character, '/' | '\\' | '%') {
        let mut octets = [0; 4];
        character.encode_utf8(&mut octets).bytes().map(|byte| format!("%{byte:02X}")).collect()
    } else {
        character.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_files() {
        for (name, file) in [
            ("jane", "jane"),
            ("node-csr-Ab_9-x", "node-csr-Ab_9-x"),
            ("a b:c", "a b:c"),
            ("müller", "müller"),
            ("..", "%2E."),
            (".hidden", "%2Ehidden"),
            ("a/b\\c%d", "a%2Fb%5Cc%25d"),
            ("tab\there\0", "tab%09here%00"),
            ("x.yaml", "x.yaml"),
        ] {
            assert_eq!(escape(name), file);
        }
        let long = "ä".repeat(1000);
        let escaped = escape(&long);
        assert!(escaped.len() <= LONGEST && escaped.starts_with("ä") && escaped.contains("%~"));
        assert_ne!(escaped, escape(&(long + "b")));
    }

    proptest! {
        #[test]
        fn a_name_is_one_plain_file(name in any::<String>(), other in any::<String>()) {
            let file = escape(&name);
            prop_assert!(file.len() <= LONGEST && !file.starts_with('.') && !file.contains(['/', '\0', '\n']));
            prop_assert_eq!(name == other, file == escape(&other));
        }
    }
}
