//! Which of our errors is an error of reqwest?
//!
//! The cause is buried: `io::Error` passes over its own content when asked for a source, and HTTP/2
//! keeps nothing of a TLS error but its text. All three are looked into.

use std::error::Error as StdError;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use countersign_identity::Certificate;
use countersign_problem::{Code, Problem};
use countersign_tls::{Alert, Clock, Credential, TlsVersion, from_unix_time};
use reqwest::{StatusCode, Url};
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::confirm::{NotConnected, Stage};
use crate::handshake::Handshake;
use crate::likely::{Chain, Evidence};
use crate::name;
use crate::pins::NotPinned;
use crate::rules::{Rules, Seen};
use crate::{Ending, Error, Kind, Likely, Refused, RequestFault, ServerFault, TransportFault};

/// What is known of this side when a call fails.
#[derive(Debug)]
pub(crate) struct Caller {
    chain: Option<Chain>,
    certificate: Option<Arc<Certificate>>,
    clock: Arc<dyn Clock>,
    rules: Arc<Rules>,
}

impl Caller {
    pub(crate) fn new(
        credential: Option<&Credential>,
        clock: Arc<dyn Clock>,
        rules: Rules,
    ) -> Self {
        Self {
            chain: credential.map(Chain::of),
            certificate: credential.map(|credential| Arc::new(credential.certificate().clone())),
            clock,
            rules: Arc::new(rules),
        }
    }

    pub(crate) fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    pub(crate) fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// `answered`: the server has answered before, with a redirect that was followed.
    pub(crate) fn classify(&self, error: reqwest::Error, answered: bool) -> Error {
        let not_connected = find::<NotConnected>(&error);
        let unsent = not_connected.is_some() || error.is_connect() || error.is_builder();
        let kind = self.kind_of(&error);
        // The URL may hold secrets, and we print our own.
        Error::new(kind)
            .unsent(unsent && !answered)
            .because(error.without_url())
    }

    fn kind_of(&self, error: &reqwest::Error) -> Kind {
        match find::<NotConnected>(error) {
            _ if error.is_builder() => Kind::Request(request_fault(error)),
            _ if error.is_timeout() => Kind::Transport(TransportFault::Timeout),
            _ if error.is_dns() => Kind::Transport(TransportFault::Dns),
            Some(not_connected) => self.of_connecting(not_connected),
            None => self.of_a_connection(error),
        }
    }

    pub(crate) fn of_connecting(&self, error: &NotConnected) -> Kind {
        let seen = &error.handshake;
        if let Some(reason) = proxy_reason(error) {
            return Kind::Transport(TransportFault::Proxy { reason });
        }
        if error.stage == Stage::NotAsked {
            return Kind::CertificateNotRequested;
        }
        // Before that, our certificate has not been sent.
        let judged = seen.asked
            && (error.stage == Stage::Verdict || seen.version == Some(TlsVersion::Tls12));
        match Cause::of(error) {
            Cause::Certificate(fault) => Kind::Trust(server_fault(&fault, seen.untrusted.as_ref())),
            Cause::Alert(alert) if is_about_us(alert, seen) => {
                self.refused(Some(alert), Ending::Alert, Some(&Seen::from(seen)))
            }
            Cause::Alert(alert) => Kind::Transport(TransportFault::Tls { alert: Some(alert) }),
            Cause::NotTls => Kind::Transport(TransportFault::NotTls),
            Cause::Tls => Kind::Transport(TransportFault::Tls { alert: None }),
            Cause::Closed if judged => self.refused(None, Ending::Closed, Some(&Seen::from(seen))),
            Cause::Reset if judged => self.refused(None, Ending::Reset, Some(&Seen::from(seen))),
            Cause::Closed if seen.begun.is_some() => Kind::Transport(TransportFault::Closed),
            Cause::Reset if seen.begun.is_some() => Kind::Transport(TransportFault::Reset),
            _ => Kind::Transport(TransportFault::Connect {
                reason: connect_reason(error),
            }),
        }
    }

    /// Refused over HTTP, by a server that says why, or by a gateway that says no more than that.
    pub(crate) fn refused_over_http(&self, status: StatusCode, host: &str, said: Said) -> Refused {
        let ending = Ending::Answered(status);
        let seen = self.rules.seen(host);
        let mut refused = self.refusal(None, ending, seen.as_ref());
        match said {
            Said::Problem(problem) => {
                refused.likely = self.likely_of(problem.code(), refused.likely);
                refused.problem = Some(problem);
            }
            Said::NoCertificate => refused.likely = Likely::NoCertificate,
            Said::BadCertificate => {}
        }
        refused
    }

    fn likely_of(&self, code: Code, otherwise: Likely) -> Likely {
        let leaf = self.certificate.as_ref();
        match (code, leaf) {
            (Code::CertificateRequired, _) => Likely::NoCertificate,
            (Code::CertificateRevoked, _) => Likely::Revoked,
            (Code::RevocationUnknown, _) => Likely::ServerCannotCheckRevocation,
            (Code::CertificateExpired, Some(leaf)) => Likely::Expired {
                not_after: leaf.not_after(),
            },
            (Code::CertificateNotYetValid, Some(leaf)) => Likely::NotYetValid {
                not_before: leaf.not_before(),
            },
            _ => otherwise,
        }
    }

    /// The connection was in use: unconfirmed, resumed, or ended by the server later on.
    fn of_a_connection(&self, error: &reqwest::Error) -> Kind {
        Kind::Transport(match Cause::of(error) {
            Cause::Alert(alert) if is_about_certificates(alert) => {
                return self.refused(Some(alert), Ending::Alert, None);
            }
            Cause::Alert(alert) => TransportFault::Tls { alert: Some(alert) },
            Cause::Certificate(_) | Cause::NotTls | Cause::Tls => {
                TransportFault::Tls { alert: None }
            }
            Cause::Closed => TransportFault::Closed,
            Cause::Reset => TransportFault::Reset,
            Cause::Other => TransportFault::Other,
        })
    }

    fn refused(&self, alert: Option<Alert>, ending: Ending, seen: Option<&Seen>) -> Kind {
        Kind::Refused(self.refusal(alert, ending, seen))
    }

    fn refusal(&self, alert: Option<Alert>, ending: Ending, seen: Option<&Seen>) -> Refused {
        let presented = seen.is_none_or(|seen| seen.presented || !seen.asked);
        let chain = self.chain.as_ref().filter(|_| presented);
        let acceptable = seen.map(|seen| seen.acceptable.clone()).unwrap_or_default();
        let evidence = Evidence {
            alert,
            chain,
            acceptable: &acceptable,
            now: self.clock.now(),
        };
        Refused {
            alert,
            ending,
            likely: evidence.likely(),
            presented: self.certificate.clone().filter(|_| presented),
            leaf_only: chain.is_some_and(Chain::is_leaf_only),
            withheld: self.chain.is_some() && !presented,
            acceptable,
            problem: None,
        }
    }
}

/// What an answer says of our certificate.
pub(crate) enum Said {
    Problem(Problem),
    NoCertificate,
    BadCertificate,
}

/// What an error of somebody's own reqwest client means, if it was built with our parts.
pub(crate) fn kind_of(error: &reqwest::Error) -> Option<Kind> {
    let not_connected = find::<NotConnected>(error)?;
    Some(not_connected.caller.kind_of(error))
}

/// The last full handshake with a server, told from this one.
impl From<&Handshake> for Seen {
    fn from(handshake: &Handshake) -> Self {
        Self {
            asked: handshake.asked,
            presented: handshake.presented,
            acceptable: handshake.acceptable.clone(),
        }
    }
}

/// The cause of an error, as deep as it can be seen.
enum Cause {
    Certificate(CertificateError),
    Alert(Alert),
    NotTls,
    Tls,
    Closed,
    Reset,
    Other,
}

impl Cause {
    fn of(error: &(dyn StdError + 'static)) -> Self {
        let mut cause = Self::Other;
        for error in causes(error) {
            if let Some(rustls) = error.downcast_ref::<rustls::Error>() {
                return Self::of_rustls(rustls);
            }
            if let Some(alert) = alert_in_text(&error.to_string()) {
                return Self::Alert(alert);
            }
            if let Some(io) = error.downcast_ref::<io::Error>() {
                cause = Self::of_io(io.kind()).unwrap_or(cause);
            }
        }
        cause
    }

    fn of_rustls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(fault) => Self::Certificate(fault.clone()),
            rustls::Error::AlertReceived(alert) => Self::Alert((*alert).into()),
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NotTls,
            _ => Self::Tls,
        }
    }

    fn of_io(kind: io::ErrorKind) -> Option<Self> {
        match kind {
            io::ErrorKind::UnexpectedEof => Some(Self::Closed),
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset => Some(Self::Reset),
            _ => None,
        }
    }
}

/// An error, what it wraps, and what caused it.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// h2 keeps the text of an error, and the text of an alert ends it.
fn alert_in_text(text: &str) -> Option<Alert> {
    (0..=u8::MAX).find_map(|number| {
        let alert = rustls::Error::AlertReceived(AlertDescription::from(number));
        text.ends_with(&alert.to_string())
            .then(|| Alert::new(number))
    })
}

/// Alerts by which a server speaks of nothing but the certificate of the client.
fn is_about_certificates(alert: Alert) -> bool {
    matches!(alert.number(), 41..=46 | 48 | 49 | 116)
}

fn is_about_us(alert: Alert, seen: &Handshake) -> bool {
    match alert {
        // OpenSSL says `handshake_failure` over TLS 1.2 when none was presented.
        Alert::HANDSHAKE_FAILURE => seen.asked,
        Alert::DECRYPT_ERROR => seen.presented,
        alert => is_about_certificates(alert),
    }
}

pub(crate) fn server_fault(fault: &CertificateError, server: Option<&Certificate>) -> ServerFault {
    use CertificateError as E;
    match fault {
        E::UnknownIssuer => ServerFault::UnknownIssuer {
            issuer: server.map(|server| server.issuer().to_string()),
        },
        E::NotValidForNameContext { expected, .. } => ServerFault::NameMismatch {
            expected: expected.to_str().into_owned(),
            presented: server.map_or_else(Vec::new, |server| name::alt_names(server).collect()),
        },
        E::ExpiredContext { not_after, .. } => ServerFault::Expired {
            not_after: from_unix_time(*not_after),
        },
        E::NotValidYetContext { not_before, .. } => ServerFault::NotYetValid {
            not_before: from_unix_time(*not_before),
        },
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => ServerFault::WrongPurpose,
        E::Revoked => ServerFault::Revoked,
        E::Other(other) if other.0.is::<NotPinned>() => ServerFault::NotPinned {
            pin: server.map(Certificate::pin),
        },
        E::BadSignature => ServerFault::BadSignature,
        other => ServerFault::Other {
            reason: other.to_string(),
        },
    }
}

fn request_fault(error: &reqwest::Error) -> RequestFault {
    let reason = causes(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default();
    match find::<<Url as FromStr>::Err>(error) {
        Some(_) => RequestFault::Url { reason },
        None => RequestFault::Unencodable { reason },
    }
}

/// The proxy did not let us through: it is not trusted itself, or it said no to CONNECT.
fn proxy_reason(error: &NotConnected) -> Option<String> {
    if error.handshake.with_proxy {
        let fault = error.handshake.untrusted.as_ref();
        let said = causes(error).last().map(ToString::to_string);
        return match (Cause::of(error), fault) {
            (Cause::Certificate(fault), server) => Some(server_fault(&fault, server).to_string()),
            (Cause::Alert(alert), _) => Some(format!("TLS failed with alert {alert}")),
            // Only a tunnel that fails is its business, once TLS stands.
            _ if error.handshake.version.is_none() || is_tunnel(error) => said,
            _ => None,
        };
    }
    let tunnel = causes(error).find(|error| error.to_string().starts_with(TUNNEL));
    tunnel.map(|error| error.to_string().replacen(TUNNEL, "", 1))
}

fn is_tunnel(error: &NotConnected) -> bool {
    causes(error).any(|error| error.to_string().starts_with(TUNNEL))
}

/// How hyper-util begins what it says of CONNECT; its type is not public.
const TUNNEL: &str = "tunnel error: ";

/// The system's own word for it, such as `connection refused`.
fn connect_reason(error: &NotConnected) -> String {
    let io = causes(error).filter_map(|error| error.downcast_ref::<io::Error>());
    match io.last() {
        Some(io) => io.kind().to_string(),
        None => "no connection was made".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_every_alert_is_read_back() {
        for number in 0..=u8::MAX {
            let alert = rustls::Error::AlertReceived(AlertDescription::from(number));
            let text = format!("connection error: {alert}");
            assert_eq!(alert_in_text(&text), Some(Alert::new(number)), "{text}");
        }
        assert_eq!(alert_in_text("connection closed"), None);
    }

    #[test]
    fn the_error_of_rustls_is_found_inside_two_io_errors() {
        let alert = rustls::Error::AlertReceived(AlertDescription::UnknownCA);
        let twice = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, alert));
        assert!(matches!(Cause::of(&twice), Cause::Alert(Alert::UNKNOWN_CA)));
    }
}
