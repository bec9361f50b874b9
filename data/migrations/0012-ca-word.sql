-- What CAs have said of certificates, for good: "revoked" outlives the answer that said it. A row a certificate, stored or
-- not (a CA's among them), written by whatever answer proves it.
CREATE TABLE ca_word (
  certificate TEXT    PRIMARY KEY,                             -- SHA-256, hex
  revoked_by  TEXT    CHECK (revoked_by IN ('OCSP', 'CRL')),   -- NULL: no answer ever said "revoked"
  revoked_at  INTEGER,                                         -- the revocation's own time
  reason      INTEGER,                                         -- CRLReason; NULL: not said
  told_at     INTEGER,                                         -- thisUpdate of the answer that said "revoked"
  good_at     INTEGER,                                         -- thisUpdate of the newest answer that said "good"
  CHECK ((revoked_by IS NULL) = (revoked_at IS NULL) AND (revoked_by IS NULL) = (told_at IS NULL))
) STRICT, WITHOUT ROWID;

-- A holding that is revoked because of a certificate on hold, its own or a CA's above it: it becomes again what it was
-- when the hold is lifted.
ALTER TABLE holding ADD COLUMN held_by TEXT;                   -- SHA-256 of the certificate on hold
ALTER TABLE holding ADD COLUMN held_from TEXT CHECK (held_from IN ('active', 'pending'));
CREATE INDEX holding_held_by ON holding (held_by) WHERE held_by IS NOT NULL;

-- What earlier versions kept of it stands in the findings: "revoked at TIME (REASON), says …".
CREATE TEMP TABLE said AS
  SELECT c.sha256, h.decided_at, f.value ->> 'detail' AS detail
  FROM holding h JOIN certificate c ON c.id = h.certificate, json_each(h.findings) f
  WHERE h.status IN ('rejected', 'revoked') AND f.value ->> 'code' = 'revocation.revoked'
    AND f.value ->> 'detail' GLOB 'revoked at ????-??-??T*';
INSERT OR IGNORE INTO ca_word (certificate, revoked_by, revoked_at, reason, told_at)
  SELECT sha256, iif(instr(detail, 'OCSP') > 0, 'OCSP', 'CRL'),
    coalesce(unixepoch(substr(detail, 12, 19)) * 1000, decided_at),
    iif(instr(detail, '(certificateHold)') > 0, 6, NULL), decided_at
  FROM said ORDER BY instr(detail, '(certificateHold)') > 0, decided_at;
DROP TABLE said;
-- Who was put on hold by its CA, and what it was before, stands in the audit trail, as far as nobody has been forgotten.
UPDATE holding SET held_from = (SELECT a.detail ->> 'from' FROM audit a
    WHERE a.action = 'certificate.revoked' AND a.address = holding.address AND a.detail ->> 'by' = 'CA'
      AND a.detail ->> 'from' IN ('active', 'pending')
      AND a.certificate = (SELECT sha256 FROM certificate c WHERE c.id = holding.certificate)
    ORDER BY a.id DESC LIMIT 1)
WHERE status = 'revoked' AND decided_by = 'robot' AND EXISTS (
  SELECT 1 FROM ca_word w JOIN certificate c ON c.sha256 = w.certificate
  WHERE c.id = holding.certificate AND w.reason = 6);
UPDATE holding SET held_by = (SELECT sha256 FROM certificate c WHERE c.id = holding.certificate)
  WHERE held_from IS NOT NULL;
