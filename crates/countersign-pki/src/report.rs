//! What was done, or would be? The [`Report`] of [`Store::apply`](crate::Store::apply) and the [`Changes`]
//! of [`Store::compare`](crate::Store::compare), for whoever asked.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::reason::Reason;

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

    /// The items of which a file was written.
    pub fn changes(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.action != Action::Kept)
    }

    /// Whether any file was written.
    pub fn changed(&self) -> bool {
        self.changes().next().is_some()
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
    /// Why; nothing if it was kept.
    pub reasons: Vec<Reason>,
    /// Its certificate file.
    pub path: PathBuf,
    /// The last moment at which its own certificate is valid.
    pub not_after: Timestamp,
}

impl fmt::Display for Entry {
    /// What was done, the name, and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, self.action, &self.name, &self.reasons)
    }
}

/// What applying a plan would do, in the plan's order. It prints one line for each item.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    changes: Vec<Change>,
}

impl Changes {
    /// Whether nothing would be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Each item of which a file would be written.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    pub(crate) fn add(&mut self, change: Change) {
        self.changes.push(change);
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes
            .iter()
            .try_for_each(|change| writeln!(f, "{change}"))
    }
}

/// What would become of one item.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change {
    /// The item's name in the manifest.
    pub name: String,
    /// What would be done.
    pub action: Action,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Its certificate file.
    pub path: PathBuf,
}

impl fmt::Display for Change {
    /// What would be done, the name, and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, self.action, &self.name, &self.reasons)
    }
}

fn line(f: &mut fmt::Formatter<'_>, action: Action, name: &str, reasons: &[Reason]) -> fmt::Result {
    let reasons: Vec<String> = reasons.iter().map(Reason::to_string).collect();
    match reasons.as_slice() {
        [] => write!(f, "{action:<9}  {name}"),
        reasons => write!(f, "{action:<9}  {name}  {}", reasons.join("; ")),
    }
}

/// What was done for an item. It prints as a word: `created`, `renewed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// A new key and its certificate.
    Created,
    /// A certificate for the key that was there alone.
    Completed,
    /// A certificate that says the same, for the same key and another time.
    Renewed,
    /// A certificate that says something else, or comes from another issuer, for the same key.
    Reissued,
    /// A new key and its certificate; the old ones were moved to `retired/`.
    Rotated,
    /// Nothing: both were there, and are what the plan asks for.
    Kept,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Created => "created",
            Self::Completed => "completed",
            Self::Renewed => "renewed",
            Self::Reissued => "reissued",
            Self::Rotated => "rotated",
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
        }
    }
}
