//! What does the manual say? The same as `--help`, as pages for `man` or as one page of Markdown.

mod markdown;
mod page;
mod words;

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
        ui::bytes(&page::page(&command)?);
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
        fs::write(&path, page::page(command)?)?;
        ui::data(path.display());
    }
    Ok(())
}

/// The examples and the exit codes of a command, each as `--help` has them.
fn examples_and_codes(command: &Command) -> Option<(String, String)> {
    let text = command.get_after_long_help()?.to_string();
    let text = text.strip_prefix("Examples:\n")?;
    let (examples, codes) = text.split_once("\nExit codes:\n")?;
    Some((examples.to_owned(), codes.to_owned()))
}

/// The command and those below it, in their order.
fn all(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|it| !it.is_hide_set());
    [command].into_iter().chain(below.flat_map(all)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Arg;

    use super::words::WORDS;
    use super::*;

    /// What everybody knows who has called an API.
    const KNOWN: [&str; 23] = [
        "AES",
        "API",
        "AWS",
        "DES",
        "DNS",
        "GET",
        "HTTP",
        "ID",
        "IP",
        "JSON",
        "NAME",
        "OpenSSL",
        "PATH",
        "POST",
        "RSA",
        "SHA",
        "SIGHUP",
        "SIGTERM",
        "TOML",
        "URI",
        "URL",
        "WebSocket",
        "macOS",
    ];

    /// Words with two capitals, outside of code.
    fn abbreviations(text: &str) -> BTreeSet<String> {
        let prose = text.split('`').step_by(2).collect::<String>();
        let words = prose.split(|letter: char| !letter.is_alphanumeric() && letter != '#');
        let words = words.filter(|word| word.chars().filter(char::is_ascii_uppercase).count() > 1);
        let words = words.map(|word| word.trim_end_matches("s").to_owned());
        words.collect()
    }

    #[test]
    fn no_abbreviation_in_the_help_is_left_unexplained() {
        let explained: String = WORDS
            .map(|(word, meaning)| format!("{word} {meaning} "))
            .concat();
        let mut unexplained = BTreeSet::new();
        let command = built();
        for command in all(&command) {
            let about = command.get_long_about().or_else(|| command.get_about());
            let helps = command.get_arguments().filter_map(Arg::get_help);
            let texts = about.into_iter().chain(helps).map(ToString::to_string);
            let words = texts.flat_map(|text| abbreviations(&text));
            unexplained.extend(words.filter(|word| {
                !KNOWN.contains(&word.as_str()) && !explained.contains(word.as_str())
            }));
        }
        assert_eq!(unexplained, BTreeSet::new());
    }
}
