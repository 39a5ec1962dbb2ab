//! An API whose routes ask for a token, and clients with certificates.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::routing::get;
use axum::{Extension, Router};
use countersign_axum::{
    Anchors, Api, Audit, AuditEvent, Clock, Connection, Credential, Directory, Limits, Live,
    Permission, Server, Trust, TrustSnapshot,
};
use countersign_client::{Client, ServerTrust};
use countersign_identity::{NameRules, Scheme, Thumbprint};
use countersign_oauth::{AccessToken, BearerCheck};
use countersign_pki::{Authority, Issued};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower::ServiceExt;

use crate::forge::now;

/// A clock that stands still until it is set.
#[derive(Debug)]
pub(crate) struct Hands(Mutex<Timestamp>);

impl Hands {
    pub(crate) fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap() = time;
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct ReadAccounts;

impl Permission for ReadAccounts {
    const NAME: &'static str = "accounts:read";
}

const POLICY: &str = r#"
    version = 1
    [principals.billing]
    identities = [{ trust = "clients", name = "spiffe://a.example/billing" }]
    permissions = ["accounts:read"]
    [principals.reports]
    identities = [{ trust = "clients", name = "spiffe://a.example/reports" }]
    permissions = ["accounts:read"]
"#;

pub(crate) struct World {
    pub(crate) root: Authority,
    pub(crate) live: Live,
    pub(crate) clock: Arc<Hands>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::at(now())
    }

    pub(crate) fn at(now: Timestamp) -> Self {
        let root = Authority::root("Root", now).unwrap();
        let clock = Arc::new(Hands(Mutex::new(now)));
        let server = root.server(now).dns("localhost").ip([127, 0, 0, 1]);
        let server = credential(&server.issue().unwrap());
        let anchors = Anchors::from_pem(root.certificate_pem().as_bytes()).unwrap();
        let names = NameRules::new(Scheme::Spiffe, ["spiffe://a.example/*".parse().unwrap()]);
        let trust = Trust::new("clients".parse().unwrap(), anchors, names);
        let trusts = TrustSnapshot::new(server, vec![trust], clock.clone()).unwrap();
        let directory = Directory::from_toml(POLICY).unwrap();
        Self {
            root,
            live: Live::new(trusts, directory, clock.clone()),
            clock,
        }
    }

    pub(crate) fn client(&self, name: &str) -> Issued {
        let request = self.root.client(self.clock.now());
        let request = request.uri(format!("spiffe://a.example/{name}"));
        request.issue().unwrap()
    }

    /// A route that asks for a token, and says what is in it.
    pub(crate) fn api(&self, bearer: BearerCheck) -> Router {
        let said = |Extension(token): Extension<Arc<AccessToken>>| async move {
            format!("{} for {}", token.scope, token.client_id)
        };
        Api::new(self.live.clone())
            .check(bearer)
            .guarded::<ReadAccounts>("/accounts", get(said))
            .into_router()
    }

    /// Asks as the client of `issued`, on a connection of its own.
    pub(crate) async fn ask(
        &self,
        api: &Router,
        issued: &Issued,
        request: http::request::Builder,
    ) -> Answer {
        let (sink, mut events) = unbounded_channel();
        let (audit, _writer) = Audit::start(sink).unwrap();
        let connection = Connection::without_handshake(issued.chain_der(), &self.live, audit);
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(connection);
        let (head, body) = api.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.into()).unwrap(),
            event: events.recv().await.unwrap(),
        }
    }

    /// Asks for the accounts with a token.
    pub(crate) async fn show(&self, api: &Router, issued: &Issued, token: &str) -> Answer {
        let request = Request::get("/accounts").header("authorization", format!("Bearer {token}"));
        self.ask(api, issued, request).await
    }

    /// Serves `router` over TLS, on a port of its own.
    pub(crate) async fn serve(
        &self,
        router: Router,
    ) -> (SocketAddr, UnboundedReceiver<AuditEvent>) {
        let (sink, events) = unbounded_channel();
        let (audit, _writer) = Audit::start(sink).unwrap();
        let server = Server::new(self.live.clone(), audit).limits(Limits::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(server.serve(listener, router, std::future::pending()));
        (address, events)
    }

    /// A client that trusts the server.
    pub(crate) async fn caller(&self, issued: &Issued) -> Client {
        let trust = ServerTrust::pinned_ca_pem(self.root.certificate_pem().as_bytes()).unwrap();
        let client = Client::builder().trust(trust).clock(self.clock.clone());
        client.credential(credential(issued)).build().await.unwrap()
    }
}

pub(crate) fn credential(issued: &Issued) -> Credential {
    Credential::from_pem(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes()).unwrap()
}

pub(crate) fn thumbprint(issued: &Issued) -> Thumbprint {
    Thumbprint::of(issued.certificate_der())
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) event: AuditEvent,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The code, after a look that the answer is a problem and the audit log has the same.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["type"], format!("urn:countersign:problem:{code}"));
        assert_eq!(self.event.code.unwrap().as_str(), code);
        code
    }
}
