//! A PKI, a clock and snapshots.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_identity::{NameRules, Scheme};
use countersign_pki::{Authority, Issued, Request};
use countersign_tls::{Anchors, Clock, Credential, ServerOptions, Trust, TrustSnapshot};
use jiff::Timestamp;
use rcgen::{Issuer, KeyPair};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

/// The moment at which all of these tests begin.
pub(crate) fn now() -> Timestamp {
    "2026-08-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub(crate) struct Hands(Mutex<Timestamp>);

impl Hands {
    pub(crate) fn at(time: Timestamp) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time)))
    }

    pub(crate) fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap() = time;
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// For the clients, which are rustls and nothing of ours.
impl TimeProvider for Hands {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.now().as_second()).unwrap();
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// A root and what it issues.
pub(crate) struct Ca {
    pub(crate) root: Authority,
}

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            root: Authority::root(name, now()).unwrap(),
        }
    }

    /// One that is valid from `from`, for ten years.
    pub(crate) fn since(name: &str, from: Timestamp) -> Self {
        Self {
            root: Authority::root(name, from).unwrap(),
        }
    }

    pub(crate) fn anchors(&self) -> Anchors {
        Anchors::from_pem(self.root.certificate_pem().as_bytes()).unwrap()
    }

    /// A client of this name, issued by the root.
    pub(crate) fn client(&self, uri: &str) -> Credential {
        self.ask(|client| client.uri(uri))
    }

    pub(crate) fn ask(&self, ask: impl FnOnce(Request<'_>) -> Request<'_>) -> Credential {
        credential(&ask(self.root.client(now())).issue().unwrap())
    }

    /// The trust that these anchors make, for every SPIFFE ID of `dev.example`.
    pub(crate) fn trust(&self, name: &str) -> Trust {
        trust(name, self.anchors(), &["spiffe://dev.example/*"])
    }

    /// Signs what countersign-pki would not issue.
    pub(crate) fn issuer(&self) -> Issuer<'static, KeyPair> {
        issuer(self.root.certificate_der(), &self.root.key_pem())
    }
}

pub(crate) fn issuer(certificate: &[u8], key: &str) -> Issuer<'static, KeyPair> {
    Issuer::from_ca_cert_der(&certificate.into(), KeyPair::from_pem(key).unwrap()).unwrap()
}

pub(crate) fn trust(name: &str, anchors: Anchors, patterns: &[&str]) -> Trust {
    let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap());
    let rules = NameRules::new(Scheme::Spiffe, patterns);
    Trust::new(name.parse().unwrap(), anchors, rules)
}

pub(crate) fn credential(issued: &Issued) -> Credential {
    Credential::from_pem(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes()).unwrap()
}

/// A server, whom its clients trust by a root of its own.
pub(crate) struct Server {
    pub(crate) ca: Ca,
    credential: Credential,
    pub(crate) clock: Arc<Hands>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let ca = Ca::new("Server Root");
        let issued = ca.root.server(now()).dns("api.dev.example").issue();
        Self {
            credential: credential(&issued.unwrap()),
            ca,
            clock: Hands::at(now()),
        }
    }

    pub(crate) fn snapshot(&self, trusts: impl IntoIterator<Item = Trust>) -> TrustSnapshot {
        let trusts = trusts.into_iter().collect();
        TrustSnapshot::new(self.credential.clone(), trusts, self.clock.clone()).unwrap()
    }

    /// The one that a reload puts in the place of `before`: they share their sessions.
    pub(crate) fn snapshot_after(
        &self,
        before: &TrustSnapshot,
        trusts: impl IntoIterator<Item = Trust>,
    ) -> TrustSnapshot {
        self.snapshot_with(before.options().clone(), trusts)
    }

    pub(crate) fn snapshot_with(
        &self,
        options: ServerOptions,
        trusts: impl IntoIterator<Item = Trust>,
    ) -> TrustSnapshot {
        let trusts = trusts.into_iter().collect();
        let credential = self.credential.clone();
        TrustSnapshot::with_options(credential, trusts, options, self.clock.clone()).unwrap()
    }

    pub(crate) fn credential(&self) -> Credential {
        self.credential.clone()
    }

    pub(crate) fn anchors(&self) -> Anchors {
        self.ca.anchors()
    }
}
