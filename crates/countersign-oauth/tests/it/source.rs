use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use axum::routing::{get, post};
use countersign_axum::{Api, Caller};
use countersign_client::{
    Client, ClientBuilder, CredentialSource, Kind, RequestFault, ServerTrust, TokenFault,
    TokenSource, blocking,
};
use countersign_oauth::{AccessToken, BearerCheck, TokenId, Withdrawal};
use countersign_pki::Issued;
use http::StatusCode;
use jiff::SignedDuration;

use crate::forge::{AUDIENCE, Forge, now, verifier};
use crate::world::{World, credential};

/// An authorization server and an API, at one port.
struct Service {
    world: World,
    url: String,
    said: Arc<Said>,
    billing: Arc<Mutex<Issued>>,
    client: Client,
}

/// What the authorization server says, and how often it was asked for a token.
struct Said {
    forge: Mutex<Forge>,
    granted: AtomicUsize,
    metadata: Mutex<String>,
    /// In place of a token.
    refusal: Mutex<Option<(u16, String)>>,
    forms: Mutex<Vec<String>>,
}

impl Said {
    fn token(&self, caller: &Caller, form: String) -> (StatusCode, String) {
        self.forms.lock().unwrap().push(form);
        let number = self.granted.fetch_add(1, Ordering::SeqCst);
        if let Some((status, body)) = self.refusal.lock().unwrap().clone() {
            return (StatusCode::from_u16(status).unwrap(), body);
        }
        let bound = caller.certificate().unwrap().thumbprint();
        let id = TokenId::from_bytes(u128::try_from(number).unwrap().to_be_bytes());
        let lasting = now()..now() + SignedDuration::from_hours(1);
        let issuer = crate::forge::ISSUER;
        let token = AccessToken::new(issuer, "billing", AUDIENCE, id, bound, lasting);
        let text = self.forge.lock().unwrap().signer.sign(&token).unwrap();
        let body = format!(r#"{{"access_token":"{text}","token_type":"Bearer","expires_in":400}}"#);
        (StatusCode::OK, body)
    }

    fn granted(&self) -> usize {
        self.granted.load(Ordering::SeqCst)
    }
}

impl Service {
    async fn start() -> (Self, Arc<ArcSwap<countersign_oauth::KeySet>>) {
        let (world, forge) = (World::new(), Forge::new());
        let keys = Arc::new(ArcSwap::from_pointee(forge.keys()));
        let said = Arc::new(Said {
            forge: Mutex::new(forge),
            granted: AtomicUsize::new(0),
            metadata: Mutex::default(),
            refusal: Mutex::default(),
            forms: Mutex::default(),
        });
        let clock = world.live.clock();
        let bearer = BearerCheck::signed(verifier(), keys.clone(), Withdrawal::AtExpiry, clock);
        let (metadata, tokens) = (said.clone(), said.clone());
        let metadata = async move || metadata.metadata.lock().unwrap().clone();
        let token = async move |caller: Caller, form: String| tokens.token(&caller, form);
        let whose = async |caller: Caller| caller.certificate().unwrap().thumbprint().to_string();
        let router = Api::new(world.live.clone())
            .open("/.well-known/oauth-authorization-server/as", get(metadata))
            .open("/token", post(token))
            .check(bearer)
            .open("/whose", get(whose))
            .into_router();
        let (address, mut events) = world.serve(router).await;
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        let billing = Arc::new(Mutex::new(world.client("billing")));
        let client = builder(&world, &billing).build().await.unwrap();
        let url = format!("https://localhost:{}", address.port());
        let service = Self {
            world,
            url,
            said,
            billing,
            client,
        };
        service.metadata(&format!(r#""token_endpoint":"{}/token""#, service.url));
        (service, keys)
    }

    fn issuer(&self) -> String {
        format!("{}/as", self.url)
    }

    fn metadata(&self, members: &str) {
        let text = format!(r#"{{"issuer":"{}",{members}}}"#, self.issuer());
        *self.said.metadata.lock().unwrap() = text;
    }

    fn source(&self) -> TokenSource {
        TokenSource::new(self.client.clone(), self.issuer(), "billing")
    }

    async fn fault(&self) -> TokenFault {
        let error = self.source().token().await.unwrap_err();
        let Kind::Token(fault) = error.kind() else {
            panic!("{error:?}");
        };
        fault.clone()
    }

    async fn call(&self, tokens: &TokenSource) -> Result<String, countersign_client::Error> {
        let request = self.client.get(format!("{}/whose", self.url));
        request.bound_token(tokens).send().await?.text().await
    }
}

/// For a client that presents the newest certificate of `billing`.
fn builder(world: &World, billing: &Arc<Mutex<Issued>>) -> ClientBuilder {
    let source = Arc::clone(billing);
    let source = CredentialSource::from_fn(move || {
        let newest = credential(&source.lock().unwrap());
        async move { Ok::<_, std::io::Error>(newest) }
    });
    let trust = ServerTrust::pinned_ca_pem(world.root.certificate_pem().as_bytes()).unwrap();
    let client = Client::builder().trust(trust).clock(world.clock.clone());
    client.credential(source)
}

#[tokio::test]
async fn a_token_is_had_once_and_serves_many_calls() {
    let (service, _) = Service::start().await;
    let tokens = service.source();
    let calls = (0..10).map(|_| service.call(&tokens));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(
            answer.unwrap(),
            service
                .client
                .credential()
                .unwrap()
                .thumbprint()
                .to_string()
        );
    }
    assert_eq!(service.said.granted(), 1);
    assert_eq!(
        *service.said.forms.lock().unwrap(),
        ["grant_type=client_credentials&client_id=billing"]
    );
}

#[tokio::test]
async fn another_scope_is_another_token() {
    let (service, _) = Service::start().await;
    let tokens = service.source();
    let one = tokens.scope("accounts").token().await.unwrap();
    let other = tokens.scope("payments").token().await.unwrap();
    assert_ne!(one.secret(), other.secret());
    let again = tokens.scope("accounts").token().await.unwrap();
    assert_eq!(one.secret(), again.secret());
    let form = service.said.forms.lock().unwrap().first().cloned().unwrap();
    assert_eq!(
        form,
        "grant_type=client_credentials&client_id=billing&scope=accounts"
    );
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_serves_to_its_end_where_that_fails() {
    let (service, _) = Service::start().await;
    let tokens = service.source();
    let first = tokens.token().await.unwrap();
    let at = |second: i64| {
        service
            .world
            .clock
            .set(now() + SignedDuration::from_secs(second))
    };
    // It lasts for 400 s; within the last 30 to 60 of them there is another.
    at(339);
    assert_eq!(tokens.token().await.unwrap().secret(), first.secret());
    *service.said.refusal.lock().unwrap() = Some((503, String::new()));
    at(371);
    assert_eq!(tokens.token().await.unwrap().secret(), first.secret());
    at(400);
    let error = tokens.token().await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Status { status, .. } if status.as_u16() == 503));
    *service.said.refusal.lock().unwrap() = None;
    at(371);
    assert_ne!(tokens.token().await.unwrap().secret(), first.secret());
}

#[tokio::test]
async fn a_renewed_certificate_has_a_token_of_its_own() {
    let (service, _) = Service::start().await;
    let tokens = service.source();
    let first = service.call(&tokens).await.unwrap();
    *service.billing.lock().unwrap() = service.world.client("billing");
    service.client.reload().await.unwrap();
    let second = service.call(&tokens).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(service.said.granted(), 2);
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_replaced_once() {
    let (service, keys) = Service::start().await;
    let tokens = service.source();
    service.call(&tokens).await.unwrap();
    // Its key is gone, and a new one signs.
    let forge = Forge::new();
    keys.store(Arc::new(forge.keys()));
    *service.said.forge.lock().unwrap() = forge;
    service.call(&tokens).await.unwrap();
    assert_eq!(service.said.granted(), 2);
    // No token is ever good enough: it is told, and not tried for ever.
    keys.store(Arc::new(Forge::new().keys()));
    let error = service.call(&tokens).await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "token-invalid");
    assert_eq!(service.said.granted(), 3);
    let request = service.client.get(format!("{}/whose", service.url));
    let answer = request
        .bound_token(&tokens)
        .send_any_status()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn a_thread_can_wait_for_its_token() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (service, _) = runtime.block_on(Service::start());
    let client = builder(&service.world, &service.billing);
    let client = client.build_blocking().unwrap();
    let tokens = blocking::TokenSource::new(client.clone(), service.issuer(), "billing");
    let own = client.credential().unwrap().thumbprint();
    let request = client.get(format!("{}/whose", service.url));
    let answer = request.bound_token(&tokens).send().unwrap();
    assert_eq!(answer.text().unwrap(), own.to_string());

    let token = tokens.token().unwrap();
    assert_eq!((token.bound_to(), service.said.granted()), (own, 1));
    tokens.forget(&token);
    assert_ne!(tokens.token().unwrap().secret(), token.secret());
    tokens.scope("accounts").token().unwrap();
    assert_eq!(service.said.granted(), 3);

    let error = runtime.block_on(async { tokens.token() }).unwrap_err();
    let fault = RequestFault::WithinRuntime;
    assert!(
        matches!(error.kind(), Kind::Request(seen) if *seen == fault),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_source_of_another_client_is_told_before_the_call() {
    let (service, _) = Service::start().await;
    let other = service.world.caller(&service.world.client("billing")).await;
    let tokens = TokenSource::new(other, service.issuer(), "billing");
    let error = service.call(&tokens).await.unwrap_err();
    assert!(
        matches!(error.kind(), Kind::Token(TokenFault::OtherCredential)),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_alias_is_followed_and_another_host_without_one_is_not() {
    let (service, _) = Service::start().await;
    let elsewhere = r#""token_endpoint":"https://login.example/token""#;
    service.metadata(elsewhere);
    let endpoint = "token_endpoint";
    assert_eq!(
        service.fault().await,
        TokenFault::NoMtlsEndpoint { endpoint }
    );
    let alias = format!(
        r#""mtls_endpoint_aliases":{{"token_endpoint":"{}/token"}}"#,
        service.url
    );
    service.metadata(&format!("{elsewhere},{alias}"));
    service.source().token().await.unwrap();
    for members in [
        r#""token_endpoint":"http://localhost/token""#,
        r#""jwks_uri":"https://localhost/""#,
    ] {
        service.metadata(members);
        let fault = service.fault().await;
        assert!(matches!(fault, TokenFault::Malformed { .. }), "{fault}");
    }
}

#[tokio::test]
async fn the_metadata_of_another_issuer_is_not_believed() {
    let (service, _) = Service::start().await;
    let found = format!("{}/", service.issuer());
    *service.said.metadata.lock().unwrap() = format!(r#"{{"issuer":"{found}"}}"#);
    let wanted = service.issuer();
    assert_eq!(
        service.fault().await,
        TokenFault::OtherIssuer { wanted, found }
    );
}

#[tokio::test]
async fn a_refusal_says_who_must_act_and_what_is_no_token_is_none() {
    let (service, _) = Service::start().await;
    let answers = |status: u16, body: &str| {
        *service.said.refusal.lock().unwrap() = Some((status, body.to_owned()));
    };
    answers(
        401,
        r#"{"error":"invalid_client","error_description":"no"}"#,
    );
    let error = service.source().token().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no access token: the authorization server says invalid_client: no"
    );
    assert!(error.hint().unwrap().contains("compare the registration"));
    for body in [
        r#"{"access_token":"a","token_type":"DPoP","expires_in":60}"#,
        r#"{"access_token":"a","token_type":"Bearer","expires_in":0}"#,
        r#"{"access_token":"a b","token_type":"Bearer","expires_in":60}"#,
        r#"{"access_token":"a","token_type":"Bearer"}"#,
        "",
    ] {
        answers(200, body);
        let fault = service.fault().await;
        assert!(matches!(fault, TokenFault::Malformed { .. }), "{fault}");
    }
}

#[tokio::test]
async fn who_is_not_known_to_the_authorization_server_is_told_so() {
    let (service, _) = Service::start().await;
    let tokens = service.source();
    tokens.token().await.unwrap();
    // Metadata is known from before; now the token endpoint itself does not know the caller.
    *service.billing.lock().unwrap() = service.world.client("stranger");
    service.client.reload().await.unwrap();
    for source in [tokens, service.source()] {
        let error = source.token().await.unwrap_err();
        assert!(matches!(error.kind(), Kind::Denied(_)), "{error:?}");
        assert_eq!(error.code().unwrap().as_str(), "principal-unknown");
    }
}

#[tokio::test]
async fn a_token_is_not_shown() {
    let (service, _) = Service::start().await;
    let tokens = service.source();
    let token = tokens.token().await.unwrap();
    for shown in [format!("{token:?}"), format!("{tokens:?}")] {
        assert!(
            !shown.contains(token.secret()) && !shown.contains("eyJ"),
            "{shown}"
        );
    }
}
