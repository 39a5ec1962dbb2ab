use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;

use super::bundle::Bundle;
use crate::failure::Hint;
use crate::ui;

/// Write the CA certificates of a trust as somebody else's trust store wants them.
///
/// With `--aws`: one PEM text for the trust store of API Gateway or of an Application Load Balancer, each certificate
/// once and nothing beside it. Says first what `trust check` says, and what AWS does not take: keys that are neither
/// RSA of 2048 bits and more nor on the curves P-256 and P-384 (and P-521 for the load balancer alone), signatures
/// with SHA-1, more than 1000 certificates or a megabyte.
///
/// Exit codes: 0 written, though there may be warnings; 1 an error, and nothing is written; 2 the command line was
/// not understood.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The CA certificates, as PEM: roots, and the CAs below them that issue for clients.
    #[arg(value_name = "BUNDLE", required = true)]
    bundles: Vec<PathBuf>,

    /// For AWS; there is no other form.
    #[arg(long, required = true)]
    aws: bool,

    /// The moment to take for now, such as 2030-01-01T00:00:00Z.
    #[arg(long, value_name = "RFC3339")]
    clock: Option<Timestamp>,
}

/// `countersign trust export`.
pub(super) fn run(args: ExportArgs) -> Result<ExitCode> {
    let now = args.clock.unwrap_or_else(Timestamp::now);
    let mut text = String::new();
    for path in &args.bundles {
        let bytes = fs::read(path)
            .with_context(|| format!("cannot read `{}`", path.display()))
            .hint("name PEM files with the certificates of CAs")?;
        text.push_str(&String::from_utf8_lossy(&bytes));
        text.push('\n');
    }
    let bundle = Bundle::read(&text);
    let mut remarks = bundle.remarks(now);
    remarks.extend(bundle.remarks_of_aws());
    for remark in &remarks {
        ui::note(remark);
    }
    if remarks.iter().any(super::bundle::Remark::is_error) {
        ui::note("nothing is written");
        return Ok(ExitCode::FAILURE);
    }
    ui::data(bundle.once_each().trim_end());
    ui::note(
        "AWS warns of none of these when it ends, and API Gateway asks no revocation list: ours is asked behind it",
    );
    Ok(ExitCode::SUCCESS)
}
