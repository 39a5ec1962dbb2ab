use clap::Args;
use countersign_pki::MANIFEST_SCHEMA;

use crate::cli::OUTPUT;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::ui;

/// Print the JSON schema of a manifest.
///
/// Prints it for an editor.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct SchemaArgs {
    /// What is printed is one JSON document anyway.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 1] = [(
    "For an editor that checks TOML",
    "countersign pki schema > pki.schema.json",
)];

/// `countersign pki schema`.
pub(super) fn run(_: &SchemaArgs) -> Exit {
    ui::data(MANIFEST_SCHEMA.trim_end());
    Exit::Done
}
