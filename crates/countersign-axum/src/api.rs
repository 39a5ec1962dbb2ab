use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use countersign_policy::Permission;

use crate::guard::{Guard, Rule, guard};
use crate::{Code, Fault, Live};

/// A router in which every route says who may call it.
///
/// There is no `route`: a route is [`guarded`](Self::guarded) by a permission,
/// [`open`](Self::open) to every known principal or [`public`](Self::public). So it cannot be
/// forgotten, and the calls read as the table of who may do what.
///
/// ```compile_fail
/// # use axum::routing::get;
/// # fn app(live: countersign_axum::Live) {
/// countersign_axum::Api::<()>::new(live).route("/v1/transactions", get(|| async {}));
/// # }
/// ```
///
/// A `GET` route answers `HEAD` too, under the same rule. What matches no route is answered with
/// `not-found` or `method-not-allowed`, but only to known principals: nobody else learns which
/// paths there are.
#[derive(Debug)]
pub struct Api<S = ()> {
    live: Live,
    router: Router<S>,
}

impl<S: Clone + Send + Sync + 'static> Api<S> {
    /// An API whose callers are judged by the snapshot in force.
    pub fn new(live: Live) -> Self {
        Self {
            live,
            router: Router::new(),
        }
    }

    /// Serves `path` to principals that hold `P`.
    ///
    /// # Panics
    ///
    /// As `axum::Router::route`: at start-up, where `path` is malformed or overlaps another.
    #[must_use]
    pub fn guarded<P: Permission>(self, path: &str, methods: MethodRouter<S>) -> Self {
        let holds = Rule::Holder(|principal| principal.permit::<P>().map(drop));
        self.ruled(path, methods, holds)
    }

    /// Serves `path` to every known principal.
    ///
    /// # Panics
    ///
    /// As [`guarded`](Self::guarded).
    #[must_use]
    pub fn open(self, path: &str, methods: MethodRouter<S>) -> Self {
        self.ruled(path, methods, Rule::Open)
    }

    /// Serves `path` to everybody whom the listener lets in: without a certificate too, where the
    /// listener allows that.
    ///
    /// # Panics
    ///
    /// As [`guarded`](Self::guarded).
    #[must_use]
    pub fn public(self, path: &str, methods: MethodRouter<S>) -> Self {
        self.ruled(path, methods, Rule::Public)
    }

    /// Gives the handlers the service's own state.
    #[must_use]
    pub fn with_state<T>(self, state: S) -> Api<T> {
        Api {
            live: self.live,
            router: self.router.with_state(state),
        }
    }

    fn ruled(mut self, path: &str, methods: MethodRouter<S>, rule: Rule) -> Self {
        let guard = from_fn_with_state(self.guard(rule), guard);
        // Not `route_layer`, which leaves out what `methods` has as its fallback, `any` too.
        self.router = self.router.route(path, methods.layer(guard));
        self
    }

    fn guard(&self, rule: Rule) -> Guard {
        Guard {
            live: self.live.clone(),
            rule,
        }
    }
}

impl Api<()> {
    /// The finished router, for a [`Server`](crate::Server).
    pub fn into_router(self) -> Router {
        let open = from_fn_with_state(self.guard(Rule::Open), guard);
        self.router
            .method_not_allowed_fallback(method_not_allowed.layer(open.clone()))
            .fallback(not_found.layer(open))
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
