//! Why was a certificate made? Each [`Reason`] prints as half a sentence.

use std::fmt;

use jiff::Timestamp;

use crate::key::KeyKind;
use crate::name::Name;
use crate::usage::KeyUsage;

/// Why a certificate is made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is neither a key nor a certificate.
    Missing,
    /// There is a key without a certificate.
    CertificateMissing,
    /// Somebody asked for it.
    Asked,
    /// It has ended.
    Expired {
        /// When it ended.
        at: Timestamp,
    },
    /// So little of its lifetime is left that it is time.
    EndsSoon {
        /// When it ends.
        at: Timestamp,
    },
    /// It starts later than now: it was made by a clock that is ahead.
    NotYetValid {
        /// When it starts.
        from: Timestamp,
    },
    /// The issuer in place has another key, name or certificate than the one that issued it.
    IssuerReplaced {
        /// The issuer's item.
        issuer: String,
    },
    /// It is to be issued by another authority; by none if it is to be a root.
    IssuerChanged {
        /// The issuer's item.
        issuer: Option<String>,
    },
    /// It is to have another subject.
    SubjectChanged {
        /// The common name that it is to have where that is all, or else every attribute.
        wanted: Option<String>,
    },
    /// It is to be for a key of another kind.
    KeyChanged {
        /// The kind.
        wanted: KeyKind,
    },
    /// The key is to be used for something else.
    KeyUsageChanged {
        /// What for; nothing is anything.
        wanted: Vec<KeyUsage>,
    },
    /// The authority is to vouch for other names.
    ConstraintsChanged,
    /// The issuer publishes its list, or what else it publishes, elsewhere.
    LocationsChanged {
        /// The issuer's item.
        issuer: String,
    },
    /// It is to state something else for PSD2.
    StatementsChanged,
    /// It is to have other names.
    NamesChanged {
        /// The names that it lacks.
        added: Vec<Name>,
        /// The names that it should no longer have.
        removed: Vec<Name>,
    },
    /// It is to be fit for other purposes: another profile.
    UsageChanged {
        /// The profile that it is to have.
        profile: String,
    },
    /// The authority is to have another path length.
    PathLengthChanged {
        /// The path length that it is to have.
        wanted: u8,
    },
    /// It is to live for another time, or to start earlier or later before its issue.
    LifetimeChanged {
        /// The lifetime that it is to have, as a manifest writes it.
        wanted: String,
    },
    /// The list lacks what was revoked since.
    Revoked {
        /// Whose certificates.
        names: Vec<String>,
    },
}

impl Reason {
    /// Whether the certificate says what it should and is only made anew.
    pub(crate) fn is_renewal(&self) -> bool {
        use Reason::{Asked, EndsSoon, Expired, NotYetValid};
        matches!(
            self,
            Asked | EndsSoon { .. } | Expired { .. } | NotYetValid { .. }
        )
    }
}

impl Reason {
    /// Whether the key in place will not do.
    pub(crate) fn is_rotation(&self) -> bool {
        matches!(self, Self::KeyChanged { .. })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "missing"),
            Self::CertificateMissing => write!(f, "its key has no certificate"),
            Self::Asked => write!(f, "asked for"),
            Self::Expired { at } => write!(f, "expired at {at}"),
            Self::EndsSoon { at } => write!(f, "ends soon, at {at}"),
            Self::NotYetValid { from } => write!(f, "not valid before {from}"),
            Self::IssuerReplaced { issuer } => write!(f, "issuer `{issuer}` replaced"),
            Self::IssuerChanged { issuer: None } => write!(f, "issuer changed to none"),
            Self::IssuerChanged {
                issuer: Some(issuer),
            } => write!(f, "issuer changed to `{issuer}`"),
            Self::SubjectChanged { wanted: None } => write!(f, "subject changed to none"),
            Self::SubjectChanged {
                wanted: Some(wanted),
            } => write!(f, "subject changed to `{wanted}`"),
            Self::NamesChanged { added, removed } => {
                if added.is_empty() && removed.is_empty() {
                    return write!(f, "names changed: without those of other kinds");
                }
                write!(f, "names changed:")?;
                let signs = added.iter().map(|name| ('+', name));
                for (sign, name) in signs.chain(removed.iter().map(|name| ('-', name))) {
                    write!(f, " {sign}{name}")?;
                }
                Ok(())
            }
            Self::UsageChanged { profile } => write!(f, "profile changed to `{profile}`"),
            Self::KeyChanged { wanted } => write!(f, "key changed to {wanted}"),
            Self::KeyUsageChanged { wanted } => {
                let words: Vec<&str> = wanted.iter().map(|usage| usage.as_str()).collect();
                match words.is_empty() {
                    true => write!(f, "key usage changed to none"),
                    false => write!(f, "key usage changed to {}", words.join(",")),
                }
            }
            Self::ConstraintsChanged => write!(f, "name constraints changed"),
            Self::LocationsChanged { issuer } => {
                write!(f, "`{issuer}` publishes elsewhere")
            }
            Self::StatementsChanged => write!(f, "PSD2 statements changed"),
            Self::PathLengthChanged { wanted } => write!(f, "path length changed to {wanted}"),
            Self::LifetimeChanged { wanted } => write!(f, "lifetime changed to {wanted}"),
            Self::Revoked { names } => write!(f, "revoked: `{}`", names.join("`, `")),
        }
    }
}
