use std::sync::Arc;

use countersign_identity::{Certificate, CertificateError, Identity, IdentityError};
use jiff::Timestamp;

use crate::trust::Trust;

/// That a trust vouches for a chain, and whose it is. It holds for a while.
#[derive(Debug)]
pub(crate) struct Verdict {
    since: Timestamp,
    until: Timestamp,
    holder: Result<Holder, CertificateError>,
}

/// Who holds a certificate.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) identity: Result<Identity, IdentityError>,
}

impl Verdict {
    /// `first` vouches for `certificate`, and `second` too, if there is one: from `now` until `until`.
    pub(crate) fn new(
        certificate: Result<Arc<Certificate>, CertificateError>,
        first: &Trust,
        second: Option<&Trust>,
        now: Timestamp,
        until: Timestamp,
    ) -> Self {
        let holder = certificate.map(|certificate| Holder {
            identity: identify(&certificate, first, second),
            certificate,
        });
        Self {
            since: now,
            until,
            holder,
        }
    }

    /// Before it was given, and after the end, the question must be asked anew. In whole seconds, of
    /// which the last is inclusive.
    pub(crate) fn holds_at(&self, now: Timestamp) -> bool {
        let range = self.since.as_second()..=self.until.as_second();
        range.contains(&now.as_second())
    }

    pub(crate) fn until(&self) -> Timestamp {
        self.until
    }

    pub(crate) fn holder(&self) -> Result<&Holder, &CertificateError> {
        self.holder.as_ref()
    }
}

fn identify(
    certificate: &Certificate,
    first: &Trust,
    second: Option<&Trust>,
) -> Result<Identity, IdentityError> {
    match second {
        Some(second) => Err(IdentityError::AmbiguousTrust {
            first: first.name().clone(),
            second: second.name().clone(),
        }),
        None => first.identify(certificate),
    }
}
