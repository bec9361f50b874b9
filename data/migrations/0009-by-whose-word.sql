-- What only some may write: the CA certificates that a mailbox publishes stand apart from those that mails have brought, and
-- what mails wrote before anybody asked whether they are believed goes.

-- The CA certificates that go out with a certificate that a mailbox publishes. A person's word alone (`mailbox add`).
CREATE TABLE mailbox_chain (
  mailbox      INTEGER NOT NULL,
  certificate  INTEGER NOT NULL,
  position     INTEGER NOT NULL,                               -- 0: the issuer of the certificate itself
  intermediate INTEGER NOT NULL REFERENCES intermediate (id),
  UNIQUE (mailbox, certificate, position),
  FOREIGN KEY (mailbox, certificate) REFERENCES mailbox_certificate (mailbox, certificate) ON DELETE CASCADE
) STRICT;
CREATE INDEX mailbox_chain_intermediate ON mailbox_chain (intermediate);
-- Until now any mail that had such a certificate in it replaced its chain. A mail leaves a holding, which only `forget`
-- removes; so a chain that no mail can have touched is known by the absence of both. The others must be given again.
INSERT INTO mailbox_chain (mailbox, certificate, position, intermediate)
  SELECT mc.mailbox, mc.certificate, k.position, k.intermediate
  FROM mailbox_certificate mc JOIN certificate_chain k ON k.certificate = mc.certificate
  WHERE NOT EXISTS (SELECT 1 FROM holding h WHERE h.certificate = mc.certificate)
    AND NOT EXISTS (SELECT 1 FROM audit WHERE action = 'partner.forgotten');

-- Chains of partners' certificates are kept for what is, or was, in use. They are candidates for a path and nothing more;
-- the next re-check, due at once, tells which lead nowhere.
DELETE FROM certificate_chain WHERE NOT EXISTS (
  SELECT 1 FROM holding h WHERE h.certificate = certificate_chain.certificate AND h.status IN ('active', 'revoked'));
UPDATE revocation_check SET due_at = 0;

-- By when the mail says that it was signed whose word they are: an older mail that comes again must not put back an older list. What is there
-- may be a doubtful mail's word.
ALTER TABLE certificate ADD COLUMN capabilities_at INTEGER;
UPDATE certificate SET capabilities = NULL WHERE capabilities IS NOT NULL;

-- Certificates that an address uses, by their issuer: strangers cannot add to them. Kept by the triggers.
CREATE TABLE used_certificate (
  certificate INTEGER PRIMARY KEY REFERENCES certificate (id) ON DELETE CASCADE,
  issuer      TEXT    NOT NULL
) STRICT;
CREATE INDEX used_certificate_issuer ON used_certificate (issuer, certificate);
INSERT INTO used_certificate (certificate, issuer)
  SELECT id, issuer FROM certificate c
  WHERE EXISTS (SELECT 1 FROM holding h WHERE h.certificate = c.id AND h.status = 'active');
CREATE TRIGGER used_certificate_insert AFTER INSERT ON holding WHEN NEW.status = 'active' BEGIN
  INSERT OR IGNORE INTO used_certificate (certificate, issuer) SELECT id, issuer FROM certificate WHERE id = NEW.certificate;
END;
CREATE TRIGGER used_certificate_update AFTER UPDATE OF status ON holding
WHEN NEW.status = 'active' AND OLD.status <> 'active' BEGIN
  INSERT OR IGNORE INTO used_certificate (certificate, issuer) SELECT id, issuer FROM certificate WHERE id = NEW.certificate;
END;
CREATE TRIGGER used_certificate_end AFTER UPDATE OF status ON holding
WHEN OLD.status = 'active' AND NEW.status <> 'active' BEGIN
  DELETE FROM used_certificate WHERE certificate = OLD.certificate
    AND NOT EXISTS (SELECT 1 FROM holding WHERE certificate = OLD.certificate AND status = 'active');
END;
CREATE TRIGGER used_certificate_delete AFTER DELETE ON holding WHEN OLD.status = 'active' BEGIN
  DELETE FROM used_certificate WHERE certificate = OLD.certificate
    AND NOT EXISTS (SELECT 1 FROM holding WHERE certificate = OLD.certificate AND status = 'active');
END;
-- Its place is taken.
DROP INDEX certificate_issuer;

-- A certificate in use for which no path to a trusted CA can be built, so that nobody can be asked about it.
ALTER TABLE revocation_check ADD COLUMN no_path_since INTEGER;    -- NULL: it has one, or nobody has looked
ALTER TABLE revocation_check ADD COLUMN no_path_why TEXT;
ALTER TABLE revocation_check ADD COLUMN no_path_told_at INTEGER;  -- when the admin was last told
CREATE INDEX revocation_check_no_path ON revocation_check (no_path_since) WHERE no_path_since IS NOT NULL;

-- Other people's certificates that strangers sent: stored under an address that they do not name, and of no use there.
CREATE TEMP TABLE misplaced AS SELECT id, certificate FROM holding WHERE status = 'rejected' AND decided_by = 'robot'
  AND EXISTS (SELECT 1 FROM json_each(findings) WHERE value ->> 'code' = 'address.mismatch');
DELETE FROM holding WHERE id IN (SELECT id FROM misplaced);
DELETE FROM certificate WHERE id IN (SELECT certificate FROM misplaced)
  AND NOT EXISTS (SELECT 1 FROM holding h WHERE h.certificate = certificate.id)
  AND NOT EXISTS (SELECT 1 FROM mailbox_certificate mc WHERE mc.certificate = certificate.id);
DROP TABLE misplaced;
DELETE FROM intermediate WHERE NOT EXISTS (SELECT 1 FROM certificate_chain k WHERE k.intermediate = intermediate.id)
  AND NOT EXISTS (SELECT 1 FROM mailbox_chain m WHERE m.intermediate = intermediate.id);
