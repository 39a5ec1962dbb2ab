//! How is one item settled? The steps from what was found of it to what was decided, in the order that
//! leaves every file whole wherever a run ends.

use std::fs;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::Store;
use crate::authority::Authority;
use crate::decide::Verdict;
use crate::error::{IssueError, StoreError};
use crate::files::{self, KEY_MODE, OPEN_MODE};
use crate::key::Key;
use crate::moment::Moment;
use crate::pki::Pki;
use crate::plan::Made;
use crate::report::{Action, Entry};
use crate::survey::{CERTIFICATE, Found, KEY, Pair, Place};

/// The folder, in the store's, of keys and certificates that were rotated away.
pub(super) const RETIRED: &str = "retired";

/// What a file of a rotation holds, in error messages.
pub(super) const CROSSED: &str = "certificates of a rotation";

/// What is to be done for one item.
pub(super) struct Work<'a> {
    store: &'a Store,
    place: Place<'a>,
    verdict: Verdict,
    moment: Moment,
}

/// What is told of an item, and what issues those below it if it is an authority.
type Done = (Entry, Option<Made>);

impl<'a> Work<'a> {
    pub(super) fn new(
        store: &'a Store,
        place: Place<'a>,
        verdict: Verdict,
        moment: Moment,
    ) -> Self {
        Self {
            store,
            place,
            verdict,
            moment,
        }
    }

    /// Does it. `made` holds the authorities that have been settled before.
    pub(super) fn settle(mut self, found: Found, made: &Pki) -> Result<Done, StoreError> {
        let issuer = made.issuer_of(self.place.item);
        let issuer = issuer.map_err(|source| self.place.failed(source))?;
        match (found, self.verdict.action) {
            (Found::Pair(pair), Action::Kept) => Ok(self.keep(*pair, issuer)),
            (Found::Pair(pair), Action::Rotated) => self.rotate(&pair.key, issuer),
            (Found::Pair(pair), _) => self.certify_anew(*pair, issuer),
            (Found::Key(key), _) => self.certify(key, issuer),
            (Found::Nothing, _) => {
                let key = self.put_new_key()?;
                self.certify(key, issuer)
            }
        }
    }

    fn keep(self, pair: Pair, issuer: Option<&Authority>) -> Done {
        let until = pair.facts.validity.until;
        // A leaf that is kept issues nothing, so nothing of it is remembered.
        let is_authority = self.place.item.is_authority();
        let made = is_authority.then(|| Made::Authority(Authority::restore(pair, issuer)));
        (self.entry(until), made)
    }

    /// Puts a certificate for the same key in place of the one that is there.
    fn certify_anew(self, pair: Pair, issuer: Option<&Authority>) -> Result<Done, StoreError> {
        let mut made = self.issue(pair.key, issuer)?;
        // Cross-certificates are for its key and its name.
        if let Made::Authority(root) = &mut made
            && !self.verdict.is_another
        {
            root.is_crossed_by(pair.crossed);
        }
        let path = &self.place.certificate;
        files::replace(path, made.certificate_file().as_bytes(), OPEN_MODE)
            .map_err(|source| self.place.unwritable(path, CERTIFICATE, source))?;
        Ok(self.done(made))
    }

    /// Puts a certificate beside a key. If another process was faster, its certificate is the one that
    /// counts: it may be in a chain already.
    fn certify(mut self, key: Key, issuer: Option<&Authority>) -> Result<Done, StoreError> {
        let mut made = self.issue(key, issuer)?;
        if let Made::Authority(root) = &mut made {
            let links = self
                .store
                .links_of(self.place.item, root, self.moment.now)?;
            root.is_crossed_by(links);
        }
        if self.put_certificate(&made)? {
            return Ok(self.done(made));
        }
        let read = |path, wanted| Ok(self.place.read(path, wanted)?.unwrap_or_default());
        let key = read(&self.place.key, KEY)?;
        let certificate = read(&self.place.certificate, CERTIFICATE)?;
        let pair = self.place.read_pair(key, &certificate)?;
        self.verdict.action = Action::Kept;
        self.verdict.reasons.clear();
        Ok(self.keep(pair, issuer))
    }

    /// Puts a new key and its certificate in place of those that are there, which are moved away.
    ///
    /// The certificate goes first and comes last. A run that is killed in between leaves a key without a
    /// certificate, the old one or the new one: the next run completes it.
    fn rotate(self, old: &Key, issuer: Option<&Authority>) -> Result<Done, StoreError> {
        // Whatever can fail has to fail while the old pair is in place.
        let (key, made) = self.make_new(old, issuer)?;
        self.put_new(&key, made)
    }

    /// Makes the key after the old one, in PEM, and its certificate.
    pub(super) fn make_new(
        &self,
        old: &Key,
        issuer: Option<&Authority>,
    ) -> Result<(Zeroizing<String>, Made), StoreError> {
        let key = self.moment.next_key(&self.place.item.name, old);
        let key = key.map_err(|source| self.place.failed(source))?;
        let text = key.pem();
        Ok((text, self.issue(key, issuer)?))
    }

    /// Puts them in place of those that are there.
    pub(super) fn put_new(self, text: &str, made: Made) -> Result<Done, StoreError> {
        self.retire()?;
        let (key, certificate) = (&self.place.key, &self.place.certificate);
        files::replace(key, text.as_bytes(), KEY_MODE)
            .map_err(|source| self.place.unwritable(key, KEY, source))?;
        self.store.sync()?;
        let file = made.certificate_file();
        files::replace(certificate, file.as_bytes(), OPEN_MODE)
            .map_err(|source| self.place.unwritable(certificate, CERTIFICATE, source))?;
        Ok(self.done(made))
    }

    fn issue(&self, key: Key, issuer: Option<&Authority>) -> Result<Made, StoreError> {
        let made = self.place.item.issue(issuer, key, &self.moment);
        made.map_err(|source| self.place.failed(source))
    }

    /// Puts a new key in place. If another process was faster, its key is the one that counts.
    fn put_new_key(&mut self) -> Result<Key, StoreError> {
        let path = &self.place.key;
        let key = self.moment.new_key(&self.place.item.name);
        let key = key.map_err(|source| self.place.failed(source))?;
        let text = key.pem();
        let is_new = files::create(path, text.as_bytes(), KEY_MODE)
            .map_err(|source| self.place.unwritable(path, KEY, source))?;
        if is_new {
            // The key is on the disk before a certificate for it can be.
            self.store.sync()?;
            return Ok(key);
        }
        let bytes = self.place.read(path, KEY)?.unwrap_or_default();
        let key = self.place.read_key(bytes)?;
        self.verdict.action = Action::Completed;
        Ok(key)
    }

    fn put_certificate(&self, made: &Made) -> Result<bool, StoreError> {
        let path = &self.place.certificate;
        files::create(path, made.certificate_file().as_bytes(), OPEN_MODE)
            .map_err(|source| self.place.unwritable(path, CERTIFICATE, source))
    }

    /// Moves the certificate to `retired/NAME-20260801T120000Z.pem`, and puts the key that is about to be
    /// replaced beside it as `…-key.pem`.
    fn retire(&self) -> Result<(), StoreError> {
        let folder = self.store.dir.join(RETIRED);
        let stem = self.free_stem(&folder);
        let (path, to) = (&self.place.certificate, folder.join(format!("{stem}.pem")));
        files::make_private_dir(&folder)
            .and_then(|()| fs::rename(path, &to))
            .map_err(|source| self.cannot_retire(path, &to, CERTIFICATE, source))?;
        let (path, to) = (&self.place.key, folder.join(format!("{stem}-key.pem")));
        files::keep(path, &to, KEY_MODE)
            .and_then(|()| files::sync_dir(&folder))
            .map_err(|source| self.cannot_retire(path, &to, KEY, source))
    }

    /// A rename would replace what was retired in the same second.
    fn free_stem(&self, folder: &Path) -> String {
        let name = &self.place.item.name;
        let at = self.moment.now.strftime("%Y%m%dT%H%M%SZ");
        let stems = (1_u32..).map(|n| match n {
            1 => format!("{name}-{at}"),
            n => format!("{name}-{at}-{n}"),
        });
        let is_free = |stem: &String| {
            let taken = |end: &str| folder.join(format!("{stem}{end}")).exists();
            !taken(".pem") && !taken("-key.pem")
        };
        stems.into_iter().find(is_free).unwrap_or_default()
    }

    fn cannot_retire(
        &self,
        path: &Path,
        to: &Path,
        wanted: &'static str,
        source: io::Error,
    ) -> StoreError {
        StoreError::Retire {
            item: self.place.item.name.clone(),
            path: path.to_owned(),
            to: to.to_owned(),
            wanted,
            source,
        }
    }

    fn done(self, made: Made) -> Done {
        let not_after = made.not_after();
        let is_authority = self.place.item.is_authority();
        (self.entry(not_after), is_authority.then_some(made))
    }

    fn entry(self, not_after: Timestamp) -> Entry {
        Entry {
            name: self.place.item.name.clone(),
            action: self.verdict.action,
            reasons: self.verdict.reasons,
            path: self.place.certificate,
            not_after,
        }
    }
}

impl Made {
    /// What goes into the certificate file: an authority's own, or the chain of a leaf.
    fn certificate_file(&self) -> String {
        match self {
            Self::Authority(authority) => authority.certificate_pem(),
            Self::Leaf(issued) => issued.chain_pem(),
        }
    }

    fn not_after(&self) -> Timestamp {
        match self {
            Self::Authority(authority) => authority.not_after(),
            Self::Leaf(issued) => issued.not_after(),
        }
    }
}

impl Place<'_> {
    pub(super) fn read(
        &self,
        path: &Path,
        wanted: &'static str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        files::read(path).map_err(|source| StoreError::Read {
            item: self.item.name.clone(),
            path: path.to_owned(),
            wanted,
            source,
        })
    }

    fn failed(&self, source: IssueError) -> StoreError {
        StoreError::Issue {
            item: self.item.name.clone(),
            certificate: self.certificate.clone(),
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
