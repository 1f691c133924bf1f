"""Discovery: the client for a URL, by the dialect that is configured or else by the first that fits what is found."""

import asyncio
from collections.abc import Sequence

from clients.calls import Call, Completion, ModelClient
from clients.dialects.access import ANYBODY, Access
from clients.dialects.generate import GenerateClient
from clients.dialects.openai import OpenAIClient
from clients.dialects.sent_fields import Guided
from clients.dialects.servers import Api, Dialect, ServerName
from clients.dialects.triton import TritonClient
from streams.errors import ContractMismatch, DeadlinePassed, ModelUnavailable

__all__ = ["Dialect", "DiscoveredClient", "connect"]

REMEDY = "set the URL of a model server that this can talk to, see docs/models.md"


def connect(
    url: str,
    dialect: Dialect = "auto",
    model: str | None = None,
    access: Access = ANYBODY,
    server: ServerName | None = None,
    tokens_per_block: int = 64,
    guided: Guided = "auto",
    session_key: bytes = b"",
    *,
    private_cache: bool = False,
) -> ModelClient:
    """A client for the server at `url`; nothing is asked before `probe` or the first call.

    `auto` takes host:port and grpcs://host:port for Triton's gRPC, and finds out what speaks at http(s)://. Without a
    model, the server is asked for one; `server` is the kind of OpenAI-compatible server where it does not say so
    itself. `guided`, `session_key` and `private_cache` are as in OpenAIClient, which alone has the latter two.
    """
    if dialect == "triton" or (dialect == "auto" and not url.startswith(("http://", "https://"))):
        return TritonClient(url, model, tokens_per_block=tokens_per_block, access=access, guided=guided)
    api: Api = "completions" if dialect == "openai-completions" else "chat"
    openai = OpenAIClient(
        url, model, access, api=api, server=server, guided=guided, session_key=session_key, private_cache=private_cache
    )
    if private_cache or dialect in ("openai", "openai-completions"):
        return openai
    generate = GenerateClient(url, model, access, tokens_per_block=tokens_per_block, guided=guided)
    return generate if dialect == "triton-http" else DiscoveredClient((openai, generate))


class DiscoveredClient:
    """A ModelClient that becomes the first of `candidates` whose probe finds what it expects."""

    def __init__(self, candidates: Sequence[ModelClient]) -> None:
        self._candidates = candidates
        self._chosen: ModelClient | None = None

    async def complete(self, call: Call) -> Completion:
        """As the chosen one does; the first call finds out which that is, within its deadline."""
        if self._chosen is None:
            try:
                async with asyncio.timeout_at(call.deadline_s):
                    await self.probe()
            except TimeoutError as exc:
                raise DeadlinePassed("the deadline passed before the server was known") from exc
            except ContractMismatch as exc:
                raise ModelUnavailable(str(exc)) from exc
        return await self._one().complete(call)

    async def probe(self) -> str:
        """What the chosen one found; ContractMismatch tells why none fits."""
        if self._chosen is not None:
            return await self._chosen.probe()
        reasons = []
        for candidate in self._candidates:
            try:
                found = await candidate.probe()
            except ContractMismatch as exc:
                reasons.append(str(exc).partition("\n")[0])
            else:
                self._chosen = candidate
                return found
        raise ContractMismatch(f"no dialect fits: {'; '.join(reasons)}", REMEDY)

    async def close(self) -> None:
        """Close them all. Again is harmless."""
        for candidate in self._candidates:
            await candidate.close()

    def _one(self) -> ModelClient:
        if self._chosen is None:
            raise AssertionError("a probe that returns has chosen")
        return self._chosen
