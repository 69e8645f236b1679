-- The audit log: one row a write that a person or a program of theirs asked for, never altered. No secret and no content.

-- +goose Up

CREATE TABLE audit (
    id     IDENTITY,
    at     BIGINT NOT NULL,
    who    TEXT   NOT NULL, -- key:import, mail:anna@example.org, recipient:kultur; stands when whoever it was is gone
    way    TEXT   NOT NULL, -- by which it was asked for: web, api, command, mail
    what   TEXT   NOT NULL, -- decision.set
    about  TEXT   NOT NULL, -- on what: ft-portal/RAIL-1; empty where What says it all
    detail TEXT   NOT NULL
);
CREATE INDEX audit_at ON audit (at);
