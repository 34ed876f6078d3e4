//! A URI that is to stand in a certificate, as Go reads and writes it again (`net/url`).
//!
//! Go accepts much that is no URI and writes it otherwise than it came. Here only what is one by RFC 3986, and comes out
//! of Go as it went in, is accepted; what Go refuses is refused in its words.

use std::net::Ipv6Addr;

use super::quoted;

/// The URI as Go writes it: the scheme in lower case, no empty fragment.
///
/// # Errors
/// Why it is none, or is not one that Go keeps as it is.
pub(super) fn normal(uri: &str) -> Result<String, String> {
    let (main, fragment) = uri.split_once('#').map_or((uri, ""), |(main, fragment)| (main, fragment));
    // `parse "x": why`
    let parse = |why: &str| format!("parse {}: {why}", quoted(main));
    if main.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(parse("net/url: invalid control character in URL"));
    }
    let (scheme, rest) = scheme(main).map_err(parse)?;
    let (hierarchy, query) = rest.split_once('?').map_or((rest, ""), |(rest, query)| (rest, query));
    let mut path = hierarchy;
    if !hierarchy.starts_with('/') {
        if scheme.is_some() {
            // Opaque: kept as it stands.
            path = "";
        } else if hierarchy.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err(parse("first path segment in URL cannot contain colon"));
        }
    } else if let Some(behind) = hierarchy.strip_prefix("//")
        && (scheme.is_some() || !behind.starts_with('/'))
    {
        let end = behind.find('/').unwrap_or(behind.len());
        let (authority, after) = behind.split_at_checked(end).unwrap_or((behind, ""));
        path = after;
        self::authority(authority).map_err(|why| match why {
            Refused::Parsing(why) => parse(&why),
            Refused::Uri(why) => why.to_owned(),
        })?;
        if authority.is_empty() && after.is_empty() {
            return Err("names no host".to_owned());
        }
    }
    for text in [path, fragment] {
        if let Some(escape) = bad_escape(text) {
            let whole = if text == path { main } else { uri };
            return Err(format!("parse {}: invalid URL escape {}", quoted(whole), quoted(escape)));
        }
    }
    if [hierarchy, query, fragment]
        .iter()
        .any(|text| bad_escape(text).is_some() || !text.bytes().all(is_allowed))
    {
        return Err("has a character that RFC 3986 does not have".to_owned());
    }
    let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    let scheme = scheme.map(|scheme| format!("{}:", scheme.to_ascii_lowercase())).unwrap_or_default();
    Ok(format!("{scheme}{rest}{fragment}"))
}

enum Refused {
    /// Go does not parse it.
    Parsing(String),
    /// Go does not take it for a certificate, or would change it.
    Uri(&'static str),
}

/// What stands before the first colon, if that is a scheme, and what follows.
fn scheme(uri: &str) -> Result<(Option<&str>, &str), &'static str> {
    for (at, byte) in uri.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme"),
            b':' => return Ok((uri.get(..at), uri.get(at + 1..).unwrap_or_default())),
            _ => break,
        }
    }
    Ok((None, uri))
}

/// Checks user, host and port.
fn authority(authority: &str) -> Result<(), Refused> {
    let (user, host) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let parsing = |why: String| Err(Refused::Parsing(why));
    if let Some(bracketed) = host.strip_prefix('[') {
        let Some((address, port)) = bracketed.split_once(']') else {
            return parsing("missing ']' in host".to_owned());
        };
        check_port(port)?;
        if address.parse::<Ipv6Addr>().is_err() {
            return Err(Refused::Uri("has no IPv6 address in its brackets"));
        }
    } else if let Some(at) = host.find(':') {
        check_port(host.get(at..).unwrap_or_default())?;
    }
    if let Some(byte) = host.bytes().find(|byte| byte.is_ascii() && *byte != b'%' && !is_host(*byte)) {
        return parsing(format!("invalid character {} in host name", quoted(&char::from(byte).to_string())));
    }
    if !host.bytes().all(|byte| is_host(byte) && !b"<>\"".contains(&byte)) {
        return Err(Refused::Uri("has a host with escapes"));
    }
    // `domainNameValid`: no empty label, no dot at the end; the port counts as part of the last label.
    if !host.is_empty() && host.split('.').any(str::is_empty) {
        return Err(Refused::Uri("invalid domain"));
    }
    // Go escapes whatever else there is in it.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~$&+,;=:".contains(&byte);
    match user {
        Some(user) if !user.bytes().all(plain) || user.matches(':').count() > 1 => {
            Err(Refused::Uri("has a user that Go would write otherwise"))
        }
        _ => Ok(()),
    }
}

fn check_port(port: &str) -> Result<(), Refused> {
    let digits = port.strip_prefix(':').unwrap_or(port);
    if (port.is_empty() || port.starts_with(':')) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err(Refused::Parsing(format!("invalid port {} after host", quoted(port))))
    }
}

/// What may stand in a host as it is (`shouldEscape`, `encodeHost`).
fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

/// RFC 3986 §2.2 and §2.3, and the percent sign of an escape.
fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

/// The first percent sign without two hexadecimal digits, as Go shows it.
fn bad_escape(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        rest = rest.get(at..)?;
        let digits = rest.as_bytes().get(1..3).unwrap_or_default();
        if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Some(rest.get(..3).unwrap_or(rest));
        }
        rest = rest.get(3..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers of Go 1.26 (`url.Parse` and `String`, `x509.ParseCertificateRequest`).
    #[test]
    fn what_go_keeps_is_kept_and_what_go_refuses_is_refused_in_its_words() {
        for uri in [
            "spiffe://example.org/ns/x/sa/y",
            "https://example.org:8443/a%20b?q=1&r=%41#top",
            "https://user:pass@example.org/",
            "https://[2001:db8::1]:6443/",
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "mailto:a@example.org",
            "relative/path",
            "//host/path",
            "///path",
            "x:",
            "*",
            "",
        ] {
            assert_eq!(normal(uri).as_deref(), Ok(uri));
        }
        assert_eq!(normal("SPIFFE://Example.org/X#").as_deref(), Ok("spiffe://Example.org/X"));
        for (uri, why) in [
            (":x", r#"parse ":x": missing protocol scheme"#),
            ("a\u{7f}b", r#"parse "a\x7fb": net/url: invalid control character in URL"#),
            ("1a:b", r#"parse "1a:b": first path segment in URL cannot contain colon"#),
            ("https://a/%zz", r#"parse "https://a/%zz": invalid URL escape "%zz""#),
            ("https://a/%4", r#"parse "https://a/%4": invalid URL escape "%4""#),
            ("https://a:b/", r#"parse "https://a:b/": invalid port ":b" after host"#),
            ("https://a b/", r#"parse "https://a b/": invalid character " " in host name"#),
            ("https://[::1/", r#"parse "https://[::1/": missing ']' in host"#),
            ("https://a..b/", "invalid domain"),
            ("https://a./", "invalid domain"),
            ("https://.a/", "invalid domain"),
            ("https://a/b c", "has a character that RFC 3986 does not have"),
            ("https://a%41/", "has a host with escapes"),
            ("https://us%65r@a/", "has a user that Go would write otherwise"),
            ("spiffe://", "names no host"),
        ] {
            assert_eq!(normal(uri).unwrap_err(), why, "{uri}");
        }
    }
}
