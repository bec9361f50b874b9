-- What CAs say of revocation: their answers, mails that wait for one, and when to ask again about what is stored.

-- Answers that were proven when they came (CRLs, OCSP responses), so that a restart does not ask for all of them anew.
CREATE TABLE revocation_answer (
  id          INTEGER PRIMARY KEY,
  key         TEXT    NOT NULL UNIQUE,                         -- the question, as the room that asks writes it
  renew_at    INTEGER NOT NULL,                                -- from then on the CA is asked again, if it can be reached
  valid_until INTEGER NOT NULL,                                -- from then on the answer is worth nothing
  bytes       BLOB    NOT NULL
) STRICT;
CREATE INDEX revocation_answer_valid_until ON revocation_answer (valid_until);

-- When a message that waits for an answer is to be judged again.
ALTER TABLE ledger ADD COLUMN ask_again_at INTEGER;

-- When a CA is to be asked again about each certificate; a row for each, written by the trigger. What is new was asked
-- about when it came, and is due in a day.
CREATE TABLE revocation_check (
  certificate INTEGER PRIMARY KEY REFERENCES certificate (id) ON DELETE CASCADE,
  due_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX revocation_check_due_at ON revocation_check (due_at);
INSERT INTO revocation_check (certificate, due_at) SELECT id, 0 FROM certificate;
CREATE TRIGGER revocation_check_insert AFTER INSERT ON certificate BEGIN
  INSERT INTO revocation_check (certificate, due_at)
    VALUES (NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER) + 86400000);
END;
