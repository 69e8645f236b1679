-- How often somebody has lately tried what is bounded, on whatever machine.

-- +goose Up

CREATE TABLE limits (
    name TEXT   NOT NULL PRIMARY KEY, -- what is bounded, and whose it is
    free BIGINT NOT NULL -- when nothing is left of what was tried, by the database's clock
);
CREATE INDEX limits_free ON limits (free);
