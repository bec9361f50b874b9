-- What the admin is told by mail. Triggers note when a certificate or a mail comes into a state that is news, whatever
-- statement does it; what is news of a message is decided with it. When and how news is told is not the database's.

-- When a mail of ours came back. Its state stays 'sent': it was taken, and is never sent again.
ALTER TABLE outbox ADD COLUMN bounced_at INTEGER;

-- What the admin has not been told of yet; a row goes in the transaction that puts the mail to him into the outbox.
-- AUTOINCREMENT: the Message-ID of that mail is made of these numbers, so none may come twice.
CREATE TABLE admin_news (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  kind    TEXT    NOT NULL CHECK (kind IN ('pending', 'failed', 'bounced', 'unhandled', 'delayed', 'withheld')),
  holding INTEGER UNIQUE REFERENCES holding (id) ON DELETE CASCADE,
  outbox  INTEGER UNIQUE REFERENCES outbox (id) ON DELETE CASCADE,
  ledger  INTEGER UNIQUE REFERENCES ledger (id) ON DELETE CASCADE,
  count   INTEGER NOT NULL DEFAULT 1                             -- how many replies; 'delayed' and 'withheld' have one row each
) STRICT;
CREATE INDEX admin_news_kind ON admin_news (kind, id);

-- When a mail of each kind was last written to the admin.
CREATE TABLE admin_notice (
  id      INTEGER PRIMARY KEY,
  kind    TEXT    NOT NULL UNIQUE CHECK (kind IN ('pending', 'daily', 'stuck')),
  told_at INTEGER NOT NULL
) STRICT;

-- A certificate waits for a person; no longer news when he has decided.
CREATE TRIGGER admin_news_pending_insert AFTER INSERT ON holding WHEN NEW.status = 'pending' BEGIN
  INSERT INTO admin_news (kind, holding) VALUES ('pending', NEW.id);
END;
CREATE TRIGGER admin_news_pending_update AFTER UPDATE OF status ON holding
WHEN NEW.status = 'pending' AND OLD.status <> 'pending' BEGIN
  INSERT INTO admin_news (kind, holding) VALUES ('pending', NEW.id);
END;
CREATE TRIGGER admin_news_pending_decided AFTER UPDATE OF status ON holding
WHEN OLD.status = 'pending' AND NEW.status <> 'pending' BEGIN
  DELETE FROM admin_news WHERE holding = NEW.id;
END;

-- A mail was given up, or came back. Never one to the admin himself.
CREATE TRIGGER admin_news_failed AFTER UPDATE OF state ON outbox
WHEN NEW.state = 'failed' AND OLD.state <> 'failed' AND NEW.template <> 'notice' BEGIN
  DELETE FROM admin_news WHERE outbox = NEW.id;
  INSERT INTO admin_news (kind, outbox) VALUES ('failed', NEW.id);
END;
CREATE TRIGGER admin_news_bounced AFTER UPDATE OF bounced_at ON outbox
WHEN NEW.bounced_at IS NOT NULL AND OLD.bounced_at IS NULL AND NEW.template <> 'notice' BEGIN
  DELETE FROM admin_news WHERE outbox = NEW.id;
  INSERT INTO admin_news (kind, outbox) VALUES ('bounced', NEW.id);
END;

-- What waited for a person when this version was installed.
INSERT INTO admin_news (kind, holding) SELECT 'pending', id FROM holding WHERE status = 'pending' ORDER BY id;
