//! How are files read and written, whole or not at all? The system calls of the [`Store`](crate::Store).

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// The mode of a key file.
pub(crate) const KEY_MODE: u32 = 0o600;
/// The mode of any other file.
pub(crate) const OPEN_MODE: u32 = 0o644;

/// The bytes of a file; `None` if it is not there.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a temporary file beside `path`, flushed and ready to be renamed to it.
///
/// A run that is killed here leaves the temporary file behind: a name that starts with a dot and
/// ends in `.tmp`, safe to remove, with a key that nothing has certified.
pub(crate) fn stage(path: &Path, bytes: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // It starts with mode 0600, so that a key is never readable, and gets the mode whatever the umask.
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".tmp")
        .tempfile_in(folder.unwrap_or_else(|| Path::new(".")))?;
    set_mode(file.as_file(), mode)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Puts a file in place of whatever is there.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    stage(path, bytes, mode)?.persist(path)?;
    Ok(())
}

/// Puts a file where none is. `false`: another process was faster, and its file stays.
pub(crate) fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<bool> {
    match stage(path, bytes, mode)?.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(refused) => Err(refused.error),
    }
}

/// Gives a file that is about to be replaced a second place, where no file is.
pub(crate) fn keep(path: &Path, to: &Path, mode: u32) -> io::Result<()> {
    // Not every file system knows two names of one file.
    fs::hard_link(path, to).or_else(|_| match create(to, &fs::read(path)?, mode)? {
        true => Ok(()),
        false => Err(ErrorKind::AlreadyExists.into()),
    })
}

#[cfg(unix)]
pub(crate) fn make_private_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

#[cfg(not(unix))]
pub(crate) fn make_private_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// Elsewhere the folder's own rights apply.
#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
pub(crate) fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path)
        .ok()
        .map(|found| found.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
pub(crate) fn mode_of(_: &Path) -> Option<u32> {
    None
}

/// Flushes the names in a folder, which a file's own flush does not.
#[cfg(unix)]
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}
