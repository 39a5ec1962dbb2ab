//! What must outlive the process, and be the same for every replica?

mod engine;
mod error;
mod issued;
mod migration;

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{Any, AnyPool, Transaction};

use self::engine::Engine;
pub use self::error::StoreError;
pub use self::issued::{IssuedToken, Standing};
pub use self::migration::Step;

/// The database behind the tokens: one SQLite file, or a PostgreSQL that replicas share. Cheap to clone.
///
/// Nothing that it answers is remembered here: what one replica has written, the next question of another sees.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_oauth::{Standing, Store};
///
/// let folder = tempfile::tempdir()?;
/// let store = Store::open(&format!("sqlite:{}/tokens.db", folder.path().display())).await?;
/// assert_eq!(store.standing("4f1a").await?, Standing::Unknown);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    engine: Engine,
}

impl Store {
    /// Opens `sqlite:FILE`, which is created where it is not there, `sqlite::memory:` or `postgres://…`, and brings its tables up to date.
    ///
    /// # Errors
    ///
    /// It is neither, or the database does not answer, or its tables are not ours.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        install_default_drivers();
        let engine = Engine::of(url)?;
        let claimed = engine.claim(url);
        claimed.map_err(|source| StoreError::Connect { source })?;
        let options = AnyPoolOptions::new().max_connections(engine.connections(url));
        let prepared =
            options.after_connect(move |connection, _| Box::pin(engine.prepare(connection)));
        let pool = prepared.connect(&engine.full_url(url)).await;
        let pool = pool.map_err(|source| StoreError::Connect { source })?;
        let store = Self { pool, engine };
        store.migrate(issued::STEPS).await?;
        Ok(store)
    }

    /// Brings further tables up to date, for a service that keeps its own state beside the tokens. The numbers of
    /// `steps` must be nobody else's: those of this crate are below 100.
    ///
    /// # Errors
    ///
    /// A step fails, or has changed since it was done.
    pub async fn migrate(&self, steps: &'static [Step]) -> Result<(), StoreError> {
        migration::run(self, steps).await
    }

    /// Begins a transaction that will write: on SQLite it waits for its turn now, and not when it is half done.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let begun = match self.engine {
            Engine::Sqlite => self.pool.begin_with("BEGIN IMMEDIATE").await,
            Engine::Postgres => self.pool.begin().await,
        };
        Ok(begun?)
    }

    /// Where a service asks its own tables. Parameters are `$1`, `$2`, …; numbers are BIGINT and texts TEXT, so that
    /// both databases understand the same words.
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Ends every connection to the database.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
