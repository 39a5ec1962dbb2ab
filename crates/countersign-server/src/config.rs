use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_axum::Live;
use countersign_identity::{NameError, NamePattern, NameRules, Scheme, TrustName};
use countersign_policy::{Directory, PolicyError};
use countersign_tls::{Anchors, Clock, Credential, LoadError, SnapshotError, Trust, TrustSnapshot};
use serde::Deserialize;
use thiserror::Error;

use crate::Addresses;

/// The configuration of the reference server.
///
/// Paths are relative to the folder of the configuration file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where to listen.
    pub addresses: Addresses,
    /// The server's chain, leaf first, as PEM.
    pub chain: PathBuf,
    /// The server's private key, as PEM.
    pub key: PathBuf,
    /// Who may come in.
    pub trusts: Vec<TrustConfig>,
    /// Who is who, and may do what.
    pub policy: PathBuf,
    /// Where the audit log goes.
    pub audit: AuditTarget,
}

/// A trust, by the files that it is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrustConfig {
    /// Its name in the policy.
    pub name: TrustName,
    /// Its CA certificates, as PEM.
    pub anchors: PathBuf,
    /// For which names it may vouch.
    pub rules: NameRules,
}

/// Where the audit log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditTarget {
    /// To the end of a file, which is created where it is not there.
    File(PathBuf),
    /// To standard output.
    Stdout,
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// It cannot be read, is not TOML, has an unknown key or a malformed value.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = read(path)?;
        let document: Document = toml::from_str(&text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        document
            .resolve(folder)
            .map_err(|source| ConfigError::Name {
                path: path.to_owned(),
                source,
            })
    }

    /// Loads everything that the configuration names, as the first snapshot.
    ///
    /// # Errors
    ///
    /// A file is missing or wrong; the error names it.
    pub fn load(&self, clock: Arc<dyn Clock>) -> Result<Live, ConfigError> {
        let credential = Credential::from_pem_files(&self.chain, &self.key)?;
        let trusts = self.trusts.iter().map(TrustConfig::load);
        let trusts = trusts.collect::<Result<_, _>>()?;
        let policy = read(&self.policy)?;
        let directory = Directory::from_toml(&policy).map_err(|source| ConfigError::Policy {
            path: self.policy.clone(),
            source,
        })?;
        let trust = TrustSnapshot::new(credential, trusts, Arc::clone(&clock))?;
        Ok(Live::new(trust, directory, clock))
    }
}

impl TrustConfig {
    fn load(&self) -> Result<Trust, LoadError> {
        let anchors = Anchors::from_pem_file(&self.anchors)?;
        Ok(Trust::new(self.name.clone(), anchors, self.rules.clone()))
    }
}

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
    /// The configuration is not TOML, has an unknown key, or a value of the wrong type.
    #[error("`{}`: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and what, in the words of the parser.
        message: String,
    },
    /// A trust's name, scheme or pattern is malformed.
    #[error("`{}`: {source}", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: NameError,
    },
    /// A credential or anchors cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The policy is wrong.
    #[error("`{}`: {source}", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: PolicyError,
    },
    /// The parts do not make a snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    listen: SocketAddr,
    admin: SocketAddr,
    #[serde(default)]
    audit: Option<PathBuf>,
    policy: PathBuf,
    credential: CredentialEntry,
    trusts: Vec<TrustEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialEntry {
    chain: PathBuf,
    key: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustEntry {
    name: String,
    anchors: PathBuf,
    scheme: String,
    names: Vec<String>,
}

impl Document {
    fn resolve(self, folder: &Path) -> Result<Config, NameError> {
        let trusts = self.trusts.into_iter().map(|trust| trust.resolve(folder));
        Ok(Config {
            addresses: Addresses::new(self.listen, self.admin),
            chain: folder.join(self.credential.chain),
            key: folder.join(self.credential.key),
            trusts: trusts.collect::<Result<_, _>>()?,
            policy: folder.join(self.policy),
            audit: match self.audit {
                Some(path) => AuditTarget::File(folder.join(path)),
                None => AuditTarget::Stdout,
            },
        })
    }
}

impl TrustEntry {
    fn resolve(self, folder: &Path) -> Result<TrustConfig, NameError> {
        let scheme: Scheme = self.scheme.parse()?;
        let patterns = self.names.iter().map(|pattern| pattern.parse());
        let patterns = patterns.collect::<Result<Vec<NamePattern>, _>>()?;
        Ok(TrustConfig {
            name: self.name.parse()?,
            anchors: folder.join(self.anchors),
            rules: NameRules::new(scheme, patterns),
        })
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}
