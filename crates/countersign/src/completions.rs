//! What does a shell complete after `countersign`?

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::ui;

/// Print completions for a shell: what the tab key offers.
///
/// Prints a script that the shell reads when it starts. It knows the commands, their options, and the words that an
/// option takes.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

const EXAMPLES: [Example; 3] = [
    (
        "bash, for whoever is logged in",
        "countersign completions bash > ~/.local/share/bash-completion/completions/countersign",
    ),
    (
        "zsh, in a folder of $fpath",
        "countersign completions zsh > ~/.zfunc/_countersign",
    ),
    (
        "fish",
        "countersign completions fish > ~/.config/fish/completions/countersign.fish",
    ),
];

/// `countersign completions`.
pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(args.shell, &mut command, "countersign", &mut script);
    ui::bytes(&script);
    Ok(Exit::Done)
}
