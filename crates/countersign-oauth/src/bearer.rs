//! May this request go on, by its access token?

mod challenge;
use challenge::Challenge;

mod credentials;

mod introspection;
pub use introspection::Introspection;

mod keys;
pub use keys::{LookingAgain, TokenKeys};

mod reader;
use reader::{Reader, Unread};

mod remote_keys;
pub use remote_keys::RemoteKeys;

mod revocations;
pub use revocations::{Asking, Revocations, Unavailable, Withdrawal};

use std::sync::Arc;

use countersign_axum::{Caller, Check, Checking, Clock, Code, Fault};
use countersign_identity::Thumbprint;
use http::request::Parts;
use jiff::Timestamp;

use crate::{AccessToken, Scope, TokenError, TokenVerifier};

/// Asks for an access token besides the certificate, and that it is bound to that certificate (RFC 8705, section 3).
///
/// The token stands in `Authorization: Bearer` and nowhere else (RFC 6750, section 2). It must have been issued to
/// the caller: its `client_id` is the name of the principal, unless [`any_client`](Self::any_client). Each refusal
/// has its `WWW-Authenticate` (RFC 6750, section 3). What the token says is left in the request for the
/// handler, as `Extension<Arc<AccessToken>>`.
///
/// Behind a [gateway](countersign_axum::Gateway) the certificate is that of the client of whom it speaks.
///
/// ```
/// use std::sync::Arc;
///
/// use countersign_axum::routing::get;
/// use countersign_axum::{Api, Live, Permission};
/// use countersign_oauth::{BearerCheck, TokenKeys, TokenVerifier, Withdrawal};
///
/// struct ReadAccounts;
/// impl Permission for ReadAccounts {
///     const NAME: &'static str = "accounts:read";
/// }
///
/// fn accounts(live: Live, keys: impl TokenKeys, withdrawn: Withdrawal) -> Api {
///     let verifier = TokenVerifier::new("https://as.example", "https://api.example");
///     let bearer = BearerCheck::signed(verifier, keys, withdrawn, live.clock());
///     Api::new(live)
///         .check(bearer.scope("accounts".parse().unwrap_or_default()))
///         .guarded::<ReadAccounts>("/accounts", get(|| async { "accounts" }))
/// }
/// ```
#[derive(Clone)]
pub struct BearerCheck {
    reader: Arc<Reader>,
    clock: Arc<dyn Clock>,
    scope: Scope,
    realm: Arc<str>,
    any_client: bool,
}

impl BearerCheck {
    /// Reads signed tokens by `keys`, and asks `withdrawn` of each request whether its token still counts.
    pub fn signed(
        verifier: TokenVerifier,
        keys: impl TokenKeys,
        withdrawn: Withdrawal,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let realm = verifier.audience().into();
        let reader = Reader::signed(verifier, Box::new(keys), withdrawn);
        Self::new(reader, realm, clock)
    }

    /// Asks the authorization server about every token of every request (RFC 7662). Nothing is remembered, so
    /// that a token which was revoked counts no more at once.
    pub fn introspected(introspection: Introspection, clock: Arc<dyn Clock>) -> Self {
        let realm = introspection.verifier().audience().into();
        Self::new(Reader::introspected(introspection), realm, clock)
    }

    fn new(reader: Reader, realm: Arc<str>, clock: Arc<dyn Clock>) -> Self {
        Self {
            reader: Arc::new(reader),
            clock,
            scope: Scope::default(),
            realm,
            any_client: false,
        }
    }

    /// The same, for tokens that have each word of `scope`. What has been verified is known to both.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Lets the `client_id` be another name than that of the principal: where the authorization server is not
    /// ours, and has names of its own. The certificate still joins both.
    #[must_use]
    pub fn any_client(mut self) -> Self {
        self.any_client = true;
        self
    }

    /// What the token of a request says, if `client`, who proved to hold `presented`, may use it at `now`.
    ///
    /// # Errors
    ///
    /// A fault with its challenge: `request-invalid`, `token-missing`, `token-invalid`, `token-not-bound`,
    /// `permission-missing` where the scope does not reach, `overloaded` where the answer cannot be had.
    pub async fn judge(
        &self,
        request: &Parts,
        client: &str,
        presented: Option<&Thumbprint>,
        now: Timestamp,
    ) -> Result<Arc<AccessToken>, Fault> {
        let challenge = Challenge::new(&self.realm);
        let text = credentials::token(request).map_err(|fault| challenge.of_request(fault))?;
        let text = text.ok_or_else(|| challenge.missing())?;
        let token = self.reader.read(text, now).await.map_err(|unread| {
            let Unread::Refused(error) = unread else {
                return Fault::new(Code::Overloaded, unread.to_string());
            };
            challenge.invalid(&error)
        })?;
        let held = self.held(&token, client, presented);
        held.map_err(|error| challenge.invalid(&error))?;
        match self.scope.is_within(&token.scope) {
            true => Ok(token),
            false => Err(challenge.insufficient(&self.scope)),
        }
    }

    /// Whether the token is that of who presents it.
    fn held(
        &self,
        token: &AccessToken,
        client: &str,
        presented: Option<&Thumbprint>,
    ) -> Result<(), TokenError> {
        let bound_to = token.binding;
        token.bound_to(presented.ok_or(TokenError::NoCertificate { bound_to })?)?;
        match self.any_client || token.client_id == client {
            true => Ok(()),
            false => Err(TokenError::Client {
                client: token.client_id.clone(),
            }),
        }
    }
}

impl Check for BearerCheck {
    fn check<'a>(&'a self, caller: &'a Caller, request: &'a mut Parts) -> Checking<'a> {
        Box::pin(async move {
            let presented = caller.certificate().map(|found| found.thumbprint());
            let client = caller.principal().name().as_str();
            let now = self.clock.now();
            let token = self.judge(request, client, presented.as_ref(), now).await?;
            request.extensions.insert(token);
            Ok(())
        })
    }
}

impl std::fmt::Debug for BearerCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BearerCheck")
            .field("scope", &self.scope)
            .field("any_client", &self.any_client)
            .finish_non_exhaustive()
    }
}
