//! How does an authority change its key without anybody being refused?
//!
//! The new authority is put in place with everything that leads from the old to the new and back; what
//! the old one has signed stays as it is, and is signed anew by the next run that applies a plan.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use super::lists::authority;
use super::settle::Work;
use super::{Store, settle};
use crate::authority::Authority;
use crate::crossed::links;
use crate::decide::decide;
use crate::error::{IssueError, StoreError};
use crate::facts::Facts;
use crate::files::{self, OPEN_MODE};
use crate::pem;
use crate::plan::{Item, Made, Plan, Renewal};
use crate::survey::CERTIFICATE;
use crate::usage::BasicConstraints;
use crate::validity::Lifetime;

/// The folder, in the store's, of what others need when an authority has changed.
pub(super) const ROTATED: &str = "rotated";

/// What came of a change of an authority's key: what to give to whom.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rotation {
    /// The authorities to trust until now: the old one alone.
    pub before: PathBuf,
    /// The authorities to trust for a while: the old one and the new one.
    pub during: PathBuf,
    /// The authorities to trust in the end: the new one alone.
    pub after: PathBuf,
    /// The cross-certificates, if it is a root. Below a root nobody needs any: the same issuer vouches
    /// for both.
    pub crossed: Option<Crossed>,
}

/// The cross-certificates between an old root and a new one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Crossed {
    /// For the new root by the old one, which what the new one signs is sent with, for those who trust
    /// the old one alone; remove it when nobody does.
    pub new_by_old: PathBuf,
    /// For the old root by the new one: sent after what the old one signed, for those who trust the new
    /// one alone.
    pub old_by_new: PathBuf,
}

impl Store {
    /// Gives an authority a new key and a certificate of the same name. The old ones are moved to
    /// `retired`; what was signed with the old key is left for [`Store::apply`].
    ///
    /// What others need is written first, so that a run that is killed changes nothing that counts.
    ///
    /// # Errors
    /// [`StoreError`], as [`Store::apply`] and [`Store::authority`].
    pub fn rotate(&self, plan: &Plan, name: &str) -> Result<Rotation, StoreError> {
        let (old, item) = (self.authority(plan, name)?, authority(plan, name)?);
        let issuer = item.issuer.as_deref();
        let issuer = issuer.map(|name| self.authority(plan, name)).transpose()?;
        let work = self.work_of(plan, item)?;
        let (key, made) = work.make_new(old.key(), issuer.as_ref())?;
        let Made::Authority(new) = &made else {
            return Err(self.not_there(name));
        };
        let mut rotation = self.bundles(name, &old, new)?;
        if issuer.is_none() {
            rotation.crossed = Some(self.cross(plan, name, &old, new)?);
        }
        work.put_new(&key, made)?;
        self.sync()?;
        Ok(rotation)
    }

    /// The file with the certificates that lead from a root in place to those before it.
    pub fn cross_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.cross.pem"))
    }

    fn work_of<'a>(&'a self, plan: &Plan, item: &'a Item) -> Result<Work<'a>, StoreError> {
        let name = item.name.as_str();
        let renewing = plan.clone().renewing(name, Renewal::RotateKey);
        let plan = renewing.map_err(|source| self.not_rotated(name, source))?;
        let verdict = decide(&plan, &self.survey(&plan)?).remove(name);
        let verdict = verdict.ok_or_else(|| self.not_there(name))?;
        Ok(Work::new(
            self,
            self.place(item),
            verdict,
            plan.moment().clone(),
        ))
    }

    fn bundles(
        &self,
        name: &str,
        old: &Authority,
        new: &Authority,
    ) -> Result<Rotation, StoreError> {
        let folder = self.dir.join(ROTATED).join(name);
        files::make_private_dir(&folder).map_err(|source| self.unusable(source))?;
        let (old, new) = (old.certificate_pem(), new.certificate_pem());
        let put = |file: &str, text: &str| self.put_file(name, folder.join(file), text);
        Ok(Rotation {
            before: put("bundle-before.pem", &old)?,
            // The older first: OpenSSL takes the first of one name that fits.
            during: put("bundle-during.pem", &format!("{old}{new}"))?,
            after: put("bundle-after.pem", &new)?,
            crossed: None,
        })
    }

    fn cross(
        &self,
        plan: &Plan,
        name: &str,
        old: &Authority,
        new: &Authority,
    ) -> Result<Crossed, StoreError> {
        let sign = |by: &Authority, whom: &Authority| {
            // For as long as who signs it lives. Without a path length: rustls counts a further
            // authority of the same name, against RFC 5280, 6.1.4 (l).
            let request = by.cross_request(whom, plan.now()).lasting(Lifetime::ROOT);
            let request = request.basic_constraints(BasicConstraints::Authority);
            let made = plan.moment().seeded(request, &format!("{name} crossed"));
            let made = made.issue_authority();
            made.map(|made| made.certificate_pem())
                .map_err(|source| self.not_rotated(name, source))
        };
        let (new_by_old, old_by_new) = (sign(old, new)?, sign(new, old)?);
        // Who trusts a still older root follows those that are there already.
        let path = self.cross_path(name);
        let before = files::read(&path).map_err(|source| self.unusable(source))?;
        let before = String::from_utf8(before.unwrap_or_default()).unwrap_or_default();
        let back = self.dir.join(ROTATED).join(name).join("old-by-new.pem");
        Ok(Crossed {
            old_by_new: self.put_file(name, back, &old_by_new)?,
            new_by_old: self.put_file(name, path, &format!("{new_by_old}{before}"))?,
        })
    }

    /// The certificates in the cross file of each root, by name.
    pub(super) fn cross_files(
        &self,
        plan: &Plan,
    ) -> Result<BTreeMap<String, Vec<Vec<u8>>>, StoreError> {
        let mut found = BTreeMap::new();
        for item in plan.items().iter().filter(|item| item.issuer.is_none()) {
            let certificates = self.cross_file(item)?;
            found.extend(certificates.map(|all| (item.name.clone(), all)));
        }
        Ok(found)
    }

    /// The certificates that lead from a root that was just made to older ones: its key was there
    /// already, put there by a rotation that was killed.
    pub(super) fn links_of(
        &self,
        item: &Item,
        root: &Authority,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let file = self.cross_file(item)?.unwrap_or_default();
        let facts = Facts::read(root.certificate_der());
        Ok(facts.map_or_else(Vec::new, |facts| links(&facts, file, now)))
    }

    fn cross_file(&self, item: &Item) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let path = self.cross_path(&item.name);
        let Some(bytes) = self.place(item).read(&path, CERTIFICATE)? else {
            return Ok(None);
        };
        let certificates = pem::certificates(&bytes).ok_or_else(|| StoreError::Garbage {
            item: item.name.clone(),
            path,
            wanted: settle::CROSSED,
        })?;
        Ok(Some(certificates))
    }

    fn put_file(&self, name: &str, path: PathBuf, text: &str) -> Result<PathBuf, StoreError> {
        let put = files::replace(&path, text.as_bytes(), OPEN_MODE);
        match put {
            Ok(()) => Ok(path),
            Err(source) => Err(StoreError::Write {
                item: name.to_owned(),
                path,
                wanted: settle::CROSSED,
                source,
            }),
        }
    }

    fn not_there(&self, name: &str) -> StoreError {
        let reason = "it is not in place as an authority's";
        self.not_rotated(name, IssueError::Unreadable { reason })
    }

    fn not_rotated(&self, name: &str, source: IssueError) -> StoreError {
        StoreError::Issue {
            item: name.to_owned(),
            certificate: self.certificate_path(name),
            source: Box::new(source),
        }
    }
}
