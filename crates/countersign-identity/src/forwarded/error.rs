use thiserror::Error;

/// Why a header does not say who the client is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ForwardedError {
    /// Not one DER certificate.
    #[error("certificate {position} is not exactly one DER-encoded certificate")]
    Certificate {
        /// Its place, counted from 1: the leaf is 1.
        position: usize,
    },
    /// A chain stands there without the certificate that it is of (RFC 9440, section 2.3).
    #[error("a Client-Cert-Chain without a Client-Cert")]
    ChainAlone,
    /// The header stands there another number of times than once.
    #[error("{header} stands there {count} times where once is allowed")]
    Count {
        /// The header.
        header: &'static str,
        /// How often it stands there.
        count: usize,
    },
    /// There is no certificate in it.
    #[error("there is no certificate in it")]
    Empty,
    /// The thumbprint beside the certificate is that of another.
    #[error("the Hash is not that of the Cert")]
    Hash,
    /// The text breaks the form of its dialect.
    #[error("malformed at byte {position}: wanted {wanted}")]
    Malformed {
        /// Where, in bytes from 1.
        position: usize,
        /// What was wanted there.
        wanted: &'static str,
    },
    /// The name does not have exactly one common name.
    #[error("the subject has {count} common names where one is needed")]
    CommonNames {
        /// How many it has.
        count: usize,
    },
    /// There are several hops where one is allowed.
    #[error("{count} elements where one is allowed")]
    Elements {
        /// How many there are.
        count: usize,
    },
    /// The value is longer than we read.
    #[error("the value has {len} bytes, more than {max}")]
    TooLarge {
        /// Its length.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// There are more certificates, or elements, than we read.
    #[error("there are {count}, more than {max}")]
    TooMany {
        /// How many.
        count: usize,
        /// The limit.
        max: usize,
    },
}

impl ForwardedError {
    /// At the byte behind the first `before`.
    pub(super) fn at(before: usize, wanted: &'static str) -> Self {
        Self::Malformed {
            position: before + 1,
            wanted,
        }
    }
}
