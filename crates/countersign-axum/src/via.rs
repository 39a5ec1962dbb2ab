use std::sync::Arc;

use countersign_identity::{Certificate, Identity};
use countersign_policy::Principal;
use http::{HeaderName, HeaderValue};

/// The gateway by which a caller came: it shook hands with us, and says for whom it asks.
#[derive(Clone, Debug)]
pub struct Via {
    pub(crate) principal: Principal,
    pub(crate) identity: Identity,
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) headers: Vec<HeaderName>,
}

impl Via {
    /// Our own name for the gateway.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The trust that vouched for the gateway, and the name in its certificate.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The gateway's own certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The headers in which it said who the caller is.
    pub fn headers(&self) -> &[HeaderName] {
        &self.headers
    }

    /// For `Vary`: another client, another answer (RFC 9440, section 2.4).
    pub(crate) fn vary(&self) -> Option<HeaderValue> {
        let names: Vec<_> = self.headers.iter().map(HeaderName::as_str).collect();
        HeaderValue::try_from(names.join(", ")).ok()
    }
}
