mod document;
mod error;
mod forwarding;
mod front;
mod oauth;
mod trust;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_axum::{Api, Forwarding, Live, Unbelieved};
use countersign_oauth::Settings;
use countersign_policy::Directory;
use countersign_tls::{
    ClientCertificate, Clock, Credential, Finding, ServerOptions, Sessions, Trust, TrustSnapshot,
};

pub use self::error::ConfigError;
pub use self::forwarding::GatewayConfig;
pub use self::front::{FrontConfig, UpstreamConfig};
pub use self::oauth::{ClientConfig, OAuthConfig, ProofConfig, Protects};
pub use self::trust::{Hints, ListSource, TrustConfig, Vouchers};
use jiff::Timestamp;

use crate::{Addresses, State};

/// The configuration of the reference server.
///
/// Paths are relative to the folder of the configuration file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The configuration file itself.
    pub file: PathBuf,
    /// Where to listen.
    pub addresses: Addresses,
    /// The server's chain, leaf first, as PEM.
    pub chain: PathBuf,
    /// The server's private key, as PEM.
    pub key: PathBuf,
    /// What is asked of a client in the handshake.
    pub client_certificate: ClientCertificate,
    /// Who may come in.
    pub trusts: Vec<TrustConfig>,
    /// Who is who, and may do what.
    pub policy: PathBuf,
    /// Which gateways are believed.
    pub gateways: Vec<GatewayConfig>,
    /// What becomes of identity headers of anybody else.
    pub identity_headers: Unbelieved,
    /// What makes it a gateway itself; none for the reference server.
    pub front: Option<FrontConfig>,
    /// Whether the open banking API is served too.
    pub open_banking: bool,
    /// The database of tokens, consents and payments: `sqlite:FILE` or `postgres://…`.
    pub storage: Option<String>,
    /// What makes it an authorization server; none, where it issues no tokens.
    pub oauth: Option<OAuthConfig>,
    /// How lists are fetched.
    pub fetch: FetchConfig,
    /// Where the audit log goes.
    pub audit: AuditTarget,
    /// Whether each answer waits until its event is written.
    pub audit_before_answer: bool,
}

/// How revocation lists are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchConfig {
    /// Where they are kept.
    pub folder: PathBuf,
    /// How often, within a tenth.
    pub every: Duration,
    /// CAs of servers that lists are fetched from over https, as PEM; those of the trust, where none are named.
    pub anchors: Option<PathBuf>,
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
    /// It cannot be read, is not TOML, has an unknown key or a malformed value; the error says where.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        document::read(path, &read(path)?)
    }

    /// Loads everything that the configuration names, as the first snapshot.
    ///
    /// # Errors
    ///
    /// A file is missing or wrong; the error names it.
    pub fn load(&self, clock: Arc<dyn Clock>) -> Result<Live, ConfigError> {
        let (trust, directory) = self.load_parts(Sessions::default(), Arc::clone(&clock))?;
        let forwarding = self.load_forwarding()?;
        Ok(Live::with_forwarding(trust, directory, forwarding, clock))
    }

    /// Loads everything that the configuration names, to be put in force together. What an operator
    /// should know about the trusts is logged.
    ///
    /// With the sessions of the snapshot before, its clients can resume.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_parts(
        &self,
        sessions: Sessions,
        clock: Arc<dyn Clock>,
    ) -> Result<(TrustSnapshot, Directory), ConfigError> {
        let credential = self.credential(clock.now())?;
        let trusts = self.load_trusts()?;
        let directory = self.load_policy()?;
        let options = ServerOptions::default()
            .client_certificate(self.client_certificate)
            .sessions(sessions);
        let trust = TrustSnapshot::with_options(credential, trusts, options, clock)?;
        for warning in trust.warnings() {
            tracing::warn!("{warning}");
        }
        Ok((trust, directory))
    }

    /// The API that it asks for, of which `live` decides, over `state`: that of the reference server, with open banking and
    /// the endpoints of an authorization server or without.
    pub fn api(&self, live: Live, state: &State) -> Api {
        crate::app::whole(live, state)
    }

    /// Loads what the authorization server decides by, where there is one. Its clients are principals of `directory`.
    ///
    /// # Errors
    ///
    /// A file is missing or wrong, or a client is no principal; the error names it.
    pub fn load_oauth(&self, directory: &Directory) -> Result<Option<Settings>, ConfigError> {
        let oauth = self.oauth.as_ref();
        oauth.map(|oauth| oauth.load(directory)).transpose()
    }

    /// Loads the trusts alone: what decides on a certificate, where there is no server.
    ///
    /// # Errors
    ///
    /// A file is missing or wrong; the error names it.
    pub fn load_trusts(&self) -> Result<Vec<Trust>, ConfigError> {
        let trusts = self.trusts.iter().map(TrustConfig::load);
        Ok(trusts.collect::<Result<_, _>>()?)
    }

    /// Loads the policy alone.
    ///
    /// # Errors
    ///
    /// The file is missing or wrong; the error names it.
    pub fn load_policy(&self) -> Result<Directory, ConfigError> {
        let policy = read(&self.policy)?;
        Directory::from_toml(&policy).map_err(|source| ConfigError::Policy {
            path: self.policy.clone(),
            source,
        })
    }

    /// Loads who is believed to say who a client is.
    ///
    /// # Errors
    ///
    /// A file is missing or wrong; the error names it.
    pub fn load_forwarding(&self) -> Result<Forwarding, ConfigError> {
        let gateways = self.gateways.iter().map(GatewayConfig::load);
        let gateways = gateways.collect::<Result<Vec<_>, _>>()?;
        Ok(Forwarding::new(gateways).unbelieved(self.identity_headers))
    }

    /// A certificate that no client would take is none to put in force.
    fn credential(&self, now: Timestamp) -> Result<Credential, ConfigError> {
        let credential = Credential::from_pem_files(&self.chain, &self.key)?;
        let ended = |finding: &Finding| {
            matches!(
                finding,
                Finding::Expired { .. } | Finding::NotYetValid { .. }
            )
        };
        match credential.check(now).into_iter().find(ended) {
            Some(finding) => Err(ConfigError::Credential {
                path: self.chain.clone(),
                finding,
            }),
            None => Ok(credential),
        }
    }

    /// Whether what waits for a restart is the same.
    pub(crate) fn listens_as(&self, other: &Self) -> bool {
        let fetched = |config: &Self| -> Vec<_> {
            let fetched = config.trusts.iter().flat_map(|trust| &trust.fetched);
            fetched.cloned().collect()
        };
        let same = self.addresses == other.addresses && self.audit == other.audit;
        let same = same && self.audit_before_answer == other.audit_before_answer;
        let same = same && self.front == other.front && self.open_banking == other.open_banking;
        let tokens = match (&self.oauth, &other.oauth) {
            (Some(one), Some(other)) => one.serves_as(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        let same = same && tokens && self.open_banking == other.open_banking;
        let same = same && self.storage == other.storage;
        same && self.fetch == other.fetch && fetched(self) == fetched(other)
    }

    /// Every file that is read, the configuration first.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let own = [&self.file, &self.chain, &self.key, &self.policy].map(PathBuf::as_path);
        own.into_iter()
            .chain(self.trusts.iter().flat_map(TrustConfig::files))
            .chain(self.gateways.iter().filter_map(GatewayConfig::file))
            .chain(self.oauth.iter().flat_map(OAuthConfig::files))
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}
