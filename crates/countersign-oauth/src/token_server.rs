//! Who gets which token, and what becomes of it afterwards?

mod document;

mod fault;

mod form;
use form::Form;

mod introspection;

mod issuer;
pub use issuer::{Issuer, IssuerError};

mod issuing;

mod metadata;

mod refusal;
use refusal::Refusal;

mod revocation;

mod scope_rule;
pub use scope_rule::ScopeRule;

mod settings;
pub use settings::Settings;

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use countersign_axum::routing::{get, post};
use countersign_axum::{Api, Caller, Live};
use countersign_identity::Certificate;
use jiff::{SignedDuration, Timestamp};

use crate::{Asking, KeySet, OAuthClient, Revocations, Standing, Store, StoreError, Unavailable};

/// An OAuth 2 authorization server for programs (RFC 6749, section 4.4), whose clients prove themselves by their
/// certificates (RFC 8705, section 2) and whose tokens are bound to them, always (section 3).
///
/// Its routes are those of an [`Api`]: the guard says which principal calls, as everywhere, and writes the
/// audit log. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TokenServer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    live: Live,
    store: Store,
    settings: ArcSwap<Settings>,
    published: Arc<ArcSwap<KeySet>>,
}

impl TokenServer {
    /// A server that judges callers by `live`, remembers in `store`, and decides by `settings`.
    pub fn new(live: Live, store: Store, settings: Settings) -> Self {
        let published = Arc::new(ArcSwap::from_pointee(settings.keys.public(live.now())));
        Self {
            shared: Arc::new(Shared {
                live,
                store,
                settings: ArcSwap::from_pointee(settings),
                published,
            }),
        }
    }

    /// Decides by `settings` from the next request on. Keys of before that are not among theirs stay published until
    /// the last token that they may have signed is over.
    pub fn put(&self, mut settings: Settings) {
        let now = self.now();
        settings.keys.succeed(&self.settings().keys, now);
        self.shared.settings.store(Arc::new(settings));
        self.publish(now);
    }

    /// What it decides by.
    pub fn settings(&self) -> Guard<Arc<Settings>> {
        self.shared.settings.load()
    }

    /// The keys that verify its tokens, now and after each change: for a [`BearerCheck`](crate::BearerCheck) beside it.
    pub fn keys(&self) -> Arc<ArcSwap<KeySet>> {
        Arc::clone(&self.shared.published)
    }

    /// What the audit log and [`Metrics::acts`](countersign_axum::Metrics::acts) call the issuing of a token.
    pub const ISSUED: &str = issuing::ISSUED;

    /// What it remembers.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Forgets tokens that ended a day ago, and takes back keys whose last token is over: to be called now and then.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn tidy(&self) -> Result<u64, StoreError> {
        let now = self.now();
        self.publish(now);
        let day = SignedDuration::from_hours(24);
        let then = now.saturating_sub(day).unwrap_or(Timestamp::MIN);
        self.store().forget(then).await
    }

    /// Its routes: `token`, `introspect`, `revoke` and `jwks` below `/oauth` of the issuer, and its metadata where
    /// RFC 8414 and OpenID Connect look for it. To be merged into the API of the service.
    pub fn api(&self) -> Api {
        let live = &self.shared.live;
        let settings = self.settings();
        let issuer = settings.issuer();
        let below = Api::new(live.clone())
            .rendered(fault::render)
            .open("/token", post(token))
            .open("/introspect", post(introspect))
            .open("/revoke", post(revoke))
            .public("/jwks", get(jwks));
        let api = issuer
            .well_known()
            .iter()
            .fold(Api::new(live.clone()), |api, path| {
                api.public(path, get(metadata))
            });
        api.nest(&issuer.below("/oauth"), below)
            .with_state(self.clone())
    }

    fn now(&self) -> Timestamp {
        self.shared.live.now()
    }

    /// The same keys stay the same `Arc`: what was verified by them is not verified again.
    fn publish(&self, now: Timestamp) {
        let keys = self.settings().keys.public(now);
        if **self.shared.published.load() != keys {
            self.shared.published.store(Arc::new(keys));
        }
    }
}

/// What it did not issue is as good as revoked.
impl Revocations for Store {
    fn is_revoked<'a>(&'a self, token: &'a crate::AccessToken) -> Asking<'a> {
        Box::pin(async move {
            match self.standing(token.id.as_str()).await {
                Ok(standing) => Ok(standing != Standing::Issued),
                Err(error) => {
                    tracing::error!(%error, "it cannot be told whether a token is revoked");
                    Err(Unavailable::new("whether the token is revoked"))
                }
            }
        })
    }
}

/// A client that has proven which one it is.
struct Proven<'a> {
    client: &'a OAuthClient,
    caller: &'a Caller,
    certificate: &'a Certificate,
}

impl<'a> Proven<'a> {
    /// The client that `form` names, if it is the caller, and comes with the certificate that is registered for it. Why not is for
    /// the audit log alone: the caller reads the same in all cases.
    fn of(settings: &'a Settings, caller: &'a Caller, form: &Form) -> Result<Self, Refusal> {
        let client_id = form.required("client_id")?;
        form.proves_nothing_else()?;
        let client = settings.clients().find(client_id);
        let client = client.ok_or_else(|| Refusal::client("no such client is registered"))?;
        let name = caller.principal().name();
        if client.principal() != name {
            let why = format!("`{name}` says that it is another client");
            return Err(Refusal::client(why));
        }
        let certificate = caller.certificate();
        let certificate = certificate
            .ok_or_else(|| Refusal::client("a gateway forwarded a name and no certificate"))?;
        let admitted = client.proof().admits(certificate);
        admitted.map_err(|why| Refusal::client(why.to_string()))?;
        Ok(Self {
            client,
            caller,
            certificate,
        })
    }
}

async fn token(State(server): State<TokenServer>, caller: Caller, request: Request) -> Response {
    let issued = issuing::issue(&server, &caller, request).await;
    issued.map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}

async fn introspect(
    State(server): State<TokenServer>,
    caller: Caller,
    request: Request,
) -> Response {
    let told = introspection::introspect(&server, &caller, request).await;
    told.map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}

async fn revoke(State(server): State<TokenServer>, caller: Caller, request: Request) -> Response {
    let done = revocation::revoke(&server, &caller, request).await;
    done.map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}

async fn jwks(State(server): State<TokenServer>) -> impl IntoResponse {
    let keys = server.shared.published.load().to_json();
    document::cached("application/jwk-set+json", keys)
}

async fn metadata(State(server): State<TokenServer>) -> impl IntoResponse {
    document::cached("application/json", metadata::write(&server.settings()))
}
