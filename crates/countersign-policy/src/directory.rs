use std::collections::HashMap;

use countersign_identity::Identity;

use crate::{Denial, PolicyError, Principal, document};

/// The identities that we know, and who they are to us.
///
/// The empty directory knows nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    principals: HashMap<Identity, Principal>,
}

impl Directory {
    /// Reads a policy document, `version = 1`.
    ///
    /// # Errors
    ///
    /// It is not TOML, has an unknown key or a malformed value, names a role that it does not
    /// define, or binds one identity to two principals. The error says where.
    pub fn from_toml(policy: &str) -> Result<Self, PolicyError> {
        document::read(policy)
    }

    /// The principal whose identity this is.
    ///
    /// # Errors
    ///
    /// Nobody has it, or its principal is disabled.
    pub fn lookup(&self, identity: &Identity) -> Result<&Principal, Denial> {
        let principal = self
            .principals
            .get(identity)
            .ok_or_else(|| Denial::PrincipalUnknown {
                identity: identity.clone(),
            })?;
        if !principal.is_enabled() {
            return Err(Denial::PrincipalDisabled {
                principal: principal.name().clone(),
            });
        }
        Ok(principal)
    }

    /// Binds `identity` to `principal`, or answers who has it already.
    pub(crate) fn bind(&mut self, identity: Identity, principal: Principal) -> Option<&Principal> {
        use std::collections::hash_map::Entry;

        match self.principals.entry(identity) {
            Entry::Occupied(taken) => Some(taken.into_mut()),
            Entry::Vacant(free) => {
                free.insert(principal);
                None
            }
        }
    }
}
