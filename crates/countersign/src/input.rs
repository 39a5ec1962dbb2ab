//! What is in this file? And where it cannot be read, what is there to do?

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::{Context, Result};

use crate::failure::Hint;
use crate::nearest;

/// The bytes of a file; `wanted` is the hint where nothing better is known.
pub(crate) fn bytes(path: &Path, wanted: &str) -> Result<Vec<u8>> {
    or_advice(path, fs::read(path), wanted)
}

/// The text of a file.
pub(crate) fn text(path: &Path, wanted: &str) -> Result<String> {
    or_advice(path, fs::read_to_string(path), wanted)
}

fn or_advice<T>(path: &Path, read: io::Result<T>, wanted: &str) -> Result<T> {
    let advice = read.as_ref().err().and_then(|error| advice(path, error));
    let advice = advice.unwrap_or_else(|| wanted.to_owned());
    read.with_context(|| format!("cannot read `{}`", path.display()))
        .hint(advice)
}

/// What to do about a file that cannot be read.
pub(crate) fn advice(path: &Path, error: &io::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::NotFound => {
            let meant = nearest::file(path)?;
            Some(format!("did you mean `{}`?", meant.display()))
        }
        ErrorKind::PermissionDenied => Some(format!(
            "whoever runs this may not read it: `ls -l {}` says who may",
            path.display()
        )),
        ErrorKind::IsADirectory => Some("that is a folder: name a file in it".to_owned()),
        _ => None,
    }
}
