-- What all crawlers of an installation know of a host together, on whatever machine they run.

-- +goose Up

CREATE TABLE hosts (
    host TEXT   NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL, -- when the latest request that has its time may start, by the database's clock
    next BIGINT NOT NULL  -- before which no other may
);

CREATE TABLE robots (
    origin TEXT   NOT NULL PRIMARY KEY, -- scheme, host and port
    asked  BIGINT NOT NULL, -- by the program's clock
    body   TEXT   NOT NULL  -- the robots.txt; empty when there is none
);
