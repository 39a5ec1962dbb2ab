//! Nothing is done for a client that has gone.

use std::future::pending;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::routing::any;
use countersign_axum::{Api, Limits};
use http::{Method, Request};
use tokio::sync::oneshot;

use crate::client::{BOTH, Http};
use crate::world::{World, soon};

#[tokio::test]
async fn a_handler_goes_on_no_more_once_its_client_has_gone() {
    for http in BOTH {
        check(http, Method::GET, Body::empty()).await;
        check(http, Method::POST, Body::from("asked")).await;
        check(http, Method::POST, Body::from(vec![b'a'; 1024 * 1024])).await;
    }
}

/// A handler that takes the body and then waits for ever.
async fn check(http: Http, method: Method, body: Body) {
    let world = World::new();
    let (entered, waits) = oneshot::channel();
    let (alive, gone) = oneshot::channel::<()>();
    let own = Arc::new(Mutex::new(Some((entered, alive))));
    let handler = async move |_body: axum::body::Bytes| {
        let (entered, _alive) = own.lock().unwrap().take().unwrap();
        entered.send(()).unwrap();
        pending::<()>().await;
    };
    let api = Api::new(world.live.clone()).open("/wait", any(handler));
    let service = world.serve_with(api.into_router(), Limits::default()).await;
    let mut held = world.connect(&service, http, "billing").await;
    let request = Request::builder().method(method).uri("/wait");
    let request = request.body(body).unwrap();
    let asking = tokio::spawn(async move { held.try_send(request).await.map(drop) });
    soon(waits).await.unwrap();
    asking.abort();
    assert!(soon(gone).await.is_err());
}
