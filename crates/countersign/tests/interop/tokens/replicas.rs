use super::server::Folder;
use crate::database::Database;

#[test]
fn a_token_of_one_replica_counts_at_the_other_and_so_does_its_revocation() {
    let (Some(folder), Some(database)) = (Folder::new(), Database::postgres()) else {
        return;
    };
    // It starts in its own time.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { database.open().await.close().await });
    folder.change("../.countersign/tokens.db", &database.url);
    let (one, other) = (folder.serve_anywhere(), folder.serve_anywhere());
    let (first, second) = (one.token("billing"), other.token("billing"));
    for server in [&one, &other] {
        for token in [&first, &second] {
            assert_eq!(server.read("billing", token), "200");
        }
    }
    other.revoke("billing", &first);
    assert_eq!(one.read("billing", &first), "401 token-invalid");
    one.revoke("billing", &second);
    assert_eq!(other.read("billing", &second), "401 token-invalid");
    let asked = format!("token={second}");
    let (_, told) = other.ask(
        "reports",
        "/oauth/introspect",
        &["-d", "client_id=reports", "-d", &asked],
    );
    assert_eq!(told, serde_json::json!({"active": false}));
}

#[test]
fn what_was_revoked_stays_so_when_the_server_is_killed() {
    let Some(folder) = Folder::new() else { return };
    let server = folder.serve_anywhere();
    let (kept, revoked) = (server.token("billing"), server.token("billing"));
    server.revoke("billing", &revoked);
    server.kill();
    let server = folder.serve_anywhere();
    assert_eq!(server.read("billing", &kept), "200");
    assert_eq!(server.read("billing", &revoked), "401 token-invalid");
}

/// J3, while tokens are asked for and used.
#[test]
fn j3_keys_change_under_load_and_no_token_is_refused() {
    let Some(folder) = Folder::new() else { return };
    let server = folder.serve_anywhere();
    let key = |name: &str| {
        let key = countersign_pki::Key::generate(countersign_pki::KeyKind::P256).unwrap();
        std::fs::write(folder.file(name), key.pem().as_bytes()).unwrap();
    };
    let before = server.token("billing");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let used = scope.spawn(|| {
            let mut used = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                assert_eq!(server.read("billing", &server.token("billing")), "200");
                used += 1;
            }
            used
        });
        key("second-key.pem");
        let current = "key = \"../.countersign/tokens-key.pem\"";
        folder.change(
            current,
            &format!("{current}\nnext_key = \"../.countersign/second-key.pem\""),
        );
        server.reload(2);
        key("third-key.pem");
        folder.change("second-key.pem", "third-key.pem");
        folder.change("tokens-key.pem", "second-key.pem");
        // The first is not listed any more, and stays until its last token is over.
        server.reload(3);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(used.join().unwrap() > 0);
    });
    assert_eq!(server.read("billing", &before), "200");
}
