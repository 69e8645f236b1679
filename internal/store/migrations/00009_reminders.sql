-- Which reminders were given: a row a recipient, call, deadline and step, never altered.

-- +goose Up

CREATE TABLE reminders (
    recipient TEXT   NOT NULL, -- id; stands when the recipient is removed
    call      BIGINT NOT NULL REFERENCES calls (id),
    deadline  TEXT   NOT NULL, -- local day, 2026-05-20; one that moves is another
    step      BIGINT NOT NULL, -- days before
    period    TEXT   NOT NULL, -- of the mail that it was given with
    at        BIGINT NOT NULL,
    PRIMARY KEY (recipient, call, deadline, step)
);
CREATE INDEX reminders_deadline ON reminders (deadline);
