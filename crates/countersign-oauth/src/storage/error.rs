use sqlx::migrate::MigrateError;
use thiserror::Error;

/// Why the database gives no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL is of no database that we know.
    #[error("the storage is neither `sqlite:FILE` nor `postgres://…`")]
    Url,
    /// It cannot be opened.
    #[error("the storage cannot be opened: {source}")]
    Connect {
        /// Why not.
        source: sqlx::Error,
    },
    /// Its tables cannot be brought up to date.
    #[error("the tables of the storage cannot be brought up to date: {source}")]
    Migrate {
        /// Why not.
        #[from]
        source: MigrateError,
    },
    /// It does not do what it is asked.
    #[error("the storage does not answer: {source}")]
    Query {
        /// Why not.
        #[from]
        source: sqlx::Error,
    },
}
