//! Word that something in a directory has changed.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Waits for changes of a directory: by the system's word, or where there is none to be had, by looking every second.
#[derive(Debug, Default)]
pub struct Notice {
    bell: Arc<Bell>,
    watcher: Mutex<Option<RecommendedWatcher>>,
}

#[derive(Debug, Default)]
struct Bell {
    rung: Mutex<bool>,
    rings: Condvar,
}

/// How often is looked where the system does not tell: no watches are left, or the file system is another machine's.
const POLL: Duration = Duration::from_secs(1);

impl Notice {
    /// Begins to listen, before what is there is looked at: so that nothing is missed between the two.
    pub fn listen(&self, directory: &Path) {
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        if watcher.is_some() {
            return;
        }
        let bell = Arc::clone(&self.bell);
        let ring = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| !is_change(&event)) {
                return;
            }
            bell.ring();
        };
        let started = notify::recommended_watcher(ring).and_then(|mut started| {
            started.watch(directory, RecursiveMode::NonRecursive)?;
            Ok(started)
        });
        *watcher = started.ok();
    }

    /// Tells whoever waits.
    pub fn ring(&self) {
        self.bell.ring();
    }

    /// Waits until something may have changed since the last wait, but not longer than so long. Where the system does not
    /// tell, something always may have.
    pub fn wait(&self, patience: Duration) -> bool {
        let listens = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let patience = if listens { patience } else { patience.min(POLL) };
        let rung = self.bell.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.bell.rings.wait_timeout_while(rung, patience, |rung| !*rung);
        let (mut rung, _) = outcome.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung) || !listens
    }
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.rings.notify_all();
    }
}

/// Whether an event is about a file that counts: not one that is hidden, and not somebody reading.
fn is_change(event: &Event) -> bool {
    let hidden =
        |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().first() == Some(&b'.'));
    let read = matches!(
        event.kind,
        EventKind::Access(notify::event::AccessKind::Open(_) | notify::event::AccessKind::Read)
    );
    !read && (event.paths.is_empty() || event.paths.iter().any(|path| !hidden(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Instant;

    #[test]
    fn a_change_ends_the_wait_and_hidden_files_do_not() {
        let home = tempfile::tempdir().unwrap();
        let notice = Notice::default();
        notice.listen(home.path());
        fs::write(home.path().join(".hidden"), "").unwrap();
        let begun = Instant::now();
        notice.wait(Duration::from_millis(200));
        assert!(begun.elapsed() >= Duration::from_millis(200));
        fs::write(home.path().join("seen.yaml"), "").unwrap();
        let begun = Instant::now();
        notice.wait(Duration::from_secs(60));
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
