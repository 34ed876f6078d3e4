//! `KP-FS009`: a symlink that leads out of the directory.

use crate::audit::rule::rule;
use crate::audit::{Fault, File, Remedy, file::Thing};
use crate::disk::Found;
use crate::disk::read::ReadError;

rule! {
    /// A file of the PKI is a symlink, or lies behind one, that leads out of the directory, or to nothing.
    ///
    /// ## Why it matters
    ///
    /// What it leads to changes without anyone looking at this directory, and whoever may write there may exchange a
    /// certificate or read a key. kubepki neither follows such a link nor replaces it.
    ///
    /// A link that no credential has counts too: something may read it.
    ///
    /// ## What to do
    ///
    /// Replace the link by the file itself, or run kubepki on the directory that it leads to. Links that stay inside
    /// the directory are followed.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.19 to 1.1.21.
    "KP-FS009" "symlink-outside" Medium File "files"
}

fn applies(file: &File<'_>) -> bool {
    !file.is_directory()
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let Thing::File(Found::Unreadable(error @ ReadError::Outside(_))) = file.thing else { return Vec::new() };
    let remedy = Remedy::by_hand("replace the link by the file, or run kubepki where it leads to");
    Fault::one(file.path(), error.to_string(), remedy)
}
