//! The router knows who may call what, and says so.

use axum::body::Body;
use axum::extract::MatchedPath;
use axum::routing::{any, get, post};
use countersign_axum::{Access, Api, Limits, Live, RouteLine, RouteTable, routing};
use http::{Method, Request};
use tower::ServiceExt;

use crate::client::BOTH;
use crate::world::{ReadTransactions, World, WriteTransactions};

fn api(live: Live) -> Api {
    let accounts = Api::new(live.clone())
        .guarded::<ReadTransactions>("/", get(nothing))
        .guarded::<ReadTransactions>("/{id}", get(nothing).put(nothing));
    let health = Api::new(live.clone()).public("/healthz", get(nothing));
    Api::new(live)
        .open("/whoami", get(nothing))
        .guarded::<ReadTransactions>("/v1/transactions", get(nothing))
        .guarded::<WriteTransactions>("/v1/transactions", post(nothing))
        .guarded::<WriteTransactions>("/v1/any", any(nothing))
        .guarded::<WriteTransactions>("/v1/rest", get(nothing).fallback(nothing))
        .guarded::<ReadTransactions>("/v1/ours", routing::get(nothing).delete(nothing))
        .guarded::<WriteTransactions>("/v1/ours", routing::post(nothing))
        .open("/v1/ours/any", routing::any(nothing))
        .nest("/v1/accounts", accounts)
        .merge(health)
        .with_state(())
}

async fn nothing() {}

const TABLE: &str = "\
GET     /whoami            open
GET     /v1/transactions   transactions:read
POST    /v1/transactions   transactions:write
*       /v1/any            transactions:write
GET     /v1/rest           transactions:write
GET     /v1/ours           transactions:read
DELETE  /v1/ours           transactions:read
POST    /v1/ours           transactions:write
*       /v1/ours/any       open
GET     /v1/accounts       transactions:read
GET     /v1/accounts/{id}  transactions:read
PUT     /v1/accounts/{id}  transactions:read
GET     /healthz           public
";

#[tokio::test]
async fn the_table_has_a_line_for_each_method_of_each_route() {
    let table = api(World::new().live()).table();
    assert_eq!(table.to_string(), TABLE);
}

#[tokio::test]
async fn what_is_written_as_json_is_read_back() {
    let table = api(World::new().live()).table();
    assert_eq!(RouteTable::from_json(&table.to_json()), Ok(table));
}

#[tokio::test]
async fn a_request_is_found_as_the_router_finds_it() {
    let route = async |route: MatchedPath| [("x-route", route.as_str().to_owned())];
    // Public throughout: nothing but the matching decides.
    let below = Api::new(World::new().live())
        .public("/", get(route))
        .public("/{id}", get(route).put(route));
    let api = Api::new(World::new().live())
        .public("/a", get(route))
        .public("/a/{id}/b", post(route))
        .public("/any", any(route))
        .public("/files/{*rest}", get(route))
        .nest("/below", below);
    let (table, router) = (api.table(), api.into_router());
    for path in [
        "/a",
        "/a/",
        "//a",
        "/A",
        "/%61",
        "/a/1/b",
        "/a/1/2/b",
        "/a//b",
        "/any",
        "/below",
        "/below/",
        "/below/1",
        "/below/1/2",
        "/files/",
        "/files/x",
        "/files/x/y",
        "/",
        "/a;x=1",
    ] {
        for method in [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
        ] {
            let mut request = Request::new(Body::empty());
            *request.method_mut() = method.clone();
            *request.uri_mut() = path.parse().unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            // Nobody is known here, so what there is not is not told, and has no route.
            let served = answer.headers().get("x-route");
            let served = served.map(|route| route.to_str().unwrap());
            let found = table.find(&method, path).ok();
            assert_eq!(
                found.map(|line| line.path.as_str()),
                served,
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn a_table_that_is_read_is_served_line_by_line() {
    let table = api(World::new().live()).table();
    let served = Api::new(World::new().live()).tabled(&table, nothing);
    assert_eq!(served.unwrap().table(), table);
}

#[tokio::test]
async fn a_route_of_a_table_answers_whom_its_line_lets_pass() {
    let table = RouteTable::from_json(
        r#"[
            {"method": "GET", "path": "/read/{id}", "access": "guarded", "permission": "transactions:read"},
            {"method": "*", "path": "/read/{id}", "access": "guarded", "permission": "transactions:write"},
            {"method": "GET", "path": "/never", "access": "guarded", "permission": "reports:print"},
            {"method": "GET", "path": "/open", "access": "open"},
            {"method": "GET", "path": "/public", "access": "public"}
        ]"#,
    )
    .unwrap();
    let world = World::new();
    let api = Api::new(world.live()).tabled(&table, nothing).unwrap();
    let service = world.serve_with(api.into_router(), Limits::default()).await;
    for http in BOTH {
        for (name, method, path, wanted) in [
            ("reports", Method::GET, "/read/1", 200),
            ("reports", Method::HEAD, "/read/1", 200),
            ("reports", Method::PUT, "/read/1", 403),
            ("billing", Method::PUT, "/read/1", 200),
            ("billing", Method::GET, "/never", 403),
            ("reports", Method::GET, "/open", 200),
            ("nobody", Method::GET, "/open", 403),
            ("nobody", Method::GET, "/public", 200),
            ("billing", Method::GET, "/other", 404),
            ("billing", Method::POST, "/open", 405),
        ] {
            let mut held = world.connect(&service, http, name).await;
            let answer = held.ask(method.clone(), path).await;
            assert_eq!(answer.status, wanted, "{http:?} {name} {method} {path}");
        }
    }
}

#[tokio::test]
async fn a_method_that_cannot_be_routed_is_refused() {
    let line = RouteLine::new(Some("PURGE".parse().unwrap()), "/a", Access::Open);
    let table = RouteTable::new([line]).unwrap();
    let refused = Api::<()>::new(World::new().live()).tabled(&table, nothing);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "`PURGE` is no method that can be routed"
    );
}

#[test]
fn a_table_that_is_none_is_refused_where_it_fails() {
    for (json, message) in [
        ("[", "EOF while parsing a list at line 1 column 1"),
        (
            r#"[{"method": "GET", "path": "/a", "access": "open", "rule": 1}]"#,
            "unknown field `rule`, expected one of `method`, `path`, `access`, `permission` at line 1 column 57",
        ),
        (
            r#"[{"method": "G T", "path": "/a", "access": "open"}]"#,
            "line 1 of the table: `G T` is malformed: wanted a method or `*`",
        ),
        (
            r#"[{"method": "GET", "path": "/a", "access": "guarded"}]"#,
            "line 1 of the table: `guarded` is malformed: wanted a `permission` beside it",
        ),
        (
            r#"[{"method": "GET", "path": "/a", "access": "guarded", "permission": "all"}]"#,
            "line 1 of the table: `all` is malformed: wanted `noun:verb`, of lower-case letters, digits and dashes",
        ),
        (
            r#"[{"method": "GET", "path": "/a", "access": "public", "permission": "a:b"}]"#,
            "line 1 of the table: `a:b` is malformed: wanted no permission, as the access is no `guarded`",
        ),
        (
            r#"[{"method": "GET", "path": "/a", "access": "open"}, {"method": "GET", "path": "/a", "access": "public"}]"#,
            "`GET /a` stands there twice",
        ),
        (
            r#"[{"method": "GET", "path": "/{a}", "access": "open"}, {"method": "GET", "path": "/{b}", "access": "open"}]"#,
            "the paths do not make a router: Insertion failed due to conflict with previously registered route: /{a}",
        ),
        (
            r#"[{"method": "GET", "path": "a", "access": "open"}]"#,
            "the paths do not make a router: `a` does not begin with `/`",
        ),
        (
            r#"[{"method": "GET", "path": "/a/:id", "access": "open"}]"#,
            "the paths do not make a router: `/a/:id` has a segment that begins with `:` or `*`: parameters are `{name}` and `{*rest}`",
        ),
    ] {
        let error = RouteTable::from_json(json).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
