//! What was done? The [`Report`] of [`Store::apply`](crate::Store::apply), for whoever asked.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::name::Name;

/// What became of each item of a plan, in the plan's order, and what deserves a look.
#[derive(Clone, Debug, Default)]
pub struct Report {
    entries: Vec<Entry>,
    warnings: Vec<Warning>,
}

impl Report {
    /// Every item.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether any file was written.
    pub fn changed(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.action != Action::Kept)
    }

    /// The items that were kept although they have expired.
    pub fn expired(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.expired)
    }

    /// What was left as it was, but should not stay so.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    pub(crate) fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(crate) fn warn(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        self.warnings.extend(warnings);
    }
}

/// What became of one item.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The item's name in the manifest.
    pub name: String,
    /// What was done.
    pub action: Action,
    /// Its certificate file.
    pub path: PathBuf,
    /// The last moment at which its own certificate is valid.
    pub not_after: Timestamp,
    /// Whether its certificate, or an intermediate in the same file, has expired.
    pub expired: bool,
}

/// What was done for an item. It prints as a word: `created`, `completed` or `kept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// A new key and its certificate.
    Created,
    /// A certificate for the key that was there.
    Completed,
    /// Nothing: both were there, and belong together.
    Kept,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Created => "created",
            Self::Completed => "completed",
            Self::Kept => "kept",
        })
    }
}

/// Something that a store found and left alone. It prints as a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Others may put files into the folder.
    FolderWritable {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The folder holds other things, so no `.gitignore` was put there; keys might be committed.
    FolderNotIgnored {
        /// The folder.
        path: PathBuf,
    },
    /// Others may read a key.
    KeyReadable {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A certificate was kept that lacks names which the manifest asks for.
    NamesMissing {
        /// The item.
        item: String,
        /// Its certificate file.
        path: PathBuf,
        /// The names that it lacks.
        missing: Vec<Name>,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FolderWritable { path, mode } => {
                let path = path.display();
                write!(
                    f,
                    "others may write to `{path}` (mode {mode:04o}); run chmod 700 on it"
                )
            }
            Self::FolderNotIgnored { path } => {
                let path = path.display();
                write!(
                    f,
                    "`{path}` has no .gitignore; see that its keys are never committed"
                )
            }
            Self::KeyReadable { path, mode } => {
                let path = path.display();
                write!(
                    f,
                    "others may read the key `{path}` (mode {mode:04o}); run chmod 600 on it"
                )
            }
            Self::NamesMissing {
                item,
                path,
                missing,
            } => {
                let missing: Vec<String> = missing.iter().map(Name::to_string).collect();
                let (missing, path) = (missing.join(", "), path.display());
                write!(
                    f,
                    "`{item}` was kept without {missing}; remove `{path}` and apply again "
                )?;
                write!(f, "to have its key certified with them")
            }
        }
    }
}
