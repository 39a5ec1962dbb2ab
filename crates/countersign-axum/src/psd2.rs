use countersign_identity::{Psd2, Psd2Role};
use http::request::Parts;

use crate::{Caller, Check, Checking, Code, Fault};

/// Asks the certificate of the caller for a PSD2 role (ETSI TS 119 495): it must be one for TLS, with a
/// well-formed statement that has the role.
///
/// What the policy permits comes first, as for every [`Check`]: a role in a certificate makes nobody known.
///
/// ```
/// use countersign_axum::routing::post;
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

impl Psd2Check {
    fn require(self, caller: &Caller) -> Result<(), Fault> {
        let certificate = caller.certificate().ok_or_else(|| {
            let detail = "a gateway forwarded a name, and no certificate that could have a role";
            Fault::new(Code::Psd2RoleMissing, detail)
        })?;
        Ok(Psd2::of_tls(certificate)?.require(self.role)?)
    }
}

impl Check for Psd2Check {
    fn check<'a>(&'a self, caller: &'a Caller, _: &'a mut Parts) -> Checking<'a> {
        Box::pin(std::future::ready(self.require(caller)))
    }
}
