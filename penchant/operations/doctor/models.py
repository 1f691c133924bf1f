"""Models: does every configured server speak as it should, with the tensors that we need, and does it only answer?"""

import asyncio
import time

from clients.pools.endpoints import Endpoint
from penchant.operations.doctor import thinking
from penchant.operations.doctor.findings import ERROR, INFO, WARNING, Finding
from penchant.settings.root import Settings
from penchant.worker.model_side import model_client, pools
from streams.errors import ContractMismatch, ModelUnavailable
from streams.tls import suspicion

PROBE_S = 5.0
"""How long one server may take to say what it is."""


async def examine(settings: Settings) -> list[Finding]:
    """Ask all servers at once. That all are away is no error: the rules stand in, and say so."""
    endpoints = [(pool.name, endpoint) for pool in pools(settings) for endpoint in pool.endpoints]
    asked = (_ask(pool, endpoint, settings.redis.namespace) for pool, endpoint in endpoints)
    return [finding for findings in await asyncio.gather(*asked) for finding in findings]


async def _ask(pool: str, endpoint: Endpoint, namespace: str) -> list[Finding]:
    client = model_client(endpoint, namespace)
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(PROBE_S):
            found = await client.probe()
        told = judge(pool, found, time.monotonic() - began_s)
        return [told, *await thinking.examine(pool, client)]
    except ContractMismatch as exc:
        return [Finding("model", ERROR, f"{pool}: {str(exc).partition(chr(10))[0]}", exc.remedy)]
    except (ModelUnavailable, TimeoutError) as exc:
        why = str(exc) or f"no answer within {PROBE_S:g} s"
        remedy = f"{_remedy(endpoint, why)}; until then the rules answer for the model, marked as such"
        return [Finding("model", WARNING, f"{pool}: {endpoint.address} is away: {why}", remedy)]
    finally:
        await client.close()


def _remedy(endpoint: Endpoint, why: str) -> str:
    if "expecting header" in why:  # Triton's, by gRPC and by HTTP
        return "set model.api_key and model.api_key_header to the header that it expects"
    if "tls." in why:
        return "correct what stands in model.tls"
    encrypted = endpoint.url.startswith(("https://", "grpcs://"))
    return suspicion(why, encrypted=encrypted) or "start it, or correct its address"


def judge(pool: str, found: str, seconds: float) -> Finding:
    """What a probe found; the client says in brackets what the server lacks."""
    told = f"{pool}: {found}, asked in {seconds * 1e3:,.0f} ms"
    if "(without " not in found:
        return Finding("model", INFO, told)
    remedy = "nothing stops without it; guided decoding saves answers that are no intent, perf metrics tell waits apart"
    return Finding("model", WARNING, told, remedy)
