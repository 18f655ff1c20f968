-- replies: how many answers a message has in its thread, the deleted ones included. last_reply: the seq of the newest.
ALTER TABLE messages ADD COLUMN replies INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN last_reply INTEGER;
CREATE INDEX messages_pinned ON messages (room, seq) WHERE pinned = 1;

-- The answers of each thread. root: the seq of the message that it began with.
CREATE TABLE threads (
    room TEXT    NOT NULL,
    root INTEGER NOT NULL,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (room, root, seq)
) STRICT, WITHOUT ROWID;

-- Answers could be sent before threads could be read.
INSERT INTO threads (room, root, seq)
SELECT l.room, m.seq, l.seq
FROM log l JOIN messages m ON m.room = l.room AND m.id = json_extract(l.extra, '$.thread')
WHERE l.kind = 'message' AND l.extra LIKE '%"thread"%';

UPDATE messages SET
    replies = (SELECT COUNT(*) FROM threads t WHERE t.room = messages.room AND t.root = messages.seq),
    last_reply = (SELECT MAX(t.seq) FROM threads t WHERE t.room = messages.room AND t.root = messages.seq)
WHERE EXISTS (SELECT 1 FROM threads t WHERE t.room = messages.room AND t.root = messages.seq);
