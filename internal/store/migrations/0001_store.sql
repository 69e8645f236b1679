-- Times are BIGINT, milliseconds since 1970 UTC, 0 for none. Booleans are BIGINT, 0 or 1.
-- IDENTITY, BLOB and TEXT are exchanged for the engine's own words when this file is read (migrate.go).
-- IDENTITY makes a primary key that the engine numbers where no number is given.

-- +goose Up

CREATE TABLE counters (
    id  BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    rev BIGINT NOT NULL,
    seq BIGINT NOT NULL
);
INSERT INTO counters (id, rev, seq) VALUES (1, 0, 0);

CREATE TABLE runs (
    id           IDENTITY,
    source       TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    started      BIGINT NOT NULL,
    ended        BIGINT NOT NULL, -- 0 while the run is going on
    requests     BIGINT NOT NULL,
    not_modified BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    seen         BIGINT NOT NULL,
    added        BIGINT NOT NULL,
    changed      BIGINT NOT NULL,
    gone         BIGINT NOT NULL,
    quarantined  BIGINT NOT NULL,
    complete     BIGINT NOT NULL,
    baseline     BIGINT NOT NULL,
    suspect      BIGINT NOT NULL,
    error        TEXT   NOT NULL,
    notes        TEXT   NOT NULL  -- JSON array of texts
);
CREATE INDEX runs_source ON runs (source, id);

CREATE TABLE bodies (
    hash TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the raw bytes, hexadecimal
    body BLOB NOT NULL              -- zstd
);

CREATE TABLE documents (
    id           IDENTITY,
    run          BIGINT NOT NULL REFERENCES runs (id),
    source       TEXT   NOT NULL,
    key          TEXT   NOT NULL, -- of the request
    request      TEXT   NOT NULL, -- JSON
    url          TEXT   NOT NULL, -- the final one
    status       BIGINT NOT NULL,
    header       TEXT   NOT NULL, -- JSON
    fetched      BIGINT NOT NULL,
    not_modified BIGINT NOT NULL,
    problem      TEXT   NOT NULL, -- why it could not be read; empty when it could
    body         TEXT   NOT NULL REFERENCES bodies (hash)
);
CREATE INDEX documents_key ON documents (source, key, id);
CREATE INDEX documents_run ON documents (run);
CREATE INDEX documents_body ON documents (body);

CREATE TABLE calls (
    id         IDENTITY,
    source     TEXT   NOT NULL,
    ref        TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    identifier TEXT   NOT NULL,
    title      TEXT   NOT NULL,
    deadline   BIGINT NOT NULL, -- when the last one has passed
    version    BIGINT NOT NULL, -- the current one, from 1
    hash       TEXT   NOT NULL, -- of the current version
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    gone       BIGINT NOT NULL,
    missed     BIGINT NOT NULL,
    rev        BIGINT NOT NULL,
    touched    BIGINT NOT NULL,
    UNIQUE (source, ref)
);
CREATE UNIQUE INDEX calls_rev ON calls (rev);
CREATE UNIQUE INDEX calls_touched ON calls (touched);

CREATE TABLE versions (
    id   IDENTITY,
    call BIGINT NOT NULL REFERENCES calls (id),
    n    BIGINT NOT NULL, -- from 1, without gaps
    at   BIGINT NOT NULL,
    run  BIGINT NOT NULL REFERENCES runs (id),
    hash TEXT   NOT NULL, -- SHA-256 of the exchange form, hexadecimal
    body BLOB   NOT NULL, -- the exchange form, zstd
    UNIQUE (call, n)
);

CREATE TABLE changes (
    seq      IDENTITY, -- always given, from counters
    at       BIGINT NOT NULL,
    call     BIGINT NOT NULL REFERENCES calls (id),
    event    TEXT   NOT NULL,
    field    TEXT   NOT NULL,
    old      TEXT   NOT NULL,
    new      TEXT   NOT NULL,
    material BIGINT NOT NULL,
    baseline BIGINT NOT NULL,
    mended   BIGINT NOT NULL
);
CREATE INDEX changes_call ON changes (call, seq);

CREATE TABLE holds (
    source    TEXT   NOT NULL,
    ref       TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    since     BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    run       BIGINT NOT NULL REFERENCES runs (id), -- the latest that held it
    runs      BIGINT NOT NULL, -- complete listings that showed it since the first
    body      BLOB   NOT NULL, -- the exchange form, zstd
    PRIMARY KEY (source, ref)
);

CREATE TABLE plans (
    plan TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL
);

CREATE TABLE matches (
    plan    TEXT   NOT NULL,
    call    BIGINT NOT NULL REFERENCES calls (id),
    hash    TEXT   NOT NULL, -- SHA-256 of the results' JSON, hexadecimal
    results BLOB   NOT NULL, -- JSON array, zstd
    PRIMARY KEY (plan, call)
);

CREATE TABLE cursors (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

CREATE TABLE digests (
    department TEXT   NOT NULL,
    date       TEXT   NOT NULL, -- 2026-09-22
    language   TEXT   NOT NULL,
    hash       TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    body       BLOB   NOT NULL, -- JSON, zstd
    PRIMARY KEY (department, date, language, hash)
);
