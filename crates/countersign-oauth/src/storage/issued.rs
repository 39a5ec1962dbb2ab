//! Which tokens were issued, and which of them are revoked?

use jiff::Timestamp;
use sqlx::query;
use sqlx::query_scalar;

use super::{Step, Store, StoreError};

/// A token, as it is remembered: never the token itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedToken<'a> {
    /// Its `jti`.
    pub id: &'a str,
    /// For whom.
    pub client_id: &'a str,
    /// When.
    pub issued_at: Timestamp,
    /// Its end.
    pub expires_at: Timestamp,
}

/// What is remembered of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// It was issued, and not revoked.
    Issued,
    /// It was revoked.
    Revoked,
    /// It was never issued, or its end is long past.
    Unknown,
}

impl Store {
    /// Remembers that a token is issued, before anybody gets it.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn record(&self, token: IssuedToken<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO issued_tokens (id, client_id, issued_at, expires_at) VALUES ($1, $2, $3, $4)";
        let insert = query(sql)
            .bind(token.id)
            .bind(token.client_id)
            .bind(token.issued_at.as_second())
            .bind(token.expires_at.as_second());
        insert.execute(self.pool()).await?;
        Ok(())
    }

    /// Revokes a token, and answers once that cannot be lost. A token that is revoked already stays so; one that was never
    /// issued is none.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn revoke(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE issued_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
        let mut connection = self.pool().acquire().await?;
        self.engine.durable(&mut connection, true).await?;
        let update = query(sql).bind(now.as_second()).bind(id);
        let updated = update.execute(&mut *connection).await;
        self.engine.durable(&mut connection, false).await?;
        updated?;
        Ok(())
    }

    /// What is remembered of a token.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn standing(&self, id: &str) -> Result<Standing, StoreError> {
        let sql = "SELECT COALESCE(revoked_at, 0) FROM issued_tokens WHERE id = $1";
        let revoked_at = query_scalar::<_, i64>(sql).bind(id);
        Ok(match revoked_at.fetch_optional(self.pool()).await? {
            None => Standing::Unknown,
            Some(0) => Standing::Issued,
            Some(_) => Standing::Revoked,
        })
    }

    /// Forgets tokens whose end was before `then`, and answers how many.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub async fn forget(&self, then: Timestamp) -> Result<u64, StoreError> {
        let delete = query("DELETE FROM issued_tokens WHERE expires_at < $1");
        let deleted = delete.bind(then.as_second()).execute(self.pool()).await?;
        Ok(deleted.rows_affected())
    }
}

pub(super) const STEPS: &[Step] = &[Step {
    number: 1,
    title: "issued tokens",
    sql: include_str!("../../migrations/0001-issued-tokens.sql"),
}];
