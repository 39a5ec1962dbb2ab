use std::sync::Arc;

use countersign_client::{Client, Response, Url, header};
use jiff::Timestamp;

use super::reader::Unread;
use super::{Unavailable, remote_keys};
use crate::token::read_introspected;
use crate::{AccessToken, TokenVerifier};

/// Asks the authorization server what a token says (RFC 7662), as the client that `client` is by its certificate.
#[derive(Debug)]
pub struct Introspection {
    client: Client,
    endpoint: Url,
    client_id: String,
    verifier: TokenVerifier,
}

impl Introspection {
    /// Asks `endpoint`, as `client_id`. Of what it says, that counts which `verifier` takes for its own: its issuer
    /// and its audience.
    pub fn new(
        client: Client,
        endpoint: Url,
        client_id: impl Into<String>,
        verifier: TokenVerifier,
    ) -> Self {
        Self {
            client,
            endpoint,
            client_id: client_id.into(),
            verifier,
        }
    }

    pub(super) fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }

    pub(super) async fn read(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Arc<AccessToken>, Unread> {
        let mut answer = self.ask(text).await.map_err(|error| {
            tracing::warn!(%error, "a token could not be introspected");
            Unavailable::new(WHAT)
        })?;
        let body = answer.body_within(LONGEST).await;
        let body = body.ok_or_else(|| Unavailable::new(WHAT))?;
        let token = read_introspected(&body)?;
        self.verifier.judge(&token, now)?;
        Ok(Arc::new(token))
    }

    async fn ask(&self, text: &str) -> Result<Response, countersign_client::Error> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.client_id)
            .append_pair("token", text)
            .append_pair("token_type_hint", "access_token")
            .finish();
        let request = self.client.post(self.endpoint.clone());
        let request = request
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .timeout(remote_keys::PATIENCE);
        request.body(form).idempotent().send().await
    }
}

/// In bytes.
const LONGEST: usize = 64 * 1024;
const WHAT: &str = "the word of the authorization server on the token";
