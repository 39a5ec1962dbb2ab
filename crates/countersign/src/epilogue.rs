//! What stands below the options of `--help`? Examples, and the exit codes.

use clap::builder::{StyledStr, Styles};

use crate::exit::Exit;

/// What a command line does, and the line.
pub(crate) type Example = (&'static str, &'static str);

/// An exit code, and what it means here.
pub(crate) type Ending = (Exit, &'static str);

/// What is the same for most commands.
pub(crate) const USUAL: [Ending; 2] = [(Exit::Done, "done"), (Exit::Failed, "failed")];

/// For `after_long_help`: what the codes mean that this command ends with, apart from that for a command line that
/// is not understood.
pub(crate) fn epilogue(examples: &[Example], endings: &[Ending]) -> StyledStr {
    let header = *Styles::styled().get_header();
    let mut text = format!("{header}Examples:{header:#}\n");
    for (what, line) in examples {
        text += &format!("  {what}:\n    $ {line}\n");
    }
    text += &format!("\n{header}Exit codes:{header:#}\n");
    text += &codes(endings);
    text.into()
}

/// For the command that stands above all others: every code.
pub(crate) fn all(examples: &[Example]) -> StyledStr {
    epilogue(examples, &Exit::ALL.map(|exit| (exit, exit.meaning())))
}

fn codes(endings: &[Ending]) -> String {
    let not_understood = (Exit::ToDo, "the command line was not understood");
    let is_told = endings.iter().any(|(exit, _)| *exit == Exit::ToDo);
    let mut endings = endings.to_vec();
    endings.extend((!is_told).then_some(not_understood));
    endings.sort_by_key(|(exit, _)| exit.code());
    let lines = endings.iter();
    let lines = lines.map(|(exit, meaning)| format!("  {}  {meaning}", exit.code()));
    lines.collect::<Vec<_>>().join("\n")
}
