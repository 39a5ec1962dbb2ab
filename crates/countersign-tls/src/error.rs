use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use countersign_identity::{CertificateError, Pin, TrustName};
use countersign_problem::Code;
use thiserror::Error;

use crate::credential::{CredentialError, Part};
use crate::{Refusal, Warning};

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
    /// A CA certificate breaks a rule that nobody else looks at.
    #[error(
        "certificate {position}, {}, cannot be an anchor: {flaw}",
        Subject(subject)
    )]
    Flawed {
        /// Its place in the bundle, counted from 1.
        position: usize,
        /// Its subject.
        subject: String,
        /// What is wrong with it.
        flaw: AnchorFlaw,
    },
    /// A certificate is not that of a CA.
    #[error(
        "certificate {position}, {}, is not a CA certificate",
        Subject(subject)
    )]
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
        "certificate {position}, {}, cannot be used as a trust anchor",
        Subject(subject)
    )]
    Unusable {
        /// Its place in the bundle, counted from 1.
        position: usize,
        /// Its subject.
        subject: String,
    },
}

/// What is wrong with a CA certificate, so that nobody is trusted by it. webpki asks none of this of
/// an anchor.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AnchorFlaw {
    /// Its key usage does not let it sign certificates.
    #[error("its key usage does not include keyCertSign")]
    MayNotSign,
    /// Nobody could name it as an issuer.
    #[error("its subject is empty")]
    NoSubject,
    /// It identifies its issuer otherwise than by a key alone (RFC 5280, section 4.2.1.1).
    #[error("it is self-signed, and its authority key identifier is more or other than a key")]
    OddKeyIdentifier,
    /// A key identifier is marked critical, which RFC 5280, section 4.2.1.1, forbids.
    #[error("a key identifier in it is marked critical")]
    CriticalKeyIdentifier,
    /// It demands what we do not do.
    #[error("it has the critical extension {oid}, which is not known here")]
    CriticalExtension {
        /// The identifier of the extension.
        oid: String,
    },
    /// It is of version 1 or 2 and says nothing of what it is for.
    #[error("it is not of version 3")]
    Version,
    /// What its extensions say cannot be read.
    #[error("an extension in it cannot be read")]
    Unreadable,
}

/// Why bytes are not a [`RevocationList`](crate::RevocationList), or one that we follow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CrlError {
    /// The list is about attribute certificates.
    #[error("the list is about attribute certificates only")]
    AttributeCertificates,
    /// It demands what we do not do.
    #[error("the critical extension {oid} is not known here, or must not be critical")]
    CriticalExtension {
        /// The identifier of the extension.
        oid: String,
    },
    /// The list tells only what changed since another.
    #[error("a delta list (RFC 5280, section 5.2.4), which tells only half: wanted a complete one")]
    Delta,
    /// There is no list.
    #[error("no revocation list: wanted PEM with `X509 CRL`, or DER")]
    Empty,
    /// The bytes are malformed.
    #[error("not a DER-encoded X.509 revocation list")]
    Encoding,
    /// The list speaks for certificates of other issuers, too.
    #[error("an indirect list (RFC 5280, section 5.2.5), which speaks for other issuers too")]
    Indirect,
    /// The CA that signed it may not.
    #[error("the key usage of `{issuer}` does not include cRLSign")]
    IssuerMayNotSign {
        /// The subject of the CA.
        issuer: String,
    },
    /// It does not say when it gets stale.
    #[error("no nextUpdate, so nobody could tell when the list is stale")]
    NoNextUpdate,
    /// The text is not PEM.
    #[error("malformed PEM: a section is cut short or is not base64")]
    Pem,
    /// The list names only those who were revoked for certain reasons.
    #[error("a list for some reasons only (RFC 5280, section 5.2.5), which tells only half")]
    SomeReasons,
    /// The list is of version 1.
    #[error("not a list of version 2")]
    Version,
    /// The list is signed by somebody else in the name of an anchor.
    #[error("the list is not signed by the key of the anchor `{issuer}`, whose name it bears")]
    WrongSigner {
        /// The subject of the anchor.
        issuer: String,
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
    /// The file does not hold revocation lists that we follow.
    #[error("`{}`: {source}", path.display())]
    Crl {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: CrlError,
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
    /// The names of CAs that clients are to be told do not fit into a handshake.
    #[error("the CA names that are sent as hints have {len} bytes: wanted at most {max}")]
    HintsTooLarge {
        /// How many bytes they have.
        len: usize,
        /// How many there may be.
        max: usize,
    },
    /// A revocation list of a trust cannot be followed.
    #[error("the trust `{trust}`: the revocation list of `{issuer}`: {source}")]
    List {
        /// The trust.
        trust: TrustName,
        /// Whom the list names as its issuer.
        issuer: String,
        /// Why not.
        source: CrlError,
    },
    /// Two trusts have one name.
    #[error("two trusts are called `{name}`")]
    NameTaken {
        /// The name.
        name: TrustName,
    },
    /// No anchor of a trust can be used, so it could never vouch.
    #[error("the trust `{trust}` has no anchor left: {first}")]
    NoAnchorLeft {
        /// The trust.
        trust: TrustName,
        /// What is wrong with the first of them.
        first: Box<Warning>,
    },
    /// A trust demands fresh revocation lists and has none, so it could never vouch.
    #[error("the trust `{trust}` demands revocation lists and has none")]
    NoList {
        /// The trust.
        trust: TrustName,
    },
    /// One key is pinned in two trusts, so nobody could say which of them vouches.
    #[error("the trusts `{first}` and `{second}` share the pin {pin}")]
    PinShared {
        /// One trust.
        first: TrustName,
        /// The other.
        second: TrustName,
        /// The pin.
        pin: Pin,
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

/// The subject of a certificate, as a part of a sentence: it may be empty, where the names are elsewhere.
pub(crate) struct Subject<'a>(pub(crate) &'a str);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("which has no subject"),
            subject => write!(f, "whose subject is `{subject}`"),
        }
    }
}
