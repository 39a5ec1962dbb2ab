use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ALLOW, CONNECTION};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Version};

use crate::audit::{EventKind, Outcome};
use crate::caller::Known;
use crate::connection::not_ours;
use crate::{AuditEvent, Caller, Check, Code, Connection, CorrelationId, Fault, Live};

/// What stands before a route: who may pass, judged by what.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) live: Live,
    pub(crate) rule: Rule,
    /// What is asked besides, once the policy allows.
    pub(crate) checks: Arc<[Arc<dyn Check>]>,
}

/// Who may pass.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// Everybody, known or not.
    Public,
    /// Every principal.
    Open,
    /// Every principal that holds the permission.
    Holder(&'static str),
}

/// Decides a request, tells the audit log, and lets it pass or answers with the problem.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let id = CorrelationId::of(&parts.headers);
    let version = parts.version;
    parts.extensions.insert(id.clone());
    let fault = match guard.rule {
        Rule::Public => None,
        rule => guard.decide(rule, &id, &mut parts).await.err(),
    };
    let mut response = match fault {
        Some(fault) => refuse(fault, &id, version),
        None => {
            guard
                .pass(&id, Request::from_parts(parts, body), next)
                .await
        }
    };
    id.write(response.headers_mut());
    response
}

impl Guard {
    async fn decide(
        &self,
        rule: Rule,
        id: &CorrelationId,
        request: &mut Parts,
    ) -> Result<(), Fault> {
        let connection: Connection = request.extensions.get().cloned().ok_or_else(not_ours)?;
        let mut known = Known::default();
        let decision = match self.caller(rule, &mut known, &connection) {
            Ok(caller) => self.ask(&caller, request).await.map(|()| caller),
            Err(fault) => Err(fault),
        };
        let asked = Asked::of(id, request);
        let event = self.event(&connection, known, asked, decision.as_ref().err());
        connection.audit().record(event).await;
        match decision {
            Ok(caller) => {
                self.note(&connection, &caller, id, request).await;
                request.extensions.insert(caller);
                Ok(())
            }
            Err(fault) => {
                // The certificate was good for the handshake and is so no more: a new handshake,
                // with another one, is all that can help.
                if fault.code().challenge().is_some() {
                    connection.end();
                }
                Err(fault)
            }
        }
    }

    /// The caller, if the policy lets it pass.
    fn caller(
        &self,
        rule: Rule,
        known: &mut Known,
        connection: &Connection,
    ) -> Result<Caller, Fault> {
        let caller = known.caller(connection, &self.live)?;
        if let Rule::Holder(permission) = rule {
            caller.principal().hold(permission)?;
        }
        Ok(caller)
    }

    /// Tells the audit log, once for each connection, that a certificate renews the one before.
    async fn note(
        &self,
        connection: &Connection,
        caller: &Caller,
        id: &CorrelationId,
        request: &Parts,
    ) {
        if !connection.is_first(caller.epoch()) {
            return;
        }
        let renewed = self.live.callers().note(caller, self.live.now());
        if renewed.is_some() {
            let asked = Asked::of(id, request);
            let mut event = self.event(connection, caller.clone().known(), asked, None);
            event.kind = EventKind::CertificateRenewed;
            event.renewed = renewed;
            connection.audit().record(event).await;
        }
    }

    /// Asks what is asked besides.
    async fn ask(&self, caller: &Caller, request: &mut Parts) -> Result<(), Fault> {
        for check in &*self.checks {
            check.check(caller, request).await?;
        }
        Ok(())
    }

    /// Runs the handler, and renders the problem that it may answer with.
    async fn pass(&self, id: &CorrelationId, request: Request, next: Next) -> Response {
        let asked = Asked {
            id: id.clone(),
            method: request.method().clone(),
            route: request.extensions().get().cloned(),
        };
        let connection = request.extensions().get::<Connection>().cloned();
        let caller = request.extensions().get::<Caller>().cloned();
        let mut response = next.run(request).await;
        let Some(fault) = response.extensions_mut().remove::<Fault>() else {
            return response;
        };
        if let (Some(connection), Some(caller)) = (connection, caller)
            && is_denial(&fault)
        {
            let event = self.event(&connection, caller.known(), asked, Some(&fault));
            connection.audit().record(event).await;
        }
        fault.render(id)
    }

    fn event(
        &self,
        connection: &Connection,
        known: Known,
        asked: Asked,
        fault: Option<&Fault>,
    ) -> AuditEvent {
        AuditEvent {
            time: self.live.now(),
            kind: EventKind::Request,
            outcome: match fault {
                None => Outcome::Allowed,
                Some(_) => Outcome::Denied,
            },
            code: fault.map(Fault::code),
            detail: fault.map(|fault| fault.detail().to_owned()),
            alert: None,
            correlation_id: Some(asked.id),
            address: connection.address(),
            handshake: Some(connection.handshake().clone()),
            identity: known.identity,
            principal: known.principal,
            certificate: known.certificate,
            renewed: None,
            method: Some(asked.method),
            route: asked.route.map(|route| route.as_str().to_owned()),
            epoch: known.epoch.unwrap_or_else(|| self.live.load().epoch()),
        }
    }
}

/// The answer to whom the guard does not let pass.
fn refuse(fault: Fault, id: &CorrelationId, version: Version) -> Response {
    let code = fault.code();
    let mut response = fault.render(id);
    let headers = response.headers_mut();
    // axum adds the methods of the resource to whatever is answered in place of a handler, and
    // they would tell a stranger that there is a resource; not where they are told already.
    if code != Code::PermissionMissing {
        headers.insert(ALLOW, HeaderValue::from_static(""));
    }
    // The connection is ending, and HTTP/1.1 can say so in the answer.
    if code.challenge().is_some() && version <= Version::HTTP_11 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What the audit log tells of a request. Cheap to take: it is taken again for a handler that may refuse.
struct Asked {
    id: CorrelationId,
    method: Method,
    route: Option<MatchedPath>,
}

impl Asked {
    fn of(id: &CorrelationId, request: &Parts) -> Self {
        Self {
            id: id.clone(),
            method: request.method.clone(),
            route: request.extensions.get().cloned(),
        }
    }
}

/// A handler refused the caller, by asking for a permission of its own.
fn is_denial(fault: &Fault) -> bool {
    let status = StatusCode::from_u16(fault.code().status());
    matches!(status, Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
}
