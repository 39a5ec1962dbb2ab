//! What a token says and whether it counts (RFC 7662).

use axum::extract::Request;
use axum::response::IntoResponse;
use countersign_axum::Caller;
use countersign_axum::audit::Action;

use super::{Form, Proven, Refusal, TokenServer, document};
use crate::{AccessToken, Standing, TokenVerifier};

/// An API that asks about a token for it reads what it says; everybody else, and of any other token, that it does
/// not count, and nothing more.
pub(super) async fn introspect(
    server: &TokenServer,
    caller: &Caller,
    request: Request,
) -> Result<impl IntoResponse + use<>, Refusal> {
    let form = Form::read(request).await?;
    let settings = server.settings();
    let who = Proven::of(&settings, caller, &form)
        .map_err(|refusal| refusal.of(Action::new(INTROSPECTED)))?;
    let text = form.required("token")?;
    let token = active(server, text).await?;
    let token = token.filter(|token| who.client.may_introspect(&token.audience));
    Ok(document::private(document::introspected(token.as_ref())))
}

/// The token, if it is one of ours and counts now.
async fn active(server: &TokenServer, text: &str) -> Result<Option<AccessToken>, Refusal> {
    let (settings, keys) = (server.settings(), server.keys().load_full());
    let token = TokenVerifier::signed_by(&keys, text).ok();
    let now = server.now();
    let counts = |token: &AccessToken| {
        token.issuer == settings.issuer().as_str() && token.counts_at(now).is_ok()
    };
    let Some(token) = token.filter(counts) else {
        return Ok(None);
    };
    let standing = server.store().standing(token.id.as_str()).await;
    let standing = standing.map_err(|error| Refusal::unavailable(&error))?;
    Ok((standing == Standing::Issued).then_some(token))
}

const INTROSPECTED: &str = "token-introspected";
