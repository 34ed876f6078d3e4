//! `kubepki renew`.

use clap::Args;

use super::apply::Job;
use super::passphrase::PassphraseArgs;
use super::workspace::{Workspace, WorkspaceArgs};
use super::{Exit, Format, Outside};
use crate::error::Error;
use crate::plan::renew::{self, Which};
use crate::report::plan::PlanReport;
use crate::spec::Period;

/// Reissue certificates, whatever their age, with new keys
///
/// Names are those of `kubepki explain`, on every node that has them; `cp1/apiserver` is one node's. CAs and sa.key are
/// never renewed. Naming a certificate is consent to replace it; what is replaced is kept in the backup.
#[derive(Debug, Args)]
pub struct Renew {
    /// What to renew: apiserver, admin.conf, cp1/etcd-peer …
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,

    /// Everything that a CA has signed.
    #[arg(long)]
    all: bool,

    /// Keep the private keys.
    #[arg(long)]
    keep_key: bool,

    /// Only what expires sooner than this: 30d, 720h.
    #[arg(long, value_name = "DURATION")]
    within: Option<Period>,

    /// Only show what would be done.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    workspace: WorkspaceArgs,

    #[command(flatten)]
    passphrase: PassphraseArgs,

    /// How to print what was done.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl Renew {
    /// Renews what was asked for; ends with 1 if some of it could not be.
    ///
    /// # Errors
    /// When a name is nobody's, or anything fails.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let workspace = Workspace::open(&self.workspace)?;
        let which = if self.all { Which::All } else { Which::Named(self.names) };
        let within = self.within.map(Period::duration);
        let plan = |view: &crate::audit::View<'_>| Ok(renew::plan(view, &which, self.keep_key, within)?);
        if self.dry_run {
            let look = workspace.look()?;
            let view = workspace.view(&look, outside.now);
            let plan = plan(&view)?;
            let Workspace { spec, layout, .. } = &workspace;
            let report = PlanReport::new("Plan", &spec.cluster_name, layout, &view, &plan, None);
            outside.print(&report, self.output)?;
            return Ok(if plan.waits() { Exit::Attention } else { Exit::Done });
        }
        let judged_at = outside.now;
        let (workspace, passphrase) = (&workspace, &self.passphrase);
        let job = Job { kind: "Renew", workspace, judged_at, yes: true, passphrase, output: self.output };
        job.run(outside, plan, |_| Ok(()))
    }
}
