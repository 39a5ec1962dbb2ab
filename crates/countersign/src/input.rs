//! What is in this file? And where it cannot be read, what is there to do?

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind};
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

/// The lines of a file, one after the other: it may be large. Of `-` those of standard input.
pub(crate) fn lines(
    path: &Path,
    wanted: &str,
) -> Result<impl Iterator<Item = io::Result<String>> + use<>> {
    let lines: Box<dyn BufRead> = match path == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(or_advice(path, File::open(path), wanted)?)),
    };
    Ok(lines.lines())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_advice_where_a_file_may_not_be_read_or_is_none() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key.pem"), "").unwrap();
        let check = |kind: ErrorKind, path: &str, wanted: Option<&str>| {
            let path = folder.path().join(path);
            let advice = advice(&path, &io::Error::from(kind)).unwrap_or_default();
            assert!(advice.contains(wanted.unwrap_or_default()), "{advice}");
            assert_eq!(advice.is_empty(), wanted.is_none(), "{advice}");
        };
        check(
            ErrorKind::PermissionDenied,
            "key.pem",
            Some("may not read it: `ls -l "),
        );
        check(ErrorKind::NotFound, "kex.pem", Some("did you mean `"));
        check(ErrorKind::NotFound, "other.toml", None);
        check(ErrorKind::IsADirectory, "", Some("that is a folder"));
        check(ErrorKind::TimedOut, "key.pem", None);
    }
}
