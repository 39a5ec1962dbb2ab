use countersign_identity::is_identity_header;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{Dialect, Forwarding};

/// The headers of a request in which somebody says who the client is, taken away from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Claims {
    /// Takes every one, in whatever dialect and however it is spelt.
    pub(crate) fn take(headers: &mut HeaderMap, forwarding: &Forwarding) -> Self {
        let is_claim =
            |name: &HeaderName| is_identity_header(name.as_str()) || forwarding.reads(name);
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
