use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use countersign_pki::{Finding, Key, Severity};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::OUTPUT;
use crate::epilogue::{Ending, Example, epilogue};
use crate::exit::Exit;
use crate::failure::Hint;
use crate::moment::Now;
use crate::password::PasswordArgs;
use crate::{input, ui};

/// Say what is wrong with certificates and keys in files.
///
/// Looks at the certificates, the chain and the key in each file, whoever made them: PEM, DER, or a
/// PKCS#12 store with its password. Without one an encrypted key is not looked at. Prints a line for
/// each finding.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &ENDINGS))]
pub(crate) struct LintArgs {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    password: PasswordArgs,

    #[command(flatten)]
    now: Now,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 3] = [
    (
        "A folder, certificates and keys",
        "countersign pki lint .countersign/*.pem",
    ),
    (
        "A store under a password",
        "countersign pki lint store.p12 --password-env STORE_PASSWORD",
    ),
    (
        "What will have ended by 2030",
        "countersign pki lint .countersign/billing.pem --clock 2030-01-01T00:00:00Z",
    ),
];

const ENDINGS: [Ending; 2] = [
    (Exit::Done, "no error, though there may be warnings"),
    (Exit::Failed, "an error, or a file that cannot be read"),
];

/// `countersign pki lint`.
pub(super) fn run(args: LintArgs) -> Result<Exit> {
    let now = args.now.get();
    let password = args.password.given()?;
    let mut all = Vec::new();
    for path in &args.files {
        let found = look(path, password.as_deref(), now)?;
        all.extend(found.into_iter().map(|finding| (path, finding)));
    }
    if args.json {
        let all: Value = all.iter().map(|it| document(it.0, &it.1)).collect();
        ui::data(all);
    } else {
        for (path, finding) in &all {
            ui::data(format!("{}: {}", path.display(), ui::labelled(finding)));
        }
    }
    let is_error = |it: &&(&PathBuf, Finding)| it.1.severity == Severity::Error;
    let errors = all.iter().filter(is_error).count();
    let warnings = all.len() - errors;
    let told = [ui::count(errors, "error"), ui::count(warnings, "warning")];
    ui::note(told.join(", "));
    Ok(Exit::of(errors == 0))
}

fn look(path: &Path, password: Option<&str>, now: Timestamp) -> Result<Vec<Finding>> {
    let bytes = input::bytes(path, "name a file with certificates, a key or both")?;
    let found = Finding::in_file(&bytes, password, now);
    let mut found = found
        .with_context(|| format!("`{}`", path.display()))
        .hint("give its password with --password-file FILE or --password-env VAR")?;
    let in_pem = String::from_utf8_lossy(&bytes).contains("PRIVATE KEY-----");
    if in_pem || Key::from_pkcs8_der(&bytes).is_ok() {
        let mode = mode_of(path).filter(|mode| mode & 0o077 != 0);
        found.extend(mode.map(Finding::key_readable));
    }
    Ok(found)
}

#[cfg(unix)]
fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let found = std::fs::metadata(path).ok()?;
    Some(found.permissions().mode() & 0o7777)
}

/// Elsewhere the folder's own rights apply.
#[cfg(not(unix))]
fn mode_of(_: &Path) -> Option<u32> {
    None
}

fn document(path: &Path, finding: &Finding) -> Value {
    json!({
        "file": path,
        "severity": finding.severity.to_string(),
        "item": finding.item,
        "code": finding.code,
        "message": finding.message,
    })
}
