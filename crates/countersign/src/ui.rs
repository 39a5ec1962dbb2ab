//! The only place that prints. Standard output is data, standard error is prose.

mod progress;

use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

pub(crate) use self::progress::Progress;
use crate::failure;

/// Prints data.
pub(crate) fn data(text: impl Display) {
    line(&mut anstream::stdout(), text);
}

/// Prints what a person should know.
pub(crate) fn note(text: impl Display) {
    line(&mut anstream::stderr(), text);
}

/// Prints what is odd, a line each.
pub(crate) fn warnings(warnings: &[String]) {
    for warning in warnings {
        note(labelled(format!("warning: {warning}")));
    }
}

/// Prints why a command failed, and what to do about it.
pub(crate) fn error(error: &anyhow::Error) {
    note(labelled(format!("error: {}", failure::sentence(error))));
    for hint in failure::hints(error) {
        note(labelled(format!("hint: {hint}")));
    }
}

/// The text, what stands before its first colon in colour. Where no terminal reads it nobody sees that.
pub(crate) fn labelled(text: impl Display) -> String {
    let text = text.to_string();
    match text.split_once(':') {
        Some((label, rest)) => format!("{}:{rest}", painted(label, label)),
        None => text,
    }
}

/// The text, in the colour that `word` has everywhere.
pub(crate) fn painted(word: &str, text: impl Display) -> String {
    let style = match word {
        "error" | "denied" => AnsiColor::Red.on_default().bold(),
        "warning" => AnsiColor::Yellow.on_default().bold(),
        "hint" => AnsiColor::Cyan.on_default().bold(),
        "allowed" => AnsiColor::Green.on_default().bold(),
        "head" => Style::new().bold(),
        _ => Style::new(),
    };
    format!("{style}{text}{style:#}")
}

/// So many things of a kind, which has a regular plural.
pub(crate) fn count(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        count => format!("{count} {thing}s"),
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

/// Prints lines as `columns` does, after one that says what stands in each.
pub(crate) fn table(head: &[&str], lines: Vec<Vec<String>>) {
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    let lines: Vec<_> = [head].into_iter().chain(lines).collect();
    for (position, line) in padded(&lines).enumerate() {
        match position {
            0 => data(painted("head", line)),
            _ => data(line),
        }
    }
}

/// Prints lines, the cells of each in columns as wide as they need.
pub(crate) fn columns(lines: &[Vec<String>]) {
    padded(lines).for_each(data);
}

fn padded(lines: &[Vec<String>]) -> impl Iterator<Item = String> {
    let mut widths: Vec<usize> = Vec::new();
    for line in lines {
        widths.resize(widths.len().max(line.len()), 0);
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    lines.iter().map(move |line| {
        let cells = line.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        let padded = cells.collect::<Vec<_>>().join("  ");
        padded.trim_end().to_owned()
    })
}

/// Unlike `println`, it does not panic when the reader has gone, as in `countersign dev | head`.
fn line(out: &mut impl Write, text: impl Display) {
    let _ = writeln!(out, "{text}");
}
