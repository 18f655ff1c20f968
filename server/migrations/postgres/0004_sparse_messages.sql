-- See migrations/sqlite.
ALTER TABLE log ADD COLUMN num BIGINT, ADD COLUMN last BIGINT;
UPDATE log SET num = counted.num, last = counted.last
FROM (
    SELECT room, seq,
        COUNT(*) FILTER (WHERE kind = 'message') OVER so_far AS num,
        COALESCE(MAX(seq) FILTER (WHERE kind = 'message') OVER so_far, 0) AS last
    FROM log WINDOW so_far AS (PARTITION BY room ORDER BY seq)
) counted
WHERE counted.room = log.room AND counted.seq = log.seq;
ALTER TABLE log ALTER COLUMN num SET NOT NULL, ALTER COLUMN last SET NOT NULL;
CREATE UNIQUE INDEX log_names ON log (message) WHERE kind = 'message' AND message IS NOT NULL;

DELETE FROM messages WHERE edited_ts IS NULL AND deleted = 0 AND pinned = 0 AND replies = 0;
ALTER TABLE messages DROP COLUMN id, DROP COLUMN num;
ALTER TABLE messages ALTER COLUMN deleted SET DEFAULT 0, ALTER COLUMN pinned SET DEFAULT 0;

ALTER TABLE rooms DROP COLUMN head, DROP COLUMN messages;
