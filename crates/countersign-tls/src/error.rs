use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use countersign_identity::{CertificateError, TrustName};
use countersign_problem::Code;
use thiserror::Error;

use crate::Refusal;
use crate::credential::{CredentialError, Part};

/// Why certificates are not [`Anchors`](crate::Anchors).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AnchorsError {
    /// A certificate cannot be read.
    #[error("certificate {position}: {source}")]
    Certificate {
        /// Its place in the bundle, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// There is no certificate.
    #[error("no CA certificate: {found}")]
    Empty {
        /// What there is.
        found: String,
    },
    /// A certificate is not that of a CA.
    #[error("certificate {position}, whose subject is `{subject}`, is not a CA certificate")]
    NotCa {
        /// Its place in the bundle, counted from 1.
        position: usize,
        /// Its subject.
        subject: String,
    },
    /// The text is not PEM.
    #[error("malformed PEM: a section is cut short or is not base64")]
    Pem,
    /// A CA certificate cannot be used to verify with.
    #[error(
        "certificate {position}, whose subject is `{subject}`, cannot be used as a trust anchor"
    )]
    Unusable {
        /// Its place in the bundle, counted from 1.
        position: usize,
        /// Its subject.
        subject: String,
    },
}

/// Why a file did not give what it should. Names the file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The files do not make a credential.
    #[error("{}: {source}", Files { chain, key, part: source.part() })]
    Credential {
        /// The file of the chain.
        chain: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why not.
        source: CredentialError,
    },
    /// The file does not hold anchors.
    #[error("`{}`: {source}", path.display())]
    Anchors {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: AnchorsError,
    },
}

impl LoadError {
    pub(crate) fn credential(chain: &Path, key: &Path, source: CredentialError) -> Self {
        Self::Credential {
            chain: chain.to_owned(),
            key: key.to_owned(),
            source,
        }
    }
}

/// The file to blame, or both.
struct Files<'a> {
    chain: &'a Path,
    key: &'a Path,
    part: Part,
}

impl fmt::Display for Files<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (chain, key) = (self.chain.display(), self.key.display());
        match self.part {
            Part::Key => write!(f, "`{key}`"),
            Part::Both if self.chain != self.key => write!(f, "`{chain}` and `{key}`"),
            Part::Both | Part::Chain => write!(f, "`{chain}`"),
        }
    }
}

/// Why a credential and trusts are not a [`TrustSnapshot`](crate::TrustSnapshot).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// One anchor stands in two trusts, so nobody could say which of them vouches.
    #[error("the trusts `{first}` and `{second}` share the anchor `{subject}`")]
    AnchorShared {
        /// One trust.
        first: TrustName,
        /// The other.
        second: TrustName,
        /// The subject of the anchor.
        subject: String,
    },
    /// Two trusts have one name.
    #[error("two trusts are called `{name}`")]
    NameTaken {
        /// The name.
        name: TrustName,
    },
    /// There is no trust, so nobody could ever connect.
    #[error("no trust: wanted at least one")]
    NoTrust,
    /// rustls does not accept the configuration.
    #[error("the TLS configuration is refused: {reason}")]
    Config {
        /// In the words of rustls.
        reason: String,
    },
}

/// Why a connection has no [`Peer`](crate::Peer).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PeerError {
    /// The handshake has not finished, so nothing is proven.
    #[error("the handshake has not finished")]
    Handshaking,
    /// No trust of the snapshot vouches for the certificate, or there is none.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A trust vouches for the certificate, but we cannot read it.
    #[error("the certificate is trusted and cannot be read: {0}")]
    Certificate(#[from] CertificateError),
}

impl PeerError {
    /// The word for it that both ends share.
    pub fn code(&self) -> Code {
        match self {
            Self::Handshaking => Code::Internal,
            Self::Refused(refusal) => refusal.code(),
            Self::Certificate(_) => Code::IdentityMalformed,
        }
    }
}
