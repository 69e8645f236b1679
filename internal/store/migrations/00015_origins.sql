-- Which answers of its source a version was read from: keys of requests, by which documents are found.

-- +goose Up

ALTER TABLE versions ADD COLUMN origins TEXT NOT NULL DEFAULT '[]'; -- JSON array of texts
