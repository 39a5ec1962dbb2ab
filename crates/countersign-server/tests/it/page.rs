//! What the operator's page tells, and to whom.

use axum::http::{StatusCode, Uri};
use countersign_server::{Addresses, ReferenceServer};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::scene::{CALLERS, REFUSALS, SUBJECT, Scene};

fn now() -> Timestamp {
    "2026-08-01T12:00:30Z".parse().unwrap()
}

async fn scene() -> Scene {
    Scene::start(now(), Addresses::loopback()).await
}

pub(crate) async fn get(server: &ReferenceServer, path: &str) -> http::Response<String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<hyper::body::Bytes>>();
    let url: Uri = format!("{}{path}", server.admin_url()).parse().unwrap();
    let (head, body) = client.get(url).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    http::Response::from_parts(head, String::from_utf8(body.to_vec()).unwrap())
}

/// The part of the page below the heading with this id.
pub(crate) fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let begin = format!("aria-labelledby=\"{id}\">");
    let (_, rest) = page.split_once(&begin).unwrap();
    rest.split_once("</section>").unwrap().0
}

/// The text, without tags.
pub(crate) fn text(markup: &str) -> String {
    let parts = markup.split('<').skip(1);
    parts
        .filter_map(|part| part.split_once('>'))
        .map(|(_, text)| text)
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test]
async fn everybody_who_was_allowed_something_is_there_and_whose_certificate_ends_first_stands_first()
 {
    let page = get(&scene().await.server, "/").await.into_body();
    let callers = section(&page, "callers");
    let places = CALLERS.map(|(name, _)| callers.find(&format!("<b>{name}</b>")).unwrap());
    assert!(places.is_sorted(), "{callers}");
    let rows: Vec<_> = callers.split("<tr ").skip(2).collect();
    // One of them has two identities.
    assert_eq!(rows.len(), 13);
    let ended = text(rows[0]);
    for wanted in ["25 minutes ago", "ended"] {
        assert!(ended.contains(wanted), "{wanted}: {ended}");
    }
    let first = text(rows[1]);
    for wanted in [
        "in 2 days",
        "soon",
        "2026-08-03",
        "spiffe://acme.example/billing",
    ] {
        assert!(first.contains(wanted), "{wanted}: {first}");
    }
    // One connection is held; it asked once in each minute of the hour.
    let numbers = rows[1].split("<td class=\"number\"").skip(1);
    let numbers = numbers.map(|cell| text(&format!("<td{cell}")).trim().to_owned());
    assert_eq!(numbers.collect::<Vec<_>>(), ["1", "60", "0"]);
    assert!(!text(rows[12]).contains("soon"));
}

#[tokio::test]
async fn what_a_principal_asked_under_two_identities_is_told_once() {
    let page = get(&scene().await.server, "/").await.into_body();
    let callers = section(&page, "callers");
    let rows: Vec<_> = callers.split("<tr ").skip(2).map(text).collect();
    let of = |name: &str| rows.iter().filter(|row| row.contains(name)).count();
    assert_eq!((of("reports"), of("reports-standby")), (2, 1));
    // Beside the first, for both rows; the second has its connections alone.
    assert_eq!(callers.matches("rowspan=\"2\"").count(), 2);
    let second = rows[3].split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(second.ends_with("in 20 days 2026-08-21 1"), "{second}");
    let first = rows[2].split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(first.ends_with(" 1 61 1"), "{first}");
}

#[tokio::test]
async fn what_wants_to_be_seen_to_stands_first() {
    let page = get(&scene().await.server, "/").await.into_body();
    let first = text(section(&page, "warnings"));
    let first = first.split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in [
        "certificate has ended: migration .",
        "ends within 14 days: billing , reports .",
        "the revocation list of CN=Partners is stale since",
        "The last reload, 3 minutes ago , was refused; snapshot 2 stays in force.",
    ] {
        assert!(first.contains(wanted), "{wanted}: {first}");
    }
    assert!(page.find("id=\"warnings\"") < page.find("class=\"tiles\""));
    let quiet = Scene::quiet(now(), Addresses::loopback()).await;
    let page = get(&quiet.server, "/").await.into_body();
    assert!(
        page.contains("is stale since") && !page.contains("has ended"),
        "{page}"
    );
    assert!(page.contains("Nobody was allowed anything yet."));
}

#[tokio::test]
async fn an_anchor_that_has_ended_is_not_said_to_end_soon() {
    let scene = scene().await;
    let told = async |days: i64| {
        scene.set(scene.now + SignedDuration::from_hours(24 * days));
        let page = get(&scene.server, "/").await.into_body();
        let trusts = text(section(&page, "trusts"));
        ["soon", "ended"].map(|word| trusts.matches(word).count())
    };
    assert_eq!(told(0).await, [0, 0]);
    assert_eq!(told(3_445).await, [2, 0]);
    assert_eq!(told(3_451).await, [0, 2]);
}

#[tokio::test]
async fn each_refusal_has_its_reason_its_certificate_and_what_the_policy_says() {
    let page = get(&scene().await.server, "/").await.into_body();
    let refusals = section(&page, "refusals");
    let rows: Vec<_> = refusals.split("<details id=\"refusal-").skip(1).collect();
    assert_eq!(rows.len(), 5);
    for ((row, code), wanted) in rows.iter().rev().zip(REFUSALS).zip([
        "Issuer CN=Acme Clients",
        "Policy not asked: no trust vouched for a name",
        "Principal nobody",
        "the revocation list is stale since",
        "`reports` has it by nothing; the role `clerk` would grant it",
    ]) {
        let told = text(row).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains(code) && told.contains(wanted),
            "{code}, {wanted}: {told}"
        );
        assert!(told.contains("Thumbprint"), "{told}");
        let refused = code.starts_with("certificate-") || code == "revocation-unknown";
        assert_eq!(
            told.contains("-----BEGIN CERTIFICATE-----"),
            refused,
            "{code}"
        );
    }
}

#[tokio::test]
async fn a_refused_certificate_is_there_to_be_copied_though_it_cannot_be_read() {
    let mut scene = Scene::quiet(now(), Addresses::loopback()).await;
    let unreadable = scene.present(vec![vec![b'<'; 60]]);
    scene.send(unreadable, "GET", "/whoami").await;
    let page = get(&scene.server, "/").await.into_body();
    let refusals = section(&page, "refusals");
    let told = text(refusals);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("certificate-unsuitable a certificate that cannot be read"),
        "{told}"
    );
    assert!(told.contains("Certificate it cannot be read"), "{told}");
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n{}\n-----END CERTIFICATE-----",
        "PDw8".repeat(16),
        "PDw8".repeat(4)
    );
    assert!(
        refusals.contains(&format!("<pre>{pem}</pre>")),
        "{refusals}"
    );
}

#[tokio::test]
async fn what_a_stranger_wrote_into_a_certificate_stays_text() {
    let page = get(&scene().await.server, "/").await.into_body();
    assert!(!page.contains(SUBJECT) && !page.contains("<script>"));
    // RFC 4514 has a backslash before each of these.
    assert!(page.contains(r"CN=\&lt;script\&gt;alert(1)\&lt;/script\&gt;"));
    // The one script is our own, and it is no part of the page.
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains("<script src=\"/page.js\" defer></script>"));
}

#[tokio::test]
async fn a_stale_list_is_told_by_a_word_and_a_reload_by_what_it_changed() {
    let page = get(&scene().await.server, "/").await.into_body();
    let lists = text(section(&page, "trusts"));
    assert_eq!(lists.matches(" stale ").count(), 1, "{lists}");
    assert_eq!(lists.matches(" fresh ").count(), 1, "{lists}");
    let history = text(section(&page, "history"));
    for wanted in [
        "Snapshot 2",
        "18 minutes ago",
        "policy.toml",
        "unknown field `permisions`",
        "refused",
    ] {
        assert!(history.contains(wanted), "{wanted}: {history}");
    }
}

#[tokio::test]
async fn a_request_is_counted_in_its_minute() {
    let mut scene = scene().await;
    let told = async |scene: &Scene| {
        let page = get(&scene.server, "/").await.into_body();
        let chart = section(&page, "decisions")
            .split_once("aria-label=\"")
            .unwrap()
            .1
            .to_owned();
        chart.split_once('"').unwrap().0.to_owned()
    };
    let number = |told: &str| -> u64 { told.split(' ').nth(4).unwrap().parse().unwrap() };
    let before = told(&scene).await;
    assert!(before.contains("5 denied"), "{before}");
    scene.ask("billing", "GET", "/whoami").await;
    let after = told(&scene).await;
    assert_eq!(number(&after), number(&before) + 1);
}

#[tokio::test]
async fn the_page_may_load_its_own_style_and_script_and_nothing_else() {
    let scene = scene().await;
    for (path, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
    ] {
        let answer = get(&scene.server, path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let header = |name| answer.headers()[name].to_str().unwrap();
        assert_eq!(header("content-type"), media_type);
        assert!(
            header("content-security-policy")
                .starts_with("default-src 'none'; style-src 'self'; script-src 'self'")
        );
        assert_eq!(header("cache-control"), "no-store");
    }
}

/// Beyond loopback, that is; with a permission it is what `/status` is, and tested with it.
#[tokio::test]
async fn beyond_loopback_the_page_is_not_served_in_the_clear() {
    let anywhere = "0.0.0.0:0".parse().unwrap();
    let addresses = Addresses::new("127.0.0.1:0".parse().unwrap(), anywhere);
    let scene = Scene::start(now(), addresses).await;
    assert!(scene.server.admin_url().starts_with("https://"));
    let port = scene.server.admin_address().port();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}
