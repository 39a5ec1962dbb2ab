//! Which handler answers which method of a route?
//!
//! As `axum::routing`, for an [`Api`](crate::Api): its guard calls these handlers itself. What `axum::routing` makes is taken, too, and guarded
//! alike; it has more: layers, services, a fallback. It is a route of axum within another one then, and each call costs a fiftieth more.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::Request;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};

use crate::guard::{Answer, Guard, Inner};

/// The handlers of a route, one for each method.
///
/// ```
/// use axum::extract::DefaultBodyLimit;
/// use countersign_axum::routing::{Methods, get};
///
/// let two: Methods = get(async || "a list").post(async || "one more");
/// let limited = axum::routing::post(async || "one more").layer(DefaultBodyLimit::max(1024));
/// let limited: Methods = limited.into();
/// ```
pub struct Methods<S = ()>(Kind<S>);

enum Kind<S> {
    Handlers(Vec<Add<S>>),
    Axum(Box<MethodRouter<S>>),
}

/// Adds a handler, with the guard before it.
type Add<S> = Box<dyn FnOnce(MethodRouter<S>, Arc<Guard>) -> MethodRouter<S>>;

macro_rules! method {
    ($name:ident, $filter:ident) => {
        #[doc = concat!("Answers `", stringify!($filter), "` by `handler`.")]
        pub fn $name<H, T, S>(handler: H) -> Methods<S>
        where
            H: Handler<T, S>,
            T: 'static,
            S: Clone + Send + Sync + 'static,
        {
            on(MethodFilter::$filter, handler)
        }

        impl<S: Clone + Send + Sync + 'static> Methods<S> {
            #[doc = concat!("Answers `", stringify!($filter), "` by `handler`, too.")]
            #[must_use]
            pub fn $name<H, T>(self, handler: H) -> Self
            where
                H: Handler<T, S>,
                T: 'static,
            {
                self.on(MethodFilter::$filter, handler)
            }
        }
    };
}

method!(get, GET);
method!(post, POST);
method!(put, PUT);
method!(patch, PATCH);
method!(delete, DELETE);

/// Answers the methods of `filter` by `handler`.
pub fn on<H, T, S>(filter: MethodFilter, handler: H) -> Methods<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    Methods(Kind::Handlers(Vec::new())).on(filter, handler)
}

/// Answers every method by `handler`.
pub fn any<H, T, S>(handler: H) -> Methods<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    Methods(Kind::Handlers(vec![Box::new(|_, guard| {
        axum::routing::any(Behind { guard, handler })
    })]))
}

impl<S: Clone + Send + Sync + 'static> Methods<S> {
    /// Answers the methods of `filter` by `handler`, too.
    ///
    /// # Panics
    ///
    /// Where the route is declared: one of them has a handler already.
    #[must_use]
    pub fn on<H, T>(self, filter: MethodFilter, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        match self.0 {
            Kind::Handlers(mut handlers) => {
                handlers.push(Box::new(move |methods, guard| {
                    methods.on(filter, Behind { guard, handler })
                }));
                Self(Kind::Handlers(handlers))
            }
            Kind::Axum(methods) => (*methods).on(filter, handler).into(),
        }
    }

    /// The route, with `guard` before each handler.
    pub(crate) fn behind(self, guard: Guard) -> MethodRouter<S> {
        match self.0 {
            Kind::Handlers(handlers) => {
                let guard = Arc::new(guard);
                let handlers = handlers.into_iter();
                handlers.fold(MethodRouter::new(), |methods, add| {
                    add(methods, Arc::clone(&guard))
                })
            }
            // Not `route_layer`, which leaves out what it has as its fallback, `any` too.
            Kind::Axum(methods) => methods.layer(guard),
        }
    }
}

impl<S> From<MethodRouter<S>> for Methods<S> {
    fn from(methods: MethodRouter<S>) -> Self {
        Self(Kind::Axum(Box::new(methods)))
    }
}

impl<S> fmt::Debug for Methods<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Methods").finish_non_exhaustive()
    }
}

/// A handler with a guard before it.
#[derive(Clone)]
struct Behind<H> {
    guard: Arc<Guard>,
    handler: H,
}

impl<H, T, S> Handler<T, S> for Behind<H>
where
    H: Handler<T, S>,
    T: 'static,
    S: Send + 'static,
{
    type Future = Answer<H::Future>;

    fn call(self, request: Request, state: S) -> Self::Future {
        let called = Called {
            handler: self.handler,
            state,
            extracts: PhantomData,
        };
        self.guard.answer(request, called)
    }
}

/// A handler that is called with `state`.
struct Called<H, T, S> {
    handler: H,
    state: S,
    extracts: PhantomData<fn() -> T>,
}

impl<H, T, S> Inner for Called<H, T, S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Send + 'static,
{
    type Future = H::Future;
    type Kept = Self;

    fn answer(self, request: Request) -> H::Future {
        self.handler.call(request, self.state)
    }

    fn keep(self) -> Self {
        self
    }
}
