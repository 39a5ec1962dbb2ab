use axum::extract::Request;

use crate::{Caller, Connection, CorrelationId};

/// What a listener and a guard leave in a request for whoever answers it, as one: each extension is an allocation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asking {
    /// None before a guard.
    pub(crate) id: Option<CorrelationId>,
    /// None where the listener is not ours.
    pub(crate) connection: Option<Connection>,
    /// None on a public route.
    pub(crate) caller: Option<Caller>,
}

impl Asking {
    /// Goes on from what a listener has left, or a guard before this one.
    pub(crate) fn begin(request: &mut Request, id: &CorrelationId) {
        let extensions = request.extensions_mut();
        let connection = extensions.remove();
        let asking = extensions.get_or_insert_default::<Self>();
        asking.connection = connection.or_else(|| asking.connection.take());
        asking.id = Some(id.clone());
        asking.caller = None;
    }
}
