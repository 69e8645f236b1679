-- Which calls of different sources are the same. What is kept of a call to recognise it by can be made again from the
-- call; what a person said of a link cannot.

-- +goose Up

CREATE TABLE link_facts (
    call  BIGINT NOT NULL PRIMARY KEY REFERENCES calls (id),
    gone  BIGINT NOT NULL,
    facts TEXT   NOT NULL -- JSON
);

CREATE TABLE links (
    a        BIGINT NOT NULL REFERENCES calls (id), -- before b by source and ref
    b        BIGINT NOT NULL REFERENCES calls (id),
    relation TEXT   NOT NULL, -- how a stands to b: same, part or whole
    strength BIGINT NOT NULL,
    reason   TEXT   NOT NULL, -- JSON
    made     BIGINT NOT NULL,
    state    TEXT   NOT NULL, -- auto, hand or cut
    who      TEXT   NOT NULL, -- of hand and cut
    why      TEXT   NOT NULL,
    PRIMARY KEY (a, b)
);
CREATE INDEX links_b ON links (b);

-- Calls that are shown as one. A call that stands for itself alone has no row.
CREATE TABLE link_groups (
    call  BIGINT NOT NULL PRIMARY KEY REFERENCES calls (id),
    head  BIGINT NOT NULL REFERENCES calls (id), -- the one that stands for all
    place BIGINT NOT NULL                        -- in the group's order, 0 of the head
);
CREATE INDEX link_groups_head ON link_groups (head, place);
