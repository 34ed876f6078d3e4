//! `kubepki apply --archive`: a tar file for each node, or one that only the node can read.

use std::path::Path;

use clap::Args;

use super::apply::from_here;
use super::workspace::Workspace;
use crate::disk::archive;
use crate::error::Error;
use crate::report::plan::Outcome;
use crate::target::Site;

/// Whether and for whom archives are written.
#[derive(Debug, Args)]
pub struct ArchiveArgs {
    /// Write a tar file for each node beside the overlays, ready to be unpacked over its root.
    #[arg(long)]
    archive: bool,

    /// Encrypt the archives to this age recipient: every node's, or with `NODE=` before it that node's; may be given
    /// again. `kubepki unpack` opens them.
    #[cfg(feature = "age")]
    #[arg(long, value_name = "[NODE=]age1…", requires = "archive")]
    recipient: Vec<sealed::For>,
}

impl ArchiveArgs {
    /// Says what is wrong with them before anything is done.
    ///
    /// # Errors
    /// When a node has no recipient and others have, or there is no such node.
    pub fn check(&self, workspace: &Workspace) -> Result<(), Error> {
        #[cfg(feature = "age")]
        if !self.recipient.is_empty() {
            let nodes = nodes(workspace);
            sealed::known(&self.recipient, &nodes)?;
            for node in nodes {
                sealed::of(&self.recipient, node)?;
            }
        }
        let _ = workspace;
        Ok(())
    }

    /// Packs every node's overlay.
    ///
    /// # Errors
    /// When one cannot be read or written.
    pub fn pack(&self, workspace: &Workspace, outcome: &mut Outcome) -> Result<(), Error> {
        if !self.archive {
            return Ok(());
        }
        let prefix = Path::new(if workspace.targets.fleet { "" } else { "etc/kubernetes" });
        for node in nodes(workspace) {
            let overlay = workspace.layout.overlay(node);
            let place = archive::place(&overlay, node);
            #[cfg(feature = "age")]
            if !self.recipient.is_empty() {
                let place = sealed::pack(&self.recipient, workspace, node, &overlay, prefix, &place)?;
                outcome.archives.push(from_here(&place));
                continue;
            }
            archive::pack(&overlay, prefix, &place)?;
            outcome.archives.push(from_here(&place));
        }
        Ok(())
    }
}

fn nodes(workspace: &Workspace) -> Vec<&str> {
    let mut nodes: Vec<&str> = Vec::new();
    for target in &workspace.targets.list {
        if let Site::Node(name) = &target.site
            && nodes.last() != Some(&name.as_str())
        {
            nodes.push(name);
        }
    }
    nodes
}

#[cfg(feature = "age")]
mod sealed {
    use std::path::{Path, PathBuf};
    use std::str::FromStr;

    use crate::cli::terminal;
    use crate::cli::workspace::Workspace;
    use crate::disk::OWN;
    use crate::disk::archive;
    use crate::disk::seal::{Recipient, SealError};
    use crate::error::Error;
    use crate::spec::problem::nearest;
    use crate::store::name::escape;

    /// A recipient, of one node or of all.
    #[derive(Clone, Debug)]
    pub struct For {
        node: Option<String>,
        recipient: Recipient,
    }

    impl FromStr for For {
        type Err = SealError;

        fn from_str(text: &str) -> Result<Self, SealError> {
            let (node, recipient) = match text.split_once('=') {
                Some((node, recipient)) => (Some(node.to_owned()), recipient),
                None => (None, text),
            };
            Ok(Self { node, recipient: recipient.parse()? })
        }
    }

    /// Holds the names of nodes to those that there are.
    pub fn known(all: &[For], nodes: &[&str]) -> Result<(), Error> {
        let unknown = all.iter().filter_map(|one| one.node.as_deref()).find(|node| !nodes.contains(node));
        let Some(unknown) = unknown else { return Ok(()) };
        let hint = match nearest(unknown, nodes.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", nodes.join(", ")),
        };
        Err(Error::Usage {
            message: format!("--recipient: there is no node `{}`", unknown.escape_debug()),
            hint,
        })
    }

    /// The recipients of a node's archive. None is written in plain beside others that are not.
    pub fn of(all: &[For], node: &str) -> Result<Vec<Recipient>, Error> {
        let own = all.iter().filter(|one| one.node.as_deref().is_none_or(|name| name == node));
        let own: Vec<Recipient> = own.map(|one| one.recipient.clone()).collect();
        if own.is_empty() {
            return Err(Error::Usage {
                message: format!("the archive of {node} has no recipient"),
                hint: format!("--recipient {node}=age1… says for whom it is encrypted"),
            });
        }
        Ok(own)
    }

    /// Writes NODE.tar.age.
    pub fn pack(
        all: &[For],
        workspace: &Workspace,
        node: &str,
        overlay: &Path,
        prefix: &Path,
        plain: &Path,
    ) -> Result<PathBuf, Error> {
        let mut place = plain.as_os_str().to_owned();
        place.push(".age");
        let place = PathBuf::from(place);
        let note = workspace.layout.root().join(OWN).join("archives").join(escape(node));
        archive::seal(overlay, prefix, &place, node, &of(all, node)?, &note)?;
        if plain.exists() {
            terminal::warning(&format!("{} is not encrypted: delete it", plain.display()));
        }
        Ok(place)
    }
}
