//! `KP-FS008`: a static pod manifest in the wrong hands.

use crate::audit::custody::foreign_owner;
use crate::audit::rule::rule;
use crate::audit::{Fault, File, Remedy};
use crate::disk::content::Item;

rule! {
    /// The manifest of a static pod may be written by others than root.
    ///
    /// ## Why it matters
    ///
    /// It says which certificates a component shows and which CAs it believes, and the kubelet runs whatever it says,
    /// as root if it likes.
    ///
    /// That others may read it is no fault here, though the benchmark asks for 600: no secret is in it.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` takes the permission away. For the owner: `chown root:root FILE`.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.1 to 1.1.8.
    "KP-FS008" "writable-manifest" High File "static pod manifests"
}

const WRITE: u32 = 0o022;

fn applies(file: &File<'_>) -> bool {
    file.items().any(|item| matches!(item, Item::StaticPod(_)))
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let loose = file.mode().filter(|mode| mode & WRITE != 0).map(|mode| {
        let message = format!("has mode {mode:03o}: others may change what the kubelet runs");
        Fault::new(file.path(), message, Remedy::Chmod(mode & !WRITE))
    });
    loose.into_iter().chain(foreign_owner(file)).collect()
}
