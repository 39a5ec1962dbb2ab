use std::fmt;
use std::sync::Arc;

use countersign_identity::Certificate;
use countersign_problem::Problem;
use countersign_tls::Alert;
use jiff::Timestamp;
use reqwest::StatusCode;

use crate::{Likely, name};

/// The server refused the certificate of this client, or that it presented none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// What the server said in TLS, if it said anything.
    pub alert: Option<Alert>,
    /// How the connection ended.
    pub ending: Ending,
    /// The reason, as far as the alert and what we know tell it.
    pub likely: Likely,
    /// The names of the CAs that the server says it accepts; often it names none.
    pub acceptable: Vec<String>,
    /// The certificate that was presented.
    pub presented: Option<Arc<Certificate>>,
    /// What the server said over HTTP, if it is one of ours.
    pub problem: Option<Problem>,
    /// Whether it was presented without an intermediate certificate.
    pub(crate) leaf_only: bool,
    /// Whether there is a credential, which could not be presented.
    pub(crate) withheld: bool,
}

/// How the connection of a refused client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// With an alert.
    Alert,
    /// Closed without a word, where a server that accepts would have spoken.
    Closed,
    /// Reset, where a server that accepts would have spoken.
    Reset,
    /// With an answer: the handshake was let pass, and the request was refused for the certificate.
    Answered(StatusCode),
}

impl Refused {
    /// What may help.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match &self.likely {
            Likely::NoCertificate if self.withheld => {
                "the server takes no signature of the kind of our key: use another kind of key"
            }
            Likely::NoCertificate => "give the client a credential",
            Likely::Expired { .. } => "renew the certificate",
            Likely::NotYetValid { .. } => "wait, or check the clock of this machine",
            Likely::ValidByOurClock => {
                "compare the clocks of both ends; and the server's revocation list: OpenSSL says the same of one that has expired"
            }
            Likely::IssuerNotAccepted { .. } if self.leaf_only => {
                "the leaf was sent alone: if its issuer is an intermediate of a CA that the server \
                 accepts, add the intermediate to the chain; else use a certificate of such a CA"
            }
            Likely::IssuerNotAccepted { .. } => {
                "use a certificate of a CA that the server accepts, or have this one added there"
            }
            Likely::IncompleteChain => "send every intermediate certificate, in order, leaf first",
            Likely::Revoked => "ask the issuer for a new certificate",
            Likely::WrongPurpose => "use a certificate whose extended key usage has clientAuth",
            Likely::NotAuthorized => "ask the operator of the server for access",
            Likely::ServerCannotCheckRevocation => {
                "the operator of the server must renew its revocation list"
            }
            Likely::SignatureRejected => {
                "the server knows a CA of that name with another key: compare the CA certificates"
            }
            Likely::Unknown => return self.hint_from_alert().map(str::to_owned),
        };
        Some(hint.to_owned())
    }

    fn hint_from_alert(&self) -> Option<&'static str> {
        match (self.alert, self.ending) {
            (Some(Alert::UNKNOWN_CA), _) => Some(
                "the server finds no path to a CA it trusts: another issuer, a missing \
                 intermediate, another key of the same CA, or a stale revocation list of its own",
            ),
            (None, Ending::Closed | Ending::Reset) => Some(
                "some servers refuse without an alert, and an outage looks the same: \
                 the server's log tells",
            ),
            (None, Ending::Answered(_)) => Some("the reason stands in the log of the server"),
            _ => None,
        }
    }

    fn write_reason(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.likely {
            Likely::NoCertificate => f.write_str("it requires one, and none was presented"),
            Likely::Expired { not_after } => write!(f, "it expired at {not_after}"),
            Likely::NotYetValid { not_before } => write!(f, "it is not valid before {not_before}"),
            Likely::ValidByOurClock => f.write_str(
                "the server finds it or its own revocation list expired, and by our clock it is valid",
            ),
            Likely::IssuerNotAccepted { ours, .. } => write!(f, "it is issued under `{ours}`"),
            Likely::IncompleteChain => f.write_str("an intermediate certificate is missing"),
            Likely::Revoked => f.write_str("it is revoked"),
            Likely::WrongPurpose => {
                f.write_str("its extended key usage does not allow client authentication")
            }
            Likely::NotAuthorized => f.write_str("its holder may not connect"),
            Likely::ServerCannotCheckRevocation => {
                f.write_str("the server has no fresh revocation list")
            }
            Likely::SignatureRejected => f.write_str("a signature does not verify"),
            Likely::Unknown => f.write_str("nothing tells why"),
        }
    }

    fn write_facts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.alert, self.ending) {
            (Some(alert), _) => write!(f, " (alert {alert}")?,
            (None, Ending::Reset) => f.write_str(" (reset without an alert")?,
            (None, Ending::Answered(status)) => match &self.problem {
                Some(problem) => write!(f, " ({status}, {}", problem.code())?,
                None => write!(f, " ({status}")?,
            },
            (None, _) => f.write_str(" (closed without an alert")?,
        }
        let valid_until = self
            .presented
            .as_ref()
            .map(|presented| presented.not_after());
        if let Some(not_after) = valid_until.filter(|end| !self.has_said(*end)) {
            write!(f, "; valid until {not_after}")?;
        }
        if let Some((last, others)) = self.acceptable.split_last() {
            f.write_str("; the server accepts ")?;
            // A server may name hundreds; `acceptable` has them all.
            for other in others.iter().take(SHOWN) {
                write!(f, "`{other}`, ")?;
            }
            match others.len().checked_sub(SHOWN) {
                Some(hidden @ 1..) => write!(f, "and {} more", hidden + 1)?,
                _ => write!(f, "`{last}`")?,
            }
        }
        f.write_str(")")
    }

    fn has_said(&self, end: Timestamp) -> bool {
        matches!(self.likely, Likely::Expired { not_after } if not_after == end)
    }
}

/// After the name of the server, as in ``refused the client certificate `CN=a`: it expired …``.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused the client certificate")?;
        if let Some(certificate) = &self.presented {
            write!(f, " `{}`", name::label(certificate))?;
        }
        f.write_str(": ")?;
        self.write_reason(f)?;
        self.write_facts(f)
    }
}

const SHOWN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(count: usize) -> String {
        let refused = Refused {
            alert: Some(Alert::CERTIFICATE_REQUIRED),
            ending: Ending::Alert,
            likely: Likely::NoCertificate,
            acceptable: (0..count).map(|number| format!("CN={number}")).collect(),
            presented: None,
            leaf_only: false,
            withheld: false,
            problem: None,
        };
        refused.to_string()
    }

    #[test]
    fn a_refusal_names_what_the_server_accepts_and_stays_short() {
        let start = "refused the client certificate: it requires one, and none was presented \
                     (alert certificate_required";
        assert_eq!(accepting(0), format!("{start})"));
        assert_eq!(accepting(1), format!("{start}; the server accepts `CN=0`)"));
        assert_eq!(
            accepting(5),
            format!("{start}; the server accepts `CN=0`, `CN=1`, `CN=2`, `CN=3`, `CN=4`)")
        );
        assert_eq!(
            accepting(300),
            format!("{start}; the server accepts `CN=0`, `CN=1`, `CN=2`, `CN=3`, and 296 more)")
        );
    }
}
