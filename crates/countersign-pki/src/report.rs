//! What was done, or would be? The [`Report`] of [`Store::apply`](crate::Store::apply) and the [`Changes`]
//! of [`Store::compare`](crate::Store::compare), for whoever asked.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::crl::RevocationReason;
use crate::ledger::Revocation;
use crate::reason::Reason;

/// What became of each item of a plan, in the plan's order, and what deserves a look.
#[derive(Clone, Debug, Default)]
pub struct Report {
    entries: Vec<Entry>,
    lists: Vec<ListEntry>,
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

    /// The revocation lists that were written.
    pub fn lists(&self) -> &[ListEntry] {
        &self.lists
    }

    /// Whether any file was written.
    pub fn changed(&self) -> bool {
        self.changes().next().is_some() || !self.lists.is_empty()
    }

    /// What was left as it was, but should not stay so.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    pub(crate) fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(crate) fn add_list(&mut self, list: ListEntry) {
        self.lists.push(list);
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

/// A revocation list that was written, or would be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListEntry {
    /// The item of the authority whose list it is.
    pub issuer: String,
    /// What was done.
    pub action: Action,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Its file.
    pub path: PathBuf,
    /// Its number, which grows from one to the next.
    pub number: u64,
    /// When there will be a newer one at the latest.
    pub next_update: Timestamp,
}

impl fmt::Display for ListEntry {
    /// What was done, the name, and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{}.crl", self.issuer);
        line(f, self.action, &name, &self.reasons)
    }
}

/// What applying a plan would do, in the plan's order. It prints one line for each item.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    changes: Vec<Change>,
    lists: Vec<ListEntry>,
}

impl Changes {
    /// Whether nothing would be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.lists.is_empty()
    }

    /// Each item of which a file would be written.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    /// Each revocation list that would be written.
    pub fn lists(&self) -> &[ListEntry] {
        &self.lists
    }

    pub(crate) fn add(&mut self, change: Change) {
        self.changes.push(change);
    }

    pub(crate) fn add_list(&mut self, list: ListEntry) {
        self.lists.push(list);
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lists = self.lists.iter();
        self.changes
            .iter()
            .try_for_each(|change| writeln!(f, "{change}"))?;
        lists.try_for_each(|list| writeln!(f, "{list}"))
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
    /// A certificate in place is revoked.
    Revoked {
        /// What was revoked.
        revocation: Revocation,
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
            Self::Revoked { revocation } => write_revoked(f, revocation),
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

fn write_revoked(f: &mut fmt::Formatter<'_>, revocation: &Revocation) -> fmt::Result {
    let Revocation {
        name, reason, at, ..
    } = revocation;
    // Who has the key can use the new certificate as well.
    let rotate = match reason {
        RevocationReason::KeyCompromise => " --rotate-key",
        _ => "",
    };
    write!(
        f,
        "`{name}` is revoked since {at} ({reason}); run countersign pki renew {name}{rotate}"
    )
}
