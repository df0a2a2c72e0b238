//! Lines for people and for `cut`.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use super::Output;
use crate::text::Escaped;

/// How a verdict looks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    Good,
    Bad,
    Unsure,
}

impl Tone {
    fn style(self) -> Style {
        let color = match self {
            Self::Good => AnsiColor::Green,
            Self::Bad => AnsiColor::Red,
            Self::Unsure => AnsiColor::Yellow,
        };
        color.on_default().bold()
    }
}

impl Output {
    /// A verdict, what it is about, and why: in columns of these widths on a terminal, between tabs elsewhere.
    pub(crate) fn verdict(&self, tone: Tone, verdict: &str, about: &str, why: &str, widths: (usize, usize)) {
        let style = tone.style();
        let (about, why) = (Escaped(about).to_string(), Escaped(why));
        if self.terminal {
            let (first, second) = widths;
            self.line(format_args!("{style}{verdict:<first$}{style:#}  {about:<second$}  {why}"));
        } else {
            self.line(format_args!("{style}{verdict}{style:#}\t{about}\t{why}"));
        }
    }

    /// A part of the verdict above it: what is wrong with one of many files.
    pub(crate) fn detail(&self, kind: &str, about: &str, why: &str) {
        let (about, why) = (Escaped(about), Escaped(why));
        if self.terminal {
            self.line(format_args!("  {kind:<8}  {about}  {why}"));
        } else {
            self.line(format_args!("{kind}\t{about}\t{why}"));
        }
    }

    /// A row of the overview of roles: in columns on a terminal, between tabs elsewhere.
    pub(crate) fn row(&self, cells: [&str; 4]) {
        let [role, version, expires, keys] = cells.map(|cell| Escaped(cell).to_string());
        if self.terminal {
            self.line(format_args!("{role:<16}{version:<9}{expires:<22}{keys}"));
        } else {
            self.line(format_args!("{role}\t{version}\t{expires}\t{keys}"));
        }
    }

    /// A name and a value.
    pub(crate) fn field(&self, name: &str, value: impl Display) {
        self.line(format_args!("{name:<16}{}", Escaped(value)));
    }
}
