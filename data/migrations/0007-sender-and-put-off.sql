-- A mail is sent as whom the configuration names when it is sent: one that waits while a refused sender is mended must not
-- keep the old one.
ALTER TABLE outbox DROP COLUMN envelope_from;

-- Since when the server puts off this very mail. It is given up after days of that, and not after days in which the server
-- was out of reach or refused every mail of ours.
ALTER TABLE outbox ADD COLUMN put_off_since INTEGER;
UPDATE outbox SET put_off_since = created_at WHERE state = 'waiting' AND attempts > 0;
