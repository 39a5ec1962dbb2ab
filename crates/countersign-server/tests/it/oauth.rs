//! The part of the configuration that makes an authorization server.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign_axum::audit::EventKind;
use countersign_axum::{Audit, Connection, Digests, Reloaded, Reloader, SystemClock};
use countersign_oauth::{Jwk, KeySet};
use countersign_pki::{Authority, Key, KeyKind, Request, Usage};
use countersign_server::{Addresses, Config, ConfigFiles, ReferenceServer, State};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::page::{get, section, text};

const HEAD: &str = r#"
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
policy = "policy.toml"
storage = "tokens.db"

[credential]
chain = "server.pem"
key = "server-key.pem"

[[trusts]]
name = "clients"
anchors = "root.pem"
scheme = "spiffe"
names = ["spiffe://dev.example/*"]
revocation = "off"
"#;

const OAUTH: &str = r#"
[oauth]
issuer = "https://localhost:8443"
key = "tokens-key.pem"
"#;

const POLICY: &str = r#"
version = 1

[principals.billing]
permissions = ["accounts:read"]
identities = [{ trust = "clients", name = "spiffe://dev.example/billing" }]
"#;

const CLIENT: &str = r#"
[[oauth.clients]]
principal = "billing"
"#;

/// A folder with everything that the configuration `HEAD`, `OAUTH` and `more` names.
fn folder(more: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::now();
    let root = Authority::root("Clients", now).unwrap();
    let server = root.server(now).dns("localhost").issue().unwrap();
    let billing = root.client(now).uri("spiffe://dev.example/billing");
    let billing = billing.issue().unwrap();
    for (name, text) in [
        ("server.toml", format!("{HEAD}{OAUTH}{more}")),
        ("policy.toml", POLICY.to_owned()),
        ("root.pem", root.certificate_pem()),
        ("server.pem", server.chain_pem()),
        ("server-key.pem", server.key_pem()),
        ("tokens-key.pem", key()),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    fs::write(folder.path().join("billing.der"), billing.certificate_der()).unwrap();
    folder
}

fn key() -> String {
    Key::generate(KeyKind::P256).unwrap().pem().to_string()
}

fn read(folder: &TempDir) -> Config {
    Config::from_file(folder.path().join("server.toml")).unwrap()
}

/// What is said about the configuration, or about what it names.
fn refused(more: &str) -> String {
    let folder = folder(more);
    let path = folder.path().join("server.toml");
    let error = match Config::from_file(&path) {
        Err(error) => error,
        Ok(config) => config
            .load_oauth(&config.load_policy().unwrap())
            .unwrap_err(),
    };
    let said = error
        .to_string()
        .replace(&format!("{}/", folder.path().display()), "");
    said.rsplit_once(": ")
        .map_or_else(|| said.clone(), |(_, last)| last.to_owned())
}

#[test]
fn the_committed_configuration_is_that_of_an_authorization_server() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tokens.toml");
    let config = Config::from_file(path).unwrap();
    let storage = config.storage.unwrap();
    assert!(
        storage.starts_with("sqlite:") && storage.ends_with("tokens.db"),
        "{storage}"
    );
    let oauth = config.oauth.unwrap();
    assert_eq!(oauth.issuer.as_str(), "https://localhost:8443");
    assert_eq!(oauth.audience, "https://localhost:8443");

    assert_eq!((oauth.clients.len(), oauth.scopes.len()), (2, 2));
    assert!(oauth.protects.transactions && !oauth.protects.open_banking);
}

#[test]
fn what_is_not_said_is_the_default() {
    let config = read(&folder(""));
    let oauth = config.oauth.as_ref().unwrap();
    assert_eq!(oauth.lifetime, SignedDuration::from_mins(5));
    assert!(oauth.clients.is_empty() && oauth.aliases.is_none() && oauth.next_key.is_none());
    assert_eq!(oauth.protects, countersign_server::Protects::default());
    let names = config
        .files()
        .map(|file| file.file_name().unwrap().to_owned());
    assert!(names.collect::<Vec<_>>().contains(&"tokens-key.pem".into()));
}

#[test]
fn a_database_that_replicas_share_is_named_by_its_url() {
    for url in [
        "postgres://tokens@db.example/tokens",
        "postgresql:///tokens?host=/run",
    ] {
        let folder = folder("");
        let path = folder.path().join("server.toml");
        let text = fs::read_to_string(&path).unwrap().replace("tokens.db", url);
        fs::write(&path, text).unwrap();
        assert_eq!(read(&folder).storage.unwrap(), url);
    }
}

#[test]
fn a5_a_client_proves_itself_in_exactly_one_way() {
    let one = "wanted one of `subject_dn`, `san_dns`, `san_uri`, `san_ip`, `san_email` and `jwks`";
    for (proof, said) in [
        ("", one),
        (
            "san_dns = \"a.example\"\nsan_uri = \"https://a.example\"",
            one,
        ),
        ("san_dns = \"a.example\"\njwks = \"keys.json\"", one),
        (
            "subject_dn = \"\"",
            "a subject without any part names nobody",
        ),
        ("san_dns = \"*.a.example\"", "`*.a.example` is no host name"),
        ("san_ip = \"10.0.0.0/8\"", "`10.0.0.0/8` is no address"),
        ("san_email = \"a\"", "`a` is no mailbox"),
        ("san_uri = \"a\"", "`a` is no URI"),
    ] {
        assert_eq!(refused(&format!("{CLIENT}{proof}")), said);
    }
}

#[test]
fn what_makes_no_authorization_server_is_refused_with_its_reason() {
    let proof = "san_uri = \"spiffe://dev.example/billing\"";
    for (more, said) in [
        (
            format!("{CLIENT}{proof}{CLIENT}{proof}"),
            "`billing` is a client already",
        ),
        (
            format!("{CLIENT}{proof}").replace("billing\"\n", "nobody\"\n"),
            "the OAuth client `nobody` is no principal of the policy",
        ),
        (
            format!("{CLIENT}{proof}\nscope = \"a  b\""),
            "wanted visible ASCII but quote and backslash, and one blank between words",
        ),
        (
            "lifetime = \"25h\"".to_owned(),
            "wanted a time of 1s to 24h, as `5m`",
        ),
        (
            "lifetime = \"0s\"".to_owned(),
            "wanted a time of 1s to 24h, as `5m`",
        ),
        (
            "protects = [\"everything\"]".to_owned(),
            "`everything` is none of `transactions`, `open-banking`",
        ),
        (
            "[[oauth.scopes]]\nword = \"accounts\"".to_owned(),
            "`noun:verb`, of lower-case letters, digits and dashes",
        ),
        (
            "[[oauth.scopes]]\nword = \"a b\"\npermission = \"accounts:read\"".to_owned(),
            "wanted one word",
        ),
        (
            "[[oauth.scopes]]\nword = \"a:b\"\nrole = \"AISP\"".to_owned(),
            "wanted one of `PSP_AS`, `PSP_PI`, `PSP_AI`, `PSP_IC`",
        ),
        ("next_key = \"root.pem\"".to_owned(), "the key is malformed"),
        (
            "aliases = \"https://a.example/\"".to_owned(),
            "wanted an https URL of host and plain path, with no slash at its end",
        ),
    ] {
        assert_eq!(refused(&more), said, "{more}");
    }
    let routes = "\n[[routes]]\nmethod = \"GET\"\npath = \"/\"\naccess = \"open\"\n";
    assert_eq!(refused(routes), "wanted `oauth` or `routes`, not both");
}

#[test]
fn a9_the_key_set_of_a_client_is_a_file() {
    let folder = folder(&format!("{CLIENT}jwks = \"keys.json\"\n"));
    let own = Request::self_signed(Usage::Client, Timestamp::now())
        .issue()
        .unwrap();
    let spki = own.key().public_key_der();
    let (x, y) = (
        &spki[spki.len() - 64..spki.len() - 32],
        &spki[spki.len() - 32..],
    );
    let key = format!(
        r#"{{"keys":[{{"kty":"EC","crv":"P-256","x":"{}","y":"{}","x5c":["{}"]}}]}}"#,
        BASE64URL_NOPAD.encode(x),
        BASE64URL_NOPAD.encode(y),
        BASE64.encode(own.certificate_der())
    );
    let (config, file) = (read(&folder), folder.path().join("keys.json"));
    let load = || config.load_oauth(&config.load_policy().unwrap());
    assert!(load().is_err());
    fs::write(&file, &key).unwrap();
    let settings = load().unwrap().unwrap();
    let client = settings.clients().find("billing").unwrap();
    assert_eq!(client.proof().method(), "self_signed_tls_client_auth");
    fs::write(&file, key.replace("\"x\":\"", "\"x\":\"AAAA")).unwrap();
    let said = load().unwrap_err().to_string();
    assert!(
        said.ends_with("keys.json`: key 1 is not the one of its certificate"),
        "{said}"
    );
}

#[tokio::test]
async fn the_operators_page_tells_how_many_tokens_each_client_got() {
    let scope = "[[oauth.scopes]]\nword = \"accounts\"\npermission = \"accounts:read\"\n";
    let client = format!("{CLIENT}san_uri = \"spiffe://dev.example/billing\"\n");
    let folder = folder(&format!("{scope}{client}"));
    let config = read(&folder);
    let live = config.load(Arc::new(SystemClock)).unwrap();
    let settings = config.load_oauth(live.load().directory()).unwrap();
    let state = State::open(&config, live.clone(), settings).await.unwrap();
    let (sink, mut events) = tokio::sync::mpsc::unbounded_channel();
    let (audit, _writer) = Audit::start(sink).unwrap();
    let api = || config.api(live.clone(), &state);
    let addresses = Addresses::loopback();
    let server = ReferenceServer::start_over(addresses, api(), &state, live.clone(), audit.clone());
    let server = server.await.unwrap();
    let page = get(&server, "/").await.into_body();
    let told = text(section(&page, "clients"));
    assert!(
        told.contains("tls_client_auth") && told.contains("none"),
        "{told}"
    );

    let billing = fs::read(folder.path().join("billing.der")).unwrap();
    let connection = Connection::without_handshake([billing], &live, audit);
    for grant in ["client_credentials", "client_credentials", "password"] {
        let form = format!("grant_type={grant}&client_id=billing&scope=accounts");
        let request = http::Request::post("/oauth/token").extension(connection.clone());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(axum::body::Body::from(form)).unwrap();
        let answer = api().into_router().oneshot(request).await.unwrap();
        let issued = answer.status() == http::StatusCode::OK;
        assert_eq!(issued, grant == "client_credentials", "{answer:?}");
        while events.recv().await.unwrap().kind != EventKind::Action {}
    }
    let page = get(&server, "/").await.into_body();
    let told = text(section(&page, "clients"));
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("billing tls_client_auth") && told.ends_with("2 1"),
        "{told}"
    );
}

fn ids(keys: &KeySet) -> Vec<String> {
    keys.keys()
        .map(Jwk::id)
        .map(|id| id.as_str().to_owned())
        .collect()
}

#[tokio::test]
async fn keys_and_clients_are_reloaded_with_the_rest_or_not_at_all() {
    let folder = folder("");
    let config = read(&folder);
    let digests = Digests::of(config.files());
    let live = config.load(Arc::new(SystemClock)).unwrap();
    let settings = config.load_oauth(live.load().directory()).unwrap();
    let state = State::open(&config, live.clone(), settings).await.unwrap();
    let tokens = state.tokens().unwrap().clone();
    let (audit, _writer) = Audit::start(tokio::sync::mpsc::unbounded_channel().0).unwrap();
    let files = ConfigFiles::new(config, countersign_server::api(live.clone()).table());
    let files = files.with_tokens(Some(tokens.clone()));
    let mut reloader = Reloader::new(files, digests, live, audit);
    let published = || ids(&tokens.keys().load());
    let first = published();

    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("second-key.pem", &key());
    let client = format!("{CLIENT}san_uri = \"spiffe://dev.example/billing\"\n");
    let announced = format!("{HEAD}{OAUTH}next_key = \"second-key.pem\"\n{client}");
    write("server.toml", &announced);
    assert!(matches!(
        reloader.reload().await,
        Some(Reloaded::Applied { .. })
    ));
    assert_eq!(published().len(), 2);
    assert!(tokens.settings().clients().find("billing").is_some());

    // A key that is none, and a policy that has lost the client: nothing changes.
    write("second-key.pem", "no key");
    assert!(matches!(
        reloader.reload().await,
        Some(Reloaded::Refused(_))
    ));
    write("second-key.pem", &key());
    write("policy.toml", "version = 1");
    assert!(matches!(
        reloader.reload().await,
        Some(Reloaded::Refused(_))
    ));
    assert_eq!(published().len(), 2);

    // The old key is listed no more, and stays until its last token is over.
    write("policy.toml", POLICY);
    write(
        "server.toml",
        &announced.replace("key = \"tokens-key.pem\"\nnext_key", "key"),
    );
    assert!(matches!(
        reloader.reload().await,
        Some(Reloaded::Applied { .. })
    ));
    assert!(published().contains(&first[0]));
}
