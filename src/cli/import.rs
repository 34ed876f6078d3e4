//! `kubepki import`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use walkdir::WalkDir;

use super::apply::from_here;
use super::exchange::{bytes, refuse};
use super::request::waiting;
use super::user::into::complete;
use super::workspace::{Workspace, WorkspaceOrInto, cure};
use super::{Exit, Format, Outside, terminal};
use crate::apply;
use crate::audit::View;
use crate::disk::{DiskError, write};
use crate::error::Error;
use crate::exchange::answer::{Answer, Taken, take};
use crate::exchange::{Answers, bundle};
use crate::moment::compact;
use crate::plan::{Action, Plan};
use crate::report::plan::{Outcome, PlanReport};
use crate::x509::Certificate;

/// Take the certificates that came back: each goes to the key that waits for it
///
/// Takes what `kubepki sign` made, or PEM files that anybody signed: a certificate belongs to the key that it has. Each is
/// held to its key, to the spec and to its CA; if one does not fit, none is taken. Then the rest of the tree is made, as far as it needs
/// no signature, and the report says what is still missing. It may be run again with more answers.
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
pub struct Import {
    /// A bundle, PEM files, or directories with PEM files.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    workspace: WorkspaceOrInto,

    /// A kubeconfig of `kubepki user --request` that waits for its certificate; may be given again. No spec is needed.
    #[arg(long, value_name = "KUBECONFIG")]
    into: Vec<PathBuf>,

    /// How to print what is there now.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

const SESSION: &str = "\
A session:
  kubepki import signed.tar -f cluster.yaml -d out
  kubepki import signed/*.crt ca.crt -f cluster.yaml -d out     whoever signed them
  kubepki import signed.tar --into jane.conf                    what `kubepki user --request` asked for

Exit status: 0 everything is there; 1 something is still to be signed, or to be done by a person.";

impl Import {
    /// Reads, holds, writes, and looks at the whole again.
    ///
    /// # Errors
    /// When an answer is refused or cannot be written; then the directory is as it was.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut answers = Vec::new();
        for file in &self.files {
            answers.extend(read(file)?);
        }
        let Some(arguments) = &self.workspace.0 else {
            return complete(&self.into, &answers, self.output, outside);
        };
        let workspace = Workspace::open_external(arguments)?;
        let (_lock, recovered) = workspace.hold("Import", outside.now)?;
        let mut outcome =
            Outcome { files_written: 0, files_recovered: recovered, backup: None, archives: Vec::new() };
        let time = compact(outside.now);
        let look = workspace.look()?;
        let view = workspace.view(&look, outside.now);
        let waiting = waiting(&workspace, &view)?;
        let taken = take(&view, &answers, &waiting, outside.now)?;
        refuse(&taken.refusals, self.files.first().map_or(Path::new(""), PathBuf::as_path))?;
        tell(&taken);
        outcome.files_written = taken.change.files.len();
        let backup = write::commit(&workspace.layout, &taken.change, &time)?;
        outcome.backup = backup.map(|path| from_here(&path));
        for place in &taken.done {
            let path = workspace.layout.root().join(place);
            fs::remove_file(&path).map_err(DiskError::at(&path, "cannot be removed"))?;
        }
        self.finish(outside, &workspace, outcome)
    }

    /// Makes what needs no signature and replaces nothing, and reports on the whole.
    fn finish(
        &self,
        outside: &mut Outside<'_>,
        workspace: &Workspace,
        mut outcome: Outcome,
    ) -> Result<Exit, Error> {
        let look = workspace.look()?;
        let view = workspace.view(&look, outside.now);
        let plan = harmless(cure(&view), &view);
        let change = apply::change(&view, &plan, outside.now, &|| ())?;
        outcome.files_written += change.files.len();
        write::commit(&workspace.layout, &change, &compact(outside.now))?;
        let look = workspace.look()?;
        let view = workspace.view(&look, outside.now);
        let plan = cure(&view);
        let Workspace { spec, layout, .. } = workspace;
        let report = PlanReport::new("Import", &spec.cluster_name, layout, &view, &plan, Some(outcome));
        outside.print(&report, self.output)?;
        Ok(if plan.is_empty() { Exit::Done } else { Exit::Attention })
    }
}

/// What of a plan makes or copies, and replaces nothing.
fn harmless(plan: Plan, view: &View<'_>) -> Plan {
    let replaced: Vec<usize> = plan.replacing(view).map(|step| step.target).collect();
    let makes = |action: &Action| matches!(action, Action::Create | Action::Copy | Action::Chmod);
    let steps = plan.steps.into_iter();
    let steps = steps.filter(|step| makes(&step.action) && !replaced.contains(&step.target)).collect();
    Plan { steps, others: Vec::new() }
}

fn tell(taken: &Taken) {
    if taken.known > 0 {
        terminal::note(&format!("{} certificates were there already", taken.known));
    }
    if taken.others > 0 {
        terminal::note(&format!("{} certificates are for other nodes", taken.others));
    }
}

/// The certificates of a file, a bundle or a directory.
fn read(path: &Path) -> Result<Vec<Answer>, Error> {
    if path.is_dir() {
        let mut answers = Vec::new();
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry = entry.map_err(|error| {
                let at = error.path().unwrap_or(path).to_owned();
                DiskError::at(&at, "cannot be read")(error.into())
            })?;
            if entry.file_type().is_file() && is_certificate(&entry.path().to_string_lossy()) {
                answers.extend(pem(&entry.path().display().to_string(), None, &bytes(entry.path())?)?);
            }
        }
        return Ok(answers);
    }
    let text = bytes(path)?;
    // POSIX 1003.1, `ustar`: the magic of a tar file.
    if text.get(257..262) != Some(b"ustar") {
        return Ok(pem(&path.display().to_string(), None, &text)?.into_iter().collect());
    }
    let files = bundle::read(&text).map_err(|error| Error::bundle(path, error))?;
    let mut answers = Vec::new();
    if !files.contains_key(crate::exchange::MANIFEST) {
        for (name, text) in files.iter().filter(|(name, _)| is_certificate(name)) {
            answers.extend(pem(name, None, text)?);
        }
        return Ok(answers);
    }
    let manifest: Answers =
        bundle::manifest(&files, Answers::KIND).map_err(|error| Error::bundle(path, error))?;
    for paper in manifest.certificates {
        let text = bundle::named(&files, &paper.file, &paper.sha256);
        let text = text.map_err(|error| Error::bundle(path, error))?;
        answers.extend(pem(&paper.file, paper.node, text)?);
    }
    Ok(answers)
}

fn is_certificate(name: &str) -> bool {
    [".crt", ".pem", ".cer", ".cert"].iter().any(|suffix| name.to_lowercase().ends_with(suffix))
}

/// The answer in a PEM file; none where it holds no certificate.
fn pem(file: &str, node: Option<String>, text: &[u8]) -> Result<Option<Answer>, Error> {
    let chain = Certificate::all_from_pem(text).map_err(|error| Error::Usage {
        message: format!("{}: {error}", file.escape_debug()),
        hint: "a certificate is wanted in PEM".to_owned(),
    })?;
    Ok((!chain.is_empty()).then(|| Answer { file: file.to_owned(), node, chain }))
}
