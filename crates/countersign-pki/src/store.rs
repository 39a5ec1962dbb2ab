//! Where are the files? A [`Store`]: a folder of keys and certificates, and the only I/O of this crate.
//!
//! It looks at everything before it writes anything. A file appears whole or not at all; a key is never
//! replaced; the key of an item comes before its certificate, so that a run that is killed leaves
//! at worst a key without a certificate, which the next run completes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use rcgen::KeyPair;
use tempfile::NamedTempFile;

use crate::authority::{Authority, new_key};
use crate::error::{IssueError, StoreError};
use crate::pem;
use crate::pki::Pki;
use crate::plan::{Item, Made, Plan};
use crate::report::{Action, Entry, Report, Warning};
use crate::survey::{CERTIFICATE, Found, KEY, Pair, Place};

const KEY_MODE: u32 = 0o600;
const CERTIFICATE_MODE: u32 = 0o644;

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
                make_private_dir(&store.dir).map_err(|source| store.unusable(source))?;
            }
            Err(source) => return Err(store.unusable(source)),
        }
        store.ignore().map_err(|source| store.unusable(source))?;
        Ok(store)
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

    /// Makes what is missing and changes nothing else: a second run writes no byte.
    ///
    /// What is in place is kept after a check that it belongs together, even if it has expired; the
    /// [`Report`] says so. To have a key certified anew, remove its certificate and apply again.
    ///
    /// # Errors
    /// [`StoreError`], with the item and the file. If what is in place is wrong, nothing is written.
    pub fn apply(&self, plan: &Plan) -> Result<Report, StoreError> {
        let mut survey = self.survey(plan)?;
        let mut report = Report::default();
        report.warn(self.folder_warnings());
        report.warn(
            plan.items()
                .iter()
                .flat_map(|item| self.warnings(item, &survey)),
        );
        let mut authorities = Pki::default();
        for item in plan.items() {
            let found = survey.remove(&item.name).unwrap_or(Found::Nothing);
            report.add(self.settle(item, found, &mut authorities, plan)?);
        }
        if report.changed() {
            self.sync()?;
        }
        Ok(report)
    }
}

/// Reading.
impl Store {
    fn survey(&self, plan: &Plan) -> Result<BTreeMap<String, Found>, StoreError> {
        // Another run may be writing: issuers before leaves, keys before certificates. Reading the other
        // way round, whatever is seen is seen together with what it rests on.
        let mut files = Vec::new();
        for item in plan.items().iter().rev() {
            let place = self.place(item);
            let certificate = read(&place, &place.certificate, CERTIFICATE)?;
            let key = read(&place, &place.key, KEY)?;
            files.push((place, key, certificate));
        }
        let mut survey: BTreeMap<String, Found> = BTreeMap::new();
        for (place, key, certificate) in files.into_iter().rev() {
            let issuer = place
                .item
                .issuer
                .as_ref()
                .and_then(|issuer| survey.get(issuer));
            let found = Found::judge(&place, key, certificate, issuer)?;
            survey.insert(place.item.name.clone(), found);
        }
        Ok(survey)
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
        if let Some(mode) = mode_of(&self.dir).filter(|mode| mode & 0o022 != 0) {
            warnings.push(Warning::FolderWritable {
                path: self.dir.clone(),
                mode,
            });
        }
        if !self.dir.join(".gitignore").exists() {
            warnings.push(Warning::FolderNotIgnored {
                path: self.dir.clone(),
            });
        }
        warnings
    }

    fn warnings(&self, item: &Item, survey: &BTreeMap<String, Found>) -> Vec<Warning> {
        let place = self.place(item);
        let mut warnings = Vec::new();
        if let Some(mode) = mode_of(&place.key).filter(|mode| mode & 0o077 != 0) {
            warnings.push(Warning::KeyReadable {
                path: place.key,
                mode,
            });
        }
        if let Some(Found::Pair(pair)) = survey.get(&item.name) {
            let has = |name| pair.facts.names.iter().any(|known| known.same_as(name));
            let missing: Vec<_> = item
                .names()
                .iter()
                .filter(|name| !has(name))
                .cloned()
                .collect();
            if !missing.is_empty() {
                let (item, path) = (item.name.clone(), place.certificate);
                warnings.push(Warning::NamesMissing {
                    item,
                    path,
                    missing,
                });
            }
        }
        warnings
    }
}

/// Writing.
impl Store {
    /// Keeps what was found of an item or makes what is missing, and remembers it if it can issue.
    fn settle(
        &self,
        item: &Item,
        found: Found,
        made: &mut Pki,
        plan: &Plan,
    ) -> Result<Entry, StoreError> {
        let place = self.place(item);
        let issuer = made
            .issuer_of(item)
            .map_err(|source| place.failed(source))?;
        let (entry, new) = match found {
            Found::Pair(pair) => place.keep(*pair, issuer, plan),
            Found::Key(key) => self.certify(&place, key, Action::Completed, issuer, plan)?,
            Found::Nothing => {
                let (key, action) = self.put_new_key(&place)?;
                self.certify(&place, key, action, issuer, plan)?
            }
        };
        made.extend(&item.name, new);
        Ok(entry)
    }

    /// Issues the certificate for a key that is in place, and puts it beside.
    fn certify(
        &self,
        place: &Place<'_>,
        key: KeyPair,
        action: Action,
        issuer: Option<&Authority>,
        plan: &Plan,
    ) -> Result<(Entry, Option<Made>), StoreError> {
        let made = place
            .item
            .issue(issuer, key, plan.now())
            .map_err(|source| place.failed(source))?;
        let (text, not_after) = match &made {
            Made::Authority(authority) => (authority.certificate_pem(), authority.not_after()),
            Made::Leaf(issued) => (issued.chain_pem(), issued.not_after()),
        };
        self.stage(&place.certificate, text.as_bytes(), CERTIFICATE_MODE)
            .and_then(|file| Ok(file.persist(&place.certificate)?))
            .map_err(|source| place.unwritable(&place.certificate, CERTIFICATE, source))?;
        Ok((place.entry(action, not_after, false), Some(made)))
    }

    /// Puts a new key in place. If another process was faster, its key is the one that counts.
    fn put_new_key(&self, place: &Place<'_>) -> Result<(KeyPair, Action), StoreError> {
        let key = new_key().map_err(|source| place.failed(source))?;
        let text = pem::encode("PRIVATE KEY", key.serialized_der());
        let placed = self
            .stage(&place.key, text.as_bytes(), KEY_MODE)
            .and_then(|file| Ok(file.persist_noclobber(&place.key)?));
        match placed {
            Ok(_) => {
                // The key is on the disk before a certificate for it can be.
                self.sync()?;
                Ok((key, Action::Created))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let bytes = read(place, &place.key, KEY)?.unwrap_or_default();
                Ok((place.read_key(bytes)?, Action::Completed))
            }
            Err(source) => Err(place.unwritable(&place.key, KEY, source)),
        }
    }

    /// Writes a temporary file beside `path`, flushed and ready to be renamed to it.
    ///
    /// A run that is killed here leaves the temporary file behind: a name that starts with a dot and
    /// ends in `.tmp`, safe to remove, with a key that nothing has certified.
    fn stage(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<NamedTempFile> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // It starts with mode 0600, so that a key is never readable, and gets the mode whatever the umask.
        let mut file = tempfile::Builder::new()
            .prefix(&format!(".{name}."))
            .suffix(".tmp")
            .tempfile_in(&self.dir)?;
        set_mode(file.as_file(), mode)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    }

    fn ignore(&self) -> io::Result<()> {
        let path = self.dir.join(".gitignore");
        if path.exists() || !self.holds_only_ours()? {
            return Ok(());
        }
        let file = self.stage(&path, b"*\n", CERTIFICATE_MODE)?;
        match file.persist_noclobber(&path) {
            Err(refused) if refused.error.kind() != ErrorKind::AlreadyExists => Err(refused.error),
            _ => Ok(()),
        }
    }

    /// A `*` in the `.gitignore` of somebody's project would hide their work.
    fn holds_only_ours(&self) -> io::Result<bool> {
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            let ours = Path::new(&name)
                .extension()
                .is_some_and(|end| end == "pem" || end == "tmp");
            if !ours {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn sync(&self) -> Result<(), StoreError> {
        sync_dir(&self.dir).map_err(|source| self.unusable(source))
    }

    fn unusable(&self, source: io::Error) -> StoreError {
        StoreError::Directory {
            path: self.dir.clone(),
            source,
        }
    }
}

impl Place<'_> {
    fn keep(&self, pair: Pair, issuer: Option<&Authority>, plan: &Plan) -> (Entry, Option<Made>) {
        let expired = pair.is_expired(plan.now());
        let entry = self.entry(Action::Kept, pair.facts.validity.until, expired);
        // A leaf that is kept issues nothing, so nothing of it is remembered.
        let authority = || Made::Authority(Authority::restore(pair, issuer));
        (entry, self.item.is_authority().then(authority))
    }

    fn entry(&self, action: Action, not_after: jiff::Timestamp, expired: bool) -> Entry {
        let (name, path) = (self.item.name.clone(), self.certificate.clone());
        Entry {
            name,
            action,
            path,
            not_after,
            expired,
        }
    }

    fn failed(&self, source: IssueError) -> StoreError {
        let (item, certificate) = (self.item.name.clone(), self.certificate.clone());
        StoreError::Issue {
            item,
            certificate,
            source: Box::new(source),
        }
    }

    fn unwritable(&self, path: &Path, wanted: &'static str, source: io::Error) -> StoreError {
        StoreError::Write {
            item: self.item.name.clone(),
            path: path.to_owned(),
            wanted,
            source,
        }
    }
}

fn read(
    place: &Place<'_>,
    path: &Path,
    wanted: &'static str,
) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => {
            let (item, path) = (place.item.name.clone(), path.to_owned());
            Err(StoreError::Read {
                item,
                path,
                wanted,
                source,
            })
        }
    }
}

#[cfg(unix)]
fn make_private_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

#[cfg(not(unix))]
fn make_private_dir(dir: &Path) -> io::Result<()> {
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
fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path)
        .ok()
        .map(|found| found.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode_of(_: &Path) -> Option<u32> {
    None
}

/// Flushes the names in a folder, which a file's own flush does not.
#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}
