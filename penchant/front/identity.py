"""Identity: who sends a request, by token, session cookie, proxy header, certificate or this machine."""

import hmac
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from ipaddress import ip_address, ip_network

from starlette.requests import HTTPConnection

from penchant.front.roles import Person, roles
from penchant.front.rules import HttpRules
from penchant.front.tokens import TokenFile, digest
from streams.errors import SettingInvalid

COOKIE = "penchant_session"
SESSION_S = 12 * 3_600
LOCAL_PERSON = "local"
CERTIFIED_PERSON = "certificate"
REMEDY = (
    "set http.tokens_file, http.client_ca_file, or http.proxies for a proxy that signs people in; "
    "or listen on 127.0.0.1"
)


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Identities:
    """Who somebody is. SettingInvalid where nobody could be told from anybody: an address that others reach, without
    tokens, proxies or certificates. `now_s` is the time of day in seconds."""

    def __init__(self, rules: HttpRules, host: str, now_s: Callable[[], float] = time.time) -> None:
        self._rules, self._now_s, self._key = rules, now_s, secrets.token_bytes(32)
        self._tokens = TokenFile(rules.tokens_file) if rules.tokens_file is not None else None
        self._proxies = [ip_network(each) for each in rules.proxies]
        closed = self._tokens is not None or bool(self._proxies)
        certified = rules.client_ca_file is not None
        if not closed and not certified and not is_loopback(host):
            raise SettingInvalid(f"{host} is reached by others, and nothing says who they are", REMEDY)
        anybody = Person(LOCAL_PERSON, frozenset(rules.local_roles))
        self._unnamed = None if closed else Person(CERTIFIED_PERSON, frozenset({"viewer"})) if certified else anybody
        self.signs_in = self._tokens is not None

    def person(self, asked: HTTPConnection) -> Person | None:
        """Who sends it; None when that is unknown."""
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._tokens.person(token.strip()) if self._tokens is not None else None
        if self._is_proxy(asked):
            return self._by_proxy(asked)
        return self._by_cookie(asked.cookies.get(COOKIE, "")) or self._unnamed

    def session(self, token: str) -> str | None:
        """The cookie of a session for whoever has this token; None for a wrong one."""
        if self._tokens is None or self._tokens.person(token) is None:
            return None
        text = f"{digest(token)}.{int(self._now_s()) + SESSION_S}"
        return f"{text}.{self._seal(text)}"

    def csrf(self, person: Person) -> str:
        """What a page of ours sends along with whatever changes something; another site's page cannot read it."""
        return self._seal(f"csrf {person.name}")

    def holds_csrf(self, person: Person, given: str) -> bool:
        """Whether it is theirs."""
        return hmac.compare_digest(self.csrf(person).encode(), given.encode(errors="replace"))

    def _by_cookie(self, cookie: str) -> Person | None:
        text, _, seal = cookie.rpartition(".")
        if self._tokens is None or not hmac.compare_digest(self._seal(text).encode(), seal.encode(errors="replace")):
            return None
        token_digest, _, ends = text.partition(".")
        return self._tokens.holder(token_digest) if self._now_s() < int(ends) else None

    def _is_proxy(self, asked: HTTPConnection) -> bool:
        if not self._proxies or asked.client is None:
            return False
        try:
            peer = ip_address(asked.client.host)
        except ValueError:  # a Unix socket has no address
            return False
        return any(peer in network for network in self._proxies)

    def _by_proxy(self, asked: HTTPConnection) -> Person | None:
        name = asked.headers.get(self._rules.user_header, "").strip()
        given = roles(asked.headers.get(self._rules.roles_header, "").split(","))
        return Person(name[:120], given) if name else None

    def _seal(self, text: str) -> str:
        return hmac.new(self._key, text.encode(errors="replace"), sha256).hexdigest()
