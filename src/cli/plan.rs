//! `kubepki plan`.

use clap::Args;
use time::OffsetDateTime;

use super::workspace::{Workspace, WorkspaceArgs, cure, moment_arg};
use super::{Exit, Format, Outside, terminal};
use crate::disk::journal::Journal;
use crate::error::Error;
use crate::report::plan::PlanReport;

/// Show what `apply` would do, step by step, each with its reason
#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    workspace: WorkspaceArgs,

    /// Exit with 1 when there is anything to do.
    #[arg(long)]
    exit_code: bool,

    /// Judge as of this day or moment.
    #[arg(long, value_name = "TIME", value_parser = moment_arg)]
    at: Option<OffsetDateTime>,

    /// How to print the plan.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl Plan {
    /// Shows the plan.
    ///
    /// # Errors
    /// When the spec or the directory cannot be read.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let workspace = Workspace::open(&self.workspace)?;
        let look = workspace.look()?;
        let files = look.pending.as_ref().map_or(0, Journal::remaining);
        if files > 0 {
            terminal::note(&format!(
                "an interrupted run left {files} files ready: `apply` puts them in place first"
            ));
        }
        let view = workspace.view(&look, self.at.unwrap_or(outside.now));
        let plan = cure(&view);
        let report =
            PlanReport::new("Plan", &workspace.spec.cluster_name, &workspace.layout, &view, &plan, None);
        outside.print(&report, self.output)?;
        let attention = self.exit_code && (!plan.is_empty() || look.pending.is_some());
        Ok(if attention { Exit::Attention } else { Exit::Done })
    }
}
