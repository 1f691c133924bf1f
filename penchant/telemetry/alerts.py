"""Alerts: what operators should know at once, posted to a webhook of theirs."""

import asyncio
from typing import Any

import httpx
import orjson
import structlog

from agents.fleet.judge import ExperimentNotice
from clients.pools.registry import Notice
from penchant.telemetry.alert_text import alert

WITHIN_S = 5.0
KEPT = 100
"""Alerts that wait for a webhook which does not answer; further ones are only in the log."""

log = structlog.get_logger()


class Alerts:
    """Posts one JSON object an alert. `run` beside it sends them; what cannot be sent is said in the log."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(KEPT)

    def tell(self, notice: Notice | ExperimentNotice) -> None:
        """Send this soon. Never waits."""
        told = alert(notice)
        try:
            self._waiting.put_nowait(told)
        except asyncio.QueueFull:
            log.warning("alert.dropped", why=f"{KEPT} wait already for the webhook", alert=told)

    async def run(self) -> None:
        """Send until cancelled."""
        async with httpx.AsyncClient(timeout=WITHIN_S, trust_env=False) as client:
            while True:
                await self._post(client, await self._waiting.get())

    async def _post(self, client: httpx.AsyncClient, told: dict[str, Any]) -> None:
        try:
            answer = await client.post(
                self._url, content=orjson.dumps(told), headers={"Content-Type": "application/json"}
            )
            answer.raise_for_status()
        except httpx.HTTPStatusError as error:  # whose text shows the URL, and most hold a key
            log.warning("alert.failed", error=f"the webhook answered {error.response.status_code}", alert=told)
        except httpx.HTTPError as error:
            log.warning("alert.failed", error=str(error) or type(error).__name__, alert=told)
