-- level: what the room may signal to the member: all, mentions or none. muted = 1 was the same as none.
ALTER TABLE room_members ADD COLUMN level TEXT NOT NULL DEFAULT 'mentions';
UPDATE room_members SET level = 'none' WHERE muted = 1;

-- status_until: when the status ends by itself. dnd_until, quiet (as JSON), invisible: see Personal of the protocol.
ALTER TABLE users ADD COLUMN status_until INTEGER;
ALTER TABLE users ADD COLUMN dnd_until INTEGER;
ALTER TABLE users ADD COLUMN quiet TEXT;
ALTER TABLE users ADD COLUMN invisible INTEGER NOT NULL DEFAULT 0;
CREATE INDEX statuses_that_end ON users (status_until) WHERE status_until IS NOT NULL;

CREATE TABLE ignores (
    user_id TEXT NOT NULL REFERENCES users (id),
    ignored TEXT NOT NULL REFERENCES users (id),
    PRIMARY KEY (user_id, ignored)
) STRICT, WITHOUT ROWID;

CREATE TABLE reminders (
    id      TEXT    NOT NULL PRIMARY KEY,
    user_id TEXT    NOT NULL REFERENCES users (id),
    slug    TEXT    NOT NULL,
    room    TEXT    NOT NULL,
    text    TEXT    NOT NULL,
    due     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX reminders_of_user ON reminders (user_id);
