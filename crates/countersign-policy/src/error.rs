use std::fmt;
use std::ops::Range;

use countersign_identity::{Identity, NameError};
use countersign_problem::Code;
use jiff::Timestamp;
use thiserror::Error;

use crate::PrincipalName;

/// Why a caller, although identified, is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Denial {
    /// A known principal does not hold the permission.
    #[error("`{principal}` lacks `{permission}`")]
    PermissionMissing {
        /// Our name for the caller.
        principal: PrincipalName,
        /// The permission that was asked for.
        permission: String,
    },
    /// The principal is switched off.
    #[error("`{principal}` is disabled")]
    PrincipalDisabled {
        /// Our name for the caller.
        principal: PrincipalName,
    },
    /// The principal was good until a time that has passed.
    #[error("`{principal}` ended at {not_after}")]
    PrincipalEnded {
        /// Our name for the caller.
        principal: PrincipalName,
        /// When it ended, by the policy.
        not_after: Timestamp,
    },
    /// No principal has this identity.
    #[error("no principal has the identity `{identity}`")]
    PrincipalUnknown {
        /// The identity in the certificate.
        identity: Identity,
    },
}

impl Denial {
    /// The word for it that both ends share.
    pub fn code(&self) -> Code {
        match self {
            Self::PermissionMissing { .. } => Code::PermissionMissing,
            Self::PrincipalDisabled { .. } | Self::PrincipalEnded { .. } => Code::PrincipalDisabled,
            Self::PrincipalUnknown { .. } => Code::PrincipalUnknown,
        }
    }

    /// Our name for the caller, where it has one.
    pub fn principal(&self) -> Option<&PrincipalName> {
        match self {
            Self::PermissionMissing { principal, .. }
            | Self::PrincipalDisabled { principal }
            | Self::PrincipalEnded { principal, .. } => Some(principal),
            Self::PrincipalUnknown { .. } => None,
        }
    }
}

/// Why a policy document is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error("{position}: {message}")]
    Syntax {
        /// Where.
        position: Position,
        /// What is wrong, in the words of the parser.
        message: String,
    },
    /// The version is not one that this release reads.
    #[error("{position}: version {version} is unknown: wanted 1")]
    Version {
        /// Where.
        position: Position,
        /// The version.
        version: i64,
    },
    /// The name of a principal, a role or a permission is malformed.
    #[error("{position}: `{}` is malformed: wanted {wanted}", word.escape_debug())]
    Word {
        /// Where.
        position: Position,
        /// The name.
        word: String,
        /// What was wanted in its place.
        wanted: &'static str,
    },
    /// The trust or the name of an identity is malformed.
    #[error("{position}: {source}")]
    Name {
        /// Where.
        position: Position,
        /// What is wrong with it.
        source: NameError,
    },
    /// A principal has a role that is not defined.
    #[error("{position}: the role `{}` is not defined", role.escape_debug())]
    RoleUnknown {
        /// Where.
        position: Position,
        /// The role.
        role: String,
    },
    /// Two principals claim one identity.
    #[error("{position}: the identity `{identity}` belongs to `{other}` already")]
    IdentityTaken {
        /// Where it stands for the second time.
        position: Position,
        /// The identity.
        identity: Identity,
        /// Who has it.
        other: PrincipalName,
    },
}

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
}

/// The lines of a document, so that a place in it is found by bisection: a policy with 100,000 principals
/// asks for as many places.
pub(crate) struct Lines<'a> {
    document: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(document: &'a str) -> Self {
        let newlines = document.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            document,
            starts: std::iter::once(0).chain(newlines).collect(),
        }
    }

    pub(crate) fn position(&self, span: Range<usize>) -> Position {
        let line = self.starts.partition_point(|start| *start <= span.start);
        let start = self.starts.get(line.saturating_sub(1)).copied();
        let before = self.document.get(start.unwrap_or_default()..span.start);
        Position {
            line,
            column: before.unwrap_or_default().chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
