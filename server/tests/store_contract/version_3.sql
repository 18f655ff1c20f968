-- What a server of schema 3 left behind, in SQL that both databases take. Its messages have random ids and a row each.
INSERT INTO server (one, id, name, epoch, set_up) VALUES (1, 'server', 'Old', 'epoch', 1);
INSERT INTO users (id, login, display_name, role, bot, guest, created) VALUES
    ('ada', 'ada', 'Ada', 'owner', 0, 0, 0), ('bob', 'bob', 'Bob', 'member', 0, 0, 0),
    ('carol', 'carol', 'Carol', 'member', 0, 0, 0);
INSERT INTO workspaces (slug, name, open, archived, created) VALUES ('general', 'General', 0, 0, 0);
INSERT INTO workspace_members (slug, user_id, role, since) VALUES
    ('general', 'ada', 'owner', 0), ('general', 'bob', 'member', 0), ('general', 'carol', 'member', 0);
INSERT INTO rooms (id, slug, name, topic, kind, preset, archived, deleted, creator, head, messages, members, created)
VALUES ('r', 'general', 'general', '', 'public', 1, 0, 0, 'ada', 13, 5, 3, 0),
       ('s', 'general', 'silent', '', 'public', 1, 0, 0, 'ada', 1, 0, 1, 0);
INSERT INTO room_members (room, user_id, read, read_num, muted, since) VALUES
    ('r', 'ada', 12, 5, 0, 0), ('r', 'bob', 8, 4, 0, 0), ('r', 'carol', 3, 0, 0, 0), ('s', 'ada', 1, 0, 0, 0);
INSERT INTO log (room, seq, ts, kind, author, cid, hash, message, text, extra) VALUES
    ('s', 1, 1, 'membership', 'ada', NULL, NULL, NULL, NULL, '{"user":"ada","change":"joined"}'),
    ('r', 1, 1, 'membership', 'ada', NULL, NULL, NULL, NULL, '{"user":"ada","change":"joined"}'),
    ('r', 2, 2, 'membership', 'bob', NULL, NULL, NULL, NULL, '{"user":"bob","change":"joined"}'),
    ('r', 3, 3, 'membership', 'carol', NULL, NULL, NULL, NULL, '{"user":"carol","change":"joined"}'),
    ('r', 4, 4, 'message', 'ada', 'c4', {HASH}, 'root', 'who is in?', NULL),
    ('r', 5, 5, 'message', 'bob', 'c5', NULL, 'edited', '@carol me', '{"mentions":["carol"]}'),
    ('r', 6, 6, 'message', 'ada', 'c6', NULL, 'deleted', '', NULL),
    ('r', 7, 7, 'edit', 'bob', 'c7', NULL, 'edited', '@carol me too', NULL),
    ('r', 8, 8, 'message', 'bob', 'c8', NULL, 'pinned', 'an answer', '{"thread":"root"}'),
    ('r', 9, 9, 'delete', 'ada', 'c9', NULL, 'deleted', NULL, NULL),
    ('r', 10, 10, 'pin', 'ada', 'c10', NULL, 'pinned', NULL, '{"on":true}'),
    ('r', 11, 11, 'reaction', 'bob', 'c11', NULL, 'root', NULL, '{"emoji":"+1","on":true}'),
    ('r', 12, 12, 'message', 'ada', 'c12', NULL, 'plain', 'thanks', '{"reply_to":"edited"}'),
    ('r', 13, 13, 'reaction', 'ada', 'c13', NULL, 'root', NULL, '{"emoji":"!","on":false}');
INSERT INTO messages (room, seq, id, num, text, edited_ts, deleted, pinned, replies, last_reply) VALUES
    ('r', 4, 'root', 1, NULL, NULL, 0, 0, 1, 8),
    ('r', 5, 'edited', 2, '@carol me too', 7, 0, 0, 0, NULL),
    ('r', 6, 'deleted', 3, NULL, NULL, 1, 0, 0, NULL),
    ('r', 8, 'pinned', 4, NULL, NULL, 0, 1, 0, NULL),
    ('r', 12, 'plain', 5, NULL, NULL, 0, 0, 0, NULL);
INSERT INTO threads (room, root, seq) VALUES ('r', 4, 8);
INSERT INTO reactions (room, seq, emoji, user_id, place, put) VALUES ('r', 4, '+1', 'bob', 11, 11);
INSERT INTO mentions (room, user_id, seq) VALUES ('r', 'carol', 5);
