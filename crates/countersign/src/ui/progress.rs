//! How far is it? On a terminal a bar says so, elsewhere nothing does.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, for what may take long.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for `total` things, named in the plural; none where they are few.
    pub(crate) fn new(what: &'static str, total: usize) -> Self {
        let bar = match total >= MANY {
            true => ProgressBar::new(total.try_into().unwrap_or(u64::MAX)),
            false => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_message(what);
        Self { bar }
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish();
    }
}

const MANY: usize = 50;
