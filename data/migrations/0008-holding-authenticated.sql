-- Whether our border authenticated the sender of the mail that brought a certificate. NULL: nobody knows (stored before
-- this version, or not brought by a mail), which counts as not authenticated.
ALTER TABLE holding ADD COLUMN authenticated INTEGER CHECK (authenticated IN (0, 1));
