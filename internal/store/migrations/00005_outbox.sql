-- What leaves the house: written under a unique key before anything is sent.

-- +goose Up

-- What a mail says. Recipients of the same digest share it.
CREATE TABLE contents (
    hash TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the body before it is packed, hexadecimal
    body BLOB NOT NULL              -- a line of JSON (subject, lengths), text, HTML, JSON of what it was made of; zstd
);

CREATE TABLE outbox (
    recipient  TEXT   NOT NULL, -- id; stands when the recipient is removed
    period     TEXT   NOT NULL, -- local day, or what else makes the mail one of its kind
    kind       TEXT   NOT NULL, -- digest, lifesign, ...
    content    TEXT   NOT NULL REFERENCES contents (hash),
    items      BIGINT NOT NULL, -- that it tells of
    address    TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    language   TEXT   NOT NULL,
    message_id TEXT   NOT NULL UNIQUE,
    written    BIGINT NOT NULL,
    state      TEXT   NOT NULL, -- queued, sending, sent, refused, suspended
    since      BIGINT NOT NULL, -- in that state
    due        BIGINT NOT NULL, -- not to be tried before
    tries      BIGINT NOT NULL,
    error      TEXT   NOT NULL, -- of the latest try
    head       BLOB   NOT NULL, -- the header as it was sent, zstd; empty until then
    hash       TEXT   NOT NULL, -- SHA-256 of the whole mail as it was sent
    PRIMARY KEY (recipient, period)
);
CREATE INDEX outbox_state ON outbox (state, due);
CREATE INDEX outbox_address ON outbox (address, state);
CREATE INDEX outbox_written ON outbox (written, recipient, period);

-- Every try, never altered.
CREATE TABLE sent (
    id        IDENTITY,
    recipient TEXT   NOT NULL,
    period    TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    address   TEXT   NOT NULL,
    outcome   TEXT   NOT NULL, -- sent, later, refused
    answer    TEXT   NOT NULL, -- the server's, or what went wrong
    hash      TEXT   NOT NULL  -- of the mail; empty where none was sent
);
CREATE INDEX sent_key ON sent (recipient, period, id);

-- What the operator should know: one row a matter, from its beginning until it is mended.
CREATE TABLE notices (
    key    TEXT   NOT NULL PRIMARY KEY, -- such as mail:address:kultur@example.org
    since  BIGINT NOT NULL,
    text   TEXT   NOT NULL,
    told   BIGINT NOT NULL, -- when the operator was told of it; 0 until then
    mended BIGINT NOT NULL  -- 0 while it lasts
);
