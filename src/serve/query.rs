//! The path and the query of a request, decoded.

use percent_encoding::percent_decode_str;

/// The query: names and values in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query as forms write it.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        Self(pairs.map(pair).collect())
    }

    /// The first value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a name that is not empty.
    #[must_use]
    pub fn said(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whether a name is set and not set to false (`runtime.Convert_Slice_string_To_bool`).
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }

    /// Names and values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The segments of a path, each decoded by itself. `None` where one is no text.
#[must_use]
pub fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Some(Vec::new());
    }
    let decode = |part: &str| percent_decode_str(part).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    path.split('/').map(decode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_decoded_once() {
        assert_eq!(segments("/a%2Fb/%2e%2E/c%2525/").unwrap(), ["a/b", "..", "c%25"]);
        assert_eq!(segments("/").unwrap(), [""; 0]);
        assert_eq!(segments("/%ff"), None);
        assert_eq!(segments("a"), None);
        let query = Query::read("a=1&b&c=x%3Dy+z&a=2&watch=True&no=FALSE");
        assert_eq!((query.get("a"), query.get("b"), query.get("c")), (Some("1"), Some(""), Some("x=y z")));
        assert!(query.is("watch") && query.is("b") && !query.is("no") && !query.is("d"));
    }
}
