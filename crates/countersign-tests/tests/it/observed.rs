//! What happened is told by the admin listener: metrics, status, health.

use std::net::SocketAddr;

use countersign_client::{Client, HttpVersion};
use countersign_problem::Code;
use countersign_server::Addresses;
use countersign_tests::{BILLING, NEWCOMER, POLICY, REPORTS, World};
use jiff::SignedDuration;

/// The lines of the metrics without those that explain, and without the time that decisions took.
async fn metrics(world: &World) -> Vec<String> {
    let (status, text) = world.ask_admin("/metrics").await.unwrap();
    assert_eq!(status, 200);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter(|line| !line.contains("_seconds_bucket{"));
    lines.map(str::to_owned).collect()
}

#[track_caller]
fn tells(metrics: &[String], line: &str) {
    assert!(
        metrics.iter().any(|told| told == line),
        "{line}\n{metrics:#?}"
    );
}

#[tokio::test]
async fn the_metrics_tell_who_called_and_who_was_refused() {
    let mut world = World::start().await.unwrap();
    let billing = world.client_as(BILLING).unwrap().build().await.unwrap();
    for _ in 0..3 {
        billing
            .get(world.url("/v1/transactions"))
            .send()
            .await
            .unwrap();
        world.event().await.unwrap();
    }
    let newcomer = world.client_as(NEWCOMER).unwrap().build().await.unwrap();
    newcomer.get(world.url("/whoami")).send().await.unwrap_err();
    let nobody = world.client(None).unwrap().build().await.unwrap();
    nobody.get(world.url("/whoami")).send().await.unwrap_err();
    for _ in 0..2 {
        world.event().await.unwrap();
    }
    world.clock.advance(SignedDuration::from_secs(90));

    let told = metrics(&world).await;
    let requests = "countersign_requests_total";
    let handshakes = "countersign_handshakes_total";
    let ends = world.live().seen()[0].certificate.not_after().as_second();
    let server = world
        .live()
        .load()
        .trust()
        .credential()
        .certificate()
        .not_after();
    for line in [
        format!(
            r#"{requests}{{principal="billing",route="/v1/transactions",outcome="allowed",code=""}} 3"#
        ),
        format!(
            r#"{requests}{{principal="",route="/whoami",outcome="denied",code="principal-unknown"}} 1"#
        ),
        format!(r#"{handshakes}{{outcome="trusted",code="",tls_version="1.3",resumed="false"}} 2"#),
        format!(
            r#"{handshakes}{{outcome="refused",code="certificate-required",tls_version="",resumed=""}} 1"#
        ),
        "countersign_decision_seconds_count 4".to_owned(),
        "countersign_snapshot_epoch 1".to_owned(),
        "countersign_snapshot_age_seconds 90".to_owned(),
        format!(
            "countersign_server_certificate_not_after_seconds {}",
            server.as_second()
        ),
        format!(
            r#"countersign_caller_certificate_not_after_seconds{{principal="billing",trust="clients",identity="{BILLING}"}} {ends}"#
        ),
    ] {
        tells(&told, &line);
    }
    // Two who came in, and perhaps the refused one, who is given time to read why.
    let held = told
        .iter()
        .find_map(|line| line.strip_prefix("countersign_connections "));
    let held: usize = held.unwrap().parse().unwrap();
    assert!((2..=3).contains(&held), "{held}");
}

#[tokio::test]
async fn a_revocation_list_is_told_with_its_age_and_its_next() {
    let world = World::start().await.unwrap();
    let now = world.clock.now();
    let list = |authority: &countersign_pki::Authority| {
        let list = authority.crl(now).issue().unwrap();
        countersign_tls::RevocationList::from_der(list.der()).unwrap()
    };
    let lists = [list(&world.root), list(&world.issuing)];
    let next = lists[1].next_update().as_second();
    let trust = world.changed(|trust| trust.with_lists(lists)).unwrap();
    let directory = countersign_axum::Directory::from_toml(POLICY).unwrap();
    world.live().swap(trust, directory);
    world.clock.advance(SignedDuration::from_secs(60));
    let told = metrics(&world).await;
    let labels = r#"{trust="clients",issuer="CN=World Issuing CA"}"#;
    let list = "countersign_revocation_list";
    tells(&told, &format!("{list}_age_seconds{labels} 60"));
    tells(&told, &format!("{list}_next_update_seconds{labels} {next}"));
    tells(&told, "countersign_snapshot_epoch 2");
    tells(&told, "countersign_snapshot_age_seconds 60");
}

#[tokio::test]
async fn the_status_tells_what_is_in_force_who_called_and_who_was_refused() {
    let mut world = World::start().await.unwrap();
    let billing = world.client_as(BILLING).unwrap().build().await.unwrap();
    billing.get(world.url("/whoami")).send().await.unwrap();
    let newcomer = world.client_as(NEWCOMER).unwrap().build().await.unwrap();
    newcomer.get(world.url("/whoami")).send().await.unwrap_err();
    for _ in 0..2 {
        world.event().await.unwrap();
    }
    let (status, body) = world.ask_admin("/status").await.unwrap();
    assert_eq!(status, 200);
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(told["snapshot"]["epoch"], 1);
    assert_eq!(told["snapshot"]["since"], world.clock.now().to_string());
    assert_eq!(told["snapshot"]["identities"], 2);
    let [trust] = told["trusts"].as_array().unwrap().as_slice() else {
        panic!("{told}");
    };
    assert_eq!(trust["name"], "clients");
    assert_eq!(trust["anchors"][0]["subject"], "CN=World Root");
    let [caller] = told["callers"].as_array().unwrap().as_slice() else {
        panic!("{told}");
    };
    assert_eq!(caller["principal"], "billing");
    let newest = world.live().seen().swap_remove(0).certificate;
    assert_eq!(
        caller["certificate"]["not_after"],
        newest.not_after().to_string()
    );
    let [refusal] = told["refusals"].as_array().unwrap().as_slice() else {
        panic!("{told}");
    };
    assert_eq!(refusal["code"], "principal-unknown");
    assert_eq!(refusal["certificate"]["sans"][0], NEWCOMER.to_owned());
}

/// With somebody who may read it.
const WITH_ADMIN: &str = r#"
version = 1

[principals.operator]
permissions = ["admin:read"]
identities = [{ trust = "clients", name = "spiffe://world.example/billing" }]

[principals.reports]
identities = [{ trust = "clients", name = "spiffe://world.example/reports" }]
"#;

#[tokio::test]
async fn off_loopback_only_who_may_reads_what_the_admin_listener_tells() {
    let anywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let api = Addresses::loopback().api;
    let addresses = Addresses::new(api, anywhere).with_health(anywhere);
    let world = World::with_addresses(addresses, WITH_ADMIN).await.unwrap();
    let base = world.admin_url("");
    let (encrypted, port) = (base.starts_with("https:"), base.rsplit(':').next().unwrap());
    assert!(encrypted, "{base}");
    let url = |path: &str| format!("https://localhost:{port}{path}");
    let here = SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
    let build = async |name: &str| -> Client {
        let client = world
            .client_as(name)
            .unwrap()
            .http_version(HttpVersion::Http1);
        client.resolve("localhost", here).build().await.unwrap()
    };
    let operator = build(BILLING).await;
    let reports = build(REPORTS).await;
    for path in ["/", "/page.css", "/page.js", "/metrics", "/status"] {
        let answer = operator.get(url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let error = reports.get(url(path)).send().await.unwrap_err();
        assert_eq!(error.code(), Some(Code::PermissionMissing), "{path}");
        let (status, _) = world.ask_health(path).await.unwrap();
        assert_eq!(status, 404, "{path}");
        world.ask_admin(path).await.unwrap_err();
    }
    let nobody = world.client(None).unwrap().resolve("localhost", here);
    let nobody = nobody.build().await.unwrap();
    nobody.get(url("/metrics")).send().await.unwrap_err();
    for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = world.ask_health(path).await.unwrap();
        assert_eq!(answer, (200, body.to_owned()));
    }
}
