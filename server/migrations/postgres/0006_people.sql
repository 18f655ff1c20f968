-- See migrations/sqlite.
ALTER TABLE room_members ADD COLUMN level TEXT COLLATE "C" NOT NULL DEFAULT 'mentions';
UPDATE room_members SET level = 'none' WHERE muted = 1;

ALTER TABLE users ADD COLUMN status_until BIGINT;
ALTER TABLE users ADD COLUMN dnd_until BIGINT;
ALTER TABLE users ADD COLUMN quiet TEXT;
ALTER TABLE users ADD COLUMN invisible BIGINT NOT NULL DEFAULT 0;
CREATE INDEX statuses_that_end ON users (status_until) WHERE status_until IS NOT NULL;

CREATE TABLE ignores (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    ignored TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    PRIMARY KEY (user_id, ignored)
);

CREATE TABLE reminders (
    id      TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT   COLLATE "C" NOT NULL REFERENCES users (id),
    slug    TEXT   COLLATE "C" NOT NULL,
    room    TEXT   COLLATE "C" NOT NULL,
    text    TEXT   NOT NULL,
    due     BIGINT NOT NULL
);
CREATE INDEX reminders_of_user ON reminders (user_id);
