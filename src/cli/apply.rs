//! `kubepki apply`.

use std::path::{Path, PathBuf};

use clap::Args;
use time::OffsetDateTime;

use super::archive::ArchiveArgs;
use super::passphrase::{PassphraseArgs, Passphrases};
use super::progress::Progress;
use super::workspace::{Workspace, WorkspaceArgs, cure, moment_arg};
use super::{Exit, Format, Outside, terminal};
use crate::apply;
use crate::audit::View;
use crate::audit::case::Signing;
use crate::catalog::FileRole;
use crate::disk::write;
use crate::error::{Error, that_are_there};
use crate::moment::compact;
use crate::plan::{Action, Plan};
use crate::report::Table;
use crate::report::plan::{Outcome, PlanReport};

/// Make the directory what the spec says: creating asks nothing, replacing asks first
#[derive(Debug, Args)]
pub struct Apply {
    #[command(flatten)]
    workspace: WorkspaceArgs,

    /// Replace what is there without asking.
    #[arg(short, long)]
    yes: bool,

    /// Only show the plan.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    archive: ArchiveArgs,

    /// Judge as of this day or moment; what is issued is valid from now on all the same.
    #[arg(long, value_name = "TIME", value_parser = moment_arg)]
    at: Option<OffsetDateTime>,

    #[command(flatten)]
    passphrase: PassphraseArgs,

    /// How to print what was done.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl Apply {
    /// Plans and carries the plan out.
    ///
    /// # Errors
    /// When anything fails; then the directory is as it was, or the next run finishes the work.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let workspace = Workspace::open(&self.workspace)?;
        let judged_at = self.at.unwrap_or(outside.now);
        let (workspace, passphrase) = (&workspace, &self.passphrase);
        let (yes, output) = (self.yes, self.output);
        let job = Job { kind: "Apply", workspace, judged_at, yes, passphrase, output };
        if self.dry_run {
            let look = workspace.look()?;
            let view = workspace.view(&look, judged_at);
            let report = job.report("Plan", &view, &cure(&view), None);
            outside.print(&report, self.output)?;
            return Ok(Exit::Done);
        }
        self.archive.check(workspace)?;
        job.run(outside, |view| Ok(cure(view)), |outcome| self.archive.pack(workspace, outcome))
    }
}

/// A plan that is to be carried out: what `apply` and `renew` share.
pub(super) struct Job<'a> {
    /// What the report is called.
    pub kind: &'static str,
    /// The directory.
    pub workspace: &'a Workspace,
    /// The moment at which it is judged.
    pub judged_at: OffsetDateTime,
    /// Whether consent is given beforehand.
    pub yes: bool,
    /// Where the passphrase of encrypted CA keys comes from.
    pub passphrase: &'a PassphraseArgs,
    /// How the report is printed.
    pub output: Format,
}

impl Job<'_> {
    /// Shows what would be replaced, asks, takes the lock, finishes what was interrupted, plans again and does it.
    pub fn run(
        &self,
        outside: &mut Outside<'_>,
        plan: impl Fn(&View<'_>) -> Result<Plan, Error>,
        afterwards: impl Fn(&mut Outcome) -> Result<(), Error>,
    ) -> Result<Exit, Error> {
        let look = self.workspace.look()?;
        let view = self.workspace.view(&look, self.judged_at);
        let shown = plan(&view)?;
        let mut outcome =
            Outcome { files_written: 0, files_recovered: 0, backup: None, archives: Vec::new() };
        if !shown.changes() && look.pending.is_none() {
            // Nothing is written, not even the lock.
            afterwards(&mut outcome)?;
            return self.end(outside, &view, &shown, outcome);
        }
        let consented = self.consent(outside, &view, &shown)?;
        // Nobody is asked while others wait for the lock.
        let mut passphrases = Passphrases::new(self.passphrase);
        self.unseal(&mut passphrases, &view, &shown)?;
        let root = self.workspace.layout.root();
        let (_lock, recovered) = self.workspace.hold(self.kind, outside.now)?;
        outcome.files_recovered = recovered;
        let look = self.workspace.look()?;
        let view = self.workspace.view(&look, self.judged_at);
        let plan = plan(&view)?;
        // Another run may have done the work meanwhile; but nothing is replaced that was not shown.
        let unseen =
            plan.replacing(&view).any(|step| !consented.contains(&(step.target, step.action.clone())));
        if unseen && !self.yes {
            return Err(Error::Changed(root.to_owned()));
        }
        self.unseal(&mut passphrases, &view, &plan)?;
        let keys =
            plan.steps.iter().filter(|step| matches!(step.action, Action::Create | Action::Rekey)).count();
        let progress = Progress::new(keys);
        let change = apply::change(&view, &plan, outside.now, &|| progress.step())?;
        drop(progress);
        outcome.files_written = change.files.len();
        let backup = write::commit(&self.workspace.layout, &change, &compact(outside.now))?;
        outcome.backup = backup.map(|path| from_here(&path));
        afterwards(&mut outcome)?;
        self.end(outside, &view, &plan, outcome)
    }

    /// Opens the encrypted keys that a plan signs with.
    fn unseal(&self, passphrases: &mut Passphrases, view: &View<'_>, plan: &Plan) -> Result<(), Error> {
        for case in plan.in_tokens(view) {
            if let (Some(key), Some(blueprint)) = (case.token_key(), case.blueprint()) {
                passphrases.token(key, Some(blueprint.algorithm))?;
            }
        }
        for case in plan.sealed(view) {
            let Signing::Sealed(key) = case.signing() else { continue };
            let root = self.workspace.spec.authority.root.as_ref().filter(|_| case.is_root());
            let path = match root.and_then(|root| root.key_file.clone()) {
                Some(path) => path,
                None => self.workspace.layout.absolute(&case.path(FileRole::Key)),
            };
            let path = PathBuf::from(from_here(&path));
            passphrases.open(&path, key)?;
            if !matches!(case.signing(), Signing::Here(_)) {
                let certificate =
                    root.map_or_else(|| case.certificate_path(), |root| root.certificate_file.clone());
                return Err(Error::ForeignKey { key: path, certificate });
            }
        }
        Ok(())
    }

    fn report(
        &self,
        kind: &'static str,
        view: &View<'_>,
        plan: &Plan,
        outcome: Option<Outcome>,
    ) -> PlanReport {
        let Workspace { spec, layout, .. } = self.workspace;
        PlanReport::new(kind, &spec.cluster_name, layout, view, plan, outcome)
    }

    fn end(
        &self,
        outside: &mut Outside<'_>,
        view: &View<'_>,
        plan: &Plan,
        outcome: Outcome,
    ) -> Result<Exit, Error> {
        outside.print(&self.report(self.kind, view, plan, Some(outcome)), self.output)?;
        Ok(if plan.waits() { Exit::Attention } else { Exit::Done })
    }

    /// Replacing what exists is shown and asked about, on standard error: standard output carries the report. Returns what
    /// may be replaced.
    fn consent(
        &self,
        outside: &Outside<'_>,
        view: &View<'_>,
        plan: &Plan,
    ) -> Result<Vec<(usize, Action)>, Error> {
        let replaced: Vec<_> = plan.replacing(view).map(|step| (step.target, step.action.clone())).collect();
        if self.yes || replaced.is_empty() {
            return Ok(replaced);
        }
        self.report("Plan", view, plan, None).table(&mut anstream::stderr(), outside.width)?;
        match terminal::confirm(&format!("Replace {}?", that_are_there(replaced.len()))) {
            Some(true) => Ok(replaced),
            Some(false) => Err(Error::Declined),
            None => Err(Error::NeedsConsent(replaced.len())),
        }
    }
}

/// A path as the user would write it: from here, where it is below here.
pub(super) fn from_here(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
