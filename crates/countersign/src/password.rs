//! Under which password? From a file or from the environment: a command line is read by everybody.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use clap::Args;

use crate::failure::{Hint, hinted};
use crate::input;

/// Where the password of a key or of a store is.
#[derive(Debug, Args)]
#[group(id = "password", multiple = false)]
pub(crate) struct PasswordArgs {
    /// The file with the password, in its first line.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// The environment variable with the password.
    #[arg(long, value_name = "VAR")]
    password_env: Option<String>,
}

impl PasswordArgs {
    /// The password that `format` wants.
    pub(crate) fn required(&self, format: &str) -> Result<String> {
        let given = self.given()?;
        given
            .ok_or_else(|| anyhow!("{format} wants a password"))
            .hint("give it with --password-file FILE or --password-env VAR")
    }

    /// The password, where there is one.
    pub(crate) fn given(&self) -> Result<Option<String>> {
        let (password, from) = match (&self.password_file, &self.password_env) {
            (Some(path), _) => (from_file(path)?, format!("`{}`", path.display())),
            (None, Some(name)) => (from_environment(name)?, format!("${name}")),
            (None, None) => return Ok(None),
        };
        ensure_not_empty(&password, &from)?;
        Ok(Some(password))
    }

    /// Nobody shall think that something is encrypted which is not.
    pub(crate) fn refused(&self, format: &str) -> Result<()> {
        if self.password_file.is_none() && self.password_env.is_none() {
            return Ok(());
        }
        Err(hinted(
            anyhow!("{format} is not encrypted, and takes no password"),
            "use --format p12 or encrypted-pem, or leave the password out",
        ))
    }
}

fn from_file(path: &Path) -> Result<String> {
    let text = input::text(path, "name a text file with the password in its first line")?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn from_environment(name: &str) -> Result<String> {
    // What the variable holds is never told, not even where it is no text.
    let value = env::var_os(name).ok_or_else(|| anyhow!("${name} is not set"));
    let value = value.hint(format!("export {name}, or use --password-file FILE"))?;
    let text = value.into_string();
    text.map_err(|_| hinted(anyhow!("${name} is not text"), "use printable ASCII"))
}

fn ensure_not_empty(password: &str, from: &str) -> Result<()> {
    let checked = || {
        ensure!(!password.is_empty(), "the password in {from} is empty");
        Ok(())
    };
    checked().hint("put the password there, in the first line")
}
