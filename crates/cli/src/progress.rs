//! Bars for what takes long, on a terminal alone.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::{Format, Global};
use crate::text::Escaped;

/// Shorter files are done before anyone could read a bar.
const LARGE: u64 = 8 << 20;

/// Makes bars, or ones that nobody sees.
pub(crate) struct Progress {
    shown: bool,
}

impl Progress {
    pub(crate) fn new(global: &Global) -> Self {
        Self { shown: !global.quiet && !global.no_progress && global.format == Format::Text }
    }

    /// A bar for so many bytes. It removes itself when it is dropped or finished.
    pub(crate) fn bar(&self, label: &str, bytes: u64) -> Bar {
        if !self.shown || bytes < LARGE {
            return Bar(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(Escaped(label).to_string());
        Bar(bar)
    }
}

/// A bar that leaves no trace.
pub(crate) struct Bar(pub(crate) ProgressBar);

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
