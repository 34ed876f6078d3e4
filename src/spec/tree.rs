//! A document as a tree in which everything knows its line: what YAML and TOML are read into.
//!
//! serde stops at the first fault and forgets positions; a user wants all faults of a file at once, each with its line.

use std::fmt;

/// Where something stands; both count from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Where the value begins.
    pub position: Position,
    /// The value.
    pub value: Value,
}

/// A value. Numbers keep their text, because none is computed with before it is checked.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `true` or `false`, as written.
    Boolean(String),
    /// Fields in their order, repeated names included.
    Mapping(Vec<(Key, Tree)>),
    /// Nothing: an empty value, `null` or `~`.
    Null,
    /// A number as written.
    Number(String),
    /// Elements in their order.
    Sequence(Vec<Tree>),
    /// Text.
    Text(String),
}

/// The name of a field and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub position: Position,
}

impl Value {
    /// What it is, for a message: `a list`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "a boolean",
            Self::Mapping(_) => "a mapping",
            Self::Null => "nothing",
            Self::Number(_) => "a number",
            Self::Sequence(_) => "a list",
            Self::Text(_) => "text",
        }
    }

    /// The text of a scalar as written.
    #[must_use]
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Self::Boolean(text) | Self::Number(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A fault in the syntax of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where it is.
    pub position: Position,
    /// What it is.
    pub message: String,
}

impl SyntaxError {
    /// A fault at a position.
    pub fn new(position: Position, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }
}
