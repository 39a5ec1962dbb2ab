//! How is a file written that must not be there yet? Whole or not at all, and never over another.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use tempfile::NamedTempFile;

use crate::failure::{Hint, hinted};

/// Who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Its owner alone: it holds a key or a password.
    Owner,
    /// Everybody.
    All,
}

/// Puts `bytes` where no file is.
pub(super) fn create(path: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    let refused = match stage(path, bytes, readers) {
        Ok(staged) => match staged.persist_noclobber(path) {
            Ok(_) => return Ok(()),
            Err(refused) => refused.error,
        },
        Err(error) => error,
    };
    if refused.kind() == ErrorKind::AlreadyExists {
        return Err(hinted(
            anyhow!(
                "`{}` is there already, and is left as it is",
                path.display()
            ),
            "name a file that is not there yet, or remove that one first",
        ));
    }
    // Without the path of the temporary file.
    Err(io::Error::from(refused.kind()))
        .with_context(|| format!("cannot write `{}`", path.display()))
        .hint("name a file in a folder that is there and may be written")
}

/// A temporary file beside it, of mode 0600 from the start.
fn stage(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut staged = tempfile::Builder::new()
        .prefix(".countersign.")
        .suffix(".tmp")
        .tempfile_in(folder.unwrap_or_else(|| Path::new(".")))?;
    staged.write_all(bytes)?;
    if readers == Readers::All {
        open_to_all(&staged)?;
    }
    staged.as_file().sync_all()?;
    Ok(staged)
}

#[cfg(unix)]
fn open_to_all(staged: &NamedTempFile) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    staged
        .as_file()
        .set_permissions(Permissions::from_mode(0o644))
}

/// Elsewhere the folder's own rights apply.
#[cfg(not(unix))]
fn open_to_all(_: &NamedTempFile) -> io::Result<()> {
    Ok(())
}
