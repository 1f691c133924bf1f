"""The client of `penchant serve` for asyncio. It needs httpx: pip install 'penchant-reader[match]'."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterable

import httpx

from penchant_reader.circuit import OPEN_FIRST_S, Circuit, CircuitOpen
from penchant_reader.match import Matches, Matching, Question, Refused

PATH = "/v1/match"
JSON = {"Content-Type": "application/json"}


class AsyncMatchClient:
    """Asks which candidates fit a shopper; one for an event loop, shared by its tasks. `async with` closes it.

    `url` is the service's, `token` a bearer token, `tls` a context with what is trusted and shown. `timeout_s` bounds a
    whole call, connecting included. Whatever service and network do, a call returns all candidates: in the order given
    where there is no answer in time, `failed`, and counted in `failures`. A `strict` client raises ReadFailed instead.
    A service that failed is left alone for a moment, at most `circuit_s`; 0 asks it every time.
    """

    def __init__(
        self, url: str, *, timeout_s: float = 0.25, token: str = "", tls: ssl.SSLContext | None = None,
        strict: bool = False, circuit_s: float = 2.0, connections: int = 64,
    ) -> None:  # fmt: skip
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is no address of penchant serve: write http://host:port")
        headers = JSON | ({"Authorization": f"Bearer {token}"} if token else {})
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=timeout_s, trust_env=False, verify=tls or True,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )  # fmt: skip
        self._timeout_s, self._matching = timeout_s, Matching(timeout_s, strict=strict)
        self._circuit = Circuit(max(OPEN_FIRST_S, timeout_s), circuit_s)

    @property
    def failures(self) -> Counter[str]:
        """What was swallowed so far: how often, by the name of the error."""
        return self._matching.failures

    async def match(
        self, shopper: object, candidates: Iterable[object], *, purpose: str = "", reasons: bool | str = False,
        scores: bool = False, sentence: bool = False,
    ) -> Matches:  # fmt: skip
        """All candidates, each once, the fittest first; those behind the first hundred, and what is no id, come last.

        `reasons` names a language, true is that of the service; `scores` has a model score the best twenty,
        `sentence` one say the reasons of the first; what is not in time is left out, and `notes` say so.
        """
        asked = self._matching.question(
            shopper, candidates, purpose=purpose, reasons=reasons, scores=scores, sentence=sentence
        )
        return asked if isinstance(asked, Matches) else await self._answer(asked)

    async def _answer(self, question: Question) -> Matches:
        now = asyncio.get_running_loop().time
        if not self._circuit.allows(now()):
            return self._matching.failed(question, CircuitOpen("the service failed a moment ago"), "circuit")
        try:
            reply = await asyncio.wait_for(self._http.post(PATH, content=question.body), self._timeout_s)
            found = self._matching.answer(question, reply.status_code, reply.content)
        except (asyncio.TimeoutError, TimeoutError, httpx.TimeoutException) as error:
            self._circuit.failed(now())
            return self._matching.failed(question, error, "timeout")
        except Refused as error:
            self._circuit.worked()
            return self._matching.failed(question, error, "refused")
        except (httpx.HTTPError, OSError) as error:
            self._circuit.failed(now())
            return self._matching.failed(question, error, "unavailable")
        except (ValueError, TypeError, KeyError) as error:
            self._circuit.worked()
            return self._matching.failed(question, error, "unreadable")
        self._circuit.worked()
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> "AsyncMatchClient":  # noqa: PYI034 (typing.Self came with 3.11)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
