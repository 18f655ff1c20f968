-- See migrations/sqlite.
ALTER TABLE messages ADD COLUMN replies BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN last_reply BIGINT;
CREATE INDEX messages_pinned ON messages (room, seq) WHERE pinned = 1;

CREATE TABLE threads (
    room TEXT   COLLATE "C" NOT NULL,
    root BIGINT NOT NULL,
    seq  BIGINT NOT NULL,
    PRIMARY KEY (room, root, seq)
);

INSERT INTO threads (room, root, seq)
SELECT l.room, m.seq, l.seq
FROM log l JOIN messages m ON m.room = l.room AND m.id = l.extra::json ->> 'thread'
WHERE l.kind = 'message' AND l.extra LIKE '%"thread"%';

UPDATE messages SET
    replies = (SELECT COUNT(*) FROM threads t WHERE t.room = messages.room AND t.root = messages.seq),
    last_reply = (SELECT MAX(t.seq) FROM threads t WHERE t.room = messages.room AND t.root = messages.seq)
WHERE EXISTS (SELECT 1 FROM threads t WHERE t.room = messages.room AND t.root = messages.seq);
