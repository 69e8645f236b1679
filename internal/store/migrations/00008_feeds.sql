-- Signed links and feeds: the keys of the one, the secret names of the other, and what was done by a link.

-- +goose Up

CREATE TABLE signing_keys (
    id     IDENTITY,
    made   BIGINT NOT NULL,
    secret BLOB   NOT NULL
);

-- Feeds of a recipient or a department are found by a name that cannot be guessed, and that can be renewed.
CREATE TABLE feeds (
    id     TEXT   NOT NULL PRIMARY KEY, -- recipient:kultur or department:kultur
    secret TEXT   NOT NULL UNIQUE,
    made   BIGINT NOT NULL
);

-- What a recipient did by a link, never altered. What it decided about a call is a row of decisions too.
CREATE TABLE acts (
    id        IDENTITY,
    at        BIGINT NOT NULL,
    recipient TEXT   NOT NULL, -- id; stands when the recipient is removed
    act       TEXT   NOT NULL,
    source    TEXT   NOT NULL, -- of the call; empty where it is about none
    ref       TEXT   NOT NULL,
    detail    TEXT   NOT NULL, -- a reason, or a day
    way       TEXT   NOT NULL  -- page or one-click
);
CREATE INDEX acts_recipient ON acts (recipient, id);
