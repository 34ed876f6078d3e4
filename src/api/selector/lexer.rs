//! The tokens of a label selector (`k8s.io/apimachinery/pkg/labels`, `Lexer`).

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Error,
    End,
    ClosedPar,
    Comma,
    DoesNotExist,
    DoubleEquals,
    Equals,
    GreaterThan,
    Identifier,
    In,
    LessThan,
    NotEquals,
    NotIn,
    OpenPar,
}

const SPECIAL: &[u8] = b"=!(),><";

/// The tokens of a text with what they are written as; the last is the end.
pub(super) fn tokens(text: &str) -> Vec<(Token, String)> {
    let mut rest = text.as_bytes();
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        // Go takes a zero for the end.
        let token = match rest.first() {
            None | Some(0) => (Token::End, String::new()),
            Some(byte) if SPECIAL.contains(byte) => special(&mut rest),
            Some(_) => {
                let ends = |byte: &u8| *byte == 0 || SPECIAL.contains(byte) || b" \t\r\n".contains(byte);
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                let (word, after) = rest.split_at(length);
                rest = after;
                let word = String::from_utf8_lossy(word).into_owned();
                let token = match word.as_str() {
                    "in" => Token::In,
                    "notin" => Token::NotIn,
                    _ => Token::Identifier,
                };
                (token, word)
            }
        };
        let is_last = token.0 == Token::End;
        tokens.push(token);
        if is_last {
            return tokens;
        }
    }
}

/// The longest of the signs that the text begins with.
fn special(rest: &mut &[u8]) -> (Token, String) {
    const SIGNS: [(&str, Token); 9] = [
        ("==", Token::DoubleEquals),
        ("!=", Token::NotEquals),
        (")", Token::ClosedPar),
        (",", Token::Comma),
        ("!", Token::DoesNotExist),
        ("=", Token::Equals),
        (">", Token::GreaterThan),
        ("<", Token::LessThan),
        ("(", Token::OpenPar),
    ];
    for (sign, token) in SIGNS {
        if let Some(after) = rest.strip_prefix(sign.as_bytes()) {
            *rest = after;
            return (token, sign.to_owned());
        }
    }
    *rest = rest.get(1..).unwrap_or_default();
    (Token::Error, String::new())
}
