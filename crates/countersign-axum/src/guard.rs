mod answer;

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use countersign_identity::Certificate;
use countersign_policy::PermissionName;
use futures_util::FutureExt;
use futures_util::future::NeverError;
use http::header::ALLOW;
use http::{HeaderValue, Method};
use jiff::Timestamp;
use tower::{Layer, Service};

pub(crate) use self::answer::Answer;
use self::answer::{Passed, untold};
use crate::asking::Asking;
use crate::audit::{EventKind, Recording, Untold};
use crate::caller::Known;
use crate::claims::Claims;
use crate::connection::{not_ours, until};
use crate::drain::{Lent, say_close};
use crate::seen::Proof;
use crate::{
    Access, AuditEvent, Caller, Check, Code, Connection, CorrelationId, Fault, Live, Renderer,
};

/// What stands before a route: who may pass, judged by what.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) live: Live,
    pub(crate) rule: Rule,
    /// What is asked besides, once the policy allows.
    pub(crate) checks: Arc<[Arc<dyn Check>]>,
    /// Writes refusals; none writes problem documents.
    pub(crate) renderer: Option<Arc<dyn Renderer>>,
    pub(crate) route: Route,
}

/// Who may pass.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    /// Everybody, known or not.
    Public,
    /// Every principal.
    Open,
    /// Every principal that holds the permission.
    Holder(Arc<PermissionName>),
}

impl Rule {
    pub(crate) fn of(access: &Access) -> Self {
        match access {
            Access::Guarded(permission) => Self::Holder(Arc::new(permission.clone())),
            Access::Open => Self::Open,
            Access::Public => Self::Public,
        }
    }
}

/// A service with its guard: decides a request, tells the audit log, and lets it pass or answers with the problem.
#[derive(Clone, Debug)]
pub(crate) struct Guarded<S> {
    guard: Arc<Guard>,
    inner: S,
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        let guard = Arc::new(self.clone());
        Guarded { guard, inner }
    }
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Error = Infallible, Future: Send, Response: IntoResponse>,
    S: Clone + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = NeverError<Answer<S::Future>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let guard = Arc::clone(&self.guard);
        guard.answer(request, &mut self.inner).never_error()
    }
}

/// What a guard stands before: it answers one request.
pub(crate) trait Inner {
    type Future: Future<Output: IntoResponse> + Send + 'static;
    /// The same, for later.
    type Kept: Inner<Future = Self::Future> + Send + 'static;

    fn answer(self, request: Request) -> Self::Future;

    fn keep(self) -> Self::Kept;
}

impl<S> Inner for &mut S
where
    S: Service<Request, Error = Infallible, Future: Send, Response: IntoResponse>,
    S: Clone + Send + 'static,
{
    type Future = S::Future;
    type Kept = Ready<S>;

    fn answer(self, request: Request) -> S::Future {
        self.call(request)
    }

    fn keep(self) -> Ready<S> {
        let next = self.clone();
        // The one that is ready is called, and not its clone.
        Ready(std::mem::replace(self, next))
    }
}

/// A service that is ready for a request.
pub(crate) struct Ready<S>(S);

impl<S> Inner for Ready<S>
where
    S: Service<Request, Error = Infallible, Future: Send, Response: IntoResponse>,
    S: Clone + Send + 'static,
{
    type Future = S::Future;
    type Kept = Self;

    fn answer(mut self, request: Request) -> S::Future {
        self.0.call(request)
    }

    fn keep(self) -> Self {
        self
    }
}

/// Who is let in, and by which connection.
pub(crate) enum LetIn {
    /// On a public route nobody is asked. What somebody says of the client goes no further.
    Anybody(Option<Connection>, Claims),
    Known(Connection, Caller),
}

/// What is decided, and whether it is told.
type Decided = (Result<LetIn, Fault>, Recording);

/// How far a decision comes without waiting.
enum Step {
    /// Something is asked besides.
    Ask(Box<Judged>),
    /// It is decided, and told as soon as there is room for it.
    Decided(Result<LetIn, Fault>, Recording),
}

impl From<Decided> for Step {
    fn from((decision, told): Decided) -> Self {
        Self::Decided(decision, told)
    }
}

/// What the policy says of a request.
struct Judged {
    connection: Connection,
    known: Known,
    decision: Result<Caller, Fault>,
    begun: Timestamp,
}

impl Guard {
    /// Decides about `request`, tells the audit log, and has `inner` answer it or refuses it.
    pub(crate) fn answer<I: Inner>(
        self: Arc<Self>,
        mut request: Request,
        inner: I,
    ) -> Answer<I::Future> {
        if let Some(body) = Lent::of(&mut request) {
            return Answer::later(body.settle(self.decide(request, inner)));
        }
        self.decide(request, inner)
    }

    fn decide<I: Inner>(self: Arc<Self>, mut request: Request, inner: I) -> Answer<I::Future> {
        let asked = self.asked(&request);
        let asking = Asking::begin(&mut request, &asked.id, &self.live);
        match self.begin(&asked, asking) {
            // What is usual: there is nothing to wait for.
            Step::Decided(Ok(let_in), told) if told.is_done() => {
                self.pass(asked, let_in, request, inner)
            }
            step => Answer::later(self.later(step, asked, request, inner.keep())),
        }
    }

    fn begin(&self, asked: &Asked, asking: &mut Asking) -> Step {
        let permission = match &self.rule {
            Rule::Public => return self.admit(asked, asking).into(),
            Rule::Open => None,
            Rule::Holder(permission) => Some(permission.as_str()),
        };
        let Some(connection) = asking.connection.clone() else {
            return (Err(not_ours()), Recording::done()).into();
        };
        let (mut known, claims) = (Known::default(), std::mem::take(&mut asking.claims));
        let decision = self.judge(permission, &connection, &mut known, claims);
        let judged = Judged {
            begun: known.at.unwrap_or_else(|| self.live.now()),
            connection,
            known,
            decision,
        };
        match judged.decision.is_ok() && !self.checks.is_empty() {
            true => Step::Ask(Box::new(judged)),
            false => self.conclude(judged, asked, Some(asking)).into(),
        }
    }

    /// Goes on where there is something to wait for.
    async fn later<I: Inner>(
        self: Arc<Self>,
        step: Step,
        asked: Asked,
        mut request: Request,
        inner: I,
    ) -> Response {
        let (decision, told) = match step {
            Step::Ask(mut judged) => {
                if let Ok(caller) = &judged.decision
                    && let Err(fault) = self.ask(caller, &mut request).await
                {
                    judged.decision = Err(fault);
                }
                judged.known.at = None;
                let asking = request.extensions_mut().get_mut();
                self.conclude(*judged, &asked, asking)
            }
            Step::Decided(decision, told) => (decision, told),
        };
        // What cannot be told is not done, and a refusal is not told to the caller alone.
        let decision = match told.await {
            Ok(()) => decision,
            Err(Untold) => Err(untold(&asked.id)),
        };
        match decision {
            Ok(let_in) => self.pass(asked, let_in, request, inner).await,
            Err(fault) => self.refuse(&fault, &asked.id, &request),
        }
    }

    /// What the policy says.
    fn judge(
        &self,
        permission: Option<&str>,
        connection: &Connection,
        known: &mut Known,
        claims: Claims,
    ) -> Result<Caller, Fault> {
        let caller = known.heard(connection, &self.live, claims)?;
        if let Some(permission) = permission {
            caller.principal().hold(permission)?;
        }
        Ok(caller)
    }

    /// Tells the audit log, and the handler who calls.
    fn conclude(&self, judged: Judged, asked: &Asked, asking: Option<&mut Asking>) -> Decided {
        let (connection, known, decision) = (judged.connection, judged.known, judged.decision);
        let forwarded = known.via().is_some();
        count(&connection, &known, decision.as_ref().err());
        let mut event = known.event(EventKind::Request, &self.live);
        known.describe(&mut event, &connection, decision.as_ref().err());
        self.describe(asked, &mut event);
        event.took = Some(until(self.live.now(), judged.begun));
        let mut told = connection.audit().record(event);
        let caller = match decision {
            Ok(caller) => caller,
            Err(fault) => {
                // What is wrong with one client of a gateway is no reason to end it for the others.
                if !forwarded && ends(&connection, fault.code()) {
                    connection.end();
                }
                return (Err(fault), told);
            }
        };
        if let Some(renewed) = self.renewed(&connection, &caller) {
            let mut event = caller.event(EventKind::CertificateRenewed, &self.live, None);
            self.describe(asked, &mut event);
            event.renew(renewed);
            told = told.and(connection.audit().record(event));
        }
        if let Some(asking) = asking {
            asking.caller = Some(caller.clone());
        }
        (Ok(LetIn::Known(connection, caller)), told)
    }

    /// Everybody may pass; headers of somebody who is not believed may not, where that is the rule.
    fn admit(&self, asked: &Asked, asking: &mut Asking) -> Decided {
        let claims = std::mem::take(&mut asking.claims);
        let connection = asking.connection.clone();
        let Some(said) = connection.as_ref().filter(|_| !claims.is_empty()) else {
            return (Ok(LetIn::Anybody(connection, claims)), Recording::done());
        };
        let mut known = Known::default();
        let refused = match known.heard(said, &self.live, claims.clone()) {
            Err(fault) if fault.code() == Code::ForwardedIdentityUntrusted => Some(fault),
            _ => None,
        };
        count(said, &known, refused.as_ref());
        let Some(fault) = refused else {
            return (Ok(LetIn::Anybody(connection, claims)), Recording::done());
        };
        let mut event = known.event(EventKind::Request, &self.live);
        known.describe(&mut event, said, Some(&fault));
        self.describe(asked, &mut event);
        (Err(fault), said.audit().record(event))
    }

    /// Notes the caller, and answers the certificate that its own renews; once for each connection, and there for each client of a
    /// gateway.
    fn renewed(&self, connection: &Connection, caller: &Caller) -> Option<Arc<Certificate>> {
        let is_first = connection.is_first(caller.epoch());
        let proof = match caller.client() {
            Some(client) if client.is_first() => Proof::Forwarded(client.forwarded.clone()),
            None if is_first => Proof::Peer(connection.peer(&self.live)?),
            _ => return None,
        };
        let noted = self.live.callers().note(caller, proof, self.live.now())?;
        if caller.client().is_none() {
            connection.hold(noted.held);
        }
        noted.renewed
    }

    /// Asks what is asked besides.
    async fn ask(&self, caller: &Caller, request: &mut Request) -> Result<(), Fault> {
        let (mut parts, body) = std::mem::take(request).into_parts();
        let mut asked = Ok(());
        for check in &*self.checks {
            asked = check.check(caller, &mut parts).await;
            if asked.is_err() {
                break;
            }
        }
        *request = Request::from_parts(parts, body);
        asked
    }

    /// Calls the handler.
    fn pass<I: Inner>(
        self: Arc<Self>,
        asked: Asked,
        let_in: LetIn,
        request: Request,
        inner: I,
    ) -> Answer<I::Future> {
        let passed = Passed {
            guard: self,
            asked,
            let_in,
            cut: None,
        };
        // A handler of axum's own does nothing before its answer is polled.
        match catch_unwind(AssertUnwindSafe(|| inner.answer(request))) {
            Ok(handler) => Answer::Running {
                handler,
                passed: Some(passed),
            },
            Err(_) => Answer::later(passed.panicked()),
        }
    }

    /// The answer to whom it does not let pass.
    fn refuse(&self, fault: &Fault, id: &CorrelationId, request: &Request) -> Response {
        let connection = Connection::asking(request.extensions());
        let ending = connection.is_some_and(Connection::is_ending);
        let mut response = self.render(fault, id);
        let headers = response.headers_mut();
        // axum adds the methods of the resource to whatever is answered in place of a handler, and
        // they would tell a stranger that there is a resource; not where they are told already.
        if fault.code() != Code::PermissionMissing {
            headers.insert(ALLOW, HeaderValue::from_static(""));
        }
        if ending {
            say_close(request.version(), headers);
        }
        id.write(headers);
        response
    }

    fn render(&self, fault: &Fault, id: &CorrelationId) -> Response {
        crate::renderer::write(self.renderer.as_deref(), fault, id)
    }

    fn asked(&self, request: &Request) -> Asked {
        let route = request.extensions().get::<MatchedPath>();
        Asked {
            id: CorrelationId::of(request.headers()),
            method: request.method().clone(),
            route: route.map(|route| self.route.matched(route.as_str())),
        }
    }

    /// Tells in `event` what was asked for.
    fn describe(&self, asked: &Asked, event: &mut AuditEvent) {
        event.correlation_id = Some(asked.id.clone());
        event.method = Some(asked.method.clone());
        let route = asked.route.as_ref();
        event.route = route.and_then(|route| self.route.path(route));
    }
}

/// Whether a refusal with `code` ends the connection.
///
/// A certificate that was good for the handshake and is so no more: a new handshake, with another one,
/// is all that can help. A caller who was let in before and is so no more. Who came without a certificate
/// may go on asking for what is public.
fn ends(connection: &Connection, code: Code) -> bool {
    match code {
        Code::CertificateRequired => false,
        Code::PrincipalDisabled | Code::PrincipalUnknown => connection.was_allowed(),
        other => other.challenge().is_some(),
    }
}

/// Counts what was said of a client, and whether it was believed.
fn count(connection: &Connection, known: &Known, fault: Option<&Fault>) {
    let metrics = connection.audit().metrics();
    let refused = fault.map(Fault::code) == Some(Code::ForwardedIdentityUntrusted);
    if !known.unbelieved.is_empty() {
        metrics.disbelieved(refused, known.unbelieved.len());
    }
    let says = known.via().map(|via| via.headers().len());
    if let Some(says) = says.filter(|says| *says > 0) {
        let malformed = fault.map(Fault::code) == Some(Code::ForwardedIdentityMalformed);
        metrics.believed(!malformed, says);
    }
}

/// What the audit log tells of a request.
struct Asked {
    id: CorrelationId,
    method: Method,
    route: Option<Matched>,
}

/// The route before which a guard stands, as it is declared where the service is put together: known with the first request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route(Arc<OnceLock<Arc<str>>>);

/// Which route a request matched.
enum Matched {
    /// The one that is known.
    Known,
    /// The same routes at two places: the other one.
    Other(Arc<str>),
}

impl Route {
    fn matched(&self, path: &str) -> Matched {
        let known = self.0.get_or_init(|| path.into());
        match **known == *path {
            true => Matched::Known,
            false => Matched::Other(path.into()),
        }
    }

    fn path(&self, matched: &Matched) -> Option<Arc<str>> {
        match matched {
            Matched::Known => self.0.get().cloned(),
            Matched::Other(path) => Some(Arc::clone(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::server::tests::running;

    #[tokio::test]
    async fn what_each_request_makes_anew_is_small() {
        let guard = Arc::new(Guard {
            live: running().acceptor.live,
            rule: Rule::Open,
            checks: Arc::new([]),
            renderer: None,
            route: Route::default(),
        });
        let request = Request::default();
        let mut handler =
            tower::service_fn(async |_: Request| Ok(Response::new(axum::body::Body::empty())));
        let asked = guard.asked(&request);
        let let_in = LetIn::Anybody(None, Claims::default());
        let answer = guard.pass(asked, let_in, request, &mut handler);
        // Beyond a kibibyte, with a handler's own, the allocator has to search.
        assert!(size_of_val(&answer) <= 512, "{}", size_of_val(&answer));
        assert_eq!(answer.await.status(), StatusCode::OK);
    }
}
