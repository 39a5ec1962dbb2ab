//! Why was the certificate refused?
//!
//! An alert alone is ambiguous: rustls says `certificate_expired` of a certificate that has not
//! begun, and `unknown_ca` when its own revocation list is stale. So the alert is read first, and
//! then what we know: the certificate, the time, and which CAs the server says it accepts.

use countersign_identity::Certificate;
use countersign_tls::{Alert, Credential};
use jiff::Timestamp;

/// The likely reason why a server refused a client certificate, or its absence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Likely {
    /// None was presented.
    NoCertificate,
    /// A certificate of the chain has ended.
    Expired {
        /// When it ended.
        not_after: Timestamp,
    },
    /// A certificate of the chain has not begun.
    NotYetValid {
        /// When it begins.
        not_before: Timestamp,
    },
    /// The server says that it is not valid now, and by our clock it is: its clock or ours is wrong, or
    /// the server is OpenSSL and its own revocation list has expired.
    ValidByOurClock,
    /// No CA that the server names issued a certificate of the chain.
    IssuerNotAccepted {
        /// The issuer at the end of our chain.
        ours: String,
        /// The CAs that the server names.
        accepted: Vec<String>,
    },
    /// The server accepts the CA at the top, and a certificate on the way to it was not sent.
    IncompleteChain,
    /// The issuer has withdrawn the certificate.
    Revoked,
    /// The extended key usage does not allow client authentication.
    WrongPurpose,
    /// The certificate is valid, and its holder may not connect.
    NotAuthorized,
    /// The server accepts the CA, and has no revocation list of it that is fresh enough.
    ServerCannotCheckRevocation,
    /// A signature does not verify: the server knows a CA of that name with another key.
    SignatureRejected,
    /// Neither the alert nor what we know tells.
    Unknown,
}

/// The chain that a client presents, as facts.
#[derive(Debug)]
pub(crate) struct Chain(Vec<Certificate>);

impl Chain {
    pub(crate) fn of(credential: &Credential) -> Self {
        let chain = credential.chain_der();
        // A credential has read each of them already.
        Self(
            chain
                .filter_map(|der| Certificate::from_der(der).ok())
                .collect(),
        )
    }

    pub(crate) fn leaf(&self) -> Option<&Certificate> {
        self.0.first()
    }

    /// Whether the leaf was sent alone.
    pub(crate) fn is_leaf_only(&self) -> bool {
        self.0.len() < 2
    }

    fn issuers(&self) -> impl DoubleEndedIterator<Item = String> {
        self.0
            .iter()
            .map(|certificate| certificate.issuer().to_string())
    }

    /// Whether each certificate but the last is followed by that of its issuer.
    fn is_linked(&self) -> bool {
        let above = self.0.iter().skip(1);
        self.0
            .iter()
            .zip(above)
            .all(|(below, above)| below.issuer() == above.subject())
    }
}

/// What is known when a server has refused.
pub(crate) struct Evidence<'a> {
    pub(crate) alert: Option<Alert>,
    /// Nothing was presented without it.
    pub(crate) chain: Option<&'a Chain>,
    pub(crate) acceptable: &'a [String],
    pub(crate) now: Timestamp,
}

impl Evidence<'_> {
    pub(crate) fn likely(&self) -> Likely {
        let Some(chain) = self.chain else {
            return Likely::NoCertificate;
        };
        let found = match self.alert {
            Some(Alert::CERTIFICATE_REVOKED) => Some(Likely::Revoked),
            Some(Alert::ACCESS_DENIED) => Some(Likely::NotAuthorized),
            Some(Alert::DECRYPT_ERROR) => Some(Likely::SignatureRejected),
            Some(Alert::CERTIFICATE_EXPIRED) => {
                self.wrong_time(chain).or(Some(Likely::ValidByOurClock))
            }
            Some(Alert::UNKNOWN_CA) => self
                .wrong_issuer(chain)
                .or_else(|| self.right_issuer(chain)),
            Some(Alert::UNSUPPORTED_CERTIFICATE) => wrong_purpose(chain),
            // Go says `bad_certificate` of everything, Node and a reset nothing at all.
            _ => self
                .wrong_time(chain)
                .or_else(|| wrong_purpose(chain))
                .or_else(|| self.wrong_issuer(chain)),
        };
        found.unwrap_or(Likely::Unknown)
    }

    /// Its CA is known and nothing is missing: what is left for `unknown_ca` is the revocation list,
    /// which has that alert in rustls and OpenSSL.
    fn right_issuer(&self, chain: &Chain) -> Option<Likely> {
        let last = chain.issuers().next_back()?;
        self.acceptable
            .contains(&last)
            .then_some(Likely::ServerCannotCheckRevocation)
    }

    fn wrong_time(&self, chain: &Chain) -> Option<Likely> {
        chain.0.iter().find_map(|certificate| {
            let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
            if self.now > not_after {
                return Some(Likely::Expired { not_after });
            }
            (self.now < not_before).then_some(Likely::NotYetValid { not_before })
        })
    }

    fn wrong_issuer(&self, chain: &Chain) -> Option<Likely> {
        if self.acceptable.is_empty() {
            return None;
        }
        if !chain
            .issuers()
            .any(|issuer| self.acceptable.contains(&issuer))
        {
            return Some(Likely::IssuerNotAccepted {
                ours: chain.issuers().next_back()?,
                accepted: self.acceptable.to_vec(),
            });
        }
        (!chain.is_linked()).then_some(Likely::IncompleteChain)
    }
}

fn wrong_purpose(chain: &Chain) -> Option<Likely> {
    let allowed = chain.leaf()?.purposes().allow_client();
    (!allowed).then_some(Likely::WrongPurpose)
}

#[cfg(test)]
mod tests;
