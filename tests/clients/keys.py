"""Keys for model servers."""

from pydantic import SecretStr

from clients.dialects.access import Access
from streams.secret import Secret


def keyed(key: str) -> Access:
    """What lets in whoever has this key."""
    return Access(Secret("model.api_key", SecretStr(key), None))
