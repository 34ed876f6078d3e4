//! `KP-FS019`: private keys where machines get their configuration from.

use crate::audit::rule::rule;
use crate::audit::{Anchor, Fault, Remedy, Scene};

rule! {
    /// A private key lies in what a cloud has handed to the machine, or in a backup.
    ///
    /// ## Why it matters
    ///
    /// What is in user data can be read from the metadata service by every process of the machine, pods included, and
    /// by who may look at the machine in the cloud's console. It stays there when the key on the node is replaced.
    ///
    /// This is looked for when asked: `audit --scan` looks at the usual places (`/etc/cloud`, `/run/cloud-init`,
    /// `/run/ignition.json`, `/usr/lib/ignition`, `/var/backups`, `/var/lib/cloud`, `/var/lib/waagent`), `audit --scan
    /// DIR` below another directory; 20,000 files and 256 MiB at most. Keys in PEM are seen, and in base64 of it; in
    /// archives they are not.
    ///
    /// ## What to do
    ///
    /// Purge the file, take the key out of the machine's configuration, and replace it: `kubepki renew`.
    ///
    /// ## References
    ///
    /// kubernetes/kops#14315 (user data is read by whoever is on the machine); ksail#6428.
    "KP-FS019" "scattered-key" High Scene "scans for scattered keys"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.scan.is_some()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let files = scene.scan.iter().flat_map(|scan| &scan.files);
    files
        .map(|(path, keys)| {
            let plural = if *keys == 1 { "" } else { "s" };
            let remedy = Remedy::by_hand("purge the file, and replace the key");
            let fault = Fault::new(path.clone(), format!("holds {keys} private key{plural}"), remedy);
            Fault { anchor: Some(Anchor::default()), ..fault }
        })
        .collect()
}
