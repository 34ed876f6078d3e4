//! Field selectors (`k8s.io/apimachinery/pkg/fields`).

/// A field selector: everything in it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    field: String,
    equal: bool,
    value: String,
}

impl Fields {
    /// Reads a selector such as `metadata.name=a,spec.signerName!=b`.
    ///
    /// # Errors
    /// What is wrong, in the words of Kubernetes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        let mut parts = split(text);
        parts.sort_unstable();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            // The first sign counts, and of those that begin alike the longest.
            let sign = |place: usize| {
                let rest = part.get(place..)?;
                ["!=", "==", "="].into_iter().find(|sign| rest.starts_with(sign)).map(|sign| (place, sign))
            };
            let (place, sign) = part
                .char_indices()
                .find_map(|(place, _)| sign(place))
                .ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{part}'"))?;
            let field = part.get(..place).unwrap_or_default().to_owned();
            let value = unescape(part.get(place + sign.len()..).unwrap_or_default())?;
            if field.is_empty() && value.is_empty() {
                continue;
            }
            terms.push(Term { field, equal: sign != "!=", value });
        }
        Ok(Self(terms))
    }

    /// Whether an object is selected, whose fields are told by name.
    pub fn matches<'a>(&self, field: impl Fn(&str) -> &'a str) -> bool {
        self.0.iter().all(|term| (field(&term.field) == term.value) == term.equal)
    }

    /// The one value that a field must have, if there is one: only that object need be looked at.
    #[must_use]
    pub fn exactly(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|term| term.equal && term.field == field).map(|term| term.value.as_str())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|term| term.field.as_str())
    }
}

/// The terms; a comma behind a backslash is none between them.
fn split(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut begin, mut escaped) = (0, false);
    for (place, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.extend(text.get(begin..place));
                begin = place + 1;
            }
            _ => {}
        }
    }
    terms.extend(text.get(begin..));
    terms
}

fn unescape(text: &str) -> Result<String, String> {
    let mut value = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => value.push(escaped),
                Some(other) => {
                    return Err(format!("invalid field selector: invalid escape sequence: \\{other}"));
                }
                None => return Err("invalid field selector: invalid escape sequence: \\".to_owned()),
            },
            // Go prints the number of the character.
            ',' | '=' => {
                let code = u32::from(character);
                return Err(format!("invalid field selector: unescaped character in value: {code}"));
            }
            other => value.push(other),
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_as_kubernetes_reads_them() {
        let matches = |selector: &str, name: &'static str| Fields::parse(selector).unwrap().matches(|_| name);
        for (selector, name, matched) in [
            ("", "x", true),
            ("a=x", "x", true),
            ("a==x", "x", true),
            ("a!=x", "x", false),
            ("a=x,a!=y", "x", true),
            (",,", "x", true),
            ("a=", "", true),
            ("=", "x", true),
            (r"a=b\,c\=\\", r"b,c=\", true),
        ] {
            assert_eq!(matches(selector, name), matched, "{selector}");
        }
        for (selector, error) in [
            ("a", "invalid selector: 'a'; can't understand 'a'"),
            ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
            (r"a=\n", r"invalid field selector: invalid escape sequence: \n"),
            (r"a=\", r"invalid field selector: invalid escape sequence: \"),
        ] {
            assert_eq!(Fields::parse(selector), Err(error.to_owned()));
        }
    }
}
