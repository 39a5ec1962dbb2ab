//! What was seen of one handshake?
//!
//! rustls asks a configuration for the credential, the verdict on the server and the session store,
//! and never says for which connection. All three are asked within a poll of the future that
//! connects, so a task-local is enough to tell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use countersign_identity::Certificate;
use countersign_tls::{Credential, RustlsCredential, TlsVersion};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, ResolvesClientCert, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, NamedGroup, SignatureScheme};

use crate::name;
use crate::pins::Pins;
use crate::rules::Rules;

/// One handshake, as far as it has come. Through a TLS proxy a connection has two: the last counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handshake {
    /// Which of the connection it is.
    pub(crate) number: usize,
    /// Whom we want to speak to.
    pub(crate) server_name: Option<String>,
    /// Whether that is a proxy.
    pub(crate) with_proxy: bool,
    /// When the ClientHello was made; without it TLS has not begun.
    pub(crate) begun: Option<Instant>,
    /// Whether the server asked for a certificate. Never in a resumed session.
    pub(crate) asked: bool,
    /// Whether we answered with one.
    pub(crate) presented: bool,
    /// The names of the CAs that the server says it accepts.
    pub(crate) acceptable: Vec<String>,
    /// The version, once the server has signed.
    pub(crate) version: Option<TlsVersion>,
    /// Whether the server sent a TLS 1.3 ticket.
    pub(crate) ticket: bool,
    /// The certificate of a server that is not trusted.
    pub(crate) untrusted: Option<Certificate>,
}

impl Handshake {
    /// Whether both ends proved themselves anew. A resumed session has no signature.
    pub(crate) fn is_full(&self) -> bool {
        self.version.is_some()
    }
}

/// A handshake that is being observed.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    handshake: Arc<Mutex<Handshake>>,
    rules: Arc<Rules>,
}

impl Observed {
    pub(crate) fn new(rules: &Arc<Rules>) -> Self {
        Self {
            handshake: Arc::default(),
            rules: Arc::clone(rules),
        }
    }

    /// Runs a connecting future, and notes here what its handshake shows.
    pub(crate) async fn during<F: Future>(&self, connecting: F) -> F::Output {
        CURRENT.scope(self.clone(), connecting).await
    }

    pub(crate) fn snapshot(&self) -> Handshake {
        self.lock().clone()
    }

    /// Whether the server should have asked for a certificate, and has not.
    pub(crate) fn is_silent(&self) -> bool {
        self.rules.is_silent(&self.lock())
    }

    pub(crate) fn has_ticket(&self) -> bool {
        self.lock().ticket
    }

    fn lock(&self) -> MutexGuard<'_, Handshake> {
        // Every note is one assignment, so what a panicking thread left behind is still true.
        self.handshake
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, server_name: &ServerName<'_>) {
        let name = server_name.to_str().to_ascii_lowercase();
        let mut handshake = self.lock();
        let number = handshake.number + 1;
        *handshake = Handshake {
            number,
            with_proxy: number == 1 && self.rules.is_proxy(&name),
            server_name: Some(name),
            begun: Some(Instant::now()),
            ..Handshake::default()
        };
    }
}

/// Presents the credential to a server that asks for one.
#[derive(Debug)]
pub(crate) struct Presenter(pub(crate) Option<Credential>);

impl ResolvesClientCert for Presenter {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let credential = self.0.as_ref().filter(|_| !is_withheld());
        let key = credential.map(RustlsCredential::certified_key);
        // rustls sends an empty certificate if the server takes no signature of our kind of key.
        let key = key.filter(|key| key.key.choose_scheme(schemes).is_some());
        note(|handshake| {
            handshake.asked = true;
            handshake.presented = key.is_some();
            handshake.acceptable = root_hint_subjects
                .iter()
                .map(|subject| name::distinguished(subject))
                .collect();
        });
        key
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// Verifies as another verifier does, wants a pin besides, and notes whom it refused.
#[derive(Debug)]
pub(crate) struct Witness {
    pub(crate) verifier: Arc<dyn ServerCertVerifier>,
    pub(crate) pins: Option<Pins>,
}

impl Witness {
    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.verifier.verify_server_cert(
            leaf,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        if let Some(pins) = &self.pins {
            pins.verify(leaf, intermediates, now)?;
        }
        Ok(verified)
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.verify(leaf, intermediates, server_name, ocsp_response, now);
        if verdict.is_err() {
            note(|handshake| handshake.untrusted = Certificate::from_der(leaf).ok());
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        note(|handshake| handshake.version = Some(TlsVersion::Tls12));
        self.verifier
            .verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        note(|handshake| handshake.version = Some(TlsVersion::Tls13));
        self.verifier
            .verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Stores as another store does, and notes when a handshake begins and when a ticket comes.
#[derive(Debug)]
pub(crate) struct Tickets(pub(crate) Arc<dyn ClientSessionStore>);

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(server_name, value);
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        if is_withheld() {
            return None;
        }
        self.0.tls12_session(server_name)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.0.remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(
        &self,
        server_name: ServerName<'static>,
        value: Tls13ClientSessionValue,
    ) {
        // A proxy on the way may send its own late.
        let name = server_name.to_str().to_ascii_lowercase();
        note(|handshake| handshake.ticket |= handshake.server_name.as_ref() == Some(&name));
        self.0.insert_tls13_ticket(server_name, value);
    }

    fn take_tls13_ticket(
        &self,
        server_name: &ServerName<'static>,
    ) -> Option<Tls13ClientSessionValue> {
        // rustls asks this first, once for each ClientHello, whatever versions it offers.
        let _ = CURRENT.try_with(|observed| observed.begin(server_name));
        if is_withheld() {
            return None;
        }
        self.0.take_tls13_ticket(server_name)
    }
}

/// A session with a server is nothing to begin one with a proxy of the same name.
fn is_withheld() -> bool {
    let withheld =
        CURRENT.try_with(|observed| observed.lock().with_proxy && observed.rules.withholds());
    withheld.unwrap_or(false)
}

/// Outside of an observed future, nothing is noted.
fn note(fact: impl FnOnce(&mut Handshake)) {
    let _ = CURRENT.try_with(|observed| fact(&mut observed.lock()));
}

tokio::task_local! {
    static CURRENT: Observed;
}
