use countersign_identity::is_identity_header;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{Dialect, Live};

/// The headers of a request in which somebody says who the client is, taken away from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Claims {
    /// Takes every one, in whatever dialect and however it is spelt.
    pub(crate) fn take(headers: &mut HeaderMap, live: &Live) -> Self {
        // Most gateways use headers that everybody knows: then there is no need to look.
        let snapshot = live.has_own_headers().then(|| live.load());
        let is_read = |name: &HeaderName| {
            let forwarding = snapshot.as_ref().map(|snapshot| snapshot.forwarding());
            forwarding.is_some_and(|forwarding| forwarding.reads(name))
        };
        let is_claim = |name: &HeaderName| is_identity_header(name.as_str()) || is_read(name);
        if !headers.keys().any(is_claim) {
            return Self::default();
        }
        let names: Vec<_> = headers
            .keys()
            .filter(|name| is_claim(name))
            .cloned()
            .collect();
        let mut taken = Vec::new();
        for name in names {
            let values = headers.get_all(&name).iter();
            taken.extend(values.map(|value| (name.clone(), value.clone())));
            headers.remove(name);
        }
        Self { headers: taken }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// How many headers.
    pub(crate) fn len(&self) -> usize {
        self.headers.len()
    }

    /// Those of `dialect`, and all others. Headers without a value say nothing: HAProxy and Caddy write them for a client that
    /// presented no certificate.
    pub(crate) fn split(self, dialect: &Dialect) -> (Self, Self) {
        let own = dialect.headers();
        let headers = self.headers.into_iter();
        let (own, others) = headers.partition(|(name, _)| own.contains(name));
        let own = Self { headers: own };
        let says = own.headers.iter().any(|(_, value)| !value.is_empty());
        (
            if says { own } else { Self::default() },
            Self { headers: others },
        )
    }

    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The names, each once, for the audit log.
    pub(crate) fn names(&self) -> Vec<HeaderName> {
        let mut names: Vec<HeaderName> = Vec::new();
        for (name, _) in &self.headers {
            if !names.contains(name) && names.len() < MOST_NAMES {
                names.push(name.clone());
            }
        }
        names
    }
}

const MOST_NAMES: usize = 16;
