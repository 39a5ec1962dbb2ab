-- What TPPs were given. Days are texts as 2026-08-01, lists of accounts have a blank between them, what is not said is
-- the empty text; times are microseconds of the Unix epoch.
CREATE TABLE consents (
    id TEXT PRIMARY KEY NOT NULL,
    tpp TEXT NOT NULL,
    accounts TEXT NOT NULL,
    balances TEXT NOT NULL,
    transactions TEXT NOT NULL,
    recurring BIGINT NOT NULL,
    valid_until TEXT NOT NULL,
    frequency_per_day BIGINT NOT NULL,
    created TEXT NOT NULL,
    terminated TEXT NOT NULL DEFAULT ''
);

CREATE TABLE accesses (
    consent_id TEXT NOT NULL REFERENCES consents (id),
    period TEXT NOT NULL,
    what TEXT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (consent_id, period, what)
);

CREATE TABLE payments (
    id TEXT PRIMARY KEY NOT NULL,
    tpp TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    product TEXT NOT NULL,
    end_to_end TEXT NOT NULL,
    debtor TEXT NOT NULL,
    creditor TEXT NOT NULL,
    creditor_name TEXT NOT NULL,
    amount TEXT NOT NULL,
    remittance TEXT NOT NULL,
    initiated BIGINT NOT NULL,
    UNIQUE (tpp, idempotency_key)
);
