//! A token for a client that asks in its own name (RFC 6749, section 4.4).

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use countersign_axum::Caller;
use countersign_axum::audit::Action;
use jiff::Timestamp;

use super::fault::{INVALID_SCOPE, UNSUPPORTED_GRANT};
use super::scope_rule::{Granted, grant};
use super::{Form, Proven, Refusal, Settings, TokenServer, document};
use crate::{AccessToken, IssuedToken, Scope, TokenId};

/// A token that is remembered, and signed.
pub(super) struct Issued {
    action: Action,
    text: String,
    token: AccessToken,
}

pub(super) async fn issue(
    server: &TokenServer,
    caller: &Caller,
    request: Request,
) -> Result<Issued, Refusal> {
    let refused = Action::new(ISSUED);
    let form = Form::read(request)
        .await
        .map_err(|refusal| refusal.of(refused.clone()))?;
    let asked = form.parameter("client_id").unwrap_or_default();
    // Whatever stands there: it may be nobody's.
    let refused = refused.with("client_id", asked.escape_debug());
    let scope = form.parameter("scope").unwrap_or_default();
    let refused = refused.with("scope", scope.escape_debug());
    let issued = issue_for(server, caller, &form).await;
    issued.map_err(|refusal| refusal.of(refused))
}

async fn issue_for(server: &TokenServer, caller: &Caller, form: &Form) -> Result<Issued, Refusal> {
    let (settings, now) = (server.settings(), server.now());
    let who = Proven::of(&settings, caller, form)?;
    match form.required("grant_type")? {
        "client_credentials" => {}
        other => {
            let why = format!("the grant {other} is not offered");
            return Err(Refusal::request(UNSUPPORTED_GRANT, why));
        }
    }
    let scope = form.parameter("scope").unwrap_or_default().parse::<Scope>();
    let scope = scope.map_err(|error| Refusal::request(INVALID_SCOPE, error.to_string()))?;
    let granted = grant(&settings, &who, &scope, form.parameter("resource"))?;
    let token = token(&settings, &who, granted, now);
    let text = settings.keys.sign(&token);
    let text = text.map_err(|error| Refusal::internal(&error))?;
    let recorded = server.store().record(IssuedToken::of(&token)).await;
    recorded.map_err(|error| Refusal::unavailable(&error))?;
    Ok(Issued {
        action: told(&who, &token),
        text,
        token,
    })
}

/// It ends with the certificate, if that is first: it could not be used afterwards.
fn token(settings: &Settings, who: &Proven<'_>, granted: Granted, now: Timestamp) -> AccessToken {
    let longest = now.saturating_add(settings.keys.longest());
    let end = longest.unwrap_or(Timestamp::MAX);
    let mut token = AccessToken::new(
        settings.issuer().as_str(),
        who.client.principal().as_str(),
        granted.audience,
        TokenId::from_bytes(rand::random()),
        who.certificate.thumbprint(),
        now..end.min(who.certificate.not_after()),
    );
    token.scope = granted.scope;
    token
}

fn told(who: &Proven<'_>, token: &AccessToken) -> Action {
    Action::new(ISSUED)
        .with("client_id", &token.client_id)
        .with("scope", &token.scope)
        .with("proof", who.client.proof().method())
        .with("jti", &token.id)
        .with("audience", token.audience.join(" "))
        .with("expires_at", token.expires_at)
}

impl<'a> IssuedToken<'a> {
    fn of(token: &'a AccessToken) -> Self {
        Self {
            id: token.id.as_str(),
            client_id: &token.client_id,
            issued_at: token.issued_at,
            expires_at: token.expires_at,
        }
    }
}

impl IntoResponse for Issued {
    fn into_response(self) -> Response {
        let body = document::issued(&self.text, &self.token);
        (self.action, document::private(body)).into_response()
    }
}

/// The action of the audit log.
pub(super) const ISSUED: &str = "token-issued";
