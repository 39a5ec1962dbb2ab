use std::fmt;
use std::marker::PhantomData;

use crate::{Permission, Principal};

/// The proof that a principal holds the permission `P`.
///
/// Only [`Principal::permit`] makes one, so whoever takes it as an argument need not check again.
///
/// ```compile_fail
/// use countersign_policy::{Permission, Permit, Principal};
///
/// fn forge<P: Permission>(principal: Principal) -> Permit<P> {
///     Permit { principal, permission: std::marker::PhantomData }
/// }
/// ```
pub struct Permit<P> {
    principal: Principal,
    permission: PhantomData<fn() -> P>,
}

impl<P: Permission> Permit<P> {
    /// Who holds it.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(crate) fn new(principal: Principal) -> Self {
        Self {
            principal,
            permission: PhantomData,
        }
    }
}

impl<P: Permission> fmt::Debug for Permit<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("principal", self.principal.name())
            .field("permission", &P::NAME)
            .finish()
    }
}
