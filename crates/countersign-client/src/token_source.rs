pub(crate) mod document;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_identity::Thumbprint;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{StatusCode, Url};

use crate::authorization_server::{self, AuthorizationServer};
use crate::retry::shortened;
use crate::{Client, Error, Kind, Response, TokenFault};

/// Access tokens of an authorization server, bound to the certificate of a client (RFC 8705, section 3).
///
/// It learns from the metadata of the issuer where tokens are had, asks for one as the client that the certificate
/// shows (RFC 6749, section 4.4), and keeps it until shortly before its end. Many that want one at the same time
/// ask once. A token counts for one certificate, so after a rotation there is another.
///
/// Cheap to clone; clones share what they have. Give it to [`RequestBuilder::bound_token`](crate::RequestBuilder::bound_token).
///
/// ```no_run
/// # use countersign_client::{Client, TokenSource};
/// # async fn example(client: Client) -> Result<(), countersign_client::Error> {
/// let tokens = TokenSource::new(client.clone(), "https://as.example", "billing").scope("accounts");
/// let accounts = client
///     .get("https://api.example/accounts")
///     .bound_token(&tokens)
///     .send()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenSource {
    shared: Arc<Shared>,
    scope: Arc<str>,
}

struct Shared {
    client: Client,
    issuer: String,
    client_id: String,
    kept: Mutex<HashMap<Key, BoundToken>>,
    /// Held while somebody asks: others wait for what comes of it.
    asking: tokio::sync::Mutex<Option<(Timestamp, AuthorizationServer)>>,
}

type Key = (Thumbprint, Arc<str>);

impl TokenSource {
    /// Tokens of `issuer` for `client_id`, which is registered there with the certificate of `client`. The issuer
    /// is the one that its metadata names, to the letter.
    pub fn new(client: Client, issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            shared: Arc::new(Shared {
                client,
                issuer: issuer.into(),
                client_id: client_id.into(),
                kept: Mutex::default(),
                asking: tokio::sync::Mutex::default(),
            }),
            scope: "".into(),
        }
    }

    /// The same, for tokens of this scope: words with a blank between. Without one the server decides.
    #[must_use]
    pub fn scope(&self, scope: impl Into<Arc<str>>) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            scope: scope.into(),
        }
    }

    /// A token for the certificate that the client presents now.
    ///
    /// # Errors
    ///
    /// [`Kind::Token`] where there is no certificate, the metadata cannot be followed or the server gives none; and
    /// every error of calling it.
    pub async fn token(&self) -> Result<BoundToken, Error> {
        let (held, now) = (self.held()?, self.now());
        if let Some(token) = self.kept(held).filter(|token| now < token.refresh_at()) {
            return Ok(token);
        }
        let mut server = self.shared.asking.lock().await;
        // By now somebody else may have asked, or the certificate be another.
        let (held, now) = (self.held()?, self.now());
        let old = self.kept(held).filter(|token| now < token.expires_at());
        if let Some(token) = old.clone().filter(|token| now < token.refresh_at()) {
            return Ok(token);
        }
        match (self.ask(&mut server, held, now).await, old) {
            (Ok(token), _) => {
                self.keep(token.clone());
                Ok(token)
            }
            (Err(error), Some(old)) => {
                tracing::warn!(%error, "the token could not be renewed; it counts for a while still");
                Ok(old)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Forgets a token that a server did not accept, so that the next is a new one.
    pub fn forget(&self, token: &BoundToken) {
        let mut kept = self.lock();
        kept.retain(|_, other| !Arc::ptr_eq(&other.0, &token.0));
    }

    async fn ask(
        &self,
        known: &mut Option<(Timestamp, AuthorizationServer)>,
        held: Thumbprint,
        now: Timestamp,
    ) -> Result<BoundToken, Error> {
        let Shared { client, issuer, .. } = &*self.shared;
        let fresh = known.take();
        let fresh = fresh.filter(|(at, _)| now.duration_since(*at) < REMEMBERED);
        let (at, server) = match fresh {
            Some(fresh) => fresh,
            None => (now, authorization_server::discover(client, issuer).await?),
        };
        let endpoint = server.mtls_endpoint("token_endpoint");
        let endpoint = endpoint.map_err(|fault| Error::new(Kind::Token(fault)))?;
        let answer = self.post(endpoint).await?;
        *known = Some((at, server));
        self.read(answer, held, now).await
    }

    async fn post(&self, endpoint: Url) -> Result<Response, Error> {
        let mut form = endpoint.clone();
        form.query_pairs_mut()
            .clear()
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.shared.client_id);
        if !self.scope.is_empty() {
            form.query_pairs_mut().append_pair("scope", &self.scope);
        }
        let form = form.query().unwrap_or_default().to_owned();
        let request = self.shared.client.post(endpoint).timeout(PATIENCE);
        let request = request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        request.body(form).send_any_status().await
    }

    async fn read(
        &self,
        mut answer: Response,
        held: Thumbprint,
        now: Timestamp,
    ) -> Result<BoundToken, Error> {
        if answer.is_problem() {
            answer = answer.into_success().await?;
        }
        let (status, url) = (answer.status(), answer.url().clone());
        let body = answer.body_within(LARGEST).await.unwrap_or_default();
        if status != StatusCode::OK {
            let kind = match document::read_error(&body) {
                Some(fault) => Kind::Token(fault),
                None => Kind::Status {
                    status,
                    problem: None,
                },
            };
            return Err(Error::new(kind).at(&url));
        }
        let granted = document::read_token(&body);
        let granted = granted.map_err(|fault| Error::new(Kind::Token(fault)).at(&url))?;
        let lasts = SignedDuration::from_secs(granted.expires_in);
        let margin = (granted.expires_in.unsigned_abs() / 4).min(MARGIN);
        let margin = shortened(Duration::from_secs(margin), 2);
        let expires_at = now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
        let refresh_at = expires_at.saturating_sub(margin).unwrap_or(expires_at);
        Ok(BoundToken(Arc::new(Facts {
            text: granted.text,
            scope: Arc::clone(&self.scope),
            bound_to: held,
            expires_at,
            refresh_at,
        })))
    }

    /// Whether it asks by the client that calls.
    pub(crate) fn is_of(&self, shared: &crate::shared::Shared) -> bool {
        self.shared.client.is(shared)
    }

    /// The certificate that the client presents now.
    fn held(&self) -> Result<Thumbprint, Error> {
        let credential = self.shared.client.credential();
        let held = credential.map(|certificate| certificate.thumbprint());
        held.ok_or_else(|| Error::new(Kind::Token(TokenFault::NoCredential)))
    }

    fn now(&self) -> Timestamp {
        self.shared.client.now()
    }

    fn kept(&self, held: Thumbprint) -> Option<BoundToken> {
        self.lock().get(&(held, Arc::clone(&self.scope))).cloned()
    }

    /// Keeps it, and no token of another certificate.
    fn keep(&self, token: BoundToken) {
        let held = token.bound_to();
        let mut kept = self.lock();
        kept.retain(|(other, _), _| *other == held);
        kept.insert((held, Arc::clone(&token.0.scope)), token);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, BoundToken>> {
        self.shared
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("issuer", &self.shared.issuer)
            .field("client_id", &self.shared.client_id)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// An access token, and the certificate for which it counts. `Debug` does not show it.
#[derive(Clone)]
pub struct BoundToken(Arc<Facts>);

struct Facts {
    text: String,
    scope: Arc<str>,
    bound_to: Thumbprint,
    expires_at: Timestamp,
    refresh_at: Timestamp,
}

impl BoundToken {
    /// The token, for `Authorization: Bearer`. It is of use to nobody without the key of the certificate; still it
    /// belongs into no log.
    pub fn secret(&self) -> &str {
        &self.0.text
    }

    /// The certificate that was presented for it.
    pub fn bound_to(&self) -> Thumbprint {
        self.0.bound_to
    }

    /// When it ends.
    pub fn expires_at(&self) -> Timestamp {
        self.0.expires_at
    }

    /// From when on another is asked for.
    fn refresh_at(&self) -> Timestamp {
        self.0.refresh_at
    }
}

impl fmt::Debug for BoundToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundToken")
            .field("bound_to", &self.bound_to())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

/// For how long metadata is believed.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);
/// How long an authorization server may take to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// In bytes.
pub(crate) const LARGEST: usize = 64 * 1024;
/// So many seconds before its end a token is renewed, or a quarter of its time.
const MARGIN: u64 = 60;
