-- The message that a reminder is about, where there is one.
ALTER TABLE reminders ADD COLUMN seq BIGINT;
