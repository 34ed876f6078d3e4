//! Label selectors (`k8s.io/apimachinery/pkg/labels`, `Parser`).

use std::collections::BTreeSet;

use super::lexer::{Token, tokens};
use crate::csr::names;
use crate::x509::go::quoted;

/// A label selector: everything in it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    DoesNotExist,
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
    GreaterThan(i64),
    LessThan(i64),
}

impl Labels {
    /// Reads a selector such as `a=1,b in (2,3),!c`.
    ///
    /// # Errors
    /// What is wrong, in the words of Kubernetes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text), position: 0 };
        let mut requirements = Vec::new();
        loop {
            let (token, written) = parser.look();
            match token {
                Token::Identifier | Token::DoesNotExist => {
                    let requirement = parser.requirement();
                    requirements
                        .push(requirement.map_err(|error| format!("unable to parse requirement: {error}"))?);
                    match parser.take() {
                        (Token::End, _) => break,
                        (Token::Comma, _) => {
                            let (next, written) = parser.look();
                            if next != Token::Identifier && next != Token::DoesNotExist {
                                return Err(format!("found '{written}', expected: identifier after ','"));
                            }
                        }
                        (_, written) => {
                            return Err(format!("found '{written}', expected: ',' or 'end of string'"));
                        }
                    }
                }
                Token::End => break,
                _ => {
                    return Err(format!("found '{written}', expected: !, identifier, or 'end of string'"));
                }
            }
        }
        Ok(Self(requirements))
    }

    /// Whether an object is selected, whose labels are told by name.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|requirement| requirement.holds(label(&requirement.key)))
    }
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.test {
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
            Test::In(values) => value.is_some_and(|value| values.contains(value)),
            Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Test::GreaterThan(bound) => number().is_some_and(|number| number > *bound),
            Test::LessThan(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

struct Parser {
    tokens: Vec<(Token, String)>,
    position: usize,
}

impl Parser {
    /// The next token; where a value or a key stands, `in` and `notin` are words like others.
    fn look(&self) -> (Token, String) {
        let (token, written) = self.tokens.get(self.position).cloned().unwrap_or((Token::End, String::new()));
        match token {
            Token::In | Token::NotIn => (Token::Identifier, written),
            token => (token, written),
        }
    }

    fn take(&mut self) -> (Token, String) {
        let found = self.look();
        self.position += 1;
        found
    }

    fn take_operator(&mut self) -> (Token, String) {
        let found = self.tokens.get(self.position).cloned();
        self.position += 1;
        found.unwrap_or((Token::End, String::new()))
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (mut token, mut key) = self.take();
        let absent = token == Token::DoesNotExist;
        if absent {
            (token, key) = self.take();
        }
        if token != Token::Identifier {
            return Err(format!("found '{key}', expected: identifier"));
        }
        let faults = names::qualified(&key);
        if !faults.is_empty() {
            return Err(format!("<nil>: Invalid value: {}: {}", quoted(&key), faults.join("; ")));
        }
        if absent {
            return Ok(Requirement { key, test: Test::DoesNotExist });
        }
        if [Token::End, Token::Comma].contains(&self.look().0) {
            return Ok(Requirement { key, test: Test::Exists });
        }
        let (operator, written) = self.take_operator();
        let values = match operator {
            Token::In | Token::NotIn => self.values()?,
            Token::Equals | Token::DoubleEquals | Token::NotEquals | Token::GreaterThan | Token::LessThan => {
                self.exact()?
            }
            _ => return Err(format!("found '{written}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        test(&key, operator, values).map(|test| Requirement { key, test })
    }

    fn values(&mut self) -> Result<BTreeSet<String>, String> {
        let (token, written) = self.take();
        if token != Token::OpenPar {
            return Err(format!("found '{written}' expected: '('"));
        }
        let (token, written) = self.look();
        match token {
            Token::Identifier | Token::Comma => {
                let values = self.list()?;
                if self.take().0 == Token::ClosedPar {
                    Ok(values)
                } else {
                    Err(format!("found '{written}', expected: ')'"))
                }
            }
            Token::ClosedPar => {
                self.take();
                Ok(BTreeSet::from([String::new()]))
            }
            _ => Err(format!("found '{written}', expected: ',', ')' or identifier")),
        }
    }

    /// Values between commas; where none stands, the empty one does.
    fn list(&mut self) -> Result<BTreeSet<String>, String> {
        let mut values = BTreeSet::new();
        loop {
            let (token, written) = self.take();
            let (next, after) = self.look();
            match token {
                Token::Identifier => {
                    values.insert(written);
                    match next {
                        Token::Comma => {}
                        Token::ClosedPar => return Ok(values),
                        _ => return Err(format!("found '{after}', expected: ',' or ')'")),
                    }
                }
                Token::Comma => {
                    if values.is_empty() || next == Token::Comma {
                        values.insert(String::new());
                    }
                    if next == Token::ClosedPar {
                        values.insert(String::new());
                        return Ok(values);
                    }
                }
                _ => return Err(format!("found '{written}', expected: ',', or identifier")),
            }
        }
    }

    fn exact(&mut self) -> Result<BTreeSet<String>, String> {
        if [Token::End, Token::Comma].contains(&self.look().0) {
            return Ok(BTreeSet::from([String::new()]));
        }
        match self.take() {
            (Token::Identifier, written) => Ok(BTreeSet::from([written])),
            (_, written) => Err(format!("found '{written}', expected: identifier")),
        }
    }
}

/// What a label is tested for (`NewRequirement`).
fn test(key: &str, operator: Token, values: BTreeSet<String>) -> Result<Test, String> {
    let mut errors = Vec::new();
    let mut bound = 0;
    if [Token::GreaterThan, Token::LessThan].contains(&operator) {
        for (index, value) in values.iter().enumerate() {
            match value.parse() {
                Ok(number) => bound = number,
                Err(_) => errors.push(format!(
                    "values[{index}]: Invalid value: {}: for 'Gt', 'Lt' operators, the value must be an integer",
                    quoted(value)
                )),
            }
        }
    }
    for (index, value) in values.iter().enumerate() {
        let faults = names::label_value(value);
        if !faults.is_empty() {
            let value = quoted(value);
            errors.push(format!("values[{index}][{key}]: Invalid value: {value}: {}", faults.join("; ")));
        }
    }
    match &errors[..] {
        [] => Ok(match operator {
            Token::NotIn | Token::NotEquals => Test::NotIn(values),
            Token::GreaterThan => Test::GreaterThan(bound),
            Token::LessThan => Test::LessThan(bound),
            _ => Test::In(values),
        }),
        [one] => Err(one.clone()),
        several => Err(format!("[{}]", several.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requirements_hold_as_in_kubernetes() {
        let labels = [("x", "a"), ("y", "5"), ("z", ""), ("in", "notin")];
        let label = |name: &str| labels.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        for (selector, matched) in [
            ("", true),
            ("x", true),
            ("!x", false),
            ("!w", true),
            ("x=a", true),
            ("x==a", true),
            ("x!=a", false),
            ("w!=a", true),
            ("x in (a,b)", true),
            ("x notin (a,b)", false),
            ("w notin (a)", true),
            ("x in (b,)", false),
            ("z in ()", true),
            ("z in (,a)", true),
            ("z=", true),
            ("z", true),
            ("y>4", true),
            ("y>5", false),
            ("y<6", true),
            ("x>1", false),
            ("in=notin", true),
            ("in in (notin)", true),
            (" x = a , y ", true),
            ("x=a,y=6", false),
        ] {
            assert_eq!(Labels::parse(selector).unwrap().matches(label), matched, "{selector}");
        }
    }

    #[test]
    fn what_does_not_parse_is_told_in_the_words_of_kubernetes() {
        for (selector, error) in [
            ("x a", "unable to parse requirement: found 'a', expected: in, notin, =, ==, !=, gt, lt"),
            ("x=a,", "found '', expected: identifier after ','"),
            (",", "found ',', expected: !, identifier, or 'end of string'"),
            ("x in a", "unable to parse requirement: found 'a' expected: '('"),
            ("x in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("x in (a b)", "unable to parse requirement: found 'b', expected: ',' or ')'"),
            ("x=a b", "found 'b', expected: ',' or 'end of string'"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            ("x=(", "unable to parse requirement: found '(', expected: identifier"),
            (
                "y>a",
                "unable to parse requirement: values[0]: Invalid value: \"a\": for 'Gt', 'Lt' operators, the value must \
                 be an integer",
            ),
        ] {
            assert_eq!(Labels::parse(selector), Err(error.to_owned()), "{selector}");
        }
        let error = Labels::parse("x=a@b").unwrap_err();
        assert!(
            error.starts_with(
                "unable to parse requirement: values[0][x]: Invalid value: \"a@b\": a valid label"
            )
        );
        let error = Labels::parse("-x").unwrap_err();
        assert!(
            error.starts_with("unable to parse requirement: <nil>: Invalid value: \"-x\": name part must")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a=!(),<> inot\\PC\u{0}]{0,40}") {
            let _ = Labels::parse(&text);
        }
    }
}
