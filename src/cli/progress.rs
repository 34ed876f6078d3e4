//! A progress bar for work that takes longer than a second, on a terminal.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Counts keys as they are made; shows itself when that takes long.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    shown: AtomicBool,
}

/// Work that is over sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

impl Progress {
    /// A bar that is not shown yet.
    #[must_use]
    pub fn new(keys: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(keys as u64), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} keys, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let shown = AtomicBool::new(!std::io::stderr().is_terminal());
        Self { bar, started: Instant::now(), shown }
    }

    /// Counts one key; called from any thread.
    pub fn step(&self) {
        self.bar.inc(1);
        if self.started.elapsed() > PATIENCE && !self.shown.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
