-- One key has several spellings as a SubjectPublicKeyInfo: a bar, a pin and "the same key" mean the key. `spki_sha256` stays
-- what is shown. `key_identity(der)` is a function of the store's; a bar whose certificate is gone keeps the spelling
-- that it knows, and goes on barring that.
ALTER TABLE certificate ADD COLUMN key_identity TEXT NOT NULL DEFAULT '';
UPDATE certificate SET key_identity = coalesce(key_identity(der), spki_sha256);
CREATE INDEX certificate_key_identity ON certificate (key_identity);

-- Not unique: two spellings of one key may have been barred one after the other.
ALTER TABLE barred_key ADD COLUMN key_identity TEXT NOT NULL DEFAULT '';
UPDATE barred_key SET key_identity = coalesce(
  (SELECT c.key_identity FROM certificate c WHERE c.spki_sha256 = barred_key.spki_sha256 LIMIT 1), spki_sha256);
CREATE INDEX barred_key_identity ON barred_key (key_identity);
