-- Requests of a run that several machines ask for, batch by batch. They go with their run.

-- +goose Up

CREATE TABLE batches (
    run    BIGINT NOT NULL REFERENCES runs (id),
    n      BIGINT NOT NULL, -- from 0, in the order of the run
    work   BLOB   NOT NULL, -- what is to be asked for, zstd
    result BLOB   NOT NULL, -- what became of it, zstd; empty until it is done
    done   BIGINT NOT NULL,
    PRIMARY KEY (run, n)
);
