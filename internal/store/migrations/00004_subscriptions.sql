-- Who is told, of what, and what was decided. Lists are JSON arrays of texts.

-- +goose Up

CREATE TABLE recipients (
    id         TEXT   NOT NULL PRIMARY KEY,
    address    TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    department TEXT   NOT NULL, -- of the plan, or empty
    language   TEXT   NOT NULL,
    zone       TEXT   NOT NULL,
    hour       BIGINT NOT NULL,
    rhythm     TEXT   NOT NULL,
    weekday    TEXT   NOT NULL,
    lifesign   BIGINT NOT NULL,
    paused     TEXT   NOT NULL, -- until this local day, 2026-08-10; empty while it is not
    stand_in   TEXT   NOT NULL,
    seq        BIGINT NOT NULL, -- of the change log, through which it has been told
    waiting    TEXT   NOT NULL, -- JSON array of seqs that were held back
    period     TEXT   NOT NULL, -- local day of the latest that was dealt with
    mailed     BIGINT NOT NULL  -- when its latest mail was written, or it was added
);

CREATE TABLE subscriptions (
    recipient   TEXT   NOT NULL REFERENCES recipients (id),
    n           BIGINT NOT NULL, -- from 1
    name        TEXT   NOT NULL,
    departments TEXT   NOT NULL,
    priorities  TEXT   NOT NULL,
    programmes  TEXT   NOT NULL,
    kinds       TEXT   NOT NULL,
    search      TEXT   NOT NULL,
    PRIMARY KEY (recipient, n)
);

-- An address that a mail server refused for good, whoever has it.
CREATE TABLE suspensions (
    address TEXT   NOT NULL PRIMARY KEY, -- in small letters
    since   BIGINT NOT NULL,
    reason  TEXT   NOT NULL
);

-- Never altered: the newest row of a call and a department, or of a call and a recipient, is in force.
CREATE TABLE decisions (
    id         IDENTITY,
    call       BIGINT NOT NULL REFERENCES calls (id),
    department TEXT   NOT NULL, -- either this
    recipient  TEXT   NOT NULL, -- or this
    choice     TEXT   NOT NULL,
    why        TEXT   NOT NULL,
    who        TEXT   NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX decisions_call ON decisions (call, department, recipient, id);
