use std::collections::{BTreeMap, HashMap};

use countersign_identity::Identity;
use jiff::Timestamp;

use crate::document::{self, Granted};
use crate::{Denial, PermissionName, PolicyError, PolicyWarning, Position, Principal, RoleName};

/// The identities that we know, and who they are to us.
///
/// The empty directory knows nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    bindings: HashMap<Identity, Binding>,
    pub(crate) granted: Granted,
    warnings: Vec<PolicyWarning>,
}

/// One identity of a principal, and where the policy says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) principal: Principal,
    pub(crate) position: Position,
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

    /// The principal whose identity this is, if it may call at `now`. One hash lookup; allocates
    /// nothing where somebody is found.
    ///
    /// # Errors
    ///
    /// Nobody has it, or its principal is disabled, or was good until a time that has passed.
    pub fn lookup(&self, identity: &Identity, now: Timestamp) -> Result<&Principal, Denial> {
        let binding = self.bindings.get(identity);
        let Some(Binding { principal, .. }) = binding else {
            return Err(Denial::PrincipalUnknown {
                identity: identity.clone(),
            });
        };
        principal.stand(now)?;
        Ok(principal)
    }

    /// The principal whose identity this is, whether it may call or not: [`Principal::stand`] tells.
    ///
    /// [`lookup`](Self::lookup) in two steps, for who asks of one identity again and again.
    pub fn find(&self, identity: &Identity) -> Option<&Principal> {
        let binding = self.bindings.get(identity);
        binding.map(|binding| &binding.principal)
    }

    /// Whether a principal has this identity, disabled or not.
    pub fn knows(&self, identity: &Identity) -> bool {
        self.bindings.contains_key(identity)
    }

    /// What is allowed and yet looks wrong, in the order of the document. Nothing of it locks an
    /// operator out.
    pub fn warnings(&self) -> &[PolicyWarning] {
        &self.warnings
    }

    /// The roles, and what each grants.
    pub fn roles(
        &self,
    ) -> impl Iterator<Item = (&RoleName, impl Iterator<Item = &PermissionName>)> {
        let roles = self.granted.roles.iter();
        roles.map(|(role, permissions)| (role, permissions.iter()))
    }

    /// The identities that principals have, in no order.
    pub fn identities(&self) -> impl Iterator<Item = (&Identity, &Principal)> {
        let bindings = self.bindings.iter();
        bindings.map(|(identity, binding)| (identity, &binding.principal))
    }

    pub(crate) fn new(
        bindings: HashMap<Identity, Binding>,
        granted: Granted,
        warnings: Vec<PolicyWarning>,
    ) -> Self {
        Self {
            bindings,
            granted,
            warnings,
        }
    }

    pub(crate) fn binding(&self, identity: &Identity) -> Option<&Binding> {
        self.bindings.get(identity)
    }

    pub(crate) fn bindings(&self) -> impl Iterator<Item = (&Identity, &Binding)> {
        self.bindings.iter()
    }

    /// Where each permission is granted for the first time.
    pub(crate) fn granted_at(&self) -> &BTreeMap<PermissionName, Position> {
        &self.granted.permissions
    }
}
