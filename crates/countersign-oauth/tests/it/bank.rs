//! A token server with clients of every kind, an API that asks for its tokens, and a clock.

use std::sync::Arc;

use axum::body::Body;
use axum::routing::get;
use axum::{Extension, Router};
use countersign_axum::{
    Anchors, Api, Audit, AuditEvent, Connection, Directory, Live, Permission, Psd2Role, Trust,
    TrustSnapshot,
};
use countersign_identity::{Certificate, NamePattern, NameRules};
use countersign_oauth::{
    AccessToken, BearerCheck, Clients, OAuthClient, Proof, RegisteredCertificates, ScopeRule,
    Settings, SigningKeys, Store, Subject, TokenServer, TokenSigner, TokenVerifier, Withdrawal,
};
use countersign_pki::psd2::{Nca, Role, Tpp};
use countersign_pki::{Attribute, Authority, Issued, Key, KeyKind, Request as Csr, Usage};
use countersign_tls::Pins;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;
use tower::ServiceExt;

use crate::forge::{AUDIENCE, ISSUER, now};
use crate::world::{Hands, credential};

pub(crate) struct ReadAccounts;

impl Permission for ReadAccounts {
    const NAME: &'static str = "accounts:read";
}

/// Another API of the same bank.
pub(crate) const REPORTS: &str = "https://reports.example";
/// How long a token lasts.
pub(crate) const LONGEST: SignedDuration = SignedDuration::from_mins(5);

pub(crate) struct Bank {
    pub(crate) root: Authority,
    pub(crate) qualified: Authority,
    pub(crate) selfmade: Issued,
    pub(crate) live: Live,
    pub(crate) clock: Arc<Hands>,
    pub(crate) server: TokenServer,
    pub(crate) api: Router,
    _folder: TempDir,
}

impl Bank {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/tokens.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        Self::with(store, folder).await
    }

    async fn with(store: Store, folder: TempDir) -> Self {
        let clock = Arc::new(Hands::at(now()));
        let root = Authority::root("Root", now()).unwrap();
        let selfmade = Csr::self_signed(Usage::Client, now()).issue().unwrap();
        let server = root.server(now()).dns("localhost").issue().unwrap();
        let qualified = Authority::root("Qualified Root", now()).unwrap();
        let trusts = trusts(&root, &qualified, &selfmade);
        let snapshot = TrustSnapshot::new(credential(&server), trusts, clock.clone()).unwrap();
        let pin = Certificate::from_der(selfmade.certificate_der())
            .unwrap()
            .pin();
        let policy = POLICY.replace("PIN", &format!("pin:{pin}"));
        let directory = Directory::from_toml(&policy).unwrap();
        let live = Live::new(snapshot, directory, clock.clone());
        let server = TokenServer::new(live.clone(), store, settings(keys(), &selfmade));
        Self {
            api: api(&live, &server),
            root,
            qualified,
            selfmade,
            live,
            clock,
            server,
            _folder: folder,
        }
    }

    /// A certificate of the client `name`, with all that any registration asks for.
    pub(crate) fn client(&self, name: &str) -> Issued {
        self.request(name).issue().unwrap()
    }

    pub(crate) fn request(&self, name: &str) -> Csr<'_> {
        let subject = countersign_pki::Subject::new()
            .with(Attribute::Organization, "Acme")
            .with(Attribute::CommonName, name);
        let request = self.root.client(now()).subject(subject);
        request.uri(format!("spiffe://a.example/{name}"))
    }

    /// A QWAC of the provider, with these roles.
    pub(crate) fn qwac(&self, roles: impl IntoIterator<Item = Role>) -> Issued {
        let tpp = tpp().roles(roles);
        tpp.qwac(&self.qualified, now()).issue().unwrap()
    }

    /// Asks as the client of `issued`, on a connection of its own.
    pub(crate) async fn ask(&self, issued: Option<&Issued>, request: Request<Body>) -> Answer {
        let (sink, mut events) = unbounded_channel();
        let (audit, writer) = Audit::start(sink).unwrap();
        let chain = issued.map(Issued::chain_der).unwrap_or_default();
        let connection = Connection::without_handshake(chain, &self.live, audit);
        let mut request = request;
        request.extensions_mut().insert(connection);
        let response = self.api.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        // The connection is gone with its request, so every event is written.
        tokio::task::spawn_blocking(|| writer.finish())
            .await
            .unwrap();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.into()).unwrap(),
            events: std::iter::from_fn(|| events.try_recv().ok()).collect(),
        }
    }

    /// Posts `form` to an endpoint.
    pub(crate) async fn post(&self, issued: &Issued, endpoint: &str, form: &str) -> Answer {
        let request = Request::post(format!("/oauth/{endpoint}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(Body::from(form.to_owned())).unwrap();
        self.ask(Some(issued), request).await
    }

    /// Asks for a token, with `more` in the form.
    pub(crate) async fn token(&self, issued: &Issued, client_id: &str, more: &str) -> Answer {
        let form = format!("grant_type=client_credentials&client_id={client_id}{more}");
        self.post(issued, "token", &form).await
    }

    /// The token of an answer that has one.
    pub(crate) async fn issue(&self, issued: &Issued, client_id: &str) -> String {
        let answer = self.token(issued, client_id, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, issued: Option<&Issued>, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.ask(issued, request).await
    }

    /// Reads accounts with a token.
    pub(crate) async fn read(&self, issued: &Issued, token: &str) -> Answer {
        let request = Request::get("/accounts").header("authorization", format!("Bearer {token}"));
        self.ask(Some(issued), request.body(Body::empty()).unwrap())
            .await
    }

    /// What the token says, by the published keys.
    pub(crate) fn read_token(&self, token: &str) -> AccessToken {
        let keys = self.server.keys().load_full();
        let verifier = TokenVerifier::new(ISSUER, AUDIENCE);
        verifier.verify(token, &keys, self.live.now()).unwrap()
    }
}

pub(crate) fn tpp() -> Tpp {
    let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
    Tpp::new("Acme TPP Limited", fca, "123456")
}

pub(crate) fn signer() -> TokenSigner {
    let key = Key::generate(KeyKind::P256).unwrap();
    TokenSigner::from_pkcs8(key.pkcs8_der()).unwrap()
}

pub(crate) fn keys() -> SigningKeys {
    SigningKeys::new(signer(), LONGEST)
}

/// The key set of a client that signs its own certificates.
pub(crate) fn jwks(issued: &[&Issued]) -> String {
    let keys: Vec<_> = issued.iter().map(|issued| jwk(issued)).collect();
    json!({ "keys": keys }).to_string()
}

/// On P-256.
pub(crate) fn jwk(issued: &Issued) -> Value {
    let spki = issued.key().public_key_der();
    let point = &spki[spki.len() - 64..];
    json!({
        "kty": "EC",
        "crv": "P-256",
        "x": BASE64URL_NOPAD.encode(&point[..32]),
        "y": BASE64URL_NOPAD.encode(&point[32..]),
        "x5c": [BASE64.encode(issued.certificate_der())],
    })
}

pub(crate) fn settings(keys: SigningKeys, selfmade: &Issued) -> Settings {
    let subject = |name: &str, subject: Subject| {
        OAuthClient::new(name.parse().unwrap(), Proof::Subject(subject))
    };
    let own = RegisteredCertificates::from_jwks(jwks(&[selfmade]).as_bytes()).unwrap();
    let clients = [
        subject(
            "billing",
            Subject::uri("spiffe://a.example/billing").unwrap(),
        ),
        subject("reports", Subject::dn("CN=reports,O=Acme").unwrap())
            .scope("accounts".parse().unwrap()),
        subject("api", Subject::uri("spiffe://a.example/api").unwrap()).introspects(AUDIENCE),
        subject("tpp", Subject::dns("tpp.example.com").unwrap()),
        subject("former", Subject::uri("spiffe://a.example/former").unwrap()),
        OAuthClient::new("selfmade".parse().unwrap(), Proof::Certificates(own)),
    ];
    let rule = |word: &str, permission: &str, audience: &str| {
        ScopeRule::new(word, permission.parse().unwrap(), audience)
    };
    Settings::new(
        ISSUER.parse().unwrap(),
        AUDIENCE,
        keys,
        Clients::new(clients).unwrap(),
    )
    .scope(rule("accounts", "accounts:read", AUDIENCE))
    .scope(rule("payments", "payments:initiate", AUDIENCE))
    .scope(rule("reports", "accounts:read", REPORTS))
    .scope(rule("aisp", "accounts:read", AUDIENCE).role(Psd2Role::AccountInformation))
    .scope(rule("pisp", "payments:initiate", AUDIENCE).role(Psd2Role::PaymentInitiation))
}

fn trusts(root: &Authority, qualified: &Authority, selfmade: &Issued) -> Vec<Trust> {
    let trust = |name: &str, anchors: &Authority, pattern: &str| {
        let pattern: NamePattern = pattern.parse().unwrap();
        let rules = NameRules::new(pattern.scheme(), [pattern]);
        let anchors = Anchors::from_pem(anchors.certificate_pem().as_bytes()).unwrap();
        Trust::new(name.parse().unwrap(), anchors, rules)
    };
    let pins = Pins::from_certificates(selfmade.leaf_pem().as_bytes()).unwrap();
    vec![
        trust("clients", root, "spiffe://a.example/*"),
        trust("qualified", qualified, "org:PSDGB-FCA-*"),
        Trust::pinned("own".parse().unwrap(), pins),
    ]
}

/// The endpoints, and a route that asks for a token of theirs.
fn api(live: &Live, server: &TokenServer) -> Router {
    let verifier = TokenVerifier::new(ISSUER, AUDIENCE);
    let withdrawn = Withdrawal::Asked(Arc::new(server.store().clone()));
    let bearer = BearerCheck::signed(verifier, server.keys(), withdrawn, live.clock());
    let said =
        |Extension(token): Extension<Arc<AccessToken>>| async move { token.scope.to_string() };
    Api::new(live.clone())
        .check(bearer.scope("accounts".parse().unwrap()))
        .guarded::<ReadAccounts>("/accounts", get(said))
        .merge(server.api())
        .into_router()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) events: Vec<AuditEvent>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Status and error, after a look that it is written as RFC 6749, section 5.2 wants.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        let json = self.json();
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        let said = json["error_description"].as_str().unwrap();
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(!said.is_empty() && said.bytes().all(allowed), "{said}");
        format!(
            "{} {}",
            self.status.as_u16(),
            json["error"].as_str().unwrap()
        )
    }

    /// The last event, in words.
    pub(crate) fn told(&self) -> String {
        let event = self.events.last().unwrap();
        let action = event.action();
        let facts = action.map_or(String::new(), |action| {
            let facts = action.facts().iter();
            facts
                .map(|(name, value)| format!(" {name}={value}"))
                .collect()
        });
        let (kind, outcome) = (event.kind.as_str(), event.outcome.as_str());
        let action = action.map_or("", |action| action.name());
        let detail = event.detail().unwrap_or_default();
        format!("{kind} {outcome} {action}{facts} {detail}")
            .trim_end()
            .to_owned()
    }
}

const POLICY: &str = r#"
    version = 1
    [principals.billing]
    identities = [{ trust = "clients", name = "spiffe://a.example/billing" }]
    permissions = ["accounts:read", "payments:initiate"]
    [principals.reports]
    identities = [{ trust = "clients", name = "spiffe://a.example/reports" }]
    permissions = ["accounts:read", "payments:initiate"]
    [principals.api]
    identities = [{ trust = "clients", name = "spiffe://a.example/api" }]
    [principals.unregistered]
    identities = [{ trust = "clients", name = "spiffe://a.example/unregistered" }]
    permissions = ["accounts:read"]
    [principals.former]
    enabled = false
    identities = [{ trust = "clients", name = "spiffe://a.example/former" }]
    permissions = ["accounts:read"]
    [principals.selfmade]
    identities = [{ trust = "own", name = "PIN" }]
    permissions = ["accounts:read"]
    [principals.tpp]
    identities = [{ trust = "qualified", name = "org:PSDGB-FCA-123456" }]
    permissions = ["accounts:read", "payments:initiate"]
"#;
