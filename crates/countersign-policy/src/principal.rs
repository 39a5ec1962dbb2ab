use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::permission::{checked, is_word};
use crate::{Denial, Permission, PermissionName, Permit, RoleName};

/// Our own name for a caller, and what the caller may do. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    facts: Arc<Facts>,
}

#[derive(Debug, PartialEq, Eq)]
struct Facts {
    name: PrincipalName,
    standing: Standing,
    roles: Vec<RoleName>,
    grants: BTreeMap<PermissionName, Grant>,
}

/// Whether a principal may call at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Enabled,
    Disabled,
    /// The last second at which it may.
    Until(Timestamp),
}

/// By what a principal holds a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// It is listed for the principal itself.
    Direct,
    /// By a role of the principal.
    Role(RoleName),
}

impl Principal {
    /// Our name for the caller.
    pub fn name(&self) -> &PrincipalName {
        &self.facts.name
    }

    /// The names of everything it may do.
    pub fn permissions(&self) -> impl Iterator<Item = &PermissionName> {
        self.facts.grants.keys()
    }

    /// Its roles, in the order of the policy.
    pub fn roles(&self) -> &[RoleName] {
        &self.facts.roles
    }

    /// The last second at which it may call, if the policy sets one.
    pub fn not_after(&self) -> Option<Timestamp> {
        match self.facts.standing {
            Standing::Until(not_after) => Some(not_after),
            Standing::Enabled | Standing::Disabled => None,
        }
    }

    /// By what it holds `permission`; `None` where it does not.
    pub fn grant(&self, permission: &str) -> Option<&Grant> {
        self.facts.grants.get(permission)
    }

    /// Asks for one permission. Allocates nothing where it is granted.
    ///
    /// # Errors
    ///
    /// [`Denial::PermissionMissing`]: the policy does not grant it.
    pub fn permit<P: Permission>(&self) -> Result<Permit<P>, Denial> {
        self.hold(checked::<P>())?;
        Ok(Permit::new(self.clone()))
    }

    /// Asks for one permission by name, for programs that learn the name at run time. What a handler
    /// takes as proof comes from [`permit`](Self::permit) alone.
    ///
    /// # Errors
    ///
    /// [`Denial::PermissionMissing`]: the policy does not grant it.
    pub fn hold(&self, permission: &str) -> Result<(), Denial> {
        if self.facts.grants.contains_key(permission) {
            return Ok(());
        }
        Err(Denial::PermissionMissing {
            principal: self.facts.name.clone(),
            permission: permission.to_owned(),
        })
    }

    /// Whether it may call at all at `now`.
    ///
    /// # Errors
    ///
    /// It is switched off, or its end has passed.
    pub fn stand(&self, now: Timestamp) -> Result<(), Denial> {
        let principal = || self.facts.name.clone();
        match self.facts.standing {
            Standing::Disabled => Err(Denial::PrincipalDisabled {
                principal: principal(),
            }),
            // In whole seconds, the last inclusive, as the end of a certificate is.
            Standing::Until(not_after) if now.as_second() > not_after.as_second() => {
                Err(Denial::PrincipalEnded {
                    principal: principal(),
                    not_after,
                })
            }
            Standing::Enabled | Standing::Until(_) => Ok(()),
        }
    }

    pub(crate) fn new(
        name: PrincipalName,
        standing: Standing,
        roles: Vec<RoleName>,
        grants: BTreeMap<PermissionName, Grant>,
    ) -> Self {
        Self {
            facts: Arc::new(Facts {
                name,
                standing,
                roles,
                grants,
            }),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("its own permissions"),
            Self::Role(role) => write!(f, "the role `{role}`"),
        }
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
        if is_word(text.as_bytes()) {
            return Ok(Self(text.into()));
        }
        Err("lower-case letters, digits and dashes, beginning with a letter")
    }
}
