//! The end of a token before its time (RFC 7009).

use axum::extract::Request;
use axum::response::IntoResponse;
use countersign_axum::Caller;
use countersign_axum::audit::Action;

use super::fault::INVALID_REQUEST;
use super::{Form, Proven, Refusal, TokenServer, document};
use crate::TokenVerifier;

/// A client revokes its own tokens. What is no token of ours, or none any more, need not be revoked, and the answer is
/// the same.
pub(super) async fn revoke(
    server: &TokenServer,
    caller: &Caller,
    request: Request,
) -> Result<impl IntoResponse + use<>, Refusal> {
    let form = Form::read(request).await?;
    let action = Action::new(REVOKED);
    let (settings, keys) = (server.settings(), server.keys().load_full());
    let who = Proven::of(&settings, caller, &form).map_err(|refusal| refusal.of(action.clone()))?;
    let text = form.required("token")?;
    // Signed by us, or anybody could end a token whose id he has read somewhere.
    let Ok(token) = TokenVerifier::signed_by(&keys, text) else {
        return Ok((
            action.with("token", "none"),
            document::private(String::new()),
        ));
    };
    let action = action.with("jti", &token.id);
    let action = action.with("client_id", token.client_id.escape_debug());
    if token.client_id != who.client.principal().as_str() {
        let refusal = Refusal::request(INVALID_REQUEST, "the token is another client's");
        return Err(refusal.of(action));
    }
    let revoked = server.store().revoke(token.id.as_str(), server.now()).await;
    revoked.map_err(|error| Refusal::unavailable(&error).of(action.clone()))?;
    Ok((action, document::private(String::new())))
}

const REVOKED: &str = "token-revoked";
