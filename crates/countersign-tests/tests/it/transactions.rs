use countersign_client::{Client, Kind};
use countersign_problem::Code;
use countersign_tests::{BILLING, World};
use serde_json::{Value, json};

async fn billing(world: &World) -> Client {
    world.client_as(BILLING).unwrap().build().await.unwrap()
}

async fn create(client: &Client, world: &World, reference: &str) -> Value {
    let request = client.post(world.url("/v1/transactions")).json(&json!({
        "amount_minor": 1250,
        "currency": "EUR",
        "reference": reference,
    }));
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn what_was_created_is_found_where_the_answer_says() {
    let world = World::start().await.unwrap();
    let client = billing(&world).await;
    let request = client.post(world.url("/v1/transactions")).json(&json!({
        "amount_minor": 1250,
        "currency": "EUR",
        "reference": "invoice 17",
    }));
    let created = request.send().await.unwrap();
    assert_eq!(created.status(), 201);
    let location = created.headers()["location"].to_str().unwrap().to_owned();
    assert!(created.headers().contains_key("x-request-id"));
    let created: Value = created.json().await.unwrap();
    assert_eq!(
        created,
        json!({
            "id": "t-1",
            "amount_minor": 1250,
            "currency": "EUR",
            "reference": "invoice 17",
            "created_at": world.clock.now().to_string(),
            "created_by": "billing",
        })
    );
    let found = client.get(world.url(&location)).send().await.unwrap();
    assert_eq!(found.json::<Value>().await.unwrap(), created);
}

#[tokio::test]
async fn a_transaction_posted_twice_under_one_key_is_made_once() {
    let world = World::start().await.unwrap();
    let client = billing(&world).await;
    let post = async |key: &str, reference: &str| {
        let body = json!({ "amount_minor": 1, "currency": "EUR", "reference": reference });
        let request = client.post(world.url("/v1/transactions")).json(&body);
        let created = request.header("idempotency-key", key).send().await?;
        let created: Value = created.json().await?;
        Ok::<_, countersign_client::Error>(created["id"].as_str().unwrap().to_owned())
    };
    assert_eq!(post("k1", "a").await.unwrap(), "t-1");
    assert_eq!(post("k1", "a").await.unwrap(), "t-1");
    assert_eq!(post("k2", "a").await.unwrap(), "t-2");
    let error = post("k1", "b").await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Conflict));
    for malformed in ["", "a b", &"k".repeat(65)] {
        let error = post(malformed, "a").await.unwrap_err();
        assert_eq!(error.code(), Some(Code::RequestInvalid), "{malformed}");
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let world = World::start().await.unwrap();
    let client = billing(&world).await;
    for reference in ["a", "b", "c"] {
        create(&client, &world, reference).await;
    }
    let mut after = String::new();
    let mut seen = Vec::new();
    loop {
        let path = format!("/v1/transactions?limit=2{after}");
        let page = client.get(world.url(&path)).send().await.unwrap();
        let page: Value = page.json().await.unwrap();
        let items = page["items"].as_array().unwrap();
        seen.push(items.len());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, [2, 1]);
}

#[tokio::test]
async fn an_invalid_body_is_a_problem_that_says_what_was_wanted() {
    let world = World::start().await.unwrap();
    let client = billing(&world).await;
    for (body, detail) in [
        (
            json!({ "amount_minor": 0, "currency": "EUR", "reference": "x" }),
            "`amount_minor` must be from 1 to 1000000000000",
        ),
        (
            json!({ "amount_minor": 1, "currency": "euro", "reference": "x" }),
            "`currency` must be three capital letters (ISO 4217)",
        ),
        (
            json!({ "amount_minor": 1, "currency": "EUR", "reference": "a\nb" }),
            "`reference` must be 1 to 140 characters, none of them a control character",
        ),
    ] {
        let request = client.post(world.url("/v1/transactions")).json(&body);
        let error = request.send().await.unwrap_err();
        let problem = error.problem().unwrap();
        assert_eq!(problem.code(), Code::RequestInvalid);
        assert_eq!(problem.detail(), detail);
    }
}

#[tokio::test]
async fn an_unknown_member_is_refused() {
    let world = World::start().await.unwrap();
    let client = billing(&world).await;
    let body = json!({ "amount_minor": 1, "currency": "EUR", "reference": "x", "id": "t-9" });
    let request = client.post(world.url("/v1/transactions")).json(&body);
    let error = request.send().await.unwrap_err();
    assert_eq!(error.code(), Some(Code::RequestInvalid));
    assert!(
        error
            .problem()
            .unwrap()
            .detail()
            .contains("unknown field `id`")
    );
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let world = World::start().await.unwrap();
    let client = billing(&world).await;
    for path in [
        "/v1/transactions/t-1",
        "/v1/transactions/x",
        "/v2",
        "/v1/transactions/",
    ] {
        let error = client.get(world.url(path)).send().await.unwrap_err();
        assert_eq!(error.code(), Some(Code::NotFound), "{path}: {error}");
        assert!(
            matches!(error.kind(), Kind::Status { .. }),
            "{path}: {error}"
        );
    }
    let error = client
        .delete(world.url("/v1/transactions"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(Code::MethodNotAllowed));
}
