use std::fs::OpenOptions;
use std::io;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AnyConnection, Executor};

use super::StoreError;

/// Which database it is, and what is said to it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Postgres,
    Sqlite,
}

impl Engine {
    pub(super) fn of(url: &str) -> Result<Self, StoreError> {
        match url.split_once(':') {
            Some(("sqlite", _)) => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            // Not the text itself: it may hold a password.
            _ => Err(StoreError::Url),
        }
    }

    /// SQLite does not create a file unless told to.
    pub(super) fn full_url(self, url: &str) -> String {
        match self {
            Self::Sqlite if !url.contains('?') && url != MEMORY => format!("{url}?mode=rwc"),
            _ => url.to_owned(),
        }
    }

    /// Makes the file of a new database readable for its owner alone, before SQLite makes it for everybody; the files that it
    /// puts beside it are as that one.
    pub(super) fn claim(self, url: &str) -> Result<(), sqlx::Error> {
        if self != Self::Sqlite || url == MEMORY {
            return Ok(());
        }
        // The name of the file, as the library that opens it understands it.
        let file = url.parse::<SqliteConnectOptions>()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(file.get_filename()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
            _ => Ok(()),
        }
    }

    pub(super) fn connections(self, url: &str) -> u32 {
        match self {
            // Each would be a database of its own.
            Self::Sqlite if url == MEMORY => 1,
            Self::Postgres => 16,
            // One writes at a time, whatever there are.
            Self::Sqlite => 4,
        }
    }

    /// What each new connection is told first.
    pub(super) async fn prepare(self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres => Ok(()),
            Self::Sqlite => connection.execute(SQLITE).await.map(|_| ()),
        }
    }

    /// Whether the next commit must be on the disk before it is answered, when the power fails too.
    pub(super) async fn durable(
        self,
        connection: &mut AnyConnection,
        durable: bool,
    ) -> Result<(), sqlx::Error> {
        let words = match (self, durable) {
            // It does so always.
            (Self::Postgres, _) => return Ok(()),
            (Self::Sqlite, true) => "PRAGMA synchronous = FULL",
            (Self::Sqlite, false) => "PRAGMA synchronous = NORMAL",
        };
        connection.execute(words).await.map(|_| ())
    }
}

const MEMORY: &str = "sqlite::memory:";

/// A log beside the file, so that who reads does not wait for who writes. A commit outlives the process at once, and the
/// power after the next checkpoint.
const SQLITE: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000";
