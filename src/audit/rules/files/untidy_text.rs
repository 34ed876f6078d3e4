//! `KP-FS018`: a PEM file with more than its blocks.

use crate::audit::rule::rule;
use crate::audit::{Fault, File, Remedy};
use crate::disk::content::Encoding;

rule! {
    /// A PEM file has text outside its blocks, a byte order mark, lines that end in CR LF, or no end of its last line.
    ///
    /// ## Why it matters
    ///
    /// Most readers pass over it, some do not, and scripts that put files together with `cat` glue the last line to the
    /// next first one when it has no end. What stands around a block is also what nobody notices when it changes.
    ///
    /// ## What to do
    ///
    /// Write the file again: `openssl x509 -in FILE -out FILE.new`, or `openssl pkey` for a key.
    ///
    /// ## References
    ///
    /// RFC 7468 §2 and §3; kubernetes/kubeadm#1399.
    "KP-FS018" "untidy-text" Low File "PEM files"
}

fn applies(file: &File<'_>) -> bool {
    matches!(file.content().map(|content| content.encoding), Some(Encoding::Pem(_)))
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let Some(Encoding::Pem(form)) = file.content().map(|content| content.encoding) else { return Vec::new() };
    let oddities: Vec<&str> = form.oddities().collect();
    if oddities.is_empty() {
        return Vec::new();
    }
    let remedy = Remedy::advice("write it again: `openssl x509` or `openssl pkey`, -in FILE -out FILE.new");
    Fault::one(file.path(), format!("has {}", oddities.join(", ")), remedy)
}
