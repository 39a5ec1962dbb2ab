//! The document that describes the APIs is that of the code, and says what is served.

use std::collections::BTreeSet;
use std::path::Path;

use countersign_client::Client;
use countersign_pki::psd2::{Nca, Role, Tpp};
use countersign_tests::World;
use serde_json::Value;

async fn served(world: &World) -> String {
    let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
    let tpp = Tpp::new("Acme TPP Limited", fca, "123456").roles(Role::ALL);
    let qwac = tpp.qwac(&world.issuing, world.clock.now()).issue().unwrap();
    let client: Client = world.client(Some(&qwac)).unwrap().build().await.unwrap();
    let answer = client.get(world.url("/openapi.json")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    answer.text().await.unwrap()
}

#[tokio::test]
async fn the_document_that_is_served_is_the_one_that_is_checked_in() {
    let served = served(&World::bank().await.unwrap()).await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
    if std::env::var_os("COUNTERSIGN_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, format!("{served}\n")).unwrap();
    }
    let checked_in = std::fs::read_to_string(file).unwrap();
    let hint = "COUNTERSIGN_WRITE_OPENAPI=1 cargo test -p countersign-tests --test it openapi writes it anew";
    assert!(
        checked_in.trim_end() == served,
        "docs/reference/openapi.json is old: {hint}"
    );
    let document: Value = serde_json::from_str(&served).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let world = World::bank().await.unwrap();
    let document: Value = serde_json::from_str(&served(&world).await).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let table = countersign_server::bank(world.live().clone()).table();
    let lines = table.lines().iter();
    let served: BTreeSet<_> = lines
        .map(|line| format!("{} {}", line.method_name(), line.path))
        .collect();
    assert_eq!(described, served);
}
