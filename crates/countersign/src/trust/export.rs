use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::bundle::{Bundle, Remark};
use crate::cli::OUTPUT;
use crate::epilogue::{Ending, Example, epilogue};
use crate::exit::Exit;
use crate::moment::Now;
use crate::new_file::{self, Readers};
use crate::{input, ui};

/// Write the CA certificates of a trust as somebody else's trust store wants them.
///
/// With `--aws`: one PEM text for the trust store of API Gateway or of an Application Load Balancer, each certificate
/// once and nothing beside it. Says first what `trust check` says, and what AWS does not take: keys that are neither
/// RSA of 2048 bits and more nor on the curves P-256 and P-384 (and P-521 for the load balancer alone), signatures
/// with SHA-1, more than 1000 certificates or a megabyte.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &ENDINGS))]
pub(crate) struct ExportArgs {
    /// The CA certificates, as PEM: roots, and the CAs below them that issue for clients.
    #[arg(value_name = "BUNDLE", required = true)]
    bundles: Vec<PathBuf>,

    /// For AWS; there is no other form.
    #[arg(long, required = true)]
    aws: bool,

    #[command(flatten)]
    now: Now,

    /// Write it there instead of printing it; a file that is there already is never written over.
    #[arg(short, long, value_name = "FILE", help_heading = OUTPUT)]
    out: Option<PathBuf>,

    /// Print one JSON document, with the certificates or the file that they were written to.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 1] = [(
    "For the load balancer, from our roots and the authorities below them",
    "countersign trust export --aws --out truststore.pem roots.pem issuing.pem",
)];

const ENDINGS: [Ending; 2] = [
    (Exit::Done, "written, though there may be warnings"),
    (Exit::Failed, "an error, and nothing is written"),
];

/// `countersign trust export`.
pub(super) fn run(args: ExportArgs) -> Result<Exit> {
    let bundle = read(&args.bundles)?;
    let mut remarks = bundle.remarks(args.now.get());
    remarks.extend(bundle.remarks_of_aws());
    for remark in &remarks {
        ui::note(ui::labelled(remark));
    }
    if remarks.iter().any(Remark::is_error) {
        ui::note("nothing is written");
        return Ok(Exit::Failed);
    }
    put(&args, &bundle)?;
    ui::note(
        "AWS warns of none of these when it ends, and API Gateway asks no revocation list: ours is asked behind it",
    );
    Ok(Exit::Done)
}

fn read(bundles: &[PathBuf]) -> Result<Bundle> {
    let mut text = String::new();
    for path in bundles {
        let bytes = input::bytes(path, "name PEM files with the certificates of CAs")?;
        text.push_str(&String::from_utf8_lossy(&bytes));
        text.push('\n');
    }
    Ok(Bundle::read(&text))
}

fn put(args: &ExportArgs, bundle: &Bundle) -> Result<()> {
    let text = bundle.once_each();
    if let Some(path) = &args.out {
        new_file::create(path, text.as_bytes(), Readers::All)?;
        ui::note(format!("wrote {}", path.display()));
    }
    if args.json {
        let printed = args.out.is_none().then_some(&text);
        ui::data(json!({ "path": args.out, "certificates": printed }));
    } else if args.out.is_none() {
        ui::data(text.trim_end());
    }
    Ok(())
}
