-- What one forged mail brought about must not count against the real sender: memories of authenticated senders and of
-- others are apart.

-- Of a mail that answers somebody: whether he was authenticated. NULL: it answers nobody, or is older than this column.
ALTER TABLE outbox ADD COLUMN authenticated INTEGER CHECK (authenticated IN (0, 1));
-- What it says, in short, so that a second and different word is told from the same one. NULL: not known.
ALTER TABLE outbox ADD COLUMN said TEXT;

-- In whose cap a certificate that became pending counts: a registered domain, or an address of a freemail provider.
ALTER TABLE holding ADD COLUMN pending_of TEXT;
ALTER TABLE holding ADD COLUMN pending_authenticated INTEGER CHECK (pending_authenticated IN (0, 1));
-- Nobody knows of the old ones. A cap looks back for a day, so it does not matter for long.
UPDATE holding SET pending_of = domain, pending_authenticated = 0 WHERE pending_at IS NOT NULL;
DROP INDEX holding_pending;
CREATE INDEX holding_pending_of ON holding (pending_authenticated, pending_of, pending_at) WHERE pending_at IS NOT NULL;
CREATE INDEX holding_pending_at ON holding (pending_authenticated, pending_at) WHERE pending_at IS NOT NULL;

-- In whose cap a mail waits for room among the pending certificates; those that wait are capped, too.
ALTER TABLE ledger ADD COLUMN waiting_of TEXT;
CREATE INDEX ledger_waiting_of ON ledger (waiting_of) WHERE outcome = 'waiting' AND waiting_of IS NOT NULL;
