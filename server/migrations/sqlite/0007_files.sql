-- What was uploaded. The content lies beside the database under its hash, once for all rows that have it.
-- used: when somebody last attached it or made it a picture; what nothing names a day after that is removed.
CREATE TABLE files (
    id      TEXT    NOT NULL PRIMARY KEY,
    owner   TEXT    NOT NULL REFERENCES users (id),
    name    TEXT    NOT NULL,
    mime    TEXT    NOT NULL,
    bytes   INTEGER NOT NULL,
    sha256  TEXT    NOT NULL,
    width   INTEGER,
    height  INTEGER,
    thumb   INTEGER NOT NULL,
    created INTEGER NOT NULL,
    used    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_content ON files (sha256);
CREATE INDEX files_by_use ON files (used);

-- The messages that carry a file: who is in the room may read it.
CREATE TABLE file_messages (
    file TEXT    NOT NULL,
    room TEXT    NOT NULL,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (file, room, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_of_messages ON file_messages (room, seq);

-- Uploads that can be resumed. file: what became of it.
CREATE TABLE uploads (
    id      TEXT    NOT NULL PRIMARY KEY,
    owner   TEXT    NOT NULL REFERENCES users (id),
    name    TEXT    NOT NULL,
    bytes   INTEGER NOT NULL,
    created INTEGER NOT NULL,
    file    TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_of_owner ON uploads (owner);

CREATE INDEX users_by_avatar ON users (avatar) WHERE avatar IS NOT NULL;
CREATE INDEX workspaces_by_icon ON workspaces (icon) WHERE icon IS NOT NULL;
