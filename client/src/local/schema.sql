-- What one account has on this computer: its outbox, and a cache of what the server told.

CREATE TABLE lobby (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    ready TEXT NOT NULL              -- lobby:ready
) STRICT;

CREATE TABLE workspaces (
    slug      TEXT PRIMARY KEY,
    epoch     TEXT,                  -- of the database that the timelines are from
    workspace TEXT NOT NULL,
    me        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rooms (
    slug TEXT NOT NULL,
    id   TEXT NOT NULL,
    room TEXT NOT NULL,
    PRIMARY KEY (slug, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    slug   TEXT NOT NULL,
    id     TEXT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (slug, id)
) STRICT, WITHOUT ROWID;

-- Read markers that the server has not confirmed.
CREATE TABLE marks (
    slug TEXT NOT NULL,
    room TEXT NOT NULL,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (slug, room)
) STRICT, WITHOUT ROWID;

-- The contiguous range of a room's log that `rows` holds, folded.
CREATE TABLE timelines (
    slug    TEXT NOT NULL,
    room    TEXT NOT NULL,
    first   INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    start   INTEGER NOT NULL,        -- 1: nothing comes before `first`
    PRIMARY KEY (slug, room)
) STRICT, WITHOUT ROWID;

CREATE TABLE rows (
    slug   TEXT NOT NULL,
    room   TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    notice INTEGER NOT NULL,         -- 1: `body` is an entry, 0: a folded message
    body   TEXT NOT NULL,
    PRIMARY KEY (slug, room, seq)
) STRICT, WITHOUT ROWID;

-- What the user wrote and the server has not confirmed. Outlives every cache.
CREATE TABLE outbox (
    slug     TEXT NOT NULL,
    cid      TEXT NOT NULL,
    position INTEGER NOT NULL,       -- among the writes of the workspace
    ts       INTEGER NOT NULL,       -- when it was written, milliseconds since 1970
    write    TEXT NOT NULL,
    error    TEXT,                   -- refused for good, and why
    PRIMARY KEY (slug, cid)
) STRICT, WITHOUT ROWID;
