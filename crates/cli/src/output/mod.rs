//! Where results, warnings and errors go. Results to standard output, all else to standard error.

pub(crate) mod github;
pub(crate) mod json;
pub(crate) mod text;

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::args::{Color, Format, Global};
use crate::error::{CliError, Exit};
use crate::text::Escaped;

pub(crate) use json::Report;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default();

/// The two streams of one run.
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    verbose: bool,
    out: RefCell<Sink<io::Stdout>>,
    err: RefCell<AutoStream<io::Stderr>>,
    warnings: RefCell<Vec<String>>,
    /// Whether people read standard output as it comes.
    pub(crate) terminal: bool,
}

/// Standard output, and what became of it.
struct Sink<W: anstream::stream::RawStream> {
    stream: AutoStream<W>,
    state: io::Result<()>,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let terminal = stdout.is_terminal();
        let (out_choice, err_choice) = match global.color {
            Color::Auto => (AutoStream::choice(&stdout), AutoStream::choice(&stderr)),
            Color::Always => (ColorChoice::Always, ColorChoice::Always),
            Color::Never => (ColorChoice::Never, ColorChoice::Never),
        };
        Self {
            format: global.format,
            quiet: global.quiet,
            verbose: global.verbose > 0,
            out: RefCell::new(Sink { stream: AutoStream::new(stdout, out_choice), state: Ok(()) }),
            err: RefCell::new(AutoStream::new(stderr, err_choice)),
            warnings: RefCell::default(),
            terminal,
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Writes a line of the result. What stands in it was escaped by who made it.
    pub(crate) fn line(&self, line: impl Display) {
        self.raw(format!("{line}\n").as_bytes());
    }

    /// Writes bytes of the result. After the first failure nothing more is written: the work goes on, so that the exit
    /// code is true, and [`Output::finish`] tells.
    pub(crate) fn raw(&self, bytes: &[u8]) {
        let mut out = self.out.borrow_mut();
        if out.state.is_ok() {
            out.state = out.stream.write_all(bytes).and_then(|()| out.stream.flush());
        }
    }

    /// Writes the whole result of a command in the form that was asked for.
    pub(crate) fn report<R: Report>(&self, report: &R) {
        match self.format {
            Format::Json => self.line(json::document(report, &self.warnings.borrow())),
            Format::Text | Format::Github | Format::Junit => report.text(self),
        }
    }

    /// Something that a user should know and that did not stop the command.
    pub(crate) fn warn(&self, message: impl Display) {
        let message = Escaped(message).to_string();
        let _ = writeln!(self.err.borrow_mut(), "{WARNING}warning:{WARNING:#} {message}");
        self.warnings.borrow_mut().push(message);
    }

    /// What was done, for people: not with `--quiet`, and not beside JSON.
    pub(crate) fn status(&self, message: impl Display) {
        if !self.quiet && !self.is_json() {
            let _ = writeln!(self.err.borrow_mut(), "{}", Escaped(message));
        }
    }

    /// What to do about a result. Not beside JSON, whose readers know the verdicts.
    pub(crate) fn help(&self, message: &str) {
        if !self.is_json() {
            let _ = writeln!(self.err.borrow_mut(), "{HELP}help:{HELP:#} {message}");
        }
    }

    /// Why the command stopped: once, with all causes, and what to do.
    pub(crate) fn error(&self, error: &CliError) {
        let mut err = self.err.borrow_mut();
        // There is nobody to tell when standard error is closed.
        let _ = self.write_error(&mut *err, error);
        match self.format {
            Format::Json => self.line(json::error_document(error, &self.warnings.borrow())),
            Format::Github => {
                let message = [vec![error.to_string()], error.causes()].concat().join(": ");
                self.line(format_args!("::error title=tufgate::{}", github::data(&message)));
            }
            // A test report without its cases would be one in which nothing failed: then there is none.
            Format::Text | Format::Junit => {}
        }
    }

    fn write_error(&self, err: &mut impl Write, error: &CliError) -> io::Result<()> {
        writeln!(err, "{ERROR}error:{ERROR:#} {}", Escaped(error))?;
        for cause in error.causes() {
            writeln!(err, "  caused by: {}", Escaped(cause))?;
        }
        if let Some(who) = error.at_fault() {
            writeln!(err, "  at fault: {who}")?;
        }
        if let Some(error) = error.repository() {
            if let Some(attack) = error.attack() {
                writeln!(err, "  it may be: {attack}")?;
            }
            if self.verbose {
                writeln!(err, "  the check: {}", error.spec())?;
            }
        }
        writeln!(err, "{HELP}help:{HELP:#} {}", error.help())
    }

    /// Ends the run. A reader that went away (`| head`) is no error; a result that could not be written is one.
    pub(crate) fn finish(self, exit: Exit) -> Exit {
        let state = std::mem::replace(&mut self.out.borrow_mut().state, Ok(()));
        match state {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let error = CliError::disk("cannot write the result to standard output".to_owned(), error);
                let _ = self.write_error(&mut *self.err.borrow_mut(), &error);
                if exit == Exit::Verified { error.exit() } else { exit }
            }
            _ => exit,
        }
    }
}
