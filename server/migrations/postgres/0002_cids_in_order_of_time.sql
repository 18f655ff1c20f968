-- A cid is a UUIDv7: with it in front, all new entries of a group come onto the same few pages of the index, where
-- with the author in front each author's entry dirtied a page of its own.
DROP INDEX log_cids;
CREATE UNIQUE INDEX log_cids ON log (cid, author) WHERE cid IS NOT NULL;
