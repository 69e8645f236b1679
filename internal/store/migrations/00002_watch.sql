-- How a run went, told so that nobody parses words; what its items held; and what a person decided on held items.

-- +goose Up

ALTER TABLE runs ADD COLUMN fault TEXT NOT NULL DEFAULT '';       -- class of error
ALTER TABLE runs ADD COLUMN findings TEXT NOT NULL DEFAULT '[]';  -- JSON array
ALTER TABLE runs ADD COLUMN judged BIGINT NOT NULL DEFAULT 0;     -- 1 when what it read was laid beside what was known

UPDATE runs SET judged = 1 WHERE ended <> 0 AND error <> 'interrupted';
UPDATE runs SET fault = 'program' WHERE error = 'interrupted';

CREATE TABLE coverage (
    run   BIGINT NOT NULL REFERENCES runs (id),
    field TEXT   NOT NULL, -- of the exchange format
    have  BIGINT NOT NULL, -- items of the run's listing that have it; none is no row
    items BIGINT NOT NULL, -- of the listing
    PRIMARY KEY (run, field)
);

CREATE TABLE rulings (
    id       IDENTITY,
    source   TEXT   NOT NULL,
    ref      TEXT   NOT NULL,
    decision TEXT   NOT NULL, -- released or dropped
    reason   TEXT   NOT NULL, -- why the item was held
    why      TEXT   NOT NULL, -- the person's words
    at       BIGINT NOT NULL,
    likeness TEXT   NOT NULL, -- of the item as it was held; another one is judged anew
    UNIQUE (source, ref, at, decision, likeness)
);
