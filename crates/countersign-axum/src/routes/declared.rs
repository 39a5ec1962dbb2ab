use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::MethodRouter;
use http::Method;
use http::header::ALLOW;
use tower::{Service, layer::layer_fn, service_fn};

use super::{Access, RouteLine, RouteTable};

/// A route as it was declared: what becomes one or more lines of the table.
pub(crate) struct Declared<S> {
    path: String,
    access: Access,
    /// The methods of the route, with nothing behind them.
    methods: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Declared<S> {
    pub(crate) fn new(path: &str, methods: &MethodRouter<S>, access: Access) -> Self {
        // In place of every handler: an answer that is there at once.
        let hollow = layer_fn(|_| service_fn(|_: Request| nothing()));
        Self {
            path: path.to_owned(),
            access,
            methods: methods.clone().layer(hollow),
        }
    }

    /// As `axum::Router::nest` joins paths.
    pub(crate) fn below(mut self, prefix: &str) -> Self {
        self.path = match (prefix.strip_suffix('/'), self.path.as_str()) {
            (Some(prefix), path) => format!("{prefix}{path}"),
            (None, "/") => prefix.to_owned(),
            (None, path) => format!("{prefix}{path}"),
        };
        self
    }

    pub(crate) fn with_state<T>(self, state: S) -> Declared<T> {
        Declared {
            path: self.path,
            access: self.access,
            methods: self.methods.with_state(state),
        }
    }
}

impl<S> fmt::Debug for Declared<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.access)
    }
}

impl RouteTable {
    pub(crate) fn of(declared: &[Declared<()>]) -> Self {
        let lines = declared.iter().flat_map(|route| {
            let methods = methods(route.methods.clone());
            methods.into_iter().map(|method| RouteLine {
                method,
                path: route.path.clone(),
                access: route.access.clone(),
            })
        });
        Self {
            lines: lines.collect(),
        }
    }
}

/// The methods of a hollow router. A `MethodRouter` tells them to nobody but a client, in the `Allow`
/// of its answer to a method that it does not have; one made by `any` has no such answer.
fn methods(mut router: MethodRouter) -> Vec<Option<Method>> {
    let mut unheard_of = Request::new(Body::empty());
    *unheard_of.method_mut() = UNHEARD_OF.parse().unwrap_or_default();
    let answer = pin!(router.call(unheard_of));
    let Poll::Ready(Ok(response)) = answer.poll(&mut Context::from_waker(Waker::noop())) else {
        return vec![None];
    };
    let allow = response.headers().get(ALLOW);
    let Some(allow) = allow.and_then(|allow| allow.to_str().ok()) else {
        return vec![None];
    };
    let methods = allow.split(',').filter_map(|name| name.trim().parse().ok());
    let methods: Vec<Method> = methods.collect();
    let as_get = |method: &Method| method == Method::HEAD && methods.contains(&Method::GET);
    let own = methods.iter().filter(|method| !as_get(method));
    own.cloned().map(Some).collect()
}

const UNHEARD_OF: &str = "COUNTERSIGN";

fn nothing() -> Ready<Result<Response, Infallible>> {
    ready(Ok(Response::default()))
}
