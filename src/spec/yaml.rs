//! YAML into [`Tree`]s: one for each document.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::tree::{Key, Position, SyntaxError, Tree, Value};

/// Deeper nesting than any configuration has; it bounds the recursion of whoever walks the tree.
const MAX_DEPTH: usize = 32;

/// More values than any configuration has (a thousand nodes take some 6,000): it bounds what aliases can blow up to.
const MAX_VALUES: usize = 1_000_000;

/// Reads every document of a file.
///
/// # Errors
/// The first fault in the syntax, or a document that is too deep or, with its aliases put in, too large.
pub fn documents(text: &str) -> Result<Vec<Tree>, SyntaxError> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            let position = Position { line: marker.line(), column: marker.col() + 1 };
            SyntaxError::new(position, format!("not valid YAML: {}", error.info()))
        })?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

#[derive(Default)]
struct Builder {
    documents: Vec<Tree>,
    open: Vec<Open>,
    anchors: HashMap<usize, Tree>,
    values: usize,
}

/// A sequence or mapping that has not ended yet.
struct Open {
    position: Position,
    anchor: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Tree>),
    Mapping(Vec<(Key, Tree)>, Option<Key>),
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        let position = Position { line: span.start.line(), column: span.start.col() + 1 };
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => Value::Text(text.into_owned()),
                };
                self.put(Tree { position, value }, anchor)
            }
            Event::Alias(anchor) => {
                let found = self.anchors.get(&anchor).cloned();
                let tree = found.ok_or_else(|| SyntaxError::new(position, "the alias names no anchor"))?;
                self.count(&tree, position)?;
                self.put(Tree { position, ..tree }, 0)
            }
            Event::SequenceStart(anchor, _) => self.begin(position, anchor, Content::Sequence(Vec::new())),
            Event::MappingStart(anchor, _) => {
                self.begin(position, anchor, Content::Mapping(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { position, anchor, content }) = self.open.pop() else { return Ok(()) };
                let value = match content {
                    Content::Sequence(elements) => Value::Sequence(elements),
                    Content::Mapping(fields, _) => Value::Mapping(merged(fields)),
                };
                self.put(Tree { position, value }, anchor)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, position: Position, anchor: usize, content: Content) -> Result<(), SyntaxError> {
        if self.open.len() == MAX_DEPTH {
            return Err(SyntaxError::new(position, format!("nested more than {MAX_DEPTH} levels deep")));
        }
        self.open.push(Open { position, anchor, content });
        Ok(())
    }

    fn put(&mut self, tree: Tree, anchor: usize) -> Result<(), SyntaxError> {
        if anchor > 0 {
            self.anchors.insert(anchor, tree.clone());
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.documents.push(tree),
            Some(Content::Sequence(elements)) => elements.push(tree),
            Some(Content::Mapping(fields, key @ Some(_))) => fields.extend(key.take().map(|key| (key, tree))),
            Some(Content::Mapping(_, key)) => {
                let Some(name) = tree.value.scalar() else {
                    let message = format!("a field's name is {}", tree.value.kind());
                    return Err(SyntaxError::new(tree.position, message));
                };
                *key = Some(Key { name: name.to_owned(), position: tree.position });
            }
        }
        Ok(())
    }

    /// Counts the values that an alias brings in, so that nested aliases cannot fill the memory.
    fn count(&mut self, tree: &Tree, position: Position) -> Result<(), SyntaxError> {
        fn size(tree: &Tree) -> usize {
            1 + match &tree.value {
                Value::Sequence(elements) => elements.iter().map(size).sum(),
                Value::Mapping(fields) => fields.iter().map(|(_, tree)| size(tree)).sum(),
                _ => 0,
            }
        }
        self.values += size(tree);
        if self.values > MAX_VALUES {
            return Err(SyntaxError::new(
                position,
                format!("aliases make more than {MAX_VALUES} values of it"),
            ));
        }
        Ok(())
    }
}

/// Puts the fields of `<<: *anchor` in, as Go's loader does: those that the mapping has itself win.
fn merged(fields: Vec<(Key, Tree)>) -> Vec<(Key, Tree)> {
    let (merges, mut own): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(key, _)| key.name == "<<");
    for (_, tree) in merges {
        let sources = match tree.value {
            Value::Sequence(elements) => elements,
            _ => vec![tree],
        };
        for source in sources {
            let Value::Mapping(fields) = source.value else { continue };
            for (key, tree) in fields {
                if own.iter().all(|(present, _)| present.name != key.name) {
                    own.push((key, tree));
                }
            }
        }
    }
    own
}

/// What a plain scalar means to Go's YAML loader, which kubeadm and kubectl use: the words of YAML 1.1 for booleans.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" | "yes" | "Yes" | "YES" | "no" | "No"
        | "NO" | "on" | "On" | "ON" | "off" | "Off" | "OFF" => Value::Boolean(text.to_owned()),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let radix = |prefix: &str, radix: u32| {
        digits
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c == '_' || c.is_digit(radix)))
    };
    let begins = digits.starts_with(|c: char| c.is_ascii_digit())
        || digits.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    radix("0x", 16)
        || radix("0o", 8)
        || radix("0b", 2)
        || (begins && digits.replace('_', "").parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field<'a>(tree: &'a Tree, name: &str) -> &'a Tree {
        let Value::Mapping(fields) = &tree.value else { panic!("no mapping") };
        &fields.iter().find(|(key, _)| key.name == name).unwrap().1
    }

    #[test]
    fn documents_and_positions() {
        let trees = documents("a: 1\n---\nb:\n  - x\n  - \"2\"\n").unwrap();
        assert_eq!(trees.len(), 2);
        assert_eq!(field(&trees[0], "a").value, Value::Number("1".into()));
        let list = field(&trees[1], "b");
        let Value::Sequence(elements) = &list.value else { panic!("no list") };
        assert_eq!(elements[1].value, Value::Text("2".into()));
        assert_eq!(elements[1].position, Position { line: 5, column: 5 });
    }

    #[test]
    fn plain_scalars_are_what_go_makes_of_them() {
        for (text, value) in [
            ("v1.36.1", Value::Text("v1.36.1".into())),
            ("1.36", Value::Number("1.36".into())),
            ("1.36.1", Value::Text("1.36.1".into())),
            ("0x1f", Value::Number("0x1f".into())),
            ("yes", Value::Boolean("yes".into())),
            ("~", Value::Null),
            ("2001:db8::1", Value::Text("2001:db8::1".into())),
            ("inf", Value::Text("inf".into())),
            ("8760h", Value::Text("8760h".into())),
        ] {
            assert_eq!(plain(text), value, "{text}");
        }
    }

    #[test]
    fn anchors_and_merges() {
        let trees = documents("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\nc: *x\n").unwrap();
        assert_eq!(field(field(&trees[0], "b"), "q").value, Value::Number("3".into()));
        assert_eq!(field(field(&trees[0], "b"), "p").value, Value::Number("1".into()));
        assert_eq!(field(field(&trees[0], "c"), "q").value, Value::Number("2".into()));
    }

    #[test]
    fn what_could_exhaust_us_is_refused() {
        assert!(documents(&"[".repeat(1000)).is_err());
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let alias = format!("*a{}", level - 1);
            bomb += &format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", "));
        }
        assert!(documents(&bomb).unwrap_err().message.contains("aliases"));
    }

    #[test]
    fn faults_have_a_position() {
        let error = documents("a: b\n  c: [\n").unwrap_err();
        assert!(error.position.line >= 2, "{error:?}");
        assert!(error.message.starts_with("not valid YAML: "));
    }
}
