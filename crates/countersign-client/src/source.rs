use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use countersign_identity::Thumbprint;
use countersign_tls::{Credential, CredentialError, Finding, LoadError, Password};
use thiserror::Error;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Where a credential comes from, now and after each renewal.
///
/// Files are read when the client is built, when [`Client::reload`](crate::Client::reload) is
/// called and, by digest, as often as [`ClientBuilder::poll_every`](crate::ClientBuilder::poll_every)
/// says. A chain and a key are taken as a pair: while a writer is between the two, the old pair stays.
///
/// ```
/// use countersign_client::CredentialSource;
///
/// let source = CredentialSource::pem_files("tls.crt", "tls.key");
/// assert_eq!(source.to_string(), "`tls.crt` and `tls.key`");
/// ```
#[derive(Clone)]
pub struct CredentialSource {
    place: Place,
}

#[derive(Clone)]
enum Place {
    Fixed(Credential),
    Files(Files),
    Call(Arc<dyn Fn() -> Calling + Send + Sync>),
}

type Calling = Pin<Box<dyn Future<Output = Result<Credential, BoxError>> + Send>>;
type BoxError = Box<dyn StdError + Send + Sync>;

#[derive(Clone)]
struct Files {
    paths: Vec<PathBuf>,
    read: Arc<Read>,
}

type Read = dyn Fn(&[Vec<u8>]) -> Result<Credential, CredentialError> + Send + Sync;

impl CredentialSource {
    /// A PEM file of the chain, leaf first, and one of the key.
    pub fn pem_files(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self::files([chain.into(), key.into()], |contents| {
            let (chain, key) = pair(contents);
            Credential::from_pem(chain, key)
        })
    }

    /// A PEM file of both, in any order.
    pub fn pem_file(chain_and_key: impl Into<PathBuf>) -> Self {
        Self::files([chain_and_key.into()], |contents| {
            Credential::from_combined_pem(pair(contents).0)
        })
    }

    /// A PEM file of the chain, and one of the key, which is encrypted.
    pub fn encrypted_pem_files(
        chain: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        password: Password,
    ) -> Self {
        Self::files([chain.into(), key.into()], move |contents| {
            let (chain, key) = pair(contents);
            Credential::from_encrypted_pem(chain, key, &password)
        })
    }

    /// A PKCS#12 store.
    pub fn pkcs12_file(store: impl Into<PathBuf>, password: Password) -> Self {
        Self::files([store.into()], move |contents| {
            Credential::from_pkcs12(pair(contents).0, &password)
        })
    }

    /// Anything else: an agent, a vault, a service. It is asked as often as files would be read.
    ///
    /// ```
    /// use countersign_client::{Credential, CredentialSource, LoadError};
    ///
    /// let source = CredentialSource::from_fn(async || {
    ///     Credential::from_pem_file("client.pem")
    /// });
    /// # let _: CredentialSource = source;
    /// ```
    pub fn from_fn<F, E>(load: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Credential, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let call = move || -> Calling {
            let loading = load();
            Box::pin(async move { loading.await.map_err(Into::into) })
        };
        Self {
            place: Place::Call(Arc::new(call)),
        }
    }

    /// Whether it can ever give another credential.
    pub(crate) fn may_change(&self) -> bool {
        !matches!(self.place, Place::Fixed(_))
    }

    /// What it gives now, unless that is what it gave before.
    pub(crate) async fn load(&self, before: Option<Thumbprint>) -> Result<Loaded, SourceError> {
        match &self.place {
            Place::Fixed(credential) => Ok(Loaded::new(digest(credential), credential, before)),
            Place::Call(call) => {
                let credential = call()
                    .await
                    .map_err(|source| SourceError::Call { source })?;
                Ok(Loaded::new(digest(&credential), &credential, before))
            }
            Place::Files(files) => files.load(before).await,
        }
    }

    fn files(
        paths: impl Into<Vec<PathBuf>>,
        read: impl Fn(&[Vec<u8>]) -> Result<Credential, CredentialError> + Send + Sync + 'static,
    ) -> Self {
        let (paths, read) = (paths.into(), Arc::new(read));
        Self {
            place: Place::Files(Files { paths, read }),
        }
    }
}

/// A credential that never changes.
impl From<Credential> for CredentialSource {
    fn from(credential: Credential) -> Self {
        Self {
            place: Place::Fixed(credential),
        }
    }
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = match &self.place {
            Place::Fixed(_) => return f.write_str("the credential"),
            Place::Call(_) => return f.write_str("the source of the credential"),
            Place::Files(files) => files,
        };
        for (index, path) in files.paths.iter().enumerate() {
            let before = if index == 0 { "" } else { " and " };
            write!(f, "{before}`{}`", path.display())?;
        }
        Ok(())
    }
}

impl fmt::Debug for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialSource({self})")
    }
}

/// Why a source gave no credential that can be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Its files do not make one.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It failed.
    #[error("the source of the credential failed: {source}")]
    Call {
        /// In its own words.
        source: BoxError,
    },
    /// What it gave no server accepts.
    #[error("{place}: {}", List(findings))]
    Unfit {
        /// What gave it.
        place: String,
        /// What is wrong with it.
        findings: Vec<Finding>,
    },
}

struct List<'a>(&'a [Finding]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.0.iter().enumerate() {
            let before = if index == 0 { "" } else { "; " };
            write!(f, "{before}{finding}")?;
        }
        Ok(())
    }
}

/// What a source gives.
pub(crate) struct Loaded {
    /// Over all that it read.
    pub(crate) digest: Thumbprint,
    /// None, if it is what it was before.
    pub(crate) credential: Option<Credential>,
}

impl Loaded {
    fn new(digest: Thumbprint, credential: &Credential, before: Option<Thumbprint>) -> Self {
        let changed = before != Some(digest);
        Self {
            digest,
            credential: changed.then(|| credential.clone()),
        }
    }
}

impl Files {
    async fn load(&self, before: Option<Thumbprint>) -> Result<Loaded, SourceError> {
        let mut contents = self.contents().await?;
        for pause in PAUSES {
            let digest = Thumbprint::of(&contents.concat());
            if before == Some(digest) {
                return Ok(Loaded {
                    digest,
                    credential: None,
                });
            }
            let failed = match self.parse(contents.clone()).await? {
                Ok(credential) => return Ok(Loaded::new(digest, &credential, before)),
                Err(failed) => failed,
            };
            // Perhaps somebody is writing.
            sleep(pause).await;
            let again = self.contents().await?;
            if again == contents {
                return Err(self.refusal(failed));
            }
            contents = again;
        }
        let failed = self.parse(contents.clone()).await?;
        let credential = failed.map_err(|failed| self.refusal(failed))?;
        Ok(Loaded::new(
            Thumbprint::of(&contents.concat()),
            &credential,
            before,
        ))
    }

    async fn contents(&self) -> Result<Vec<Vec<u8>>, SourceError> {
        let paths = self.paths.clone();
        let read = move || paths.iter().map(|path| read(path)).collect();
        let read: Result<Vec<Vec<u8>>, LoadError> = spawn_blocking(read).await.map_err(aborted)?;
        Ok(read?)
    }

    /// On a thread of its own: opening a store takes a part of a second, on purpose.
    async fn parse(
        &self,
        contents: Vec<Vec<u8>>,
    ) -> Result<Result<Credential, CredentialError>, SourceError> {
        let read = Arc::clone(&self.read);
        spawn_blocking(move || read(&contents))
            .await
            .map_err(aborted)
    }

    fn refusal(&self, source: CredentialError) -> SourceError {
        let chain = self.paths.first().cloned().unwrap_or_default();
        let key = self.paths.last().cloned().unwrap_or_default();
        SourceError::Load(LoadError::Credential { chain, key, source })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The first and the last, which may be the same.
fn pair(contents: &[Vec<u8>]) -> (&[u8], &[u8]) {
    match contents {
        [first, .., last] => (first, last),
        [both] => (both, both),
        [] => (&[], &[]),
    }
}

/// The key belongs to the leaf, so the chain says all.
fn digest(credential: &Credential) -> Thumbprint {
    Thumbprint::of(&credential.chain_der().collect::<Vec<_>>().concat())
}

fn aborted(error: tokio::task::JoinError) -> SourceError {
    SourceError::Call {
        source: error.into(),
    }
}

/// Between two looks at files that do not fit together.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
];
