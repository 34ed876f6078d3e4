//! Takes a [`Tree`] apart field by field and collects every problem on the way.

use std::cell::RefCell;

use super::problem::{Problem, nearest};
use super::tree::{Key, Position, Tree, Value};

/// Collects problems; shared by everyone who reads from one file.
#[derive(Default)]
pub struct Problems {
    found: RefCell<Vec<Problem>>,
}

/// A value, the name of the field that held it, and where it stands.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// The field, such as `nodes[0].name`.
    pub field: String,
    /// Where the value stands.
    pub position: Position,
}

/// How strictly names of fields are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// An unknown or repeated field is a fault.
    Strict,
    /// It is worth a warning, as in `kubeadm init`.
    Lenient,
}

/// The fields of one mapping, taken out one by one. What is left at [`Fields::finish`] is unknown.
pub struct Fields<'a> {
    problems: &'a Problems,
    strictness: Strictness,
    field: String,
    position: Position,
    entries: Vec<(&'a Key, &'a Tree)>,
    known: Vec<&'static str>,
}

impl Problems {
    /// Notes a fault of the value.
    pub fn error<T>(&self, at: &At<T>, message: impl Into<String>) {
        self.push(true, Some(at.position), &at.field, message.into(), None);
    }

    /// Notes a fault of the value with something to do about it.
    pub fn error_hint<T>(&self, at: &At<T>, message: impl Into<String>, hint: impl Into<String>) {
        self.push(true, Some(at.position), &at.field, message.into(), Some(hint.into()));
    }

    /// Notes something about the value that the user should know.
    pub fn warn<T>(&self, at: &At<T>, message: impl Into<String>) {
        self.push(false, Some(at.position), &at.field, message.into(), None);
    }

    /// Notes anything.
    pub fn push(
        &self,
        fatal: bool,
        position: Option<Position>,
        field: &str,
        message: String,
        hint: Option<String>,
    ) {
        let problem = Problem { fatal, position, field: field.to_owned(), message, hint };
        let mut found = self.found.borrow_mut();
        if !found.contains(&problem) {
            found.push(problem);
        }
    }

    /// Everything that was noted, in the order of the file.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| problem.position);
        found
    }
}

impl<T> At<T> {
    /// The same place with another value.
    pub fn with<U>(&self, value: U) -> At<U> {
        At { value, field: self.field.clone(), position: self.position }
    }
}

impl<'a> Fields<'a> {
    /// The fields of a document.
    pub fn document(tree: &'a Tree, problems: &'a Problems, strictness: Strictness) -> Option<Self> {
        Self::new(tree, problems, strictness, String::new())
    }

    fn new(tree: &'a Tree, problems: &'a Problems, strictness: Strictness, field: String) -> Option<Self> {
        let Value::Mapping(all) = &tree.value else {
            let message = format!("expected a mapping, found {}", tree.value.kind());
            problems.push(true, Some(tree.position), &field, message, None);
            return None;
        };
        let mut entries: Vec<(&Key, &Tree)> = Vec::with_capacity(all.len());
        for (key, value) in all {
            match entries.iter().position(|(earlier, _)| earlier.name == key.name) {
                Some(index) => {
                    let first = entries[index].0.position.line;
                    let message = format!("stands twice: first in line {first}");
                    let fatal = strictness == Strictness::Strict;
                    problems.push(fatal, Some(key.position), &join(&field, &key.name), message, None);
                    entries[index] = (key, value);
                }
                None => entries.push((key, value)),
            }
        }
        Some(Self { problems, strictness, field, position: tree.position, entries, known: Vec::new() })
    }

    /// Where the mapping stands, with its field's name.
    #[must_use]
    pub fn at(&self) -> At<()> {
        At { value: (), field: self.field.clone(), position: self.position }
    }

    /// Takes a field as it is; a field without a value counts as absent, as in Go.
    pub fn tree(&mut self, name: &'static str) -> Option<At<&'a Tree>> {
        self.known.push(name);
        let index = self.entries.iter().position(|(key, _)| key.name == name)?;
        let (_, tree) = self.entries.remove(index);
        (tree.value != Value::Null).then(|| At {
            value: tree,
            field: join(&self.field, name),
            position: tree.position,
        })
    }

    /// Whether there is such a field with a value, which has not been taken yet.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, tree)| key.name == name && tree.value != Value::Null)
    }

    /// Takes a field that holds text.
    pub fn text(&mut self, name: &'static str) -> Option<At<String>> {
        let at = self.tree(name)?;
        text(&at, self.problems)
    }

    /// Takes a field that holds text and makes something of it; `make` says what is wrong with the text.
    pub fn parsed<T>(
        &mut self,
        name: &'static str,
        make: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        let text = self.text(name)?;
        match make(&text.value) {
            Ok(value) => Some(text.with(value)),
            Err(message) => {
                self.problems.error(&text, message);
                None
            }
        }
    }

    /// Takes a field that must be there, and makes something of its text.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        make: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        if !self.has(name) {
            self.problems.error(&self.at(), format!("has no `{name}`"));
        }
        self.parsed(name, make)
    }

    /// Takes a field that holds one of the given words.
    pub fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&'static str, T)]) -> Option<At<T>> {
        let text = self.text(name)?;
        choose(&text, choices, self.problems)
    }

    /// Takes a field that holds a whole number of the given range.
    pub fn number(&mut self, name: &'static str, range: std::ops::RangeInclusive<u32>) -> Option<At<u32>> {
        let at = self.tree(name)?;
        let number = match &at.value.value {
            Value::Number(text) => text.parse().ok().filter(|number| range.contains(number)),
            _ => None,
        };
        if number.is_none() {
            let found = at.value.value.scalar().map_or(at.value.value.kind().to_owned(), quoted);
            let (low, high) = range.into_inner();
            self.problems.error(&at, format!("{found} is not a whole number from {low} to {high}"));
        }
        Some(at.with(number?))
    }

    /// Takes a field that holds `true` or `false`.
    pub fn flag(&mut self, name: &'static str) -> Option<At<bool>> {
        let at = self.tree(name)?;
        match &at.value.value {
            Value::Boolean(text) => Some(at.with(text.eq_ignore_ascii_case("true"))),
            other => {
                let found = other.scalar().map_or(other.kind().to_owned(), quoted);
                self.problems.error(&at, format!("{found} is not true or false"));
                None
            }
        }
    }

    /// Takes a field that holds a list of anything.
    pub fn list(&mut self, name: &'static str) -> Vec<At<&'a Tree>> {
        let Some(at) = self.tree(name) else { return Vec::new() };
        let Value::Sequence(elements) = &at.value.value else {
            self.problems.error(&at, format!("expected a list, found {}", at.value.value.kind()));
            return Vec::new();
        };
        let element = |(index, tree): (usize, &'a Tree)| At {
            value: tree,
            field: format!("{}[{index}]", at.field),
            position: tree.position,
        };
        elements.iter().enumerate().map(element).collect()
    }

    /// Takes a field that holds a list of texts.
    pub fn texts(&mut self, name: &'static str) -> Vec<At<String>> {
        let problems = self.problems;
        self.list(name).iter().filter_map(|at| text(at, problems)).collect()
    }

    /// Takes a field that holds a mapping.
    pub fn fields(&mut self, name: &'static str) -> Option<Fields<'a>> {
        let at = self.tree(name)?;
        self.element(at)
    }

    /// Takes a field that holds a list of mappings.
    pub fn all_fields(&mut self, name: &'static str) -> Vec<Fields<'a>> {
        let elements = self.list(name);
        elements.into_iter().filter_map(|at| self.element(at)).collect()
    }

    fn element(&self, at: At<&'a Tree>) -> Option<Fields<'a>> {
        Self::new(at.value, self.problems, self.strictness, at.field)
    }

    /// Takes fields that have no bearing here.
    pub fn ignore(&mut self, names: &[&'static str]) {
        for name in names {
            self.tree(name);
        }
    }

    /// The names that are still there.
    #[must_use]
    pub fn remaining(&self) -> Vec<At<&'a str>> {
        let at = |(key, _): &(&'a Key, &'a Tree)| At {
            value: key.name.as_str(),
            field: join(&self.field, &key.name),
            position: key.position,
        };
        self.entries.iter().map(at).collect()
    }

    /// Reports what is left as unknown, with the name that was most likely meant.
    pub fn finish(self) {
        for at in self.remaining() {
            let hint =
                nearest(at.value, self.known.iter().copied()).map(|name| format!("did you mean `{name}`?"));
            let fatal = self.strictness == Strictness::Strict;
            let known = if hint.is_none() && fatal && self.known.len() < 12 {
                format!("; the fields here are {}", self.known.join(", "))
            } else {
                String::new()
            };
            let message = format!("unknown field{known}");
            self.problems.push(fatal, Some(at.position), &at.field, message, hint);
        }
    }
}

/// The text of a scalar, held to Go's typing: `1.36` is a number and `yes` a boolean until they are quoted.
pub fn text(at: &At<&Tree>, problems: &Problems) -> Option<At<String>> {
    match &at.value.value {
        Value::Text(text) => Some(at.with(text.clone())),
        Value::Null => None,
        other => {
            match other.scalar() {
                Some(scalar) => problems.error_hint(
                    at,
                    format!("expected text, found {} `{scalar}`", other.kind()),
                    format!("quote it: \"{scalar}\""),
                ),
                None => problems.error(at, format!("expected text, found {}", other.kind())),
            }
            None
        }
    }
}

/// One of the given words.
pub fn choose<T: Copy>(
    text: &At<String>,
    choices: &[(&'static str, T)],
    problems: &Problems,
) -> Option<At<T>> {
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.value) {
        return Some(text.with(*value));
    }
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    let message = format!("{} is not one of {}", quoted(&text.value), words.join(", "));
    match nearest(&text.value, words) {
        Some(word) => problems.error_hint(text, message, format!("did you mean `{word}`?")),
        None => problems.error(text, message),
    }
    None
}

/// The value in backticks, shortened when it is long and without control characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    format!("`{}`", short.replace("\\\"", "\"").replace("\\'", "'"))
}

fn join(field: &str, name: &str) -> String {
    let name = if name.chars().count() > 80 { "…" } else { name };
    if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") }
}
