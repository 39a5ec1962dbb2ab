//! What both databases remember.

use countersign_oauth::{IssuedToken, Standing, Step, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use tempfile::TempDir;

use crate::database::Database;

/// Each database that is here, opened by its URL. PostgreSQL may be missing, unless the gate asks for it.
struct Databases {
    folder: TempDir,
    postgres: Option<Database>,
}

impl Databases {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            postgres: Database::postgres(),
        }
    }

    /// The URL of each, once it answers.
    async fn urls(&self) -> Vec<String> {
        let mut urls = vec![format!("sqlite:{}/tokens.db", self.folder.path().display())];
        if let Some(postgres) = &self.postgres {
            postgres.open().await.close().await;
            urls.push(postgres.url.clone());
        }
        urls
    }
}

async fn open(url: &str) -> Store {
    Store::open(url).await.unwrap()
}

fn now() -> Timestamp {
    "2026-08-01T12:00:00Z".parse().unwrap()
}

fn token(id: &str) -> IssuedToken<'_> {
    IssuedToken {
        id,
        client_id: "billing",
        issued_at: now(),
        expires_at: now() + SignedDuration::from_mins(5),
    }
}

#[tokio::test]
async fn what_is_revoked_stays_so_and_another_replica_sees_it_at_once() {
    let databases = Databases::new();
    for url in databases.urls().await {
        let (one, other) = (open(&url).await, open(&url).await);
        assert_eq!(one.standing("a").await.unwrap(), Standing::Unknown);
        one.record(token("a")).await.unwrap();
        one.record(token("b")).await.unwrap();
        assert_eq!(other.standing("a").await.unwrap(), Standing::Issued);
        one.revoke("a", now()).await.unwrap();
        assert_eq!(other.standing("a").await.unwrap(), Standing::Revoked);
        assert_eq!(other.standing("b").await.unwrap(), Standing::Issued);
        other.revoke("a", now()).await.unwrap();
        one.close().await;
        other.close().await;
        let again = open(&url).await;
        assert_eq!(again.standing("a").await.unwrap(), Standing::Revoked);
    }
}

#[tokio::test]
async fn a_token_that_was_never_issued_cannot_be_revoked_into_being() {
    let databases = Databases::new();
    for url in databases.urls().await {
        let store = open(&url).await;
        store.revoke("a", now()).await.unwrap();
        assert_eq!(store.standing("a").await.unwrap(), Standing::Unknown);
    }
}

#[tokio::test]
async fn no_two_tokens_have_one_id() {
    let databases = Databases::new();
    for url in databases.urls().await {
        let store = open(&url).await;
        store.record(token("a")).await.unwrap();
        let again = store.record(token("a")).await;
        assert!(matches!(again, Err(StoreError::Query { .. })), "{again:?}");
    }
}

#[tokio::test]
async fn tokens_are_forgotten_once_their_end_is_past() {
    let databases = Databases::new();
    for url in databases.urls().await {
        let store = open(&url).await;
        store.record(token("a")).await.unwrap();
        let end = token("a").expires_at;
        assert_eq!(store.forget(end).await.unwrap(), 0);
        assert_eq!(
            store
                .forget(end + SignedDuration::from_secs(1))
                .await
                .unwrap(),
            1
        );
        assert_eq!(store.standing("a").await.unwrap(), Standing::Unknown);
    }
}

#[tokio::test]
async fn two_replicas_that_start_at_one_time_bring_the_tables_up_to_date_once() {
    let databases = Databases::new();
    for url in databases.urls().await {
        let replicas = (0..4).map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let store = Store::open(&url).await?;
                store.migrate(BESIDE).await?;
                Ok::<_, StoreError>(store)
            })
        });
        for replica in replicas.collect::<Vec<_>>() {
            replica.await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_step_that_was_edited_after_it_was_done_is_refused() {
    let databases = Databases::new();
    for url in databases.urls().await {
        let store = open(&url).await;
        store.migrate(BESIDE).await.unwrap();
        let edited = store.migrate(EDITED).await;
        assert!(
            matches!(edited, Err(StoreError::Migrate { .. })),
            "{edited:?}"
        );
    }
}

#[tokio::test]
async fn a_transaction_that_is_not_finished_has_not_happened() {
    let databases = Databases::new();
    for url in databases.urls().await {
        let store = open(&url).await;
        store.migrate(BESIDE).await.unwrap();
        let mut unfinished = store.begin().await.unwrap();
        let insert = "INSERT INTO things (name) VALUES ($1)";
        sqlx::query(insert)
            .bind("a")
            .execute(&mut *unfinished)
            .await
            .unwrap();
        drop(unfinished);
        let mut finished = store.begin().await.unwrap();
        sqlx::query(insert)
            .bind("b")
            .execute(&mut *finished)
            .await
            .unwrap();
        finished.commit().await.unwrap();
        let names: Vec<String> = sqlx::query_scalar("SELECT name FROM things")
            .fetch_all(store.pool())
            .await
            .unwrap();
        assert_eq!(names, ["b"]);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;

    for (written, name) in [
        ("tokens.db", "tokens.db"),
        ("our%20tokens.db", "our tokens.db"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&format!("sqlite:{}/{written}", folder.path().display())).await;
        store.record(token("a")).await.unwrap();
        let mut files = 0;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let mode = file.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            files += 1;
        }
        assert!(files > 1, "the database and its log");
        assert!(folder.path().join(name).exists(), "{name}");
        assert_eq!(folder.path().join(written).exists(), written == name);
    }
    let nowhere = Store::open("sqlite:/nowhere/tokens.db").await;
    assert!(
        matches!(nowhere, Err(StoreError::Connect { .. })),
        "{nowhere:?}"
    );
}

#[tokio::test]
async fn a_url_of_another_database_is_refused_and_not_repeated() {
    let refused = Store::open("mysql://root:secret@localhost/db")
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the storage is neither `sqlite:FILE` nor `postgres://…`"
    );
}

const BESIDE: &[Step] = &[Step {
    number: 1000,
    title: "things",
    sql: "CREATE TABLE things (name TEXT PRIMARY KEY NOT NULL);",
}];

const EDITED: &[Step] = &[Step {
    number: 1000,
    title: "things",
    sql: "CREATE TABLE things (name TEXT NOT NULL);",
}];
