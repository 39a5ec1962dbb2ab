use clap::Args;
use countersign_pki::MANIFEST_SCHEMA;

use crate::ui;

/// Print the JSON schema of a manifest.
///
/// Prints it for an editor.
///
/// Exit codes: 0 done, 2 not understood.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// What is printed is one JSON document anyway.
    #[arg(long)]
    json: bool,
}

/// `countersign pki schema`.
pub(super) fn run(_: &SchemaArgs) {
    ui::data(MANIFEST_SCHEMA.trim_end());
}
