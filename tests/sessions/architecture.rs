//! The layers hold: a module imports only from those before it, and dangerous words stand where they belong.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules from the lowest to the highest. A module may use those before it and, within its own folder, anything.
const LAYERS: [&str; 21] = [
    "x509", "moment", "system", "version", "catalog", "spec", "csr", "target", "disk", "api", "store",
    "audit", "infer", "plan", "apply", "exchange", "serve", "error", "report", "cli", "main",
];

/// Words that may stand only in some files: what they do is dangerous elsewhere.
const WORDS: [(&str, &[&str]); 19] = [
    ("use age", &["disk/seal.rs"]),
    ("rcgen::", &["x509/"]),
    ("aws_lc_rs", &["x509/", "serve/tls.rs"]),
    ("cryptoki", &["x509/token"]),
    ("webpki::", &["x509/"]),
    ("rustls_pki_types", &["x509/"]),
    ("now_utc", &["cli/mod.rs"]),
    ("SystemTime", &[]),
    ("fs::write", &[]),
    ("fs::rename", &["disk/durable.rs", "disk/journal.rs", "disk/rolling.rs"]),
    (".persist(", &["disk/batch.rs", "disk/durable.rs", "disk/journal.rs"]),
    ("File::create", &[]),
    ("set_permissions", &["disk/durable.rs"]),
    ("println!", &[]),
    ("process::exit", &[]),
    ("unsafe ", &[]),
    ("async ", &["serve/"]),
    ("tokio::", &["serve/"]),
    ("hyper::", &["serve/"]),
];

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().map(Result::unwrap);
    files
        .filter(|entry| entry.path().extension().is_some_and(|suffix| suffix == "rs"))
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            // What tests do is their own affair.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            (entry.path().strip_prefix(&root).unwrap().to_owned(), code)
        })
        .collect()
}

fn module(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_import_only_from_lower_layers() {
    let rank = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    for (path, code) in sources() {
        let own = module(&path);
        if own == "lib" {
            continue;
        }
        let own = rank(&own).unwrap_or_else(|| panic!("{}: a module without a layer", path.display()));
        for after in code.split("crate::").skip(1) {
            let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let other = rank(&name).unwrap_or_else(|| panic!("{}: crate::{name}?", path.display()));
            assert!(other <= own, "{} is below {name} and must not use it", path.display());
        }
    }
}

#[test]
fn dangerous_words_stand_where_they_belong() {
    for (path, code) in sources() {
        for (word, places) in WORDS {
            let allowed = places.iter().any(|place| path.to_string_lossy().starts_with(place));
            assert!(allowed || !code.contains(word), "{}: `{word}`", path.display());
        }
    }
}

/// No input makes the program panic: nothing outside tests may take for granted what can fail.
#[test]
fn nothing_takes_success_for_granted() {
    for (path, code) in sources() {
        for word in [".unwrap()", ".expect(", "panic!", "todo!", "unimplemented!", "unreachable!"] {
            assert!(!code.contains(word), "{}: `{word}`", path.display());
        }
    }
}

#[test]
fn files_are_short() {
    let mut lengths: Vec<(usize, PathBuf)> =
        sources().into_iter().map(|(path, code)| (code.lines().count(), path)).collect();
    lengths.sort();
    let (longest, path) = lengths.last().unwrap();
    assert!(*longest <= 450, "{} has {longest} lines", path.display());
    let median = lengths[lengths.len() / 2].0;
    assert!(median <= 100, "the median file has {median} lines");
}
