-- Times are milliseconds since 1970, booleans 0 or 1, lists of ids are joined with spaces (an id has none).
-- The same tables as migrations/sqlite: both are read and written by the same SQL.

CREATE TABLE server (
    one       BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    id        TEXT   COLLATE "C" NOT NULL,
    name      TEXT   COLLATE "C" NOT NULL,
    epoch     TEXT   COLLATE "C" NOT NULL,
    set_up    BIGINT NOT NULL,
    probes    BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE users (
    id            TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    login         TEXT   COLLATE "C" NOT NULL UNIQUE,
    display_name  TEXT   COLLATE "C" NOT NULL,
    password_hash TEXT   COLLATE "C",
    role          TEXT   COLLATE "C" NOT NULL,
    bot           BIGINT NOT NULL,
    guest         BIGINT NOT NULL,
    status        TEXT   COLLATE "C",
    avatar        TEXT   COLLATE "C",
    created       BIGINT NOT NULL
);

CREATE TABLE sessions (
    id        TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    user_id   TEXT   COLLATE "C" NOT NULL REFERENCES users (id),
    token     BYTEA   NOT NULL UNIQUE,
    device    TEXT   COLLATE "C" NOT NULL,
    created   BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE workspaces (
    slug     TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    name     TEXT   COLLATE "C" NOT NULL,
    icon     TEXT   COLLATE "C",
    open     BIGINT NOT NULL,
    archived BIGINT NOT NULL,
    created  BIGINT NOT NULL
);

CREATE TABLE workspace_members (
    slug    TEXT   COLLATE "C" NOT NULL REFERENCES workspaces (slug),
    user_id TEXT   COLLATE "C" NOT NULL REFERENCES users (id),
    role    TEXT   COLLATE "C" NOT NULL,
    since   BIGINT NOT NULL,
    PRIMARY KEY (slug, user_id)
);
CREATE INDEX workspaces_of_user ON workspace_members (user_id);

CREATE TABLE invites (
    code     TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    slug     TEXT   COLLATE "C" NOT NULL REFERENCES workspaces (slug),
    rooms    TEXT   COLLATE "C",
    role     TEXT   COLLATE "C" NOT NULL,
    creator  TEXT   COLLATE "C" NOT NULL REFERENCES users (id),
    expires  BIGINT NOT NULL,
    max_uses BIGINT,
    uses     BIGINT NOT NULL
);
CREATE INDEX invites_of_workspace ON invites (slug);
CREATE INDEX invites_of_creator ON invites (creator);

-- head: the last seq of the log. messages: how many were ever sent, the deleted ones included. members: how many
-- rows of room_members. preset: who joins the workspace joins it. direct_key: the sorted people of a direct room.
CREATE TABLE rooms (
    id         TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    slug       TEXT   COLLATE "C" NOT NULL REFERENCES workspaces (slug),
    name       TEXT   COLLATE "C" NOT NULL,
    topic      TEXT   COLLATE "C" NOT NULL,
    kind       TEXT   COLLATE "C" NOT NULL,
    preset     BIGINT NOT NULL,
    archived   BIGINT NOT NULL,
    deleted    BIGINT NOT NULL,
    creator    TEXT   COLLATE "C" NOT NULL REFERENCES users (id),
    direct_key TEXT   COLLATE "C",
    head       BIGINT NOT NULL,
    messages   BIGINT NOT NULL,
    members    BIGINT NOT NULL,
    created    BIGINT NOT NULL
);
CREATE UNIQUE INDEX room_names ON rooms (slug, name) WHERE deleted = 0 AND direct_key IS NULL;
CREATE UNIQUE INDEX direct_rooms ON rooms (slug, direct_key) WHERE direct_key IS NOT NULL;

-- read: the marker. read_num: the number (messages.num) of the last message at or before it.
CREATE TABLE room_members (
    room     TEXT   COLLATE "C" NOT NULL REFERENCES rooms (id),
    user_id  TEXT   COLLATE "C" NOT NULL REFERENCES users (id),
    read     BIGINT NOT NULL,
    read_num BIGINT NOT NULL,
    muted    BIGINT NOT NULL,
    since    BIGINT NOT NULL,
    PRIMARY KEY (room, user_id)
);
CREATE INDEX rooms_of_user ON room_members (user_id);

-- The log: what the entry says is in the columns that most kinds share, and the rest of it, as JSON, in extra.
-- hash: of the body that came with the cid. message: the id of the message that the entry makes or concerns.
CREATE TABLE log (
    room    TEXT   COLLATE "C" NOT NULL REFERENCES rooms (id),
    seq     BIGINT NOT NULL,
    ts      BIGINT NOT NULL,
    kind    TEXT   COLLATE "C" NOT NULL,
    author  TEXT   COLLATE "C" NOT NULL,
    cid     TEXT   COLLATE "C",
    hash    BYTEA,
    message TEXT   COLLATE "C",
    text    TEXT   COLLATE "C",
    extra   TEXT   COLLATE "C",
    PRIMARY KEY (room, seq)
);
CREATE UNIQUE INDEX log_cids ON log (author, cid) WHERE cid IS NOT NULL;
CREATE INDEX log_edits ON log (message) WHERE kind = 'edit';
CREATE INDEX log_notices ON log (room, seq) WHERE kind IN ('membership', 'room');

-- The fold of the log: for each message what its later entries made of it; the rest is in its own entry.
-- num: 1 for the first message of the room, and so on. text: only when edited.
CREATE TABLE messages (
    room      TEXT   COLLATE "C" NOT NULL,
    seq       BIGINT NOT NULL,
    id        TEXT   COLLATE "C" NOT NULL UNIQUE,
    num       BIGINT NOT NULL,
    text      TEXT   COLLATE "C",
    edited_ts BIGINT,
    deleted   BIGINT NOT NULL,
    pinned    BIGINT NOT NULL,
    PRIMARY KEY (room, seq)
);
CREATE INDEX messages_deleted ON messages (room, seq) WHERE deleted = 1;

-- place: the seq at which this emoji came onto the message, the same for all of its users. put: that of this user.
CREATE TABLE reactions (
    room    TEXT   COLLATE "C" NOT NULL,
    seq     BIGINT NOT NULL,
    emoji   TEXT   COLLATE "C" NOT NULL,
    user_id TEXT   COLLATE "C" NOT NULL,
    place   BIGINT NOT NULL,
    put     BIGINT NOT NULL,
    PRIMARY KEY (room, seq, emoji, user_id)
);

CREATE TABLE mentions (
    room    TEXT   COLLATE "C" NOT NULL,
    user_id TEXT   COLLATE "C" NOT NULL,
    seq     BIGINT NOT NULL,
    PRIMARY KEY (room, user_id, seq)
);
