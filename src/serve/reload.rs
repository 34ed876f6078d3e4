//! Files that others write while the server goes on: credentials and trust bundles. What is good counts from now on; what is
//! bad is told once, and what was good before goes on.

use super::engine::{Tell, Word};
use super::server::Server;

/// Looks whether files have changed.
pub(super) fn reload(server: &Server, tell: &Tell) {
    let trouble = |problem: String| tell(&Word::Trouble(problem));
    let others = match server.credentials.refresh(&mut |problem| trouble(problem)) {
        Ok(changed) => {
            if changed {
                server.metrics.reload("credentials", true);
            }
            changed
        }
        Err(error) => {
            server.metrics.reload("credentials", false);
            trouble(format!("{error}: what was read before goes on"));
            false
        }
    };
    let news = server.bundles.follow();
    for one in &news {
        server.metrics.reload("trust", one.outcome.is_ok());
        server.audit.bundle(one, (server.clock)());
        if let Err(problem) = &one.outcome {
            let rest = if one.name.is_empty() { "" } else { ": what was read before goes on" };
            trouble(format!("{}: {problem}{rest}", one.path.display()));
        }
    }
    // Also where only a bundle has changed: it may be the cluster's own, which says what the credentials are.
    if (others || !news.is_empty())
        && let Err(status) = server.publish()
    {
        trouble(status.message);
    }
}
