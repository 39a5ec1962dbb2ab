use std::sync::Arc;

use countersign_tls::{Credential, SystemClock};

use crate::classify::{Caller, kind_of};
use crate::confirm::{ConfirmLayer, LEAST};
use crate::rules::{Demand, Rules};
use crate::settings::kept_within;
use crate::tls::TlsParts;
use crate::{BuildError, HttpVersion, Kind, ServerTrust};

/// For those who keep their own client of reqwest: its TLS, with our credential, trust and errors.
///
/// ```
/// use countersign_client::{ClientBuilderExt, ServerTrust};
/// # let now = jiff::Timestamp::from_second(1_790_000_000)?;
/// # let ca = countersign_pki::Authority::root("Dev CA", now)?.certificate_pem();
///
/// let trust = ServerTrust::pinned_ca_pem(ca.as_bytes())?;
/// let http = reqwest::Client::builder()
///     .user_agent("billing/1.4")
///     .present_credential(None, &trust)?
///     .build()?;
/// # let _ = http;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ClientBuilderExt: Sized {
    /// Presents the credential, believes the trust and no other server, and refuses plain HTTP and
    /// redirects to other origins. It uses no proxy; one that is set afterwards, and that is spoken to
    /// over TLS, would be presented the credential.
    ///
    /// The credential never changes: see [`Client`](crate::Client) for one that does.
    ///
    /// # Errors
    ///
    /// rustls does not accept the trust.
    fn present_credential(
        self,
        credential: Option<&Credential>,
        trust: &ServerTrust,
    ) -> Result<Self, BuildError>;
}

impl ClientBuilderExt for reqwest::ClientBuilder {
    fn present_credential(
        self,
        credential: Option<&Credential>,
        trust: &ServerTrust,
    ) -> Result<Self, BuildError> {
        let clock = Arc::new(SystemClock);
        let rules = Rules::new(None, Demand::Nobody);
        let caller = Arc::new(Caller::new(credential, clock.clone(), rules));
        let tls = TlsParts {
            credential: credential.cloned(),
            trust,
            clock,
            version: None,
            http: HttpVersion::Any,
        };
        let layer = ConfirmLayer {
            least: LEAST,
            caller,
        };
        let builder = self.connector_layer(layer).no_proxy();
        Ok(kept_within(builder).tls_backend_preconfigured(tls.into_config()?))
    }
}

/// What an error of such a client means.
pub trait ReqwestErrorExt {
    /// What went wrong, if it went wrong before a request was sent, on a connection of a client that
    /// was built with [`ClientBuilderExt`] or is [ours](crate::Client::to_reqwest).
    fn countersign_kind(&self) -> Option<Kind>;
}

impl ReqwestErrorExt for reqwest::Error {
    fn countersign_kind(&self) -> Option<Kind> {
        kind_of(self)
    }
}
