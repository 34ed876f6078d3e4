//! Requests as kubectl prints them.

mod decision;
mod describe;
mod list;

pub use decision::{About, DecisionReport};
pub use describe::describe;
pub use list::{list, objects};

/// What kubectl calls the resource.
pub const RESOURCE: &str = "certificatesigningrequest.certificates.k8s.io";

/// A value on one line, without what could draw on a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() }).collect()
}
