//! A directory to work in, commands to run in it, and what came of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kubepki::disk::{Content, Kubeconfig};
use kubepki::x509::{Certificate, PrivateKey};
use tempfile::TempDir;

/// A directory that vanishes with the test.
pub struct Testbed {
    home: TempDir,
}

/// A command that has ended somehow.
#[must_use = "say how it should have ended"]
pub struct Run(Ran);

/// A command that has ended as it should.
pub struct Ran {
    what: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Everything that can be seen of a tree: for each path its mode, time of change and bytes.
pub type Snapshot = BTreeMap<PathBuf, (u32, SystemTime, Vec<u8>)>;

/// One control plane, named cp1.
pub const SINGLE: &str = "
apiVersion: kubepki/v1
kind: Cluster
nodes:
- {name: cp1, roles: [control-plane], addresses: [192.0.2.10]}
";

/// Three control planes and two workers.
pub const FLEET: &str = "
apiVersion: kubepki/v1
kind: Cluster
clusterName: prod
controlPlaneEndpoint: api.prod.example.com:6443
nodes:
- {name: cp1, roles: [control-plane], addresses: [192.0.2.10]}
- {name: cp2, roles: [control-plane], addresses: [192.0.2.11]}
- {name: cp3, roles: [control-plane], addresses: [192.0.2.12]}
- {name: worker1, roles: [worker], addresses: [192.0.2.21]}
- {name: worker2, roles: [worker], addresses: [192.0.2.22]}
";

impl Testbed {
    pub fn new() -> Self {
        Self { home: TempDir::new().unwrap() }
    }

    /// A testbed with a spec in `cluster.yaml`.
    pub fn with(spec: &str) -> Self {
        let bed = Self::new();
        bed.write("cluster.yaml", spec);
        bed
    }

    /// A testbed with a spec and the tree that it describes in `out`.
    pub fn applied(spec: &str) -> Self {
        let bed = Self::with(spec);
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
        bed
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
    }

    pub fn read(&self, name: impl AsRef<Path>) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Lays out a directory that kubeadm made, as `NAME/kubernetes`, with its configuration in `NAME/kubeadm.yaml`.
    pub fn fixture(&self, name: &str) {
        let from = fixtures().join(name);
        for entry in walkdir::WalkDir::new(&from) {
            let entry = entry.unwrap();
            let to = self.path(name).join(entry.path().strip_prefix(&from).unwrap());
            if entry.file_type().is_dir() {
                fs::create_dir_all(&to).unwrap();
                set_mode(&to, 0o755);
            } else {
                fs::copy(entry.path(), &to).unwrap();
                set_mode(
                    &to,
                    if to.extension().is_some_and(|suffix| suffix == "crt") { 0o644 } else { 0o600 },
                );
            }
        }
    }

    /// The program with its arguments, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubepki"));
        command.args(arguments).current_dir(self.home.path()).stdin(Stdio::null());
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env("COLUMNS", "200");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments), &format!("kubepki {}", arguments.join(" ")))
    }

    /// Any other program, in the testbed.
    pub fn peer(&self, name: &str, arguments: &[&str]) -> Run {
        let mut command = peer(name);
        command.args(arguments).current_dir(self.home.path()).stdin(Stdio::null());
        Run::of(&mut command, &format!("{name} {}", arguments.join(" ")))
    }

    /// A script for the shell, in the testbed.
    pub fn shell(&self, script: &str) -> Run {
        let mut command = Command::new("sh");
        let bin = Path::new(env!("CARGO_BIN_EXE_kubepki")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        command.args(["-euc", script]).env("PATH", path).current_dir(self.home.path()).stdin(Stdio::null());
        Run::of(&mut command, script)
    }

    pub fn snapshot(&self, directory: &str) -> Snapshot {
        let root = self.path(directory);
        let entries = walkdir::WalkDir::new(&root).into_iter().map(Result::unwrap);
        entries
            .map(|entry| {
                let metadata = fs::symlink_metadata(entry.path()).unwrap();
                let bytes = if metadata.is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
                let seen = (metadata.permissions().mode() & 0o7777, metadata.modified().unwrap(), bytes);
                (entry.path().strip_prefix(&root).unwrap().to_owned(), seen)
            })
            .collect()
    }

    pub fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    pub fn set_mode(&self, name: &str, mode: u32) {
        set_mode(&self.path(name), mode);
    }

    pub fn certificate(&self, name: &str) -> Certificate {
        Certificate::all_from_pem(self.read(name).as_bytes()).unwrap().remove(0)
    }

    pub fn key(&self, name: &str) -> PrivateKey {
        PrivateKey::from_pem(self.read(name).as_bytes()).unwrap()
    }

    pub fn kubeconfig(&self, name: &str) -> Kubeconfig {
        Kubeconfig::parse(&self.read(name)).unwrap()
    }

    /// The client certificate of a kubeconfig.
    pub fn client(&self, name: &str) -> Certificate {
        self.kubeconfig(name).certificate.embedded().unwrap()[0].clone()
    }

    /// Puts a pair of files, by its path without suffix, into a kubeconfig in place of what it holds.
    pub fn embed(&self, kubeconfig: &str, pair: &str) {
        let text = self.read(kubeconfig);
        let encode = |suffix: &str| STANDARD.encode(self.read(format!("{pair}.{suffix}")));
        let lines = text.lines().map(|line| match line.trim_start().split_once(':') {
            Some(("client-certificate-data", _)) => {
                format!("    client-certificate-data: {}\n", encode("crt"))
            }
            Some(("client-key-data", _)) => format!("    client-key-data: {}\n", encode("key")),
            _ => format!("{line}\n"),
        });
        self.write(kubeconfig, lines.collect::<String>());
    }

    /// Every file of a tree that has a certificate and a key must have them match: a pair of files or a kubeconfig.
    #[track_caller]
    pub fn assert_pairs_match(&self, directory: &str) {
        for entry in walkdir::WalkDir::new(self.path(directory)) {
            let path = entry.unwrap().into_path();
            if path.components().any(|part| part.as_os_str() == ".kubepki") || !path.is_file() {
                continue;
            }
            let content = Content::parse(&fs::read(&path).unwrap());
            match path.extension().and_then(|suffix| suffix.to_str()) {
                Some("crt") => {
                    let Ok(text) = fs::read(path.with_extension("key")) else { continue };
                    let key = PrivateKey::from_pem(&text).unwrap();
                    let certificate = content.certificates().unwrap()[0];
                    assert_eq!(certificate.public_key, *key.public_key(), "{}", path.display());
                }
                Some("conf") => {
                    let kubeconfig = content.kubeconfig().unwrap();
                    let certificate = &kubeconfig.certificate.embedded().unwrap()[0];
                    let key = kubeconfig.key.embedded().unwrap();
                    assert_eq!(certificate.public_key, *key.public_key(), "{}", path.display());
                }
                Some("pub") => {
                    let key = PrivateKey::from_pem(&fs::read(path.with_extension("key")).unwrap()).unwrap();
                    assert_eq!(content.public_keys().unwrap()[0], key.public_key(), "{}", path.display());
                }
                _ => {}
            }
        }
    }
}

impl Run {
    pub fn of(command: &mut Command, what: &str) -> Self {
        let output: Output = command.output().unwrap_or_else(|error| panic!("{what}: {error}"));
        Self(Ran {
            what: what.to_owned(),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    #[track_caller]
    pub fn code(self, code: i32) -> Ran {
        let Ran { what, stdout, stderr, .. } = &self.0;
        assert_eq!(self.0.code, Some(code), "{what}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        self.0
    }

    #[track_caller]
    pub fn success(self) -> Ran {
        self.code(0)
    }

    /// Exit status 1: the PKI needs attention.
    #[track_caller]
    pub fn attention(self) -> Ran {
        self.code(1)
    }

    /// Exit status 2: the command failed or was misused.
    #[track_caller]
    pub fn failure(self) -> Ran {
        self.code(2)
    }

    /// However it ended.
    pub fn anyhow(self) -> Ran {
        self.0
    }
}

impl Ran {
    #[track_caller]
    pub fn out(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "{}: no {text:?} in stdout\n{}", self.what, self.stdout);
        self
    }

    #[track_caller]
    pub fn err(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{}: no {text:?} in stderr\n{}", self.what, self.stderr);
        self
    }

    #[track_caller]
    pub fn not_out(self, text: &str) -> Self {
        assert!(!self.stdout.contains(text), "{}: {text:?} in stdout\n{}", self.what, self.stdout);
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}\n{}", self.what, self.stdout))
    }
}

/// A program that somebody else made. A peer that is missing fails the test and says how it is installed.
pub fn peer(name: &str) -> Command {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|directory| directory.join(name).is_file()));
    assert!(found, "the peer `{name}` is missing: run tests/peers.sh");
    Command::new(name)
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kubeadm-1.36")
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The paths that are in one snapshot and not, or not the same, in the other.
pub fn changed(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let own = |path: &Path| path.starts_with(".kubepki");
    let mut paths: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|path| !own(path) && !path.as_os_str().is_empty())
        .filter(|path| before.get(*path).map(|seen| &seen.2) != after.get(*path).map(|seen| &seen.2))
        .map(|path| path.display().to_string())
        .collect();
    paths.sort();
    paths.dedup();
    paths
}
