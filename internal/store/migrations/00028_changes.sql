-- What one changed call needs to be linked anew, without the others: by what calls meet, and what was said of those that met.
-- Both are made of link_facts and empty until these are next read.

-- +goose Up

CREATE TABLE link_keys (
    key    BIGINT NOT NULL, -- hash of what is shared: a code, an address, a title or a word of it
    source BIGINT NOT NULL, -- hash of its name, by which a source's own calls are passed over
    call   BIGINT NOT NULL, -- of calls; not checked, for there are twenty rows a call
    since  BIGINT NOT NULL, -- of a word: days since 1970 between which the call can be meant; else 0
    until  BIGINT NOT NULL,
    PRIMARY KEY (key, source, call)
) CLUSTERED;

CREATE TABLE link_offers (
    a        BIGINT NOT NULL REFERENCES calls (id), -- before b by source and ref
    b        BIGINT NOT NULL REFERENCES calls (id),
    relation TEXT   NOT NULL, -- how a stands to b: same, part or whole
    strength BIGINT NOT NULL,
    reason   TEXT   NOT NULL, -- JSON
    PRIMARY KEY (a, b)
);
CREATE INDEX link_offers_b ON link_offers (b);

-- What a source lists today is a small part of what it ever listed.
CREATE INDEX calls_standing ON calls (source, ref) WHERE gone = 0 AND status <> 'closed';
