use std::collections::BTreeSet;

use countersign_identity::{Identity, Scheme, TrustName};
use thiserror::Error;

use crate::{Directory, PermissionName, Position, Principal, PrincipalName};

/// What a policy may say, and yet will surprise somebody.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyWarning {
    /// A principal is known by the commonName of its certificates.
    #[error(
        "{position}: `{principal}` is known by a commonName, which is unchecked text: use a name of another kind"
    )]
    CommonName {
        /// Where.
        position: Position,
        /// Who.
        principal: PrincipalName,
    },
    /// No route asks for a permission that the policy grants.
    #[error("{position}: no route asks for `{permission}`")]
    PermissionUnused {
        /// Where it is granted for the first time.
        position: Position,
        /// The permission.
        permission: PermissionName,
    },
    /// A route asks for a permission that the policy grants to nobody: nobody gets in there.
    #[error("a route asks for `{permission}`, and nothing grants it")]
    PermissionUngranted {
        /// The permission.
        permission: PermissionName,
    },
    /// A principal has no identity, so that nobody can be it.
    #[error("{position}: `{principal}` has no identity: nobody can be it")]
    PrincipalWithoutIdentity {
        /// Where.
        position: Position,
        /// Who.
        principal: PrincipalName,
    },
    /// No principal has a role.
    #[error("{position}: nobody has the role `{role}`")]
    RoleUnheld {
        /// Where it is defined.
        position: Position,
        /// The role.
        role: String,
    },
    /// A principal is known by one certificate, and not by a name that survives a renewal.
    #[error(
        "{position}: `{principal}` is known by the thumbprint of one certificate, and a renewal will lock it out: use the name in the certificate, or the pin of its key"
    )]
    Thumbprint {
        /// Where.
        position: Position,
        /// Who.
        principal: PrincipalName,
    },
    /// An identity is bound to a trust that there is not.
    #[error(
        "{position}: there is no trust `{}`: nobody can have the identity `{identity}`",
        identity.trust()
    )]
    TrustUnknown {
        /// Where.
        position: Position,
        /// The identity.
        identity: Identity,
    },
}

impl PolicyWarning {
    /// Where in the policy; `None` of what is not in it.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::PermissionUngranted { .. } => None,
            Self::CommonName { position, .. }
            | Self::PermissionUnused { position, .. }
            | Self::PrincipalWithoutIdentity { position, .. }
            | Self::RoleUnheld { position, .. }
            | Self::Thumbprint { position, .. }
            | Self::TrustUnknown { position, .. } => Some(*position),
        }
    }
}

impl Directory {
    /// Compares what is granted with what routes ask for.
    ///
    /// ```
    /// use countersign_policy::Directory;
    ///
    /// let policy = Directory::from_toml(
    ///     r#"
    /// version = 1
    /// [principals.billing]
    /// permissions = ["ledger:read"]
    /// identities = [{ trust = "clients", name = "spiffe://a.example/billing" }]
    /// "#,
    /// )?;
    /// let warnings = policy.check_routes(["ledger:write".parse()?]);
    /// let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    /// assert_eq!(
    ///     warnings,
    ///     [
    ///         "a route asks for `ledger:write`, and nothing grants it",
    ///         "line 4, column 16: no route asks for `ledger:read`",
    ///     ]
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_routes(
        &self,
        asked: impl IntoIterator<Item = PermissionName>,
    ) -> Vec<PolicyWarning> {
        let asked: BTreeSet<_> = asked.into_iter().collect();
        let granted = self.granted_at();
        let ungranted = asked.iter().filter(|name| !granted.contains_key(*name));
        let ungranted = ungranted.map(|name| PolicyWarning::PermissionUngranted {
            permission: name.clone(),
        });
        let unused = granted.iter().filter(|(name, _)| !asked.contains(*name));
        let unused = unused.map(|(name, position)| PolicyWarning::PermissionUnused {
            position: *position,
            permission: name.clone(),
        });
        in_order(ungranted.chain(unused))
    }

    /// Looks for identities under trusts that there are not.
    pub fn check_trusts<'a>(
        &self,
        trusts: impl IntoIterator<Item = &'a TrustName>,
    ) -> Vec<PolicyWarning> {
        let trusts: BTreeSet<_> = trusts.into_iter().collect();
        let bindings = self.bindings();
        let unknown = bindings.filter(|(identity, _)| !trusts.contains(identity.trust()));
        in_order(
            unknown.map(|(identity, binding)| PolicyWarning::TrustUnknown {
                position: binding.position,
                identity: identity.clone(),
            }),
        )
    }
}

/// What is fragile about the kind of name by which a principal is known.
pub(crate) fn fragile(
    identity: &Identity,
    principal: &Principal,
    position: Position,
) -> Option<PolicyWarning> {
    let principal = principal.name().clone();
    match identity.name().scheme() {
        Scheme::CommonName => Some(PolicyWarning::CommonName {
            position,
            principal,
        }),
        Scheme::Thumbprint => Some(PolicyWarning::Thumbprint {
            position,
            principal,
        }),
        _ => None,
    }
}

fn in_order(warnings: impl Iterator<Item = PolicyWarning>) -> Vec<PolicyWarning> {
    let mut warnings: Vec<_> = warnings.collect();
    warnings.sort_by_key(PolicyWarning::position);
    warnings
}
