-- What mails said is weeded; who said it is asked for by content.

-- +goose Up

CREATE INDEX outbox_content ON outbox (content);
