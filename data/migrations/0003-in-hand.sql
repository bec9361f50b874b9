-- Which mails a robot has in hand just now, so that one that ends the robot itself is recognised when it starts again.

-- A row is written before a mail is fetched and goes in the transaction that decides the mail; one that is left was in
-- hand when a robot died. The UIDs are those of one mailbox: rows of another UIDVALIDITY mean nothing and are dropped.
CREATE TABLE in_hand (
  id           INTEGER PRIMARY KEY,
  uid_validity TEXT    NOT NULL,
  uid          INTEGER NOT NULL,
  held_by      TEXT,                                           -- as in lease; NULL: its robot has died, and it is a suspect
  deaths       INTEGER NOT NULL DEFAULT 0,                     -- of robots that had this mail in hand and no other
  since        INTEGER NOT NULL,
  UNIQUE (uid_validity, uid)
) STRICT;
