//! The only place that prints. Standard output is data, standard error is prose.

use std::fmt::Display;
use std::io::{self, Write};

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

/// Prints rows under a head, each column as wide as it needs.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) {
    let mut widths = head.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let cells = cells.iter().zip(widths);
        let padded: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    data(line(head));
    for row in rows {
        data(line(row.each_ref().map(String::as_str)));
    }
}

/// Unlike `println`, it does not panic when the reader has gone, as in `countersign dev | head`.
fn line(out: &mut impl Write, text: impl Display) {
    let _ = writeln!(out, "{text}");
}
