-- What one message writes is what one message costs. It wrote six pages: here it comes down to its place in the log, its
-- cid, and its author's marker. The rest is derived, or was the same as in the log.

-- num: how many messages the log has up to here. last: the seq of the newest of them, 0 before the first. So a room's
-- row needs no counts: its last entry has them, and every room has one, since its maker came in.
-- message: the id of the message that the entry concerns. A message itself is named after its place (store/entry.rs)
-- and has none here, unless it was sent when ids were random: those are found by log_names, which no longer grows.
CREATE TABLE new_log (
    room    TEXT    NOT NULL REFERENCES rooms (id),
    seq     INTEGER NOT NULL,
    ts      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    author  TEXT    NOT NULL,
    num     INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    cid     TEXT,
    hash    BLOB,
    message TEXT,
    text    TEXT,
    extra   TEXT,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO new_log (room, seq, ts, kind, author, num, last, cid, hash, message, text, extra)
SELECT room, seq, ts, kind, author,
    COUNT(*) FILTER (WHERE kind = 'message') OVER so_far,
    COALESCE(MAX(seq) FILTER (WHERE kind = 'message') OVER so_far, 0),
    cid, hash, message, text, extra
FROM log WINDOW so_far AS (PARTITION BY room ORDER BY seq);
DROP TABLE log;
ALTER TABLE new_log RENAME TO log;
CREATE UNIQUE INDEX log_cids ON log (cid, author) WHERE cid IS NOT NULL;
CREATE UNIQUE INDEX log_names ON log (message) WHERE kind = 'message' AND message IS NOT NULL;
CREATE INDEX log_edits ON log (message) WHERE kind = 'edit';
CREATE INDEX log_notices ON log (room, seq) WHERE kind IN ('membership', 'room');

-- What later entries made of a message. No row: nothing yet.
CREATE TABLE new_messages (
    room       TEXT    NOT NULL,
    seq        INTEGER NOT NULL,
    text       TEXT,
    edited_ts  INTEGER,
    deleted    INTEGER NOT NULL DEFAULT 0,
    pinned     INTEGER NOT NULL DEFAULT 0,
    replies    INTEGER NOT NULL DEFAULT 0,
    last_reply INTEGER,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO new_messages (room, seq, text, edited_ts, deleted, pinned, replies, last_reply)
SELECT room, seq, text, edited_ts, deleted, pinned, replies, last_reply FROM messages
WHERE edited_ts IS NOT NULL OR deleted = 1 OR pinned = 1 OR replies > 0;
DROP TABLE messages;
ALTER TABLE new_messages RENAME TO messages;
CREATE INDEX messages_deleted ON messages (room, seq) WHERE deleted = 1;
CREATE INDEX messages_pinned ON messages (room, seq) WHERE pinned = 1;

ALTER TABLE rooms DROP COLUMN head;
ALTER TABLE rooms DROP COLUMN messages;
