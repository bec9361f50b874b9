-- CA certificates are found by the issuer of the certificates below them, for a mail that comes without its CA's certificate.
CREATE INDEX certificate_issuer ON certificate (issuer);
