use std::pin::Pin;

use http::request::Parts;

use crate::{Caller, Fault};

/// A further question to a request that the policy allows.
///
/// It may look at the request and leave something in its extensions for the handler. What it
/// refuses is a denial like any other: one problem document, one audit event. It is asked anew for
/// every request.
///
/// A function `Fn(&Caller, &Parts) -> Result<(), Fault>` is one. Another, for what has to wait:
///
/// ```
/// use countersign_axum::{Caller, Check, Checking, Code, Fault};
/// use http::request::Parts;
///
/// #[derive(Debug)]
/// struct OfficeHours;
///
/// impl Check for OfficeHours {
///     fn check<'a>(&'a self, _: &'a Caller, _: &'a mut Parts) -> Checking<'a> {
///         Box::pin(async {
///             tokio::task::yield_now().await;
///             Err(Fault::new(Code::PermissionMissing, "come back tomorrow"))
///         })
///     }
/// }
/// ```
pub trait Check: Send + Sync + 'static {
    /// Lets the request of `caller` pass, or says why not.
    fn check<'a>(&'a self, caller: &'a Caller, request: &'a mut Parts) -> Checking<'a>;
}

/// The answer of a [`Check`], once it is there.
pub type Checking<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

impl<F> Check for F
where
    F: Fn(&Caller, &Parts) -> Result<(), Fault> + Send + Sync + 'static,
{
    fn check<'a>(&'a self, caller: &'a Caller, request: &'a mut Parts) -> Checking<'a> {
        Box::pin(std::future::ready(self(caller, request)))
    }
}

impl std::fmt::Debug for dyn Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Check")
    }
}
