-- The index for search, filled from the log behind the commits. No backup has it.

-- no: not used here. indexed: the log up to this seq is in search_texts.
CREATE TABLE search_rooms (
    room    TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    no      BIGINT NOT NULL DEFAULT 0,
    indexed BIGINT NOT NULL
);

-- text: folded, as confab_protocol::search has it. pieces: those of one or two characters, the author, and what the message has.
CREATE TABLE search_texts (
    room   TEXT   COLLATE "C" NOT NULL,
    seq    BIGINT NOT NULL,
    text   TEXT   COLLATE "C" NOT NULL,
    pieces TEXT[] COLLATE "C" NOT NULL,
    PRIMARY KEY (room, seq)
);
CREATE INDEX search_pieces ON search_texts USING gin (pieces);

-- Trigrams come with an extension that not everybody may create. Without it a search reads the texts, for as long as it may.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX search_trigrams ON search_texts USING gin (text gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'no trigrams: %', SQLERRM;
END
$$;
