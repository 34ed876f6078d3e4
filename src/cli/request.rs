//! `kubepki request`.

use std::path::PathBuf;

use clap::Args;

use super::progress::Progress;
use super::workspace::{Workspace, WorkspaceArgs, cure};
use super::{Exit, Format, Outside, terminal};
use crate::audit::View;
use crate::disk::{durable, read, write};
use crate::error::Error;
use crate::exchange::ask::{Waiting, ask, waiting_place};
use crate::exchange::bundle::{add_manifest, write as pack};
use crate::exchange::{API_VERSION, Requests};
use crate::moment::{compact, rfc3339};
use crate::plan::Action;
use crate::report::exchange::RequestsReport;
use crate::store::birth::uid;
use crate::x509::PrivateKey;

/// Ask for the certificates of CAs whose keys are elsewhere: the keys stay here, the requests travel
///
/// For every certificate that a CA whose key is not here is to sign, makes the key and the request, and one bundle to carry
/// to where the CA is. With `authority.mode: external` in the spec nothing of the CAs needs to be here. Run again, it asks
/// for the same with the same keys.
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
pub struct RequestVerb {
    #[command(flatten)]
    workspace: WorkspaceArgs,

    /// Where the bundle goes: a tar file without any secret in it.
    #[arg(long, value_name = "FILE", default_value = "requests.tar")]
    bundle: PathBuf,

    /// How to print what is asked.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

const SESSION: &str = "\
A session:
  kubepki request -f cluster.yaml -d out --bundle requests.tar
  kubepki sign requests.tar --authority ca -f cluster.yaml --bundle signed.tar      where the CA is
  kubepki import signed.tar -f cluster.yaml -d out
  kubepki request -f cluster.yaml --node cp1                                        on cp1 itself";

impl RequestVerb {
    /// Makes keys, requests and the bundle.
    ///
    /// # Errors
    /// When something cannot be read, made or written; then the directory is as it was.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let workspace = Workspace::open_external(&self.workspace)?;
        let (_lock, _) = workspace.hold("Request", outside.now)?;
        let look = workspace.look()?;
        let view = workspace.view(&look, outside.now);
        let plan = cure(&view);
        let waiting = waiting(&workspace, &view)?;
        let count = plan.steps.iter().filter(|step| step.action == Action::Request).count();
        if count == 0 {
            terminal::note(
                "there is nothing to ask for: no certificate is needed of a CA whose key is elsewhere",
            );
            return Ok(Exit::Done);
        }
        let progress = Progress::new(count);
        let asked = ask(&view, &plan, &waiting, &|| progress.step())?;
        drop(progress);
        let requests = Requests {
            api_version: API_VERSION.to_owned(),
            kind: Requests::KIND.to_owned(),
            id: uid()?,
            cluster: workspace.spec.cluster_name.clone(),
            time: rfc3339(outside.now),
            requests: asked.slips,
        };
        let mut files = asked.files;
        let unfit = |error| Error::bundle(&self.bundle, error);
        add_manifest(&mut files, &requests).map_err(unfit)?;
        let time = u64::try_from(outside.now.unix_timestamp()).unwrap_or_default();
        let tar = pack(&files, time).map_err(|error| unfit(error.into()))?;
        write::commit(&workspace.layout, &asked.change, &compact(outside.now))?;
        durable::replace(&self.bundle, &tar, 0o644)?;
        outside.print(&RequestsReport::new(requests, &self.bundle), self.output)?;
        Ok(Exit::Done)
    }
}

/// The keys that wait for their certificates beside those in use.
pub(super) fn waiting(workspace: &Workspace, view: &View<'_>) -> Result<Waiting, Error> {
    let root = workspace.layout.root();
    let mut waiting = Waiting::new();
    for case in view.cases().filter(|case| case.certifier().is_some()) {
        let place = root.join(waiting_place(&case.key_path()));
        match read::bytes(&place) {
            Ok(file) => drop(waiting.insert(case.key_path(), PrivateKey::from_pem(&file.bytes)?)),
            Err(read::ReadError::Missing) => {}
            Err(error) => {
                let message = format!("{}: {error}", place.display());
                let hint = "it holds a key that waits for its certificate: make it readable".to_owned();
                return Err(Error::Usage { message, hint });
            }
        }
    }
    Ok(waiting)
}
