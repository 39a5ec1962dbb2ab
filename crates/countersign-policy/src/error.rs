use std::fmt;
use std::ops::Range;

use countersign_identity::{Identity, NameError};
use countersign_problem::Code;
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
        permission: &'static str,
    },
    /// The principal is switched off.
    #[error("`{principal}` is disabled")]
    PrincipalDisabled {
        /// Our name for the caller.
        principal: PrincipalName,
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
            Self::PrincipalDisabled { .. } => Code::PrincipalDisabled,
            Self::PrincipalUnknown { .. } => Code::PrincipalUnknown,
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

impl Position {
    pub(crate) fn of(span: Range<usize>, document: &str) -> Self {
        let before = document.get(..span.start).unwrap_or(document);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.chars().count()
                - before.get(..line_start).unwrap_or_default().chars().count()
                + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
