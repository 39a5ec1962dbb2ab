use std::io;
use std::path::PathBuf;

use countersign_oauth::{KeyError, RegistrationError};
use countersign_policy::{PolicyError, PrincipalName};
use countersign_tls::{Finding, LoadError, SnapshotError};
use thiserror::Error;

/// Why a configuration cannot be used. Names the file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The configuration is not TOML, has an unknown key, or a value that is not what it should be.
    #[error("`{}`: line {line}, column {column}: {message}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A credential, anchors or revocation lists cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The server's certificate has ended, or not begun.
    #[error("`{}`: {finding}", path.display())]
    Credential {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        finding: Finding,
    },
    /// The policy is wrong.
    #[error("`{}`: {source}", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: PolicyError,
    },
    /// A key does not sign tokens.
    #[error("`{}`: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: KeyError,
    },
    /// The certificates of an OAuth client cannot be registered.
    #[error("`{}`: {source}", path.display())]
    Client {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: RegistrationError,
    },
    /// An OAuth client is nobody in the policy.
    #[error("the OAuth client `{principal}` is no principal of the policy")]
    UnknownClient {
        /// The client.
        principal: PrincipalName,
    },
    /// The parts do not make a snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}
