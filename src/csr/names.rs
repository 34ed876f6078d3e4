//! What may be a name in Kubernetes (`k8s.io/apimachinery/pkg/util/validation`), with all that is wrong where it is none.

/// The longest subdomain of RFC 1123, in bytes.
pub const SUBDOMAIN: usize = 253;

/// The longest label of RFC 1123, in bytes; also the longest name and value of a Kubernetes label.
pub const LABEL: usize = 63;

const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                          start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
                          validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                              '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex \
                              used for validation is \
                              '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const QUALIFIED_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                              alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                              validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                          and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or \
                          '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// What keeps a text from being a label (`IsDNS1123Label`).
#[must_use]
pub fn label(text: &str) -> Vec<String> {
    faults(text, LABEL, is_label(text), LABEL_RULE)
}

/// What keeps a text from being a subdomain (`IsDNS1123Subdomain`).
#[must_use]
pub fn subdomain(text: &str) -> Vec<String> {
    faults(text, SUBDOMAIN, text.split('.').all(is_label), SUBDOMAIN_RULE)
}

/// What keeps a text from being a name with an optional domain in front, such as `example.com/Name` (`IsQualifiedName`).
#[must_use]
pub fn qualified(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts[..] {
        [name] => name,
        ["", name] => {
            found.push("prefix part must be non-empty".to_owned());
            name
        }
        [prefix, name] => {
            found.extend(subdomain(prefix).into_iter().map(|fault| format!("prefix part {fault}")));
            name
        }
        _ => {
            return vec![format!(
                "a qualified name {QUALIFIED_RULE} with an optional DNS subdomain prefix and '/' (e.g. \
                 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        found.push("name part must be non-empty".to_owned());
    }
    let faults = faults(name, LABEL, is_qualified(name), QUALIFIED_RULE);
    found.extend(faults.into_iter().map(|fault| format!("name part {fault}")));
    found
}

/// What keeps a text from being the value of a label (`IsValidLabelValue`).
#[must_use]
pub fn label_value(text: &str) -> Vec<String> {
    faults(text, LABEL, text.is_empty() || is_qualified(text), VALUE_RULE)
}

/// What keeps a text from being a segment of a path, and so the name of an object (`path.IsValidPathSegmentName`).
#[must_use]
pub fn path_segment(text: &str) -> Vec<String> {
    if [".", ".."].contains(&text) {
        return vec![format!("may not be '{text}'")];
    }
    path_segment_prefix(text)
}

/// The same of the beginning of a name.
#[must_use]
pub fn path_segment_prefix(text: &str) -> Vec<String> {
    let found = ['/', '%'].into_iter().filter(|character| text.contains(*character));
    found.map(|character| format!("may not contain '{character}'")).collect()
}

fn faults(text: &str, longest: usize, is_one: bool, rule: &str) -> Vec<String> {
    let length = (text.len() > longest).then(|| format!("must be no more than {longest} bytes"));
    length.into_iter().chain((!is_one).then(|| rule.to_owned())).collect()
}

fn is_label(text: &str) -> bool {
    let inside = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    inside && !text.is_empty() && !text.starts_with('-') && !text.ends_with('-')
}

fn is_qualified(text: &str) -> bool {
    let inside = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let ends = [text.bytes().next(), text.bytes().last()];
    inside && ends.iter().all(|byte| byte.is_some_and(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_told() {
        let long = "a".repeat(64);
        let longer = "A".repeat(64);
        for (found, expected) in [
            (label("a-1"), vec![]),
            (label(""), vec![LABEL_RULE]),
            (label("-a"), vec![LABEL_RULE]),
            (label(&long), vec!["must be no more than 63 bytes"]),
            (label(&longer), vec!["must be no more than 63 bytes", LABEL_RULE]),
            (subdomain("a.b"), vec![]),
            (subdomain("a..b"), vec![SUBDOMAIN_RULE]),
            (subdomain(&"a.".repeat(127)), vec!["must be no more than 253 bytes", SUBDOMAIN_RULE]),
            (label_value(""), vec![]),
            (label_value("a b"), vec![VALUE_RULE]),
            (path_segment(".."), vec!["may not be '..'"]),
            (path_segment("a/b%"), vec!["may not contain '/'", "may not contain '%'"]),
            (path_segment("a b:Ü"), vec![]),
            (path_segment_prefix("."), vec![]),
        ] {
            assert_eq!(found, expected);
        }
        for (name, expected) in [
            ("a", vec![]),
            ("Example_1.x", vec![]),
            ("example.com/Name", vec![]),
            ("/a", vec!["prefix part must be non-empty".to_owned()]),
            ("A/a", vec![format!("prefix part {SUBDOMAIN_RULE}")]),
            ("a/", vec!["name part must be non-empty".to_owned(), format!("name part {QUALIFIED_RULE}")]),
            (&long, vec!["name part must be no more than 63 bytes".to_owned()]),
        ] {
            assert_eq!(qualified(name), expected, "{name}");
        }
        assert_eq!(qualified("a/b/c").len(), 1);
    }
}
