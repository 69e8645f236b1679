-- Which plans a call matches is asked of the call.

-- +goose Up

CREATE INDEX matches_call ON matches (call);
