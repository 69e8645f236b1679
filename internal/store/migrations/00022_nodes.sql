-- The machines that answer readers, each with an index of its own.

-- +goose Up

CREATE TABLE nodes (
    name    TEXT   NOT NULL PRIMARY KEY,
    address TEXT   NOT NULL, -- at which other machines reach it; empty when they need not
    secret  BLOB   NOT NULL, -- by which they show that they belong to it; another each time it starts
    cursor  BIGINT NOT NULL, -- how far its index has followed
    seen    BIGINT NOT NULL  -- when it last said so, by the database's clock
);
