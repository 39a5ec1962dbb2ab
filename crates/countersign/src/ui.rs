//! The only place that prints. Standard output is data, standard error is prose.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::failure;

/// Prints data.
pub(crate) fn data(text: impl Display) {
    line(&mut io::stdout(), text);
}

/// Prints what a person should know.
pub(crate) fn note(text: impl Display) {
    line(&mut io::stderr(), text);
}

/// Prints why a command failed, and what to do about it.
pub(crate) fn error(error: &anyhow::Error) {
    note(format!("error: {}", failure::sentence(error)));
    for hint in failure::hints(error) {
        note(format!("hint: {hint}"));
    }
}

/// Lets the libraries say what went wrong in the background: they log, and print nothing.
pub(crate) fn show_warnings() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(io::stderr)
        .with_target(false)
        .init();
}

/// Prints bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) {
    let _ = io::stdout().write_all(bytes);
}

/// Shows on a terminal how far something is, in one line that the next call writes over.
pub(crate) fn progress(done: usize, total: usize) {
    // A line for each hundredth: a terminal is slower than a signature.
    let shown = done == total || done.is_multiple_of(total.div_ceil(100).max(1));
    if shown && io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\r{done} of {total}");
    }
}

/// Ends that line.
pub(crate) fn progress_end() {
    if io::stderr().is_terminal() {
        note("");
    }
}

/// Prints lines, the cells of each in columns as wide as they need.
pub(crate) fn columns(lines: &[Vec<String>]) {
    let mut widths: Vec<usize> = Vec::new();
    for line in lines {
        widths.resize(widths.len().max(line.len()), 0);
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for line in lines {
        let cells = line.iter().zip(&widths);
        let padded: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        data(padded.join("  ").trim_end());
    }
}

/// Unlike `println`, it does not panic when the reader has gone, as in `countersign dev | head`.
fn line(out: &mut impl Write, text: impl Display) {
    let _ = writeln!(out, "{text}");
}
