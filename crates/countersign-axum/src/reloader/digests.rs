use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

/// What files hold, as SHA-256 of each; told apart from a file that cannot be read.
///
/// Times and inodes decide nothing: a file that is renamed into place and Kubernetes' swap of a symbolic link are
/// changes like any other, and a file that is written anew with the same bytes is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests(BTreeMap<PathBuf, Looked>);

/// What was found at a path.
#[derive(Clone, Debug)]
struct Looked {
    digest: Option<[u8; 32]>,
    /// None where it could change without showing.
    stamp: Option<Stamp>,
}

/// What changes with a file, mostly.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: SystemTime,
    inode: Inode,
}

/// Device, number, and when it changed in any way.
type Inode = (u64, u64, i64, i64);

impl Digests {
    /// Reads `files`.
    pub fn of(files: impl IntoIterator<Item: AsRef<Path>>) -> Self {
        Self::look(files, None)
    }

    /// The same, without reading those again that look as they did in `before`.
    pub(super) fn again(files: impl IntoIterator<Item: AsRef<Path>>, before: &Self) -> Self {
        Self::look(files, Some(before))
    }

    fn look(files: impl IntoIterator<Item: AsRef<Path>>, before: Option<&Self>) -> Self {
        let now = SystemTime::now();
        let files = files.into_iter().map(|path| {
            let path = path.as_ref();
            let before = before.and_then(|before| before.0.get(path));
            (path.to_owned(), Looked::at(path, before, now, digest))
        });
        Self(files.collect())
    }

    /// The files in which the two differ, in the order of their names.
    pub(super) fn differing(&self, other: &Self) -> Vec<String> {
        let files: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let differing = files
            .into_iter()
            .filter(|file| self.0.get(*file) != other.0.get(*file));
        differing.map(|file| file.display().to_string()).collect()
    }
}

impl Looked {
    fn at(
        path: &Path,
        before: Option<&Self>,
        now: SystemTime,
        read: impl FnOnce(&Path) -> Option<[u8; 32]>,
    ) -> Self {
        // Before the bytes: what changes in between is seen the next time.
        let stamp = fs::metadata(path).ok();
        let stamp = stamp.and_then(|metadata| Stamp::of(&metadata, now));
        match before {
            Some(before) if stamp.is_some() && before.stamp == stamp => before.clone(),
            _ => Self {
                digest: read(path),
                stamp,
            },
        }
    }
}

impl PartialEq for Looked {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Looked {}

impl Stamp {
    /// None where it was written just now: a second time at the same moment would look the same.
    fn of(metadata: &Metadata, now: SystemTime) -> Option<Self> {
        let modified = metadata.modified().ok()?;
        let since = now.duration_since(modified).ok()?;
        (since > MOMENT).then(|| Self {
            bytes: metadata.len(),
            modified,
            inode: inode(metadata),
        })
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> Inode {
    use std::os::unix::fs::MetadataExt;

    let changed = (metadata.ctime(), metadata.ctime_nsec());
    (metadata.dev(), metadata.ino(), changed.0, changed.1)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Inode {
    Inode::default()
}

fn digest(path: &Path) -> Option<[u8; 32]> {
    fs::read(path)
        .ok()
        .map(|bytes| Sha256::digest(bytes).into())
}

/// Longer than what any file system's clock counts in.
const MOMENT: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_looks_as_it_did_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.crl");
        fs::write(&path, "a").unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        let at = |seconds| written + Duration::from_secs(seconds);
        let never = |_: &Path| panic!("it is read");
        let first = Looked::at(&path, None, at(60), digest);
        let again = Looked::at(&path, Some(&first), at(120), never);
        assert_eq!(again, first);
        fs::write(&path, "b").unwrap();
        let changed = Looked::at(&path, Some(&first), at(180), digest);
        assert_ne!(changed, first);
        let gone = folder.path().join("gone.crl");
        assert_eq!(
            Looked::at(&gone, Some(&first), at(240), digest).digest,
            None
        );
    }

    #[test]
    fn one_that_was_written_just_now_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        fs::write(&path, "a").unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        let first = Looked::at(&path, None, written + MOMENT, digest);
        let mut reads = 0;
        Looked::at(&path, Some(&first), written + MOMENT, |path| {
            reads += 1;
            digest(path)
        });
        assert_eq!(reads, 1);
    }
}
