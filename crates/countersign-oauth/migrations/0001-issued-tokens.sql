-- Every access token that was issued, by its `jti`; times in seconds of the Unix epoch.
CREATE TABLE issued_tokens (
    id TEXT PRIMARY KEY NOT NULL,
    client_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE INDEX issued_tokens_by_end ON issued_tokens (expires_at);
