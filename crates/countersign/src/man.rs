//! What does the manual say? The same as `--help`, as pages for `man` or as one page of Markdown.

mod markdown;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::{Cli, OUTPUT};
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::failure::Hint;
use crate::ui;

/// Write the manual: a page for `man` of each command.
///
/// Writes countersign.1, countersign-pki.1, countersign-pki-init.1 and so on, over those that are there, and prints
/// their paths. Without --out it prints the first of them.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct ManArgs {
    /// The folder for the pages; made where it is not there.
    #[arg(short, long, value_name = "DIR", help_heading = OUTPUT)]
    out: Option<PathBuf>,

    /// Print all of it as one page of Markdown: docs/reference/command-line.md.
    #[arg(long, conflicts_with = "out", help_heading = OUTPUT)]
    markdown: bool,
}

const EXAMPLES: [Example; 2] = [
    (
        "Where man looks for whoever is logged in",
        "countersign man --out ~/.local/share/man/man1",
    ),
    (
        "The page of the reference",
        "countersign man --markdown > docs/reference/command-line.md",
    ),
];

/// `countersign man`.
pub(crate) fn run(args: &ManArgs) -> Result<Exit> {
    let command = built();
    if args.markdown {
        ui::data(markdown::page(&command).trim_end());
    } else if let Some(dir) = &args.out {
        write(dir, &command)
            .with_context(|| format!("cannot write the manual into `{}`", dir.display()))
            .hint("name a folder that may be made or written with --out")?;
    } else {
        ui::bytes(&rendered(&command)?);
    }
    Ok(Exit::Done)
}

/// All commands, each with its whole name.
fn built() -> Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

fn write(dir: &Path, command: &Command) -> Result<()> {
    fs::create_dir_all(dir)?;
    for command in all(command) {
        let path = dir.join(Man::new(command.clone()).get_filename());
        fs::write(&path, rendered(command)?)?;
        ui::data(path.display());
    }
    Ok(())
}

fn rendered(command: &Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

/// The command and those below it, in their order.
fn all(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|it| !it.is_hide_set());
    [command].into_iter().chain(below.flat_map(all)).collect()
}
