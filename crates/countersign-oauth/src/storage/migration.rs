use std::borrow::Cow;
use std::future::ready;
use std::pin::Pin;

use sqlx::error::BoxDynError;
use sqlx::migrate::{Migration, MigrationSource, MigrationType, Migrator};

use super::engine::Engine;
use super::{Store, StoreError};

/// One change of the tables, done once on each database and never edited afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place in the order.
    pub number: i64,
    /// What it is for, in a word or two.
    pub title: &'static str,
    /// The statements, in words that SQLite and PostgreSQL share.
    pub sql: &'static str,
}

/// Does what was not done yet. Of two replicas that start at one time, one waits for the other.
pub(super) async fn run(store: &Store, steps: &'static [Step]) -> Result<(), StoreError> {
    let mut migrator = Migrator::new(Steps(steps)).await?;
    // Those of somebody else who keeps tables here.
    migrator.set_ignore_missing(true);
    match store.engine {
        Engine::Postgres => migrator.run(store.pool()).await?,
        // Here the library takes no lock.
        Engine::Sqlite => {
            let mut turn = store.begin().await?;
            migrator.run_direct(&mut *turn).await?;
            turn.commit().await?;
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Steps(&'static [Step]);

type Resolved<'s> = Pin<Box<dyn Future<Output = Result<Vec<Migration>, BoxDynError>> + Send + 's>>;

impl<'s> MigrationSource<'s> for Steps {
    fn resolve(self) -> Resolved<'s> {
        let migrations = self.0.iter().map(Step::migration).collect();
        Box::pin(ready(Ok(migrations)))
    }
}

impl Step {
    fn migration(&self) -> Migration {
        let (title, sql) = (Cow::Borrowed(self.title), Cow::Borrowed(self.sql));
        Migration::new(self.number, title, MigrationType::Simple, sql, false)
    }
}
