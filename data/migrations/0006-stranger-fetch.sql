-- What certificates that nobody believes yet have had us fetch (caIssuers): what it cost is counted over an hour, for all, for
-- a sender's domain and from a host, and the answers are used again as long.
CREATE TABLE stranger_fetch (
  id            INTEGER PRIMARY KEY,
  at            INTEGER NOT NULL,
  domain        TEXT    NOT NULL COLLATE NOCASE,               -- of the From address; empty when it has none
  authenticated INTEGER NOT NULL CHECK (authenticated IN (0, 1)),
  host          TEXT    NOT NULL COLLATE NOCASE,
  size          INTEGER NOT NULL DEFAULT 0,                    -- bytes that came, also of an answer that is not kept
  url           TEXT,                                          -- what was asked for, when its answer is kept
  bytes         BLOB
) STRICT;
CREATE INDEX stranger_fetch_at ON stranger_fetch (at);
CREATE INDEX stranger_fetch_url ON stranger_fetch (url) WHERE url IS NOT NULL;
