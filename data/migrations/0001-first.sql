-- The first schema. Never edited after a release: a change is the next numbered file.
--
-- Everywhere: times are UTC integer milliseconds; hashes are lower-case hex; lists are JSON text; tables are STRICT and
-- keep their rowid, because a random fingerprint as primary key with the DER in the same row makes inserts crawl.
-- Addresses compare in NOCASE, which folds ASCII letters only: "local part differs in ASCII case only: as if equal".

-- "keyb": tells a keybot database from any other SQLite file.
PRAGMA application_id = 1801812322;

CREATE TABLE installation (
  id            INTEGER PRIMARY KEY CHECK (id = 1),
  secret        BLOB    NOT NULL CHECK (length(secret) = 32),  -- keys the HMAC behind our Message-IDs
  created_at    INTEGER NOT NULL,
  trust_version INTEGER NOT NULL DEFAULT 0                     -- grows with every change of the table trust
) STRICT;

-- Certificates of end entities, each once, whoever holds or publishes it. The DER stands last, so that a list need not read it.
CREATE TABLE certificate (
  id            INTEGER PRIMARY KEY,
  sha256        TEXT    NOT NULL UNIQUE CHECK (length(sha256) = 64),
  spki_sha256   TEXT    NOT NULL CHECK (length(spki_sha256) = 64),
  subject       TEXT    NOT NULL,
  issuer        TEXT    NOT NULL,
  serial        TEXT    NOT NULL,
  not_before    INTEGER NOT NULL,
  not_after     INTEGER NOT NULL,
  key_algorithm TEXT    NOT NULL,
  usage_sign    INTEGER NOT NULL CHECK (usage_sign IN (0, 1)),
  usage_encrypt INTEGER NOT NULL CHECK (usage_encrypt IN (0, 1)),
  addresses     TEXT    NOT NULL CHECK (json_valid(addresses)),  -- those that it names, not those that hold it
  capabilities  BLOB,                                            -- SMIMECapabilities, DER
  der           BLOB    NOT NULL
) STRICT;
CREATE INDEX certificate_spki ON certificate (spki_sha256);
CREATE INDEX certificate_not_after ON certificate (not_after);

-- CA certificates between a certificate and its anchor, each once.
CREATE TABLE intermediate (
  id     INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
  der    BLOB NOT NULL
) STRICT;
CREATE TABLE certificate_chain (
  certificate  INTEGER NOT NULL REFERENCES certificate (id) ON DELETE CASCADE,
  position     INTEGER NOT NULL,                               -- 0: the issuer of the certificate itself
  intermediate INTEGER NOT NULL REFERENCES intermediate (id),
  UNIQUE (certificate, position)
) STRICT;
CREATE INDEX certificate_chain_intermediate ON certificate_chain (intermediate);

-- A certificate under one partner address.
CREATE TABLE holding (
  id          INTEGER PRIMARY KEY,
  address     TEXT    NOT NULL COLLATE NOCASE,
  domain      TEXT    NOT NULL,
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  status      TEXT    NOT NULL CHECK (status IN ('active', 'pending', 'rejected', 'revoked')),
  role        TEXT    NOT NULL CHECK (role IN ('signer', 'encryption', 'offered')),
  approved    INTEGER NOT NULL CHECK (approved IN (0, 1)),     -- by a person: pins the address
  findings    TEXT    NOT NULL CHECK (json_valid(findings)),
  reason      TEXT,
  source      TEXT    NOT NULL,                                -- a Message-ID, or what an import says
  message_key TEXT,                                            -- the ledger key of the mail that brought it
  first_seen  INTEGER NOT NULL,
  last_seen   INTEGER NOT NULL,
  pending_at  INTEGER,                                         -- when it last became pending; kept after the decision
  decided_by  TEXT    NOT NULL,                                -- 'robot' or a person
  decided_at  INTEGER NOT NULL,
  UNIQUE (address, certificate)
) STRICT;
CREATE INDEX holding_certificate ON holding (certificate, status, address);
CREATE INDEX holding_status ON holding (status, address, certificate);
CREATE INDEX holding_last_seen ON holding (last_seen, certificate, status);
CREATE INDEX holding_pending ON holding (domain, pending_at) WHERE pending_at IS NOT NULL;

-- Public keys that no address may use again.
CREATE TABLE barred_key (
  id          INTEGER PRIMARY KEY,
  spki_sha256 TEXT    NOT NULL UNIQUE CHECK (length(spki_sha256) = 64),
  at          INTEGER NOT NULL,
  actor       TEXT    NOT NULL,
  reason      TEXT    NOT NULL
) STRICT;

-- One row for every message ever seen.
CREATE TABLE ledger (
  id           INTEGER PRIMARY KEY,
  key          TEXT    NOT NULL UNIQUE,
  message_id   TEXT,
  from_address TEXT    COLLATE NOCASE,
  from_domain  TEXT,
  seen_at      INTEGER NOT NULL,
  kind         TEXT    NOT NULL,
  outcome      TEXT    NOT NULL CHECK (outcome IN ('waiting', 'stored', 'known', 'answered', 'pending', 'rejected', 'unhandled')),
  folder       TEXT    CHECK (folder IN ('Processed', 'Pending', 'Rejected', 'Unhandled')),
  reasons      TEXT    NOT NULL CHECK (json_valid(reasons)),
  addressed    TEXT    NOT NULL CHECK (json_valid(addressed)),
  attempts     INTEGER NOT NULL DEFAULT 1,                     -- how often it was judged while it was waiting
  filed_at     INTEGER,
  CHECK ((outcome = 'waiting') = (folder IS NULL))
) STRICT;
CREATE INDEX ledger_from ON ledger (from_address);
CREATE INDEX ledger_seen ON ledger (seen_at);

-- Mails that are decided. The row stays as history when the server has taken the mail; the bytes go.
CREATE TABLE outbox (
  id               INTEGER PRIMARY KEY,
  message_id       TEXT    NOT NULL UNIQUE,
  ledger           INTEGER REFERENCES ledger (id) ON DELETE SET NULL,  -- NULL: a person or the robot itself began it
  recipient        TEXT    NOT NULL,
  recipient_folded TEXT    NOT NULL,                           -- lower case, plus form removed: one person, one history
  envelope_from    TEXT    NOT NULL,                           -- empty: the null sender
  template         TEXT    NOT NULL,
  state            TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
  attempts         INTEGER NOT NULL DEFAULT 0,
  next_attempt_at  INTEGER NOT NULL,
  claimed_until    INTEGER,                                    -- a deliverer has it in hand until then
  claimed_by       TEXT,                                       -- which one, as it names itself in its lease
  created_at       INTEGER NOT NULL,
  sent_at          INTEGER,
  response         TEXT,
  last_error       TEXT,
  bytes            BLOB,
  CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
  CHECK (state = 'sent' OR bytes IS NOT NULL)
) STRICT;
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX outbox_recipient ON outbox (recipient_folded, created_at);
CREATE INDEX outbox_ledger ON outbox (ledger);

-- Every change to what keybot trusts. The chain runs over previous, at, action and commitment alone. What can point to a
-- person stands beside it (salt to detail), and the commitment is a salted hash of that: `forget` blanks it for good, and
-- the chain still holds. Without the salt nobody can try out addresses against the commitment.
CREATE TABLE audit (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          INTEGER NOT NULL,
  action      TEXT    NOT NULL,
  commitment  TEXT    NOT NULL CHECK (length(commitment) = 64),
  previous    TEXT    NOT NULL CHECK (length(previous) = 64),
  hash        TEXT    NOT NULL CHECK (length(hash) = 64),
  salt        BLOB    CHECK (length(salt) = 16),               -- NULL: blanked, and so is all that follows
  actor       TEXT,
  address     TEXT    COLLATE NOCASE,
  certificate TEXT,                                            -- sha256; no foreign key, it outlives the row
  message_key TEXT,
  reason      TEXT,
  detail      TEXT,
  CHECK (CASE WHEN salt IS NULL
    THEN coalesce(actor, address, certificate, message_key, reason, detail) IS NULL
    ELSE actor IS NOT NULL AND detail IS NOT NULL AND json_valid(detail) END)
) STRICT;
CREATE INDEX audit_certificate ON audit (certificate);
CREATE INDEX audit_address ON audit (address);
-- The one change that is allowed: to blank. A tombstone says that a person was forgotten and can never go itself.
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
  WHEN NEW.salt IS NOT NULL OR OLD.action = 'partner.forgotten' OR NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at
    OR NEW.action IS NOT OLD.action OR NEW.commitment IS NOT OLD.commitment OR NEW.previous IS NOT OLD.previous
    OR NEW.hash IS NOT OLD.hash
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

-- What the company publishes.
CREATE TABLE mailbox (
  id       INTEGER PRIMARY KEY,
  address  TEXT    NOT NULL COLLATE NOCASE UNIQUE,
  added_at INTEGER NOT NULL,
  added_by TEXT    NOT NULL
) STRICT;
CREATE TABLE mailbox_certificate (
  mailbox     INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
  certificate INTEGER NOT NULL REFERENCES certificate (id),
  added_at    INTEGER NOT NULL,
  added_by    TEXT    NOT NULL,
  UNIQUE (mailbox, certificate)
) STRICT;
CREATE INDEX mailbox_certificate_certificate ON mailbox_certificate (certificate);
CREATE TABLE mailbox_alias (
  id       INTEGER PRIMARY KEY,
  alias    TEXT    NOT NULL COLLATE NOCASE UNIQUE,
  mailbox  INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
  added_at INTEGER NOT NULL,
  added_by TEXT    NOT NULL
) STRICT;
CREATE INDEX mailbox_alias_mailbox ON mailbox_alias (mailbox);

-- CAs: own ones by hand, public ones by an update of the shipped list.
CREATE TABLE trust (
  id             INTEGER PRIMARY KEY,
  sha256         TEXT    NOT NULL UNIQUE CHECK (length(sha256) = 64),
  kind           TEXT    NOT NULL CHECK (kind IN ('anchor', 'intermediate')),
  origin         TEXT    NOT NULL CHECK (origin IN ('own', 'public')),
  domains        TEXT    CHECK (json_valid(domains)),          -- NULL: may speak for any domain
  distrust_after INTEGER,                                      -- certificates issued later are not believed
  enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  added_at       INTEGER NOT NULL,
  added_by       TEXT    NOT NULL,
  der            BLOB    NOT NULL
) STRICT;

-- Reply budgets (GCRA): the time until which each is used up. A row in the past says the same as no row.
CREATE TABLE bucket (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE,
  used_until INTEGER NOT NULL
) STRICT;
CREATE INDEX bucket_used_until ON bucket (used_until);

-- Who does what alone (one deliverer, one reader of the mailbox), until when.
CREATE TABLE lease (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE,
  holder     TEXT    NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
