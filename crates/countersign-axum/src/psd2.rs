use countersign_identity::{Psd2, Psd2Role};
use http::request::Parts;

use crate::{Caller, Check, Checking, Fault};

/// Asks the certificate of the caller for a PSD2 role (ETSI TS 119 495): it must be one for TLS, with a
/// well-formed statement that has the role.
///
/// What the policy permits comes first, as for every [`Check`]: a role in a certificate makes nobody known.
///
/// ```
/// use axum::routing::post;
/// use countersign_axum::{Api, Live, Permission, Psd2Check, Psd2Role};
///
/// struct InitiatePayments;
/// impl Permission for InitiatePayments {
///     const NAME: &'static str = "payments:initiate";
/// }
///
/// fn payments(live: Live) -> Api {
///     Api::new(live)
///         .check(Psd2Check::new(Psd2Role::PaymentInitiation))
///         .guarded::<InitiatePayments>("/v1/payments", post(|| async { "initiated" }))
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Psd2Check {
    role: Psd2Role,
}

impl Psd2Check {
    /// Asks for `role`.
    pub fn new(role: Psd2Role) -> Self {
        Self { role }
    }
}

impl Check for Psd2Check {
    fn check<'a>(&'a self, caller: &'a Caller, _: &'a mut Parts) -> Checking<'a> {
        let psd2 = Psd2::of_tls(caller.certificate());
        let checked = psd2.and_then(|psd2| psd2.require(self.role));
        Box::pin(std::future::ready(checked.map_err(Fault::from)))
    }
}
