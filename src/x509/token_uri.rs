//! `pkcs11:` URIs (RFC 7512): which key, in which token, by which module. Never its PIN: a URI is an argument or stands in a
//! file that many may read.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::Error;

/// What the name of such a file, or its text, begins with.
pub const SCHEME: &str = "pkcs11:";

/// More octets no URI has that anybody wrote.
const LONGEST: usize = 4096;

/// A key in a token, as a URI names it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenUri {
    text: String,
    /// The token's label.
    pub token: Option<String>,
    /// The token's manufacturer.
    pub manufacturer: Option<String>,
    /// The token's model.
    pub model: Option<String>,
    /// The token's serial number.
    pub serial: Option<String>,
    /// The number of the token's slot.
    pub slot: Option<u64>,
    /// The key's label.
    pub object: Option<String>,
    /// The key's identifier.
    pub id: Option<Vec<u8>>,
    /// The library that speaks to the token.
    pub module: Option<PathBuf>,
    /// The file whose first line is the PIN.
    pub pin_source: Option<PathBuf>,
}

impl TokenUri {
    /// Whether a text or the name of a file is such a URI, right or wrong.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
    }

    /// Reads a URI. What it holds is never told: it may hold a PIN.
    ///
    /// # Errors
    /// When it is none, gives an attribute twice or one that means nothing here, holds a PIN, or names no key.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if !Self::is_one(text) || text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::TokenUri("is no URI of the scheme pkcs11"));
        }
        let rest = text.get(SCHEME.len()..).unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self {
            text: text.to_owned(),
            token: None,
            manufacturer: None,
            model: None,
            serial: None,
            slot: None,
            object: None,
            id: None,
            module: None,
            pin_source: None,
        };
        let parts =
            path.split(';').map(|part| (part, false)).chain(query.split('&').map(|part| (part, true)));
        let mut seen: Vec<&str> = Vec::new();
        for (part, is_query) in parts.filter(|(part, _)| !part.is_empty()) {
            let (name, value) =
                part.split_once('=').ok_or(Error::TokenUri("has an attribute without a value"))?;
            if seen.contains(&name) {
                return Err(Error::TokenUri("has an attribute twice"));
            }
            seen.push(name);
            uri.set(name, value, is_query)?;
        }
        if uri.object.is_none() && uri.id.is_none() {
            return Err(Error::TokenUri("names no key: add object=LABEL or id=%01"));
        }
        Ok(uri)
    }

    fn set(&mut self, name: &str, value: &str, is_query: bool) -> Result<(), Error> {
        let bytes: Vec<u8> = percent_decode_str(value).collect();
        let text =
            || String::from_utf8(bytes.clone()).map_err(|_| Error::TokenUri("has a value that is no text"));
        match (is_query, name) {
            (false, "token") => self.token = Some(text()?),
            (false, "manufacturer") => self.manufacturer = Some(text()?),
            (false, "model") => self.model = Some(text()?),
            (false, "serial") => self.serial = Some(text()?),
            (false, "slot-id") => {
                let number = value.parse().map_err(|_| Error::TokenUri("has a slot-id that is no number"))?;
                self.slot = Some(number);
            }
            (false, "object") => self.object = Some(text()?),
            (false, "id") => self.id = Some(bytes),
            (false, "type") if value == "private" => {}
            (false, "type") => return Err(Error::TokenUri("is of another type than `private`")),
            (true, "module-path") => self.module = Some(PathBuf::from(text()?)),
            (true, "module-name") => self.module = Some(PathBuf::from(format!("lib{}.so", text()?))),
            (true, "pin-source") => {
                let source = text()?;
                if source.starts_with('|') {
                    return Err(Error::TokenUri("has a pin-source that is a command: name a file"));
                }
                self.pin_source = Some(PathBuf::from(source.strip_prefix("file:").unwrap_or(&source)));
            }
            (true, "pin-value") => {
                return Err(Error::TokenUri(
                    "holds a PIN, which everybody can read: take pin-value out, and name a file with \
                     ?pin-source=FILE or --passphrase-file",
                ));
            }
            _ => return Err(Error::TokenUri("has an attribute that means nothing here")),
        }
        Ok(())
    }
}

/// As it was written; there is no secret in it.
impl fmt::Display for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenUri({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn attributes_are_decoded() {
        let text = "pkcs11:token=The%20token;serial=1234;slot-id=7;object=ca;id=%01%ff;type=private\
                    ?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin";
        let uri = TokenUri::parse(&format!("{text}\n")).unwrap();
        assert_eq!(uri.token.as_deref(), Some("The token"));
        assert_eq!((uri.serial.as_deref(), uri.slot), (Some("1234"), Some(7)));
        assert_eq!((uri.object.as_deref(), uri.id.as_deref()), (Some("ca"), Some(&[1, 255][..])));
        assert_eq!(uri.module, Some("/usr/lib/softhsm/libsofthsm2.so".into()));
        assert_eq!(uri.pin_source, Some("/run/pin".into()));
        assert_eq!(uri.to_string(), text);
        let named = TokenUri::parse("PKCS11:object=a?module-name=softhsm2").unwrap();
        assert_eq!(named.module, Some("libsofthsm2.so".into()));
    }

    #[test]
    fn what_is_wrong_is_told_and_no_pin_with_it() {
        for (text, word) in [
            ("pkcs11:token=a", "names no key"),
            ("pkcs11:", "names no key"),
            ("pkcs12:object=a", "is no URI"),
            ("pkcs11:object=a b", "is no URI"),
            ("pkcs11:object=a;object=b", "twice"),
            ("pkcs11:object", "without a value"),
            ("pkcs11:object=%ff", "no text"),
            ("pkcs11:object=a;type=cert", "another type"),
            ("pkcs11:object=a;slot-id=x", "no number"),
            ("pkcs11:object=a;x-vendor=b", "means nothing here"),
            ("pkcs11:object=a?x-vendor=b", "means nothing here"),
            ("pkcs11:object=a?pin-source=|cat", "a command"),
            ("pkcs11:object=a?pin-value=hunter2", "--passphrase-file"),
        ] {
            let error = TokenUri::parse(text).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("hunter2"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(pkcs11:)?(object=|id=|[;&?%=]|\\PC){0,40}") {
            let _ = TokenUri::parse(&text);
        }
    }
}
