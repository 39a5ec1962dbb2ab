//! Where are they all? A [`Pki`]: the authorities and certificates of a plan, by name, in memory.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::authority::Authority;
use crate::error::IssueError;
use crate::issued::Issued;
use crate::manifest::Manifest;
use crate::plan::{Item, Made, Plan};

/// A whole PKI in memory, made in milliseconds by [`Plan::issue`].
///
/// ```
/// use countersign_pki::Pki;
///
/// let pki = Pki::dev("2026-08-01T12:00:00Z".parse()?)?;
/// assert_eq!(pki.authority("root")?.name(), "Countersign Dev Root TEST ONLY");
/// assert_eq!(pki.issued("billing")?.chain_der().len(), 2);
/// assert!(pki.issued("nobody").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Pki {
    authorities: BTreeMap<String, Authority>,
    issued: BTreeMap<String, Issued>,
}

impl Pki {
    /// The dev PKI of [`DEV_MANIFEST`](crate::DEV_MANIFEST), with new keys.
    ///
    /// # Errors
    /// As [`Plan::issue`].
    pub fn dev(now: Timestamp) -> Result<Self, IssueError> {
        let manifest =
            Manifest::parse(crate::DEV_MANIFEST).map_err(|source| IssueError::Manifest {
                source: Box::new(source),
            })?;
        Plan::new(&manifest, now).issue()
    }

    /// The authority of that name.
    ///
    /// # Errors
    /// [`IssueError::UnknownItem`], with the names that there are.
    pub fn authority(&self, name: &str) -> Result<&Authority, IssueError> {
        self.authorities
            .get(name)
            .ok_or_else(|| unknown("authority", name, &self.authorities))
    }

    /// The certificate of that name.
    ///
    /// # Errors
    /// [`IssueError::UnknownItem`], with the names that there are.
    pub fn issued(&self, name: &str) -> Result<&Issued, IssueError> {
        self.issued
            .get(name)
            .ok_or_else(|| unknown("certificate", name, &self.issued))
    }

    /// The authority that issues the item; none for a root.
    pub(crate) fn issuer_of(&self, item: &Item) -> Result<Option<&Authority>, IssueError> {
        item.issuer
            .as_deref()
            .map(|name| self.authority(name))
            .transpose()
    }

    pub(crate) fn extend(&mut self, name: &str, made: Option<Made>) {
        match made {
            None => {}
            Some(Made::Authority(authority)) => {
                self.authorities.insert(name.to_owned(), authority);
            }
            Some(Made::Leaf(issued)) => {
                self.issued.insert(name.to_owned(), issued);
            }
        }
    }
}

fn unknown<T>(wanted: &'static str, name: &str, there: &BTreeMap<String, T>) -> IssueError {
    let known: Vec<&str> = there.keys().map(String::as_str).collect();
    IssueError::UnknownItem {
        wanted,
        name: name.to_owned(),
        known: known.join(", "),
    }
}
