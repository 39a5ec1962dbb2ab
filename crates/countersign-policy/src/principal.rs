use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::permission::is_word;
use crate::{Denial, Permission, PermissionName, Permit};

/// Our own name for a caller, and what the caller may do. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    facts: Arc<Facts>,
}

#[derive(Debug, PartialEq, Eq)]
struct Facts {
    name: PrincipalName,
    enabled: bool,
    permissions: BTreeSet<PermissionName>,
}

impl Principal {
    /// Our name for the caller.
    pub fn name(&self) -> &PrincipalName {
        &self.facts.name
    }

    /// The names of everything it may do.
    pub fn permissions(&self) -> impl Iterator<Item = &PermissionName> {
        self.facts.permissions.iter()
    }

    /// Asks for one permission.
    ///
    /// # Errors
    ///
    /// [`Denial::PermissionMissing`]: the policy does not grant it.
    pub fn permit<P: Permission>(&self) -> Result<Permit<P>, Denial> {
        if self.facts.permissions.contains(P::NAME) {
            return Ok(Permit::new(self.clone()));
        }
        Err(Denial::PermissionMissing {
            principal: self.facts.name.clone(),
            permission: P::NAME,
        })
    }

    pub(crate) fn new(
        name: PrincipalName,
        enabled: bool,
        permissions: BTreeSet<PermissionName>,
    ) -> Self {
        Self {
            facts: Arc::new(Facts {
                name,
                enabled,
                permissions,
            }),
        }
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.facts.enabled
    }
}

/// The name of a principal: lower-case letters, digits and dashes, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PrincipalName(Arc<str>);

impl PrincipalName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PrincipalName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_word(text) {
            return Ok(Self(text.into()));
        }
        Err("lower-case letters, digits and dashes, beginning with a letter")
    }
}
