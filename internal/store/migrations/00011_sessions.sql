-- Who is signed in, who may sign in by a link in a mail, and the keys of programs. No secret stands here: a session's, a
-- link's and a key's are known by the SHA-256 of 256 random bits.

-- +goose Up

CREATE TABLE sessions (
    hash  TEXT   NOT NULL PRIMARY KEY, -- of the cookie's secret, hexadecimal
    actor TEXT   NOT NULL, -- oidc:<subject>, mail:<address>
    name  TEXT   NOT NULL, -- as pages show it
    mail  TEXT   NOT NULL, -- empty where none is known
    role  TEXT   NOT NULL,
    made  BIGINT NOT NULL,
    seen  BIGINT NOT NULL, -- last asked for something, to the minute
    ends  BIGINT NOT NULL  -- whatever is asked for
);
CREATE INDEX sessions_actor ON sessions (actor);
CREATE INDEX sessions_ends ON sessions (ends);

-- Links by which somebody signs in once. What stands in the mail is sealed, so that neither this row nor the outbox opens.
CREATE TABLE signin_links (
    id       TEXT   NOT NULL PRIMARY KEY,
    address  TEXT   NOT NULL, -- in small letters
    browser  TEXT   NOT NULL, -- hash of a secret that the asking browser keeps, hexadecimal
    back     TEXT   NOT NULL, -- the page to return to
    made     BIGINT NOT NULL,
    ends     BIGINT NOT NULL,
    used     BIGINT NOT NULL  -- 0 until then
);
CREATE INDEX signin_links_address ON signin_links (address, made);

CREATE TABLE api_keys (
    name    TEXT   NOT NULL PRIMARY KEY, -- for good: the audit log names it
    hash    TEXT   NOT NULL UNIQUE, -- hexadecimal
    role    TEXT   NOT NULL,
    made    BIGINT NOT NULL,
    ends    BIGINT NOT NULL,
    used    TEXT   NOT NULL, -- last, as a UTC day; empty until then
    revoked BIGINT NOT NULL  -- 0 while it opens
);
