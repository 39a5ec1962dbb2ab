use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Config;

/// What the files of a configuration hold, as SHA-256 of each; told apart from a file that cannot be read.
///
/// Neither times nor inodes are asked: a file that is renamed into place and Kubernetes' swap of a symbolic link are
/// changes like any other, and a file that is written anew with the same bytes is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests(BTreeMap<PathBuf, Option<[u8; 32]>>);

impl Digests {
    /// Reads the files of `config`.
    pub fn of(config: &Config) -> Self {
        let files = config.files().map(|path| (path.to_owned(), digest(path)));
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

fn digest(path: &Path) -> Option<[u8; 32]> {
    fs::read(path)
        .ok()
        .map(|bytes| Sha256::digest(bytes).into())
}
