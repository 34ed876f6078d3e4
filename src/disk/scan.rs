//! A look for private keys where none belong: what a cloud hands to a new machine, and backups.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use walkdir::WalkDir;
use zeroize::Zeroizing;

use super::read;

/// Where cloud-init, Ignition and Azure's agent keep what they were given, and where Debian keeps backups.
pub const USUAL: [&str; 7] = [
    "/etc/cloud",
    "/run/cloud-init",
    "/run/ignition.json",
    "/usr/lib/ignition",
    "/var/backups",
    "/var/lib/cloud",
    "/var/lib/waagent",
];

/// More files than this are not looked at, nor more bytes: this is a look, and not a search of the whole machine.
const MAX_FILES: usize = 20_000;
const MAX_BYTES: u64 = 256 << 20;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Files with private keys in them, in the order of their paths, and how many each has.
    pub files: Vec<(PathBuf, usize)>,
    /// How many files were looked at.
    pub looked_at: usize,
    /// How many files were too large to be looked at.
    pub too_large: usize,
    /// Whether there was more than is looked at.
    pub overflow: bool,
}

impl Scan {
    /// Looks into every file below these places; symlinks are not followed, and what is compressed or encrypted is not
    /// seen.
    #[must_use]
    pub fn of(places: &[PathBuf]) -> Self {
        let mut scan = Self::default();
        let mut budget = MAX_BYTES;
        for place in places {
            scan.below(place, &mut budget);
        }
        scan.files.sort();
        scan.files.dedup();
        scan
    }

    fn below(&mut self, place: &Path, budget: &mut u64) {
        let entries = WalkDir::new(place).sort_by_file_name().into_iter().filter_map(Result::ok);
        for entry in entries.filter(|entry| entry.file_type().is_file()) {
            if self.looked_at >= MAX_FILES || *budget == 0 {
                self.overflow = true;
                return;
            }
            self.looked_at += 1;
            match read::bytes(entry.path()) {
                Ok(file) => {
                    *budget = budget.saturating_sub(file.bytes.len() as u64);
                    let keys = private_keys(&file.bytes);
                    if keys > 0 {
                        self.files.push((entry.into_path(), keys));
                    }
                }
                Err(read::ReadError::TooLarge(_)) => self.too_large += 1,
                Err(_) => {}
            }
        }
    }
}

/// How many private keys are in the bytes: as PEM, or as base64 of it, as in kubeconfigs and in cloud-init's
/// `write_files`. Keys of OpenSSH and PGP are others' business, and encrypted ones are nobody's.
fn private_keys(bytes: &[u8]) -> usize {
    const BEGIN: &[u8] = b"-----BEGIN ";
    // Base64 of BEGIN, as far as it does not depend on what follows.
    const ENCODED: &[u8] = b"LS0tLS1CRUdJTi";
    let plain = positions(bytes, BEGIN).filter(|at| is_key(bytes.get(*at..).unwrap_or_default()));
    let encoded = positions(bytes, ENCODED).filter(|at| {
        let text = bytes.get(*at..).unwrap_or_default();
        // Enough of it for any label, in whole groups of four.
        let text = text.get(..ENOUGH).unwrap_or(text);
        let length =
            text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(*byte)).count();
        let whole = text.get(..length - length % 4).unwrap_or_default();
        STANDARD.decode(whole).map(Zeroizing::new).is_ok_and(|decoded| is_key(&decoded))
    });
    plain.count() + encoded.count()
}

const ENOUGH: usize = 64;

/// Whether a PEM block that begins here is a private key of the PKI's.
fn is_key(text: &[u8]) -> bool {
    const LABELS: [&[u8]; 4] = [
        b"-----BEGIN PRIVATE KEY-----",
        b"-----BEGIN EC PRIVATE KEY-----",
        b"-----BEGIN RSA PRIVATE KEY-----",
        b"-----BEGIN EC PARAMETERS-----",
    ];
    LABELS.iter().any(|label| text.starts_with(label))
}

fn positions<'a>(bytes: &'a [u8], what: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(what.len()).enumerate().filter(move |(_, window)| *window == what).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_seen_in_whatever_they_are_wrapped() {
        let block = |label: &str| format!("-----BEGIN {label}-----\nMIIB\n-----END {label}-----\n");
        let encoded = |text: &str| STANDARD.encode(text);
        for (text, keys) in [
            (String::new(), 0),
            (block("CERTIFICATE"), 0),
            (block("OPENSSH PRIVATE KEY"), 0),
            (block("ENCRYPTED PRIVATE KEY"), 0),
            (block("PRIVATE KEY"), 1),
            (
                format!(
                    "write_files:\n- content: |\n    {}",
                    block("EC PRIVATE KEY").replace('\n', "\n    ")
                ),
                1,
            ),
            (format!("client-key-data: {}\n", encoded(&block("RSA PRIVATE KEY"))), 1),
            (format!("client-certificate-data: {}\n", encoded(&block("CERTIFICATE"))), 0),
            (block("RSA PRIVATE KEY") + &block("CERTIFICATE") + &encoded(&block("PRIVATE KEY")), 2),
            ("LS0tLS1CRUdJTi".to_owned(), 0),
        ] {
            assert_eq!(private_keys(text.as_bytes()), keys, "{text}");
        }
    }
}
