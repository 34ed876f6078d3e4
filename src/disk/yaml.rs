//! YAML that others wrote, read into data in bounded time.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Lists and mappings in brackets that are open at once; kubeconfigs and manifests have a handful. The library's
/// scanner looks at all that are open at every step, so that a file of a hundred thousand brackets would take hours.
const DEPTH: usize = 128;

/// Why a text could not be read.
#[derive(Debug)]
pub struct YamlError {
    /// The line, if it is known. The library's words are dropped: they may quote a key.
    pub line: Option<usize>,
}

/// Reads a text.
///
/// # Errors
/// When it is not YAML, not of the wanted form, or nested too deep.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    if let Some(line) = too_deep(text) {
        return Err(YamlError { line: Some(line) });
    }
    serde_yaml::from_str(text)
        .map_err(|error| YamlError { line: error.location().map(|location| location.line()) })
}

/// Reads every document of a text; empty ones are passed over.
///
/// # Errors
/// When one is not YAML, not of the wanted form, or nested too deep.
pub fn read_all<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, YamlError> {
    if let Some(line) = too_deep(text) {
        return Err(YamlError { line: Some(line) });
    }
    let read = |document| Option::<T>::deserialize(document).transpose();
    let outcome: Result<_, serde_yaml::Error> =
        serde_yaml::Deserializer::from_str(text).filter_map(read).collect();
    outcome.map_err(|error| YamlError { line: error.location().map(|location| location.line()) })
}

/// The line in which more brackets are open than are allowed. Brackets in quotes count too: what has so many of them
/// unclosed is no configuration.
fn too_deep(text: &str) -> Option<usize> {
    let mut open: usize = 0;
    for (number, line) in text.lines().enumerate() {
        // Lists in lists on one line: `- - - a`.
        let words = line.split(' ').filter(|word| !word.is_empty());
        if words.take_while(|word| matches!(*word, "-" | "?")).count() > DEPTH {
            return Some(number + 1);
        }
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => open += 1,
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open > DEPTH {
                return Some(number + 1);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_yaml::Value;

    use super::*;

    #[test]
    fn what_is_nested_too_deep_is_refused_at_once() {
        for depth in [1, DEPTH] {
            let text = format!("a: {}{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(read::<Value>(&text).is_ok(), depth < 100, "the library stops before us");
        }
        for deep in ["[{", "- ", "? "] {
            let text = format!("a: 1\nb:\n{}", deep.repeat(200_000));
            assert!(read::<Value>(&text).is_err(), "{deep}");
        }
        let text = format!("a: 1\nb:\n{}", "- ".repeat(200_000));
        assert_eq!(read::<Value>(&text).unwrap_err().line, Some(3));
    }
}
