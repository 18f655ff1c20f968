-- Times are milliseconds since 1970, booleans 0 or 1, lists of ids are joined with spaces (an id has none).
-- The same tables as migrations/postgres: both are read and written by the same SQL.

CREATE TABLE server (
    one       INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id        TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    epoch     TEXT    NOT NULL,
    set_up    INTEGER NOT NULL,
    probes    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    login         TEXT    NOT NULL UNIQUE,
    display_name  TEXT    NOT NULL,
    password_hash TEXT,
    role          TEXT    NOT NULL,
    bot           INTEGER NOT NULL,
    guest         INTEGER NOT NULL,
    status        TEXT,
    avatar        TEXT,
    created       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id        TEXT    NOT NULL PRIMARY KEY,
    user_id   TEXT    NOT NULL REFERENCES users (id),
    token     BLOB    NOT NULL UNIQUE,
    device    TEXT    NOT NULL,
    created   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE workspaces (
    slug     TEXT    NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL,
    icon     TEXT,
    open     INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    created  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workspace_members (
    slug    TEXT    NOT NULL REFERENCES workspaces (slug),
    user_id TEXT    NOT NULL REFERENCES users (id),
    role    TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (slug, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX workspaces_of_user ON workspace_members (user_id);

CREATE TABLE invites (
    code     TEXT    NOT NULL PRIMARY KEY,
    slug     TEXT    NOT NULL REFERENCES workspaces (slug),
    rooms    TEXT,
    role     TEXT    NOT NULL,
    creator  TEXT    NOT NULL REFERENCES users (id),
    expires  INTEGER NOT NULL,
    max_uses INTEGER,
    uses     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invites_of_workspace ON invites (slug);
CREATE INDEX invites_of_creator ON invites (creator);

-- head: the last seq of the log. messages: how many were ever sent, the deleted ones included. members: how many
-- rows of room_members. preset: who joins the workspace joins it. direct_key: the sorted people of a direct room.
CREATE TABLE rooms (
    id         TEXT    NOT NULL PRIMARY KEY,
    slug       TEXT    NOT NULL REFERENCES workspaces (slug),
    name       TEXT    NOT NULL,
    topic      TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    preset     INTEGER NOT NULL,
    archived   INTEGER NOT NULL,
    deleted    INTEGER NOT NULL,
    creator    TEXT    NOT NULL REFERENCES users (id),
    direct_key TEXT,
    head       INTEGER NOT NULL,
    messages   INTEGER NOT NULL,
    members    INTEGER NOT NULL,
    created    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX room_names ON rooms (slug, name) WHERE deleted = 0 AND direct_key IS NULL;
CREATE UNIQUE INDEX direct_rooms ON rooms (slug, direct_key) WHERE direct_key IS NOT NULL;

-- read: the marker. read_num: the number (messages.num) of the last message at or before it.
CREATE TABLE room_members (
    room     TEXT    NOT NULL REFERENCES rooms (id),
    user_id  TEXT    NOT NULL REFERENCES users (id),
    read     INTEGER NOT NULL,
    read_num INTEGER NOT NULL,
    muted    INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    PRIMARY KEY (room, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rooms_of_user ON room_members (user_id);

-- The log: what the entry says is in the columns that most kinds share, and the rest of it, as JSON, in extra.
-- hash: of the body that came with the cid. message: the id of the message that the entry makes or concerns.
CREATE TABLE log (
    room    TEXT    NOT NULL REFERENCES rooms (id),
    seq     INTEGER NOT NULL,
    ts      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    author  TEXT    NOT NULL,
    cid     TEXT,
    hash    BLOB,
    message TEXT,
    text    TEXT,
    extra   TEXT,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX log_cids ON log (author, cid) WHERE cid IS NOT NULL;
CREATE INDEX log_edits ON log (message) WHERE kind = 'edit';
CREATE INDEX log_notices ON log (room, seq) WHERE kind IN ('membership', 'room');

-- The fold of the log: for each message what its later entries made of it; the rest is in its own entry.
-- num: 1 for the first message of the room, and so on. text: only when edited.
CREATE TABLE messages (
    room      TEXT    NOT NULL,
    seq       INTEGER NOT NULL,
    id        TEXT    NOT NULL UNIQUE,
    num       INTEGER NOT NULL,
    text      TEXT,
    edited_ts INTEGER,
    deleted   INTEGER NOT NULL,
    pinned    INTEGER NOT NULL,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_deleted ON messages (room, seq) WHERE deleted = 1;

-- place: the seq at which this emoji came onto the message, the same for all of its users. put: that of this user.
CREATE TABLE reactions (
    room    TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    emoji   TEXT    NOT NULL,
    user_id TEXT    NOT NULL,
    place   INTEGER NOT NULL,
    put     INTEGER NOT NULL,
    PRIMARY KEY (room, seq, emoji, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mentions (
    room    TEXT    NOT NULL,
    user_id TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (room, user_id, seq)
) STRICT, WITHOUT ROWID;
