"""TLS: what went wrong with a connection, and what to set; pure."""

CAUSES = (
    ("mismatch, certificate is not valid", "its certificate is for another host: take the URL that it names"),
    ("certificate has expired", "its certificate has expired: renew it on the server"),
    ("certificate_verify_failed", "its certificate is not trusted: set SSL_CERT_FILE to the file of its CA"),
    ("wrong_version_number", "nobody speaks TLS there: write http:// in the URL"),
    ("record_layer_failure", "nobody speaks TLS there: write http:// in the URL"),
)
"""What OpenSSL says, in lower case, and what it means; the first that fits."""


def cause(text: str) -> str | None:
    """What an error of a connection means and asks for; None when TLS has no part in it."""
    words = text.lower()
    return next((meaning for said, meaning in CAUSES if said in words), None)
