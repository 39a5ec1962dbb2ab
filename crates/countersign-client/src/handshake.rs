//! What was seen of one handshake?
//!
//! rustls asks a configuration for the credential, the verdict on the server and the session store,
//! and never says for which connection. All three are asked within a poll of the future that
//! connects, so a task-local is enough to tell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use countersign_identity::Certificate;
use countersign_tls::{Credential, TlsVersion};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, ResolvesClientCert, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, NamedGroup, SignatureScheme};

use crate::name;

/// One handshake, as far as it has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handshake {
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

/// A handshake that is being observed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed(Arc<Mutex<Handshake>>);

impl Observed {
    /// Runs a connecting future, and notes here what its handshake shows.
    pub(crate) async fn during<F: Future>(&self, connecting: F) -> F::Output {
        CURRENT.scope(self.clone(), connecting).await
    }

    pub(crate) fn snapshot(&self) -> Handshake {
        self.lock().clone()
    }

    pub(crate) fn has_ticket(&self) -> bool {
        self.lock().ticket
    }

    fn lock(&self) -> MutexGuard<'_, Handshake> {
        // Every note is one assignment, so what a panicking thread left behind is still true.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let key = self.0.as_ref().map(Credential::certified_key);
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

/// Verifies as another verifier does, and notes whom it refused.
#[derive(Debug)]
pub(crate) struct Witness(pub(crate) Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict =
            self.0
                .verify_server_cert(leaf, intermediates, server_name, ocsp_response, now);
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
        self.0.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        note(|handshake| handshake.version = Some(TlsVersion::Tls13));
        self.0.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
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
        note_begun();
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
        note(|handshake| handshake.ticket = true);
        self.0.insert_tls13_ticket(server_name, value);
    }

    fn take_tls13_ticket(
        &self,
        server_name: &ServerName<'static>,
    ) -> Option<Tls13ClientSessionValue> {
        note_begun();
        self.0.take_tls13_ticket(server_name)
    }
}

/// rustls looks for a session to resume before it makes a ClientHello, and not again.
fn note_begun() {
    note(|handshake| {
        handshake.begun.get_or_insert_with(Instant::now);
    });
}

/// Outside of an observed future, nothing is noted.
fn note(fact: impl FnOnce(&mut Handshake)) {
    let _ = CURRENT.try_with(|observed| fact(&mut observed.lock()));
}

tokio::task_local! {
    static CURRENT: Observed;
}
