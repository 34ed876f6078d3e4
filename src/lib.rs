//! kubepki
pub mod catalog;
pub mod spec;
pub mod target;
pub mod version;
pub mod x509;
