-- Whoever is in use is asked about, the company's own certificates too; what CAs last said of each is kept, and of whom
-- nobody has told anything for how long. "Nobody was asked" and "nobody answered" are no answers.

-- An address uses it, or a mailbox publishes it. Kept by the triggers.
ALTER TABLE revocation_check ADD COLUMN in_use INTEGER NOT NULL DEFAULT 0 CHECK (in_use IN (0, 1));
-- The last time an answer was had that counts; until there is one, since when it has been in use.
ALTER TABLE revocation_check ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;
-- The last answer that counts: when it was had, what it says, by which way, when its CA made it (thisUpdate), who was asked.
ALTER TABLE revocation_check ADD COLUMN answered_at INTEGER;
ALTER TABLE revocation_check ADD COLUMN answer TEXT CHECK (answer IN ('good', 'revoked', 'unknown'));
ALTER TABLE revocation_check ADD COLUMN answer_by TEXT CHECK (answer_by IN ('OCSP', 'CRL'));
ALTER TABLE revocation_check ADD COLUMN answer_made_at INTEGER;
ALTER TABLE revocation_check ADD COLUMN answer_places TEXT CHECK (json_valid(answer_places));
-- Since that answer: how often it was asked in vain, what the last try said, and when the admin was told.
ALTER TABLE revocation_check ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revocation_check ADD COLUMN unanswered_why TEXT;
ALTER TABLE revocation_check ADD COLUMN unanswered_told_at INTEGER;
DROP INDEX revocation_check_due_at;
CREATE INDEX revocation_check_due ON revocation_check (due_at, certificate) WHERE in_use = 1;
CREATE INDEX revocation_check_unanswered ON revocation_check (heard_at) WHERE tries > 0;

-- Its CA has revoked a certificate that a mailbox publishes: it goes out no longer, and stays here so that it can be seen.
ALTER TABLE mailbox_certificate ADD COLUMN revoked_at INTEGER;
ALTER TABLE mailbox_certificate ADD COLUMN revoked_why TEXT;

UPDATE revocation_check SET in_use = 1, heard_at = CAST(unixepoch('subsec') * 1000 AS INTEGER)
  WHERE certificate IN (SELECT certificate FROM used_certificate UNION SELECT certificate FROM mailbox_certificate);
UPDATE revocation_check SET due_at = 0 WHERE certificate IN (SELECT certificate FROM mailbox_certificate);

-- In use from now on: asked about at once, unless the robot took it with an answer of its CA, which is then a day old when
-- it is asked again. A person's decision, a mail that nobody could answer for, an import: nobody has been asked.
CREATE TRIGGER revocation_check_used_insert AFTER INSERT ON holding WHEN NEW.status = 'active' BEGIN
  UPDATE revocation_check SET in_use = 1,
      heard_at = iif(in_use = 1, heard_at, NEW.decided_at),
      tries = iif(in_use = 1, tries, 0),
      unanswered_told_at = iif(in_use = 1, unanswered_told_at, NULL),
      due_at = CASE
        WHEN NEW.decided_by <> 'robot' OR EXISTS (SELECT 1 FROM json_each(NEW.findings)
          WHERE value ->> 'code' IN ('revocation.unknown', 'revocation.unchecked', 'revocation.unaskable')) THEN NEW.decided_at
        WHEN in_use = 1 THEN due_at ELSE NEW.decided_at + 86400000 END
    WHERE certificate = NEW.certificate;
END;
CREATE TRIGGER revocation_check_used_update AFTER UPDATE OF status ON holding
WHEN NEW.status = 'active' AND OLD.status <> 'active' BEGIN
  UPDATE revocation_check SET in_use = 1,
      heard_at = iif(in_use = 1, heard_at, NEW.decided_at),
      tries = iif(in_use = 1, tries, 0),
      unanswered_told_at = iif(in_use = 1, unanswered_told_at, NULL),
      due_at = CASE
        WHEN NEW.decided_by <> 'robot' OR EXISTS (SELECT 1 FROM json_each(NEW.findings)
          WHERE value ->> 'code' IN ('revocation.unknown', 'revocation.unchecked', 'revocation.unaskable')) THEN NEW.decided_at
        WHEN in_use = 1 THEN due_at ELSE NEW.decided_at + 86400000 END
    WHERE certificate = NEW.certificate;
END;
CREATE TRIGGER revocation_check_used_end AFTER UPDATE OF status ON holding
WHEN OLD.status = 'active' AND NEW.status <> 'active' BEGIN
  UPDATE revocation_check SET in_use =
      EXISTS (SELECT 1 FROM holding WHERE certificate = OLD.certificate AND status = 'active')
      OR EXISTS (SELECT 1 FROM mailbox_certificate WHERE certificate = OLD.certificate AND revoked_at IS NULL)
    WHERE certificate = OLD.certificate;
END;
CREATE TRIGGER revocation_check_used_delete AFTER DELETE ON holding WHEN OLD.status = 'active' BEGIN
  UPDATE revocation_check SET in_use =
      EXISTS (SELECT 1 FROM holding WHERE certificate = OLD.certificate AND status = 'active')
      OR EXISTS (SELECT 1 FROM mailbox_certificate WHERE certificate = OLD.certificate AND revoked_at IS NULL)
    WHERE certificate = OLD.certificate;
END;
CREATE TRIGGER revocation_check_published_insert AFTER INSERT ON mailbox_certificate BEGIN
  UPDATE revocation_check SET in_use = 1, due_at = NEW.added_at,
      heard_at = iif(in_use = 1, heard_at, NEW.added_at),
      tries = iif(in_use = 1, tries, 0),
      unanswered_told_at = iif(in_use = 1, unanswered_told_at, NULL)
    WHERE certificate = NEW.certificate;
END;
CREATE TRIGGER revocation_check_published_update AFTER UPDATE OF revoked_at ON mailbox_certificate
WHEN NEW.revoked_at IS NULL AND OLD.revoked_at IS NOT NULL BEGIN
  UPDATE revocation_check SET in_use = 1, due_at = NEW.added_at,
      heard_at = iif(in_use = 1, heard_at, NEW.added_at),
      tries = iif(in_use = 1, tries, 0),
      unanswered_told_at = iif(in_use = 1, unanswered_told_at, NULL)
    WHERE certificate = NEW.certificate;
END;
CREATE TRIGGER revocation_check_published_revoked AFTER UPDATE OF revoked_at ON mailbox_certificate
WHEN NEW.revoked_at IS NOT NULL AND OLD.revoked_at IS NULL BEGIN
  UPDATE revocation_check SET in_use =
      EXISTS (SELECT 1 FROM holding WHERE certificate = OLD.certificate AND status = 'active')
      OR EXISTS (SELECT 1 FROM mailbox_certificate WHERE certificate = OLD.certificate AND revoked_at IS NULL)
    WHERE certificate = OLD.certificate;
END;
CREATE TRIGGER revocation_check_published_delete AFTER DELETE ON mailbox_certificate BEGIN
  UPDATE revocation_check SET in_use =
      EXISTS (SELECT 1 FROM holding WHERE certificate = OLD.certificate AND status = 'active')
      OR EXISTS (SELECT 1 FROM mailbox_certificate WHERE certificate = OLD.certificate AND revoked_at IS NULL)
    WHERE certificate = OLD.certificate;
END;

-- What CAs have revoked and the admin does not know yet: partners' certificates, and those that a mailbox published. Apart from
-- admin_news, because one certificate may be revoked under many addresses, and again after a suspension.
CREATE TABLE revoked_news (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT    NOT NULL CHECK (kind IN ('revoked', 'withdrawn')),
  certificate INTEGER NOT NULL REFERENCES certificate (id) ON DELETE CASCADE,
  address     TEXT    NOT NULL COLLATE NOCASE,
  at          INTEGER NOT NULL,
  why         TEXT    NOT NULL                                   -- as the CA says
) STRICT;
CREATE INDEX revoked_news_kind ON revoked_news (kind, id);
CREATE INDEX revoked_news_certificate ON revoked_news (certificate, address);
-- Who was forgotten is not told of.
CREATE TRIGGER revoked_news_holding AFTER DELETE ON holding BEGIN
  DELETE FROM revoked_news WHERE certificate = OLD.certificate AND address = OLD.address AND kind = 'revoked';
END;

-- A mail to the admin has two kinds more.
CREATE TABLE admin_notice_more (
  id      INTEGER PRIMARY KEY,
  kind    TEXT    NOT NULL UNIQUE CHECK (kind IN ('pending', 'daily', 'stuck', 'revoked', 'withdrawn')),
  told_at INTEGER NOT NULL
) STRICT;
INSERT INTO admin_notice_more (id, kind, told_at) SELECT id, kind, told_at FROM admin_notice;
DROP TABLE admin_notice;
ALTER TABLE admin_notice_more RENAME TO admin_notice;
