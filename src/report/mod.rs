//! Layer 7: documents for people and machines. Each document is data that serialises, and knows how to draw itself as a
//! table; nothing here decides anything.

pub mod audit;
pub mod csr;
pub mod exchange;
pub mod expiry;
pub mod explanation;
pub mod inspection;
pub mod plan;
mod signer;
pub mod style;
pub mod tabs;
pub mod trust;
pub mod unpacked;
pub mod user;
pub mod verification;

use std::io;

use serde::Serialize;

use crate::error::Error;

/// The `apiVersion` of every document.
pub const API_VERSION: &str = "kubepki/v1";

/// A document that can be drawn for people.
pub trait Table {
    /// Draws it, no line wider than `width` columns where that can be had.
    ///
    /// # Errors
    /// When the writer fails.
    fn table(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()>;
}

/// Writes a document as JSON, indented, with a final newline.
///
/// # Errors
/// When the writer fails.
pub fn json(document: &impl Serialize, out: &mut dyn io::Write) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Error::Format { format: "JSON", problem: error.to_string() })?;
    Ok(writeln!(out, "{text}")?)
}

/// Writes a document as YAML.
///
/// # Errors
/// When the writer fails.
pub fn yaml(document: &impl Serialize, out: &mut dyn io::Write) -> Result<(), Error> {
    let text = serde_yaml::to_string(document)
        .map_err(|error| Error::Format { format: "YAML", problem: error.to_string() })?;
    Ok(write!(out, "{text}")?)
}

/// Writes a document as TOML.
///
/// # Errors
/// When the writer fails.
pub fn toml(document: &impl Serialize, out: &mut dyn io::Write) -> Result<(), Error> {
    let text = toml::to_string(document)
        .map_err(|error| Error::Format { format: "TOML", problem: error.to_string() })?;
    Ok(write!(out, "{text}")?)
}
