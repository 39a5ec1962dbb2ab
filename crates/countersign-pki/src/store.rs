//! Where are the files? A [`Store`]: a folder of keys and certificates, and the only I/O of this crate.
//!
//! It looks at everything before it writes anything. A file appears whole or not at all; a key is never
//! overwritten; the key of an item comes before its certificate, so that a run that is killed leaves
//! at worst a key without a certificate, which the next run completes. Two runs at the same time may
//! both renew an authority; a leaf that got the loser's in its chain is put right by the next run.

mod lists;
mod rotation;
mod settle;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

pub use self::lists::Revoke;
pub use self::rotation::{Crossed, Rotation};
use self::settle::Work;
use crate::crossed::links;
use crate::decide::{Survey, Verdicts, decide};
use crate::error::StoreError;
use crate::files::{self, OPEN_MODE};
use crate::ledger::{LEDGER, Ledger};
use crate::listing::{Due, Lists};
use crate::pki::Pki;
use crate::plan::{Item, Plan};
use crate::report::{Action, Change, Changes, Entry, Report, Warning};
use crate::stored::Stored;
use crate::survey::{CERTIFICATE, Found, KEY, Place};

/// The manifest of a folder that has one of its own.
const MANIFEST: &str = "pki.toml";

/// A folder with `NAME.pem` and `NAME-key.pem` for each item of a plan.
///
/// `NAME.pem` holds an authority's own certificate, or a leaf's chain: the leaf first, without the root.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// Opens a folder; makes it, mode 0700 and with a `.gitignore` for everything in it, if need be.
    ///
    /// A folder that exists keeps its mode, and gets a `.gitignore` only if nothing but our own files
    /// are in it.
    ///
    /// # Errors
    /// [`StoreError::NotADirectory`] if something else is there, [`StoreError::Directory`] if the folder
    /// cannot be made or written.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let store = Self { dir: dir.into() };
        match fs::metadata(&store.dir) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(StoreError::NotADirectory { path: store.dir }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                files::make_private_dir(&store.dir).map_err(|source| store.unusable(source))?;
            }
            Err(source) => return Err(store.unusable(source)),
        }
        store.ignore().map_err(|source| store.unusable(source))?;
        Ok(store)
    }

    /// Names a folder without looking at it, for [`Store::compare`] and the paths of its files.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file with the certificate of that item.
    pub fn certificate_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.pem"))
    }

    /// The file with the key of that item.
    pub fn key_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}-key.pem"))
    }

    /// The file with the manifest of this folder, where it has one of its own.
    pub fn manifest_path(&self) -> PathBuf {
        self.dir.join(MANIFEST)
    }

    /// The text of the folder's own manifest; `None` if it has none.
    ///
    /// # Errors
    /// [`StoreError::Manifest`] if it cannot be read.
    pub fn manifest(&self) -> Result<Option<String>, StoreError> {
        let bytes = files::read(&self.manifest_path());
        let text = bytes.and_then(|bytes| {
            let text = bytes.map(String::from_utf8).transpose();
            text.map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
        });
        text.map_err(|source| manifest_failed(&self.manifest_path(), "read", source))
    }

    /// Puts a text in place as a manifest: the folder's own, or one in another place.
    ///
    /// # Errors
    /// [`StoreError::Manifest`] if it cannot be written.
    pub fn write_manifest(&self, path: &Path, text: &str) -> Result<(), StoreError> {
        let written = files::replace(path, text.as_bytes(), OPEN_MODE);
        written.map_err(|source| manifest_failed(path, "write", source))
    }

    /// The key and the certificate of an item, as they are in place.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if one is not there, and others if they are not what they should be.
    pub fn stored(&self, name: &str) -> Result<Stored, StoreError> {
        Stored::read(name, &self.certificate_path(name), &self.key_path(name))
    }

    /// What [`Store::apply`] would do, and why. It writes nothing and makes no key.
    ///
    /// # Errors
    /// [`StoreError`] if something in place cannot be read or does not belong together.
    pub fn compare(&self, plan: &Plan) -> Result<Changes, StoreError> {
        let (survey, ledger) = (self.survey(plan)?, self.ledger()?);
        let mut verdicts = decide(plan, &survey);
        let lists = self.lists_due(plan, &survey, &verdicts, &ledger)?;
        let mut changes = Changes::default();
        for item in plan.items() {
            if let Some(verdict) = verdicts.remove(item.name.as_str())
                && verdict.action != Action::Kept
            {
                changes.add(Change {
                    name: item.name.clone(),
                    action: verdict.action,
                    reasons: verdict.reasons,
                    path: self.certificate_path(&item.name),
                });
            }
        }
        for due in lists {
            changes.add_list(self.list_entry(due));
        }
        Ok(changes)
    }

    /// Makes the folder what the plan asks for, and touches nothing that is so already: a second run
    /// writes no byte.
    ///
    /// What is missing is made. A certificate that has ended or soon will, that comes from an issuer
    /// which has been replaced, or that says something else than the plan, is issued anew for the key
    /// that is there.
    ///
    /// # Errors
    /// [`StoreError`], with the item and the file. If what is in place is wrong, nothing is written.
    pub fn apply(&self, plan: &Plan) -> Result<Report, StoreError> {
        self.apply_telling(plan, |_| {})
    }

    /// As [`Store::apply`]; each item is told as soon as it is settled, for a long run on a terminal.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub fn apply_telling(
        &self,
        plan: &Plan,
        mut tell: impl FnMut(&Entry),
    ) -> Result<Report, StoreError> {
        let (mut survey, ledger) = (self.survey(plan)?, self.ledger()?);
        let mut verdicts = decide(plan, &survey);
        let lists = self.lists_due(plan, &survey, &verdicts, &ledger)?;
        let mut report = Report::default();
        report.warn(self.folder_warnings());
        report.warn(plan.items().iter().filter_map(|item| self.warning(item)));
        let mut authorities = Pki::default();
        for item in plan.items() {
            let found = survey.remove(&item.name).unwrap_or(Found::Nothing);
            if let Some(verdict) = verdicts.remove(item.name.as_str()) {
                report.warn(Self::revoked(item, &found, &ledger, verdict.action));
                let work = Work::new(self, self.place(item), verdict, plan.moment().clone());
                let (entry, made) = work.settle(found, &authorities)?;
                authorities.extend(&item.name, made);
                tell(&entry);
                report.add(entry);
            }
        }
        self.put_lists(plan, lists, &authorities, &mut report)?;
        if report.changed() {
            self.sync()?;
        }
        Ok(report)
    }
}

/// Reading.
impl Store {
    fn survey(&self, plan: &Plan) -> Result<Survey, StoreError> {
        // Another run may be writing: issuers before leaves, keys before certificates. Reading the other
        // way round, whatever is seen is seen together with what it rests on.
        let mut files = Vec::new();
        for item in plan.items().iter().rev() {
            let place = self.place(item);
            let certificate = place.read(&place.certificate, CERTIFICATE)?;
            let key = place.read(&place.key, KEY)?;
            files.push((place, key, certificate));
        }
        let mut crossed = self.cross_files(plan)?;
        let mut survey = BTreeMap::new();
        for (place, key, certificate) in files.into_iter().rev() {
            let mut found = Found::judge(&place, key, certificate)?.known(plan.moment());
            if let Found::Pair(root) = &mut found
                && let Some(file) = crossed.remove(&place.item.name)
            {
                root.crossed = links(&root.facts, file, plan.now());
            }
            survey.insert(place.item.name.clone(), found);
        }
        Ok(survey)
    }

    /// The lists of the authorities that the plan looks after.
    fn lists_due(
        &self,
        plan: &Plan,
        survey: &Survey,
        verdicts: &Verdicts<'_>,
        ledger: &Ledger,
    ) -> Result<Vec<Due>, StoreError> {
        let (found, lifetime) = (self.lists(plan)?, None);
        let lists = Lists {
            plan,
            ledger,
            lifetime,
        };
        let items = plan.items().iter().filter(|item| item.is_authority());
        let due = items.filter_map(|item| {
            let name = item.name.as_str();
            let verdict = verdicts.get(name).filter(|_| plan.looks_after(item))?;
            let pair = survey.get(name).and_then(Found::pair);
            let kept = pair.filter(|_| !verdict.is_another);
            let facts = kept.map(|pair| &pair.facts);
            lists.due(name, found.get(name), facts, false)
        });
        Ok(due.collect())
    }

    fn place<'a>(&self, item: &'a Item) -> Place<'a> {
        let (key, certificate) = (self.key_path(&item.name), self.certificate_path(&item.name));
        Place {
            item,
            key,
            certificate,
        }
    }

    fn folder_warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let path = || self.dir.clone();
        if let Some(mode) = files::mode_of(&self.dir).filter(|mode| mode & 0o022 != 0) {
            warnings.push(Warning::FolderWritable { path: path(), mode });
        }
        if !self.dir.join(".gitignore").exists() {
            warnings.push(Warning::FolderNotIgnored { path: path() });
        }
        warnings
    }

    fn warning(&self, item: &Item) -> Option<Warning> {
        let path = self.key_path(&item.name);
        let mode = files::mode_of(&path).filter(|mode| mode & 0o077 != 0)?;
        Some(Warning::KeyReadable { path, mode })
    }
}

/// Writing.
impl Store {
    fn ignore(&self) -> io::Result<()> {
        let path = self.dir.join(".gitignore");
        if path.exists() || !self.holds_only_ours()? {
            return Ok(());
        }
        files::create(&path, b"*\n", OPEN_MODE).map(|_| ())
    }

    /// A `*` in the `.gitignore` of somebody's project would hide their work.
    fn holds_only_ours(&self) -> io::Result<bool> {
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            let end = Path::new(&name).extension();
            let ours = end.is_some_and(|end| end == "pem" || end == "tmp");
            let named = [MANIFEST, LEDGER, settle::RETIRED, rotation::ROTATED].map(OsStr::new);
            if !ours && !named.contains(&name.as_os_str()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn sync(&self) -> Result<(), StoreError> {
        files::sync_dir(&self.dir).map_err(|source| self.unusable(source))
    }

    fn unusable(&self, source: io::Error) -> StoreError {
        StoreError::Directory {
            path: self.dir.clone(),
            source,
        }
    }
}

fn manifest_failed(path: &Path, verb: &'static str, source: io::Error) -> StoreError {
    let path = path.to_owned();
    StoreError::Manifest { path, verb, source }
}
