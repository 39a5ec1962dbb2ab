use std::fmt;

use countersign_identity::Certificate;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use super::facts::Facts;

/// Something about a credential to which a server may object.
///
/// Places in the chain are counted from 1, the leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The leaf is the certificate of a CA.
    CaAsLeaf,
    /// A certificate has ended.
    Expired {
        /// Its place.
        position: usize,
        /// When it ended.
        not_after: Timestamp,
    },
    /// The issuer of a certificate is neither the next of the chain nor elsewhere in it.
    MissingIntermediate {
        /// The place of the certificate.
        position: usize,
        /// The issuer.
        issuer: String,
    },
    /// The key usage of the leaf does not allow to sign, as every client must.
    NoDigitalSignature,
    /// A certificate has not begun.
    NotYetValid {
        /// Its place.
        position: usize,
        /// When it begins.
        not_before: Timestamp,
    },
    /// The issuer of a certificate is in the chain, and not next to it.
    OutOfOrder {
        /// The place of the certificate.
        position: usize,
    },
    /// A certificate is of version 1, which has no extensions: rustls refuses it.
    Version1 {
        /// Its place.
        position: usize,
    },
    /// An RSA key of a certificate is short.
    WeakKey {
        /// Its place.
        position: usize,
        /// Its length.
        bits: usize,
    },
    /// A certificate is signed over a digest that can be forged.
    WeakSignature {
        /// Its place.
        position: usize,
        /// The digest.
        digest: &'static str,
    },
    /// The extended key usage of the leaf does not allow client authentication.
    WrongPurpose,
}

impl Finding {
    /// Whether every server refuses such a credential. The others some servers let pass.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::Expired { .. } | Self::NotYetValid { .. } | Self::WrongPurpose
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CaAsLeaf => f.write_str("the first certificate is that of a CA"),
            Self::Expired {
                position,
                not_after,
            } => write!(f, "certificate {position} expired at {not_after}"),
            Self::MissingIntermediate { position, issuer } => write!(
                f,
                "the issuer of certificate {position}, `{issuer}`, does not follow it"
            ),
            Self::NoDigitalSignature => f.write_str(
                "the key usage of the first certificate does not allow digital signatures",
            ),
            Self::NotYetValid {
                position,
                not_before,
            } => write!(
                f,
                "certificate {position} is not valid before {not_before}"
            ),
            Self::OutOfOrder { position } => write!(
                f,
                "the chain is out of order: the issuer of certificate {position} is not the next"
            ),
            Self::Version1 { position } => {
                write!(f, "certificate {position} is of X.509 version 1")
            }
            Self::WeakKey { position, bits } => {
                write!(f, "the RSA key of certificate {position} has {bits} bits")
            }
            Self::WeakSignature { position, digest } => {
                write!(f, "certificate {position} is signed over {digest}")
            }
            Self::WrongPurpose => f.write_str(
                "the extended key usage of the first certificate does not allow client authentication",
            ),
        }
    }
}

/// What is found in a chain that has been read before, the fatal first.
pub(super) fn all(chain: &[CertificateDer<'_>], now: Timestamp) -> Vec<Finding> {
    let certificates: Vec<Certificate> = chain
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect();
    let mut findings = Vec::new();
    for (index, (der, certificate)) in chain.iter().zip(&certificates).enumerate() {
        findings.extend(of_time(certificate, index + 1, now));
        findings.extend(of_link(&certificates, index));
        if let Some(facts) = Facts::of(der) {
            findings.extend(of_facts(&facts, index + 1));
        }
    }
    findings.extend(certificates.first().and_then(of_leaf));
    findings.sort_by_key(|finding| !finding.is_fatal());
    findings
}

fn of_time(certificate: &Certificate, position: usize, now: Timestamp) -> Option<Finding> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if now > not_after {
        return Some(Finding::Expired {
            position,
            not_after,
        });
    }
    (now < not_before).then_some(Finding::NotYetValid {
        position,
        not_before,
    })
}

/// The last one has nobody to be followed by: its issuer is what the server knows.
fn of_link(chain: &[Certificate], index: usize) -> Option<Finding> {
    let (certificate, next) = (chain.get(index)?, chain.get(index + 1)?);
    let issuer = certificate.issuer();
    if next.subject() == issuer {
        return None;
    }
    let position = index + 1;
    let elsewhere = chain.iter().any(|other| other.subject() == issuer);
    Some(match elsewhere {
        true => Finding::OutOfOrder { position },
        false => Finding::MissingIntermediate {
            position,
            issuer: issuer.to_string(),
        },
    })
}

fn of_leaf(leaf: &Certificate) -> Option<Finding> {
    if leaf.is_ca() {
        return Some(Finding::CaAsLeaf);
    }
    (!leaf.purposes().allow_client()).then_some(Finding::WrongPurpose)
}

fn of_facts(facts: &Facts, position: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    if facts.is_version_1 {
        findings.push(Finding::Version1 { position });
    }
    if position == 1 && !facts.may_sign {
        findings.push(Finding::NoDigitalSignature);
    }
    if let Some(bits) = facts.rsa_bits.filter(|bits| *bits < LEAST_RSA_BITS) {
        findings.push(Finding::WeakKey { position, bits });
    }
    if let Some(digest) = facts.weak_signature {
        findings.push(Finding::WeakSignature { position, digest });
    }
    findings
}

/// As webpki wants it.
const LEAST_RSA_BITS: usize = 2048;
