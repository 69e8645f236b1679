-- By which a run's lines are found in the log.

-- +goose Up

ALTER TABLE runs ADD COLUMN trace TEXT NOT NULL DEFAULT '';
