"""Access: what lets us into a model server: a key in a header, and certificates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.secret import Secret
from streams.tls import Tls

AUTHORIZATION = "authorization"


@dataclass(frozen=True, slots=True)
class Access:
    """A key, sent as a bearer token or in a header of its own, and what TLS trusts and shows. As it is made: none."""

    key: Secret | None = None
    header: str = AUTHORIZATION
    tls: Tls = field(default_factory=Tls)

    def headers(self) -> Mapping[str, str]:
        """The header to send now, its name in lower case; empty without a key."""
        key = self.shown()
        if key is None:
            return {}
        name = self.header.lower()
        return {name: f"Bearer {key}" if name == AUTHORIZATION else key}

    def shown(self) -> str | None:
        """The key as it is now, which the server sees."""
        return self.key.text() if self.key else None


ANYBODY = Access()
"""No key, and the authorities that the system trusts."""
