use axum::extract::Request;

use crate::claims::Claims;
use crate::{Caller, Connection, CorrelationId, Live};

/// What a listener and a guard leave in a request for whoever answers it, as one: each extension is an allocation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asking {
    /// None before a guard.
    pub(crate) id: Option<CorrelationId>,
    /// None where the listener is not ours.
    pub(crate) connection: Option<Connection>,
    /// None on a public route.
    pub(crate) caller: Option<Caller>,
    /// What said who the client is, taken from the request; until a guard has looked at it.
    pub(crate) claims: Claims,
}

impl Asking {
    /// Leaves what came by `connection`, none where the listener is not ours. What says who a client is reaches no layer and no
    /// handler behind this, whoever says it.
    pub(crate) fn screen<B>(
        request: &mut http::Request<B>,
        connection: Option<Connection>,
        live: &Live,
    ) {
        let claims = Claims::take(request.headers_mut(), live);
        request.extensions_mut().insert(Self {
            connection,
            claims,
            ..Self::default()
        });
    }

    /// Goes on from what a listener has left, or a guard before this one.
    pub(crate) fn begin<'a>(
        request: &'a mut Request,
        id: &CorrelationId,
        live: &Live,
    ) -> &'a mut Self {
        if request.extensions().get::<Self>().is_none() {
            // One that a test has put there, if any.
            let connection = request.extensions_mut().remove();
            Self::screen(request, connection, live);
        }
        let asking = request.extensions_mut().get_or_insert_default::<Self>();
        asking.id = Some(id.clone());
        asking.caller = None;
        asking
    }
}
