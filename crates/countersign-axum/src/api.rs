use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::IntoResponse;
use axum::routing::Route;
use countersign_policy::{Permission, PermissionName};
use tower::{Layer, Service};

use crate::guard::{Guard, Route as Known, Rule};
use crate::routes::{Declared, RouteTable, RouteTableError};
use crate::routing::{Methods, any, on};
use crate::{Access, Check, Code, Fault, Live, Renderer};

/// A router in which every route says who may call it.
///
/// There is no `route`: a route is [`guarded`](Self::guarded) by a permission,
/// [`open`](Self::open) to every known principal or [`public`](Self::public). So it cannot be
/// forgotten, and the calls read as the table of who may do what; [`table`](Self::table) is that
/// table.
///
/// ```compile_fail
/// # use countersign_axum::routing::get;
/// # fn app(live: countersign_axum::Live) {
/// countersign_axum::Api::<()>::new(live).route("/v1/transactions", get(|| async {}));
/// # }
/// ```
///
/// The handlers of a route are given by [`routing`](crate::routing), or as an `axum::routing::MethodRouter`.
///
/// [`layer`](Self::layer), [`nest`](Self::nest), [`merge`](Self::merge) and
/// [`with_state`](Self::with_state) are those of an `axum::Router`.
///
/// A `GET` route answers `HEAD` too, under the same rule. What matches no route is answered with
/// `not-found` or `method-not-allowed`, but only to known principals: nobody else learns which
/// paths there are.
#[derive(Debug)]
pub struct Api<S = ()> {
    live: Live,
    router: Router<S>,
    declared: Vec<Declared<S>>,
    checks: Arc<[Arc<dyn Check>]>,
    renderer: Option<Arc<dyn Renderer>>,
}

impl<S: Clone + Send + Sync + 'static> Api<S> {
    /// An API whose callers are judged by the snapshot in force.
    pub fn new(live: Live) -> Self {
        Self {
            live,
            router: Router::new(),
            declared: Vec::new(),
            checks: Arc::new([]),
            renderer: None,
        }
    }

    /// Serves `path` to principals that hold `P`.
    ///
    /// # Panics
    ///
    /// As `axum::Router::route`: at start-up, where `path` is malformed or overlaps another.
    #[must_use]
    pub fn guarded<P: Permission>(self, path: &str, methods: impl Into<Methods<S>>) -> Self {
        self.ruled(
            path,
            methods.into(),
            Access::Guarded(PermissionName::of::<P>()),
        )
    }

    /// Serves `path` to every known principal.
    ///
    /// # Panics
    ///
    /// As [`guarded`](Self::guarded).
    #[must_use]
    pub fn open(self, path: &str, methods: impl Into<Methods<S>>) -> Self {
        self.ruled(path, methods.into(), Access::Open)
    }

    /// Serves `path` to everybody whom the listener lets in: without a certificate too, where the
    /// listener allows that.
    ///
    /// # Panics
    ///
    /// As [`guarded`](Self::guarded).
    #[must_use]
    pub fn public(self, path: &str, methods: impl Into<Methods<S>>) -> Self {
        self.ruled(path, methods.into(), Access::Public)
    }

    /// Serves each line of `table` by `handler`, under the rule of the line: for a service that learns its
    /// routes when it starts, as a gateway does.
    ///
    /// # Errors
    ///
    /// [`RouteTableError::Method`]: the method of a line is none that can be routed.
    ///
    /// # Panics
    ///
    /// As [`guarded`](Self::guarded), where routes that are declared beside it overlap those of the table.
    pub fn tabled<H, T>(self, table: &RouteTable, handler: H) -> Result<Self, RouteTableError>
    where
        H: Handler<T, S>,
        T: 'static,
    {
        table.lines().iter().try_fold(self, |api, line| {
            let methods = match line.filter()? {
                Some(method) => on(method, handler.clone()),
                None => any(handler.clone()),
            };
            Ok(api.ruled(&line.path, methods, line.access.clone()))
        })
    }

    /// Asks `check` too, on the guarded and open routes that are declared *after* this call, once
    /// the policy has allowed a request: for an access token, the role of a certificate, a time of day.
    ///
    /// ```
    /// use countersign_axum::routing::get;
    /// use countersign_axum::{Api, Caller, Code, Fault, Live};
    /// use http::request::Parts;
    ///
    /// /// Not for those for whom a partner's CA vouches.
    /// fn our_own(caller: &Caller, _: &Parts) -> Result<(), Fault> {
    ///     match caller.identity().trust().as_str() {
    ///         "clients" => Ok(()),
    ///         other => Err(Fault::new(Code::PermissionMissing, format!("not for `{other}`"))),
    ///     }
    /// }
    ///
    /// fn app(live: Live) -> axum::Router {
    ///     Api::new(live)
    ///         .open("/whoami", get(|| async { "anybody whom we know" }))
    ///         .check(our_own)
    ///         .open("/v1/reports", get(|| async { "our own alone" }))
    ///         .into_router()
    /// }
    /// ```
    #[must_use]
    pub fn check(mut self, check: impl Check) -> Self {
        let further: Arc<dyn Check> = Arc::new(check);
        self.checks = self.checks.iter().cloned().chain([further]).collect();
        self
    }

    /// Lets `renderer` write what is refused and what goes wrong, on the routes that are declared *after* this
    /// call; and, where this is [nested](Self::nest) in another, for what matches no route below that path.
    #[must_use]
    pub fn rendered(mut self, renderer: impl Renderer) -> Self {
        self.renderer = Some(Arc::new(renderer));
        self
    }

    /// Wraps the routes that are declared so far, guards included, as `axum::Router::layer` does:
    /// `layer` sees a request before it is decided, and refusals as they leave. What should see
    /// allowed requests alone is a layer of an `axum::routing::MethodRouter` that a route is declared with.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.router = self.router.layer(layer);
        self
    }

    /// Adds the routes of `other`, each under the rule that it was declared with.
    ///
    /// # Panics
    ///
    /// As [`guarded`](Self::guarded).
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.declared.extend(other.declared);
        self
    }

    /// Adds the routes of `other` below `path`, each under the rule that it was declared with.
    ///
    /// # Panics
    ///
    /// As `axum::Router::nest`: at start-up, where `path` is malformed, `/`, or overlaps another.
    #[must_use]
    pub fn nest(mut self, path: &str, mut other: Self) -> Self {
        if other.renderer.is_some() {
            other.close();
        }
        self.router = self.router.nest(path, other.router);
        let below = other.declared.into_iter();
        self.declared.extend(below.map(|route| route.below(path)));
        self
    }

    /// Gives the handlers the service's own state.
    #[must_use]
    pub fn with_state<T>(self, state: S) -> Api<T> {
        let declared = self.declared.into_iter();
        Api {
            live: self.live,
            declared: declared
                .map(|route| route.with_state(state.clone()))
                .collect(),
            router: self.router.with_state(state),
            checks: self.checks,
            renderer: self.renderer,
        }
    }

    /// Refuses what matches no route.
    fn close(&mut self) {
        self.checks = Arc::new([]);
        let open = self.guard(Rule::Open);
        let router = std::mem::take(&mut self.router);
        self.router = router
            .method_not_allowed_fallback(method_not_allowed.layer(open.clone()))
            .fallback(not_found.layer(open));
    }

    fn ruled(mut self, path: &str, methods: Methods<S>, access: Access) -> Self {
        let methods = methods.behind(self.guard(Rule::of(&access)));
        self.declared.push(Declared::new(path, &methods, access));
        self.router = self.router.route(path, methods);
        self
    }

    fn guard(&self, rule: Rule) -> Guard {
        Guard {
            live: self.live.clone(),
            rule,
            checks: Arc::clone(&self.checks),
            renderer: self.renderer.clone(),
            route: Known::default(),
        }
    }
}

impl Api<()> {
    /// Which routes there are, and who may call each.
    pub fn table(&self) -> RouteTable {
        RouteTable::of(&self.declared)
    }

    /// The finished router, for a [`Server`](crate::Server).
    pub fn into_router(mut self) -> Router {
        self.close();
        self.router
    }
}

async fn not_found() -> Fault {
    Fault::new(Code::NotFound, "there is nothing at this path")
}

async fn method_not_allowed() -> Fault {
    Fault::new(
        Code::MethodNotAllowed,
        "the resource does not know this method",
    )
}
