//! TOML into a [`Tree`].

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::tree::{Key, Position, SyntaxError, Tree, Value};

/// Reads a file: one document.
///
/// # Errors
/// Every fault in the syntax.
pub fn document(text: &str) -> Result<Tree, Vec<SyntaxError>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let lines = Lines::new(text);
    if !errors.is_empty() {
        return Err(errors
            .iter()
            .map(|error| {
                let position = lines.position(error.span().map_or(0, |span| span.start));
                SyntaxError::new(position, format!("not valid TOML: {}", error.message()))
            })
            .collect());
    }
    let position = Position { line: 1, column: 1 };
    Ok(Tree { position, value: mapping(table.into_inner(), &lines) })
}

fn mapping(table: DeTable<'_>, lines: &Lines) -> Value {
    let mut fields: Vec<_> = table
        .into_iter()
        .map(|(name, value)| {
            let position = lines.position(name.span().start);
            (Key { name: name.into_inner().into_owned(), position }, tree(value, lines))
        })
        .collect();
    fields.sort_by_key(|(key, _)| key.position);
    Value::Mapping(fields)
}

fn tree(value: Spanned<DeValue<'_>>, lines: &Lines) -> Tree {
    let position = lines.position(value.span().start);
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Number(number.to_string()),
        DeValue::Float(number) => Value::Number(number.to_string()),
        DeValue::Boolean(flag) => Value::Boolean(flag.to_string()),
        DeValue::Datetime(moment) => Value::Text(moment.to_string()),
        DeValue::Array(elements) => {
            Value::Sequence(elements.into_iter().map(|element| tree(element, lines)).collect())
        }
        DeValue::Table(table) => mapping(table, lines),
    };
    Tree { position, value }
}

/// Byte offsets as positions.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(offset, _)| offset + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1];
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Position { line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_positions() {
        let tree = document("a = \"x\"\n[[nodes]]\nname = \"cp1\"\nport = 6443\n").unwrap();
        let Value::Mapping(fields) = &tree.value else { panic!("no mapping") };
        let Value::Sequence(nodes) = &fields[1].1.value else { panic!("no list") };
        let Value::Mapping(node) = &nodes[0].value else { panic!("no mapping") };
        assert_eq!(node[0].0.position, Position { line: 3, column: 1 });
        assert_eq!(node[1].1.value, Value::Number("6443".into()));
        assert_eq!(node[1].1.position, Position { line: 4, column: 8 });
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let errors = document("a = \nb = 1\nb = 2\n").unwrap_err();
        assert_eq!(errors.iter().map(|error| error.position.line).collect::<Vec<_>>(), [1, 3]);
    }
}
