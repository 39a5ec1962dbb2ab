use std::path::{Path, PathBuf};

use countersign_oauth::{
    Clients, Issuer, OAuthClient, Proof, RegisteredCertificates, Scope, ScopeRule, Settings,
    SigningKeys, Subject, TokenSigner,
};
use countersign_policy::{Directory, PrincipalName};
use jiff::{SignedDuration, Timestamp};

use super::{ConfigError, read};

/// What makes the server an authorization server, by the files and the words that say so.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuthConfig {
    /// What it is called.
    pub issuer: Issuer,
    /// The API that tokens are for: this server, where nobody says otherwise.
    pub audience: String,
    /// How long tokens last.
    pub lifetime: SignedDuration,
    /// The key that signs, as PEM.
    pub key: PathBuf,
    /// The key that will sign next.
    pub next_key: Option<PathBuf>,
    /// Keys that signed before a start, and whose tokens may still be about.
    pub retired_keys: Vec<PathBuf>,
    /// Another name for clients with certificates.
    pub aliases: Option<Issuer>,
    /// Who may ask for tokens.
    pub clients: Vec<ClientConfig>,
    /// What may be asked for.
    pub scopes: Vec<ScopeRule>,
    /// Which routes ask for a token besides the certificate.
    pub protects: Protects,
}

/// Which routes ask for a token besides the certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Protects {
    /// Those of the ledger.
    pub transactions: bool,
    /// Those of the open banking API.
    pub open_banking: bool,
}

/// A client, by the principal that it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Who it is in the policy.
    pub principal: PrincipalName,
    /// How it proves that.
    pub proof: ProofConfig,
    /// Beyond what it may not ask; whatever the policy permits, where nothing is said.
    pub scope: Option<Scope>,
    /// The APIs that it is.
    pub introspects: Vec<String>,
}

/// What the certificate of a client must have.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ProofConfig {
    /// A name.
    Subject(Subject),
    /// It stands in this key set, a file.
    KeySet(PathBuf),
}

impl OAuthConfig {
    /// Loads everything that it names. Clients must be principals of `directory`.
    pub(super) fn load(&self, directory: &Directory) -> Result<Settings, ConfigError> {
        let clients = self.clients.iter().map(|client| client.load(directory));
        let clients = clients.collect::<Result<Vec<_>, _>>()?;
        // Two of one principal were found while the document was read.
        let clients = Clients::new(clients).unwrap_or_default();
        let settings = Settings::new(self.issuer.clone(), &self.audience, self.keys()?, clients);
        let settings = self.scopes.iter().cloned().fold(settings, Settings::scope);
        Ok(match &self.aliases {
            Some(base) => settings.aliases(base.clone()),
            None => settings,
        })
    }

    fn keys(&self) -> Result<SigningKeys, ConfigError> {
        let mut keys = SigningKeys::new(signer(&self.key)?, self.lifetime);
        if let Some(next) = &self.next_key {
            keys.announce(signer(next)?);
        }
        for retired in &self.retired_keys {
            // As long as it is listed.
            keys.retire(signer(retired)?.public().clone(), Timestamp::MAX);
        }
        Ok(keys)
    }

    /// Whether what waits for a restart is the same.
    pub(super) fn serves_as(&self, other: &Self) -> bool {
        let here = (&self.issuer, &self.audience, self.protects);
        here == (&other.issuer, &other.audience, other.protects)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let keys = [Some(&self.key), self.next_key.as_ref()]
            .into_iter()
            .flatten();
        let sets = self.clients.iter().filter_map(ClientConfig::file);
        let files = keys.chain(&self.retired_keys).chain(sets);
        files.map(PathBuf::as_path)
    }
}

impl ClientConfig {
    fn load(&self, directory: &Directory) -> Result<OAuthClient, ConfigError> {
        let mut known = directory.identities();
        if !known.any(|(_, principal)| principal.name() == &self.principal) {
            let principal = self.principal.clone();
            return Err(ConfigError::UnknownClient { principal });
        }
        let client = OAuthClient::new(self.principal.clone(), self.proof.load()?);
        let client = match &self.scope {
            Some(scope) => client.scope(scope.clone()),
            None => client,
        };
        let introspects = self.introspects.iter();
        Ok(introspects.fold(client, OAuthClient::introspects))
    }

    fn file(&self) -> Option<&PathBuf> {
        match &self.proof {
            ProofConfig::Subject(_) => None,
            ProofConfig::KeySet(path) => Some(path),
        }
    }
}

impl ProofConfig {
    fn load(&self) -> Result<Proof, ConfigError> {
        let path = match self {
            Self::Subject(subject) => return Ok(Proof::Subject(subject.clone())),
            Self::KeySet(path) => path,
        };
        let known = RegisteredCertificates::from_jwks(read(path)?.as_bytes());
        let known = known.map_err(|source| ConfigError::Client {
            path: path.clone(),
            source,
        })?;
        Ok(Proof::Certificates(known))
    }
}

fn signer(path: &Path) -> Result<TokenSigner, ConfigError> {
    TokenSigner::from_pem(&read(path)?).map_err(|source| ConfigError::Key {
        path: path.to_owned(),
        source,
    })
}
