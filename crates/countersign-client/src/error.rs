use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use countersign_identity::Pin;
use countersign_problem::{Code, Problem};
use countersign_tls::Alert;
use jiff::Timestamp;
use reqwest::{StatusCode, Url};

use crate::confirm::BoxError;
use crate::{Refused, TokenFault};

/// Why a call did not give what was asked for.
///
/// [`kind`](Self::kind) to branch on, `Display` for the log line, [`hint`](Self::hint) for people.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    url: Option<Url>,
    unsent: bool,
    token_refused: bool,
    retry_after: Option<Duration>,
    source: Option<BoxError>,
}

/// What went wrong, split by who must act.
#[derive(Debug)]
#[non_exhaustive]
pub enum Kind {
    /// You: the request cannot be sent.
    Request(RequestFault),
    /// You, or the operator of the server: you do not trust that server.
    Trust(ServerFault),
    /// You, or your CA: the server refused your certificate, or its absence.
    Refused(Refused),
    /// Whoever runs what stands before the server: it did not ask for a certificate, as you
    /// [demand](crate::ClientBuilder::require_certificate_request). Somebody on the way ends TLS.
    #[doc(alias = "ClientAuthNotRequested")]
    CertificateNotRequested,
    /// The operator of the server: it answered 401 or 403 and says why you may not.
    Denied(Problem),
    /// The server answered with another error.
    Status {
        /// The status.
        status: StatusCode,
        /// The problem document that came with it, if it is one of ours.
        problem: Option<Problem>,
    },
    /// You, or the operator of the authorization server: there is no access token. The call was not made.
    Token(TokenFault),
    /// The network, or whoever runs it.
    Transport(TransportFault),
    /// The body of the answer is not what was expected.
    Decode,
}

/// Why a request cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestFault {
    /// The URL has another scheme than `https`.
    NotHttps {
        /// Its scheme.
        scheme: String,
    },
    /// The URL cannot be read.
    Url {
        /// Why not.
        reason: String,
    },
    /// A header, the query or the body cannot be written.
    Unencodable {
        /// Why not.
        reason: String,
    },
    /// A blocking client is used where a runtime runs, and would stop it.
    WithinRuntime,
}

/// Why a server is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerFault {
    /// No pinned CA vouches for its certificate.
    #[non_exhaustive]
    UnknownIssuer {
        /// Who issued the certificate, by its own account.
        issuer: Option<String>,
    },
    /// Its certificate is for other names.
    NameMismatch {
        /// The host of the URL.
        expected: String,
        /// The names in the certificate.
        presented: Vec<String>,
    },
    /// Its certificate, or one above it, has ended.
    Expired {
        /// When it ended.
        not_after: Timestamp,
    },
    /// Its certificate, or one above it, has not begun.
    NotYetValid {
        /// When it begins.
        not_before: Timestamp,
    },
    /// The extended key usage does not allow server authentication.
    WrongPurpose,
    /// The issuer has withdrawn its certificate.
    Revoked,
    /// A pinned CA vouches for it, and no key on the path has a pinned hash.
    NotPinned {
        /// The pin of its own key.
        pin: Option<Pin>,
    },
    /// A signature in the chain or in the handshake does not verify.
    BadSignature,
    /// Something else is wrong with its certificate.
    Other {
        /// What, in the words of rustls.
        reason: String,
    },
}

/// What the network did not do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportFault {
    /// The host name was not resolved.
    Dns,
    /// No connection was made.
    Connect {
        /// Why not.
        reason: String,
    },
    /// It took too long. That says nothing about certificates.
    Timeout,
    /// Both ends do not agree on TLS, and not because of a certificate.
    Tls {
        /// What the server said, if it said anything.
        alert: Option<Alert>,
    },
    /// What answers there does not speak TLS.
    NotTls,
    /// The connection was closed before the answer was whole.
    Closed,
    /// The connection was reset before the answer was whole.
    Reset,
    /// The proxy did not let us through.
    Proxy {
        /// Why not.
        reason: String,
    },
    /// Something else.
    Other,
}

impl Error {
    pub(crate) fn new(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            url: None,
            unsent: false,
            token_refused: false,
            retry_after: None,
            source: None,
        }))
    }

    /// Of `url` without its secrets: credentials, query and fragment.
    pub(crate) fn at(mut self, url: &Url) -> Self {
        let mut url = url.clone();
        // A URL that cannot have credentials has none.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        url.set_query(None);
        url.set_fragment(None);
        self.0.url = Some(url);
        self
    }

    pub(crate) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The server cannot have seen the request.
    pub(crate) fn unsent(mut self, unsent: bool) -> Self {
        self.0.unsent = unsent;
        self
    }

    /// The server did not accept the access token.
    pub(crate) fn token_refused(mut self, refused: bool) -> Self {
        self.0.token_refused = refused;
        self
    }

    pub(crate) fn is_token_refused(&self) -> bool {
        self.0.token_refused
    }

    pub(crate) fn retry_after_of(mut self, asked: Option<Duration>) -> Self {
        self.0.retry_after = asked;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// The problem document with which the server explains itself.
    pub fn problem(&self) -> Option<&Problem> {
        match self.kind() {
            Kind::Denied(problem) => Some(problem),
            Kind::Refused(refused) => refused.problem.as_ref(),
            Kind::Status { problem, .. } => problem.as_ref(),
            _ => None,
        }
    }

    /// The code of the [problem](Self::problem).
    pub fn code(&self) -> Option<Code> {
        self.problem().map(Problem::code)
    }

    /// What may help, where there is something to say: one line.
    pub fn hint(&self) -> Option<String> {
        match self.kind() {
            Kind::Refused(refused) => refused.hint(),
            Kind::Trust(fault) => fault.hint().map(str::to_owned),
            Kind::Token(fault) => fault.hint().map(str::to_owned),
            Kind::CertificateNotRequested => Some(
                "something in front of the server ends TLS, and the server does not learn who calls: \
                 call the server itself, or have TLS passed through"
                    .to_owned(),
            ),
            Kind::Request(RequestFault::NotHttps { .. }) => {
                Some("a certificate can be presented over `https` only".to_owned())
            }
            _ => None,
        }
    }

    /// Whether the server cannot have seen the request, so that even a POST may be repeated.
    ///
    /// It does not say that repeating helps: a refused certificate stays refused.
    pub fn is_safe_to_retry(&self) -> bool {
        self.0.unsent
    }

    /// How long the server asks to wait before the next attempt, if it asks in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether it took too long.
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind(), Kind::Transport(TransportFault::Timeout))
    }

    /// The URL that was called, without credentials, query and fragment.
    pub fn url(&self) -> Option<&Url> {
        self.0.url.as_ref()
    }
}

impl ServerFault {
    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnknownIssuer { .. } => "pin the CA of the server's certificate, if it is right",
            Self::NameMismatch { .. } => "call the server by a name in its certificate",
            Self::Expired { .. } => "the operator must renew it, or this machine's clock is wrong",
            Self::NotYetValid { .. } => "this machine's clock, or the operator's, is wrong",
            Self::NotPinned { .. } => {
                "the server may have a new key: compare its pin, and add it if it is right"
            }
            Self::BadSignature => "the server may have a CA of the pinned name with another key",
            _ => return None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = Server(self.url());
        match self.kind() {
            Kind::Request(fault) => write!(f, "the request cannot be sent: {fault}"),
            Kind::Trust(fault) => write!(f, "{server} is not trusted: {fault}"),
            Kind::Refused(refused) => write!(f, "{server} {refused}"),
            Kind::CertificateNotRequested => {
                write!(f, "{server} did not ask for a client certificate")
            }
            Kind::Denied(problem) => write!(f, "{server} denied the request: {}", Said(problem)),
            Kind::Status { status, problem } => {
                write!(f, "{server} answered {status}")?;
                match problem {
                    Some(problem) => write!(f, ": {}", Said(problem)),
                    None => Ok(()),
                }
            }
            Kind::Token(fault) => write!(f, "there is no access token: {fault}"),
            Kind::Transport(fault) => write!(f, "the call of {server} failed: {fault}"),
            Kind::Decode => write!(f, "{server} answered with a body that is not as expected"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

impl fmt::Display for RequestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHttps { scheme } => {
                write!(f, "the scheme of the URL is `{scheme}`, wanted `https`")
            }
            Self::Url { reason } => write!(f, "the URL cannot be read: {reason}"),
            Self::Unencodable { reason } => f.write_str(reason),
            Self::WithinRuntime => f.write_str("a blocking client cannot be used within a runtime"),
        }
    }
}

impl fmt::Display for ServerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer {
                issuer: Some(issuer),
            } => {
                write!(
                    f,
                    "its certificate is issued by `{issuer}`, which no pinned CA is or has certified"
                )
            }
            Self::UnknownIssuer { issuer: None } => {
                f.write_str("no pinned CA vouches for its certificate")
            }
            Self::NameMismatch {
                expected,
                presented,
            } => {
                write!(
                    f,
                    "its certificate is not for `{expected}` but for {}",
                    List(presented)
                )
            }
            Self::Expired { not_after } => write!(f, "its certificate expired at {not_after}"),
            Self::NotYetValid { not_before } => {
                write!(f, "its certificate is not valid before {not_before}")
            }
            Self::WrongPurpose => f.write_str(
                "the extended key usage of its certificate does not allow server authentication",
            ),
            Self::Revoked => f.write_str("its certificate is revoked"),
            Self::NotPinned { pin: Some(pin) } => {
                write!(
                    f,
                    "no key on the path to it is pinned, and its own is {pin}"
                )
            }
            Self::NotPinned { pin: None } => f.write_str("no key on the path to it is pinned"),
            Self::BadSignature => f.write_str("a signature does not verify"),
            Self::Other { reason } => f.write_str(reason),
        }
    }
}

impl fmt::Display for TransportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns => f.write_str("its name was not resolved"),
            Self::Connect { reason } => f.write_str(reason),
            Self::Timeout => f.write_str("it took too long"),
            Self::Tls { alert: Some(alert) } => write!(f, "TLS failed with alert {alert}"),
            Self::Tls { alert: None } => f.write_str("TLS failed"),
            Self::NotTls => f.write_str("it does not speak TLS"),
            Self::Closed => f.write_str("the connection was closed"),
            Self::Reset => f.write_str("the connection was reset"),
            Self::Proxy { reason } => write!(f, "the proxy does not let it through: {reason}"),
            Self::Other => f.write_str("the connection failed"),
        }
    }
}

/// `the server at https://localhost:8443`.
struct Server<'a>(Option<&'a Url>);

impl fmt::Display for Server<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(url) => write!(f, "the server at {}", url.origin().ascii_serialization()),
            None => f.write_str("the server"),
        }
    }
}

/// What a server says of itself, on one line whatever it says.
struct Said<'a>(&'a Problem);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code(), self.0.detail().escape_debug())
    }
}

struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no name");
        }
        for (index, name) in self.0.iter().enumerate() {
            let before = if index == 0 { "" } else { ", " };
            write!(f, "{before}`{name}`")?;
        }
        Ok(())
    }
}
