//! What must become of a fixture?

use std::fmt;

/// The verdict that a fixture deserves, from each verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expected {
    /// Where it is decided.
    pub stage: Stage,
    /// The problem code of our server, in its answer or in its audit event.
    pub code: Option<&'static str>,
    /// From our server.
    pub countersign: Outcome,
    /// From `openssl s_server -Verify`, OpenSSL 3.0.
    pub openssl: Outcome,
    /// From nginx with `ssl_verify_client on`: it completes the handshake and answers 400.
    pub nginx: Outcome,
    /// Why our own verdict is not asserted yet.
    pub pending: Option<&'static str>,
}

/// Where a certificate is accepted or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// Nowhere: it is accepted.
    Accepted,
    /// In the TLS handshake: chain, dates, purpose, possession.
    Tls,
    /// When its holder is to be named.
    Identity,
    /// When its holder is looked up, or asks for something.
    Policy,
    /// When its PSD2 statement is read.
    Psd2,
}

/// What a client sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// An answer with this HTTP status; 200 is acceptance.
    Answered(u16),
    /// A TLS alert with this number.
    Alert(u8),
    /// None at all: the verifier does not take the anchors of the fixture in the first place.
    NotLoaded,
    /// None at all: the verifier is never on that side.
    NotAsked,
}

/// Whose certificate a fixture is. The other side judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Side {
    /// A client's: servers judge it, ours, `openssl s_server` and nginx.
    Client,
    /// A server's, called as `localhost`: clients judge it, ours and `openssl s_client`. An outcome is
    /// then the alert by which the client refuses.
    Server,
}

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Verifier {
    /// Our server, or our client.
    Countersign,
    /// `openssl s_server`, or `openssl s_client`.
    Openssl,
    /// nginx.
    Nginx,
}

impl Expected {
    /// The outcome that `verifier` must have.
    pub fn of(&self, verifier: Verifier) -> Outcome {
        match verifier {
            Verifier::Countersign => self.countersign,
            Verifier::Openssl => self.openssl,
            Verifier::Nginx => self.nginx,
        }
    }

    /// The codes by which a server refuses a certificate or its holder.
    pub const CODES: [&str; 16] = [
        "certificate-required",
        "certificate-expired",
        "certificate-not-yet-valid",
        "certificate-revoked",
        "certificate-untrusted",
        "certificate-unsuitable",
        "revocation-unknown",
        "identity-missing",
        "identity-ambiguous",
        "identity-malformed",
        "identity-not-allowed",
        "principal-unknown",
        "principal-disabled",
        "permission-missing",
        "psd2-statement-malformed",
        "psd2-role-missing",
    ];

    /// Of a certificate that is decided upon at this stage, with this outcome of ours and as far as nobody
    /// disagrees.
    pub(crate) const fn at(stage: Stage, side: Side, countersign: Outcome) -> Self {
        let (openssl, nginx) = match stage {
            Stage::Tls => (countersign, Outcome::Answered(400)),
            _ => (OK, OK),
        };
        Self {
            stage,
            code: None,
            countersign,
            openssl,
            nginx: match side {
                Side::Client => nginx,
                Side::Server => Outcome::NotAsked,
            },
            pending: None,
        }
    }

    /// Accepted by all.
    pub(super) const ACCEPTED: Self = Self {
        stage: Stage::Accepted,
        code: None,
        countersign: OK,
        openssl: OK,
        nginx: OK,
        pending: None,
    };

    /// Refused in the handshake by all, by us with `alert` and `code`.
    pub(super) const fn refused(alert: u8, code: &'static str) -> Self {
        Self {
            stage: Stage::Tls,
            code: Some(code),
            countersign: Outcome::Alert(alert),
            openssl: Outcome::Alert(alert),
            nginx: Outcome::Answered(400),
            pending: None,
        }
    }

    /// Accepted by everybody's TLS, and refused by us above it.
    pub(super) const fn above(stage: Stage, code: &'static str) -> Self {
        Self {
            stage,
            code: Some(code),
            countersign: Outcome::Answered(403),
            ..Self::ACCEPTED
        }
    }

    /// The status with which a server answers that refuses with `code`: 401 where another certificate would help.
    pub(crate) fn status(code: &str) -> u16 {
        match code.starts_with("certificate-") || code.starts_with("revocation-") {
            true => 401,
            false => 403,
        }
    }

    /// A server that every client accepts.
    pub(super) const SERVER_ACCEPTED: Self = Self::ACCEPTED.nginx(Outcome::NotAsked);

    /// A server that every client refuses, with `alert`.
    pub(super) const fn server_refused(alert: u8) -> Self {
        Self {
            stage: Stage::Tls,
            countersign: Outcome::Alert(alert),
            openssl: Outcome::Alert(alert),
            ..Self::SERVER_ACCEPTED
        }
    }

    /// What our server says instead, without a code.
    pub(super) const fn countersign(self, outcome: Outcome) -> Self {
        Self {
            countersign: outcome,
            code: None,
            ..self
        }
    }

    /// What OpenSSL says instead.
    pub(super) const fn openssl(self, outcome: Outcome) -> Self {
        Self {
            openssl: outcome,
            ..self
        }
    }

    /// What nginx says instead.
    pub(super) const fn nginx(self, outcome: Outcome) -> Self {
        Self {
            nginx: outcome,
            ..self
        }
    }

    /// Our server answers with another status.
    pub(super) const fn answered(self, status: u16) -> Self {
        Self {
            countersign: Outcome::Answered(status),
            ..self
        }
    }
}

impl Outcome {
    /// Reads what is [printed](fmt::Display): `accept`, `http 403`, `alert 45`, `not loaded`, `-`.
    ///
    /// ```
    /// use countersign_pki::Outcome;
    ///
    /// assert_eq!(Outcome::named("alert 45"), Some(Outcome::Alert(45)));
    /// assert_eq!(Outcome::named("http 200"), Some(Outcome::Answered(200)));
    /// assert_eq!(Outcome::named("refused"), None);
    /// ```
    pub fn named(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            None if text == "accept" => Some(OK),
            None if text == "-" => Some(Self::NotAsked),
            Some(("not", "loaded")) => Some(Self::NotLoaded),
            Some(("http", status)) => status.parse().ok().map(Self::Answered),
            Some(("alert", number)) => number.parse().ok().map(Self::Alert),
            _ => None,
        }
    }
}

/// Acceptance.
pub(super) const OK: Outcome = Outcome::Answered(200);

impl Stage {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Accepted,
        Self::Tls,
        Self::Identity,
        Self::Policy,
        Self::Psd2,
    ];

    /// The stage that has this word.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Tls => "tls",
            Self::Identity => "identity",
            Self::Policy => "policy",
            Self::Psd2 => "psd2",
        }
    }
}

impl Verifier {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Countersign => "countersign",
            Self::Openssl => "openssl",
            Self::Nginx => "nginx",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(200) => f.pad("accept"),
            Self::Answered(status) => f.pad(&format!("http {status}")),
            Self::Alert(number) => f.pad(&format!("alert {number}")),
            Self::NotLoaded => f.pad("not loaded"),
            Self::NotAsked => f.pad("-"),
        }
    }
}
