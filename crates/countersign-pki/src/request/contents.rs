//! From what was asked for to what is signed.

use super::{Choice, Entry, Request};
use crate::error::IssueError;
use crate::extension::{self, Extension};
use crate::issued::Certified;
use crate::key::Key;
use crate::sign::{key_id, serial, sign};
use crate::tbs::Tbs;
use crate::usage::{KeyUsage, Usage};
use crate::validity::Validity;

impl Request<'_> {
    pub(super) fn choose_key(&self) -> Result<Key, IssueError> {
        match (&self.key, &self.seed) {
            (Choice::Given(key), _) => Ok(key.clone()),
            (Choice::New(kind), Some((seed, name))) => seed.key(name, *kind),
            (Choice::New(kind), None) => Key::generate(*kind),
        }
    }

    /// The validity that was asked for, limited by the issuer's unless it was chosen.
    pub(super) fn limited(&self) -> Result<Validity, IssueError> {
        match self.issuer {
            Some(issuer) if !self.validity_is_chosen => issuer.limit(self.validity, self.now),
            _ => Ok(self.validity),
        }
    }

    /// Signs it for this public key. The private one is there unless a signing request brought it.
    pub(super) fn certify(
        &self,
        public_key: &[u8],
        key: Option<&Key>,
    ) -> Result<Certified, IssueError> {
        let validity = self.limited()?;
        let tbs = self.contents(validity, public_key)?;
        self.check_determinism(key)?;
        let leaf = sign(tbs, self.issuer, key)?;
        let above = self.issuer.map(|issuer| issuer.chain());
        Ok(Certified::new(
            leaf,
            above.unwrap_or_default(),
            validity.until,
        ))
    }

    /// What comes from a seed is to come out the same each time.
    fn check_determinism(&self, key: Option<&Key>) -> Result<(), IssueError> {
        let signer = self.issuer.map(|issuer| issuer.key()).or(key);
        let repeats = signer.is_some_and(Key::is_deterministic);
        if self.seed.is_some() && !repeats {
            let name = self.issuer.map(|issuer| issuer.name()).unwrap_or("self");
            let issuer = name.to_owned();
            return Err(IssueError::NotDeterministic { issuer });
        }
        Ok(())
    }

    fn contents(&self, validity: Validity, public_key: &[u8]) -> Result<Tbs, IssueError> {
        self.subject.check()?;
        let seeded = self.seed.as_ref().map(|(seed, name)| seed.serial(name));
        let chosen = self.serial.clone().or(seeded.transpose()?);
        let subject = match self.holder {
            Some(holder) => holder.subject().to_vec(),
            None => self.subject.to_der(),
        };
        let usual = self.usual_extensions(public_key)?.into_iter();
        let usual = usual.filter(|e| !self.left_out.iter().any(|oid| oid == e.oid()));
        let usual: Vec<Extension> = usual.collect();
        let all = usual.iter().chain(&self.extensions);
        let extensions = all.map(Extension::to_der).collect::<Result<_, _>>()?;
        let serial = chosen.unwrap_or_else(serial);
        Tbs::new(&serial, validity, subject, public_key, extensions)
    }

    /// The extensions that every certificate of ours has, as far as they say something.
    fn usual_extensions(&self, public_key: &[u8]) -> Result<Vec<Extension>, IssueError> {
        let mut list = Vec::new();
        // A self-signed one names no other key (RFC 5280, 4.2.1.1).
        list.extend(self.issuer.map(|i| Extension::authority_key_id(i.key_id())));
        list.extend(self.alternative_names()?);
        if !self.key_usage.is_empty() {
            let flags = KeyUsage::flags(&self.key_usage);
            list.push(Extension::new(extension::KEY_USAGE, flags).critical());
        }
        if !self.usage.is_empty() {
            let purposes = Usage::list(&self.usage)?;
            list.push(Extension::new(extension::EXTENDED_KEY_USAGE, purposes));
        }
        let id = match self.holder {
            Some(holder) => holder.key_id().to_vec(),
            None => key_id(public_key),
        };
        list.push(Extension::subject_key_id(&id));
        if let Some(constraints) = self.basic_constraints.to_der() {
            list.push(Extension::new(extension::BASIC_CONSTRAINTS, constraints).critical());
        }
        Ok(list)
    }

    fn alternative_names(&self) -> Result<Option<Extension>, IssueError> {
        if self.names.is_empty() {
            return Ok(None);
        }
        let names = self.names.iter().map(Entry::to_der);
        let names = crate::der::sequence(names.collect::<Result<Vec<_>, _>>()?);
        let extension = Extension::new(extension::SUBJECT_ALT_NAME, names);
        // Critical where they are all that names the holder (RFC 5280, 4.2.1.6).
        let alone = self.subject.is_empty() && self.holder.is_none();
        Ok(Some(match alone {
            true => extension.critical(),
            false => extension,
        }))
    }
}

impl Entry {
    fn to_der(&self) -> Result<Vec<u8>, IssueError> {
        match self {
            Self::Name(name) => name.to_der(),
            Self::Raw(tag, bytes) => Ok(crate::der::value(*tag, bytes)),
        }
    }
}
