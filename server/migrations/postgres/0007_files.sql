-- See migrations/sqlite.
CREATE TABLE files (
    id      TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    owner   TEXT   COLLATE "C" NOT NULL REFERENCES users (id),
    name    TEXT   COLLATE "C" NOT NULL,
    mime    TEXT   COLLATE "C" NOT NULL,
    bytes   BIGINT NOT NULL,
    sha256  TEXT   COLLATE "C" NOT NULL,
    width   BIGINT,
    height  BIGINT,
    thumb   BIGINT NOT NULL,
    created BIGINT NOT NULL,
    used    BIGINT NOT NULL
);
CREATE INDEX files_by_content ON files (sha256);
CREATE INDEX files_by_use ON files (used);

-- The messages that carry a file: who is in the room may read it.
CREATE TABLE file_messages (
    file TEXT   COLLATE "C" NOT NULL,
    room TEXT   COLLATE "C" NOT NULL,
    seq  BIGINT NOT NULL,
    PRIMARY KEY (file, room, seq)
);
CREATE INDEX files_of_messages ON file_messages (room, seq);

-- Uploads that can be resumed. file: what became of it.
CREATE TABLE uploads (
    id      TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    owner   TEXT   COLLATE "C" NOT NULL REFERENCES users (id),
    name    TEXT   COLLATE "C" NOT NULL,
    bytes   BIGINT NOT NULL,
    created BIGINT NOT NULL,
    file    TEXT   COLLATE "C"
);
CREATE INDEX uploads_of_owner ON uploads (owner);

CREATE INDEX users_by_avatar ON users (avatar) WHERE avatar IS NOT NULL;
CREATE INDEX workspaces_by_icon ON workspaces (icon) WHERE icon IS NOT NULL;
