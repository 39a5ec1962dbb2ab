use countersign_problem::Code;
use thiserror::Error;

use crate::{Name, Scheme, TrustName};

/// Why bytes are not a certificate that we can read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Not DER, or not X.509.
    #[error("not a DER-encoded X.509 certificate")]
    Encoding,
    /// An extension that we read is malformed, or stands there twice.
    #[error("the {extension} extension is malformed or repeated")]
    Extension {
        /// The extension, as RFC 5280 spells it.
        extension: &'static str,
    },
    /// One entry of the subjectAltName extension cannot be read.
    #[error("entry {position} of the subjectAltName extension is malformed")]
    AltName {
        /// The place of the entry, counted from 1.
        position: usize,
    },
    /// The subject, or the issuer, is not a distinguished name.
    #[error("the {field} is malformed")]
    Name {
        /// Which of the two.
        field: &'static str,
    },
    /// The certificate is larger than we read.
    #[error("the certificate has {len} bytes, more than {max}")]
    TooLarge {
        /// Its length.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// Bytes follow the certificate.
    #[error("{len} bytes follow the end of the certificate")]
    TrailingData {
        /// How many.
        len: usize,
    },
}

/// Why a text is not a name, a pattern or a trust name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text breaks a rule of its kind.
    #[error("`{}` is malformed: wanted {wanted}", name.escape_debug())]
    Malformed {
        /// The text.
        name: String,
        /// What was wanted in its place.
        wanted: &'static str,
    },
    /// The text does not say of which kind it is.
    #[error(
        "`{}` has no known kind: wanted `spiffe://…`, or a value behind \
         `uri:`, `dns:`, `email:`, `ip:`, `dn:`, `org:`, `pin:`, `x5t:` or `cn:`",
        name.escape_debug()
    )]
    Kind {
        /// The text.
        name: String,
    },
    /// The text is not a distinguished name (RFC 4514, section 3).
    #[error("`{}` is malformed at character {position}: wanted {wanted}", name.escape_debug())]
    DistinguishedName {
        /// The text.
        name: String,
        /// Where it goes wrong, in characters from 1.
        position: usize,
        /// What was wanted there.
        wanted: &'static str,
    },
    /// The text is longer than we read.
    #[error("the name has {len} bytes, more than {max}")]
    TooLong {
        /// Its length.
        len: usize,
        /// The limit.
        max: usize,
    },
}

/// Why a certificate, although trusted, does not identify its holder.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// There is no name of the kind that identifies.
    #[error("the certificate has no {scheme} name")]
    Missing {
        /// The kind that was looked for.
        scheme: Scheme,
    },
    /// There are several names of the kind that identifies.
    #[error("the certificate has {count} {scheme} names where one identifies")]
    Ambiguous {
        /// The kind that was looked for.
        scheme: Scheme,
        /// How many there are.
        count: usize,
    },
    /// Several trusts vouch for the certificate.
    #[error("more than one trust vouches for the certificate: `{first}` and `{second}`")]
    AmbiguousTrust {
        /// One of them.
        first: TrustName,
        /// Another.
        second: TrustName,
    },
    /// The one name cannot be read.
    #[error("the {scheme} name of the certificate cannot be used")]
    Malformed {
        /// The kind that was looked for.
        scheme: Scheme,
        /// What is wrong with it.
        #[source]
        source: NameError,
    },
    /// The trust may not vouch for this name.
    #[error("the trust `{trust}` may not vouch for `{name}`")]
    NotAllowed {
        /// The trust that vouched for the certificate.
        trust: TrustName,
        /// The name in the certificate.
        name: Name,
    },
    /// The certificate itself cannot be read.
    #[error("the certificate cannot be read")]
    Certificate {
        /// What is wrong with it.
        #[source]
        source: CertificateError,
    },
}

impl IdentityError {
    /// The word for it that both ends share.
    pub fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => Code::IdentityMissing,
            Self::Ambiguous { .. } | Self::AmbiguousTrust { .. } => Code::IdentityAmbiguous,
            Self::Malformed { .. } | Self::Certificate { .. } => Code::IdentityMalformed,
            Self::NotAllowed { .. } => Code::IdentityNotAllowed,
        }
    }
}
