"""What is to be done where the certificate of a server is not trusted: the same words on every way to it."""

AUTHORITY = "--ca-file PATH, with the certificate of the authority that signed it, or its own where it signed itself"
NAME = "an address that its certificate names, and a certificate that is valid today"
PLAIN = "http:// in place of https:// where it speaks plain HTTP, and else a server that completes a TLS handshake"
NEEDS = (AUTHORITY, NAME, PLAIN)

_NO_AUTHORITY = frozenset((2, 18, 19, 20, 21))
"""X509_V_ERR codes of OpenSSL for a certificate whose authority nobody here knows: self-signed, or signed by a company's own
(https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/)."""


def needed(code: int) -> str:
    """What would make a certificate trusted that OpenSSL refused with this code (`SSLCertVerificationError.verify_code`)."""
    return AUTHORITY if code in _NO_AUTHORITY else NAME


def unused(url: str | None, ca_file: str | None) -> tuple[str, ...]:
    """A note where certificates are named for a URL whose scheme has none."""
    if ca_file is None or url is None or not url.lower().startswith("http://"):
        return ()
    return (
        "--ca-file was not read: http:// has no certificates, and sends everything in the clear (https:// is behind TLS)",
    )
