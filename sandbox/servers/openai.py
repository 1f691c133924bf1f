"""An embedded OpenAI-compatible server before a simulated GPU, for benchmarks: a process of its own, as a real one."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from sandbox.gpu import answers
from sandbox.gpu.timing import LIGHT, Timing
from sandbox.servers.openai_front import MODEL
from sandbox.servers.server import LOOPBACK, Server


class OpenAIServer(Server):
    """`url` is what an OpenAI client takes as base URL. It listens at `host` and lists one model, `model`."""

    name = "openai"

    def __init__(
        self,
        run_folder: Path,
        *,
        timing: Timing | None = None,
        answer: str = answers.DEFAULT,
        host: str = LOOPBACK,
        model: str = MODEL,
    ) -> None:
        super().__init__(run_folder)
        self._timing, self._answer = timing or LIGHT.under(os.environ), answer
        self._host, self.model = host, model

    @property
    def url(self) -> str:
        """Where `/chat/completions` is."""
        return f"http://{LOOPBACK}:{self.ports[0]}/v1"

    @property
    def metrics_url(self) -> str:
        """What it began, ended, and was left with by its clients, as Prometheus text."""
        return f"http://{LOOPBACK}:{self.ports[0]}/metrics"

    def command(self) -> Sequence[str]:
        """This Python, on our module."""
        return [sys.executable, "-m", "sandbox.servers.openai_front", self._host, str(self.ports[0]), self.model]

    def environment(self) -> Mapping[str, str]:
        """The simulation's parameters."""
        return {**os.environ, **self._timing.variables(), answers.VARIABLE: self._answer}

    async def healthy(self) -> bool:
        """It answers, and is a child of this process."""
        try:
            async with httpx.AsyncClient(timeout=1, trust_env=False) as client:
                health = await client.get(f"http://{LOOPBACK}:{self.ports[0]}/health")
        except httpx.HTTPError:
            return False
        return health.text == str(os.getpid())

    def describe(self) -> str:
        """What it really is."""
        return "OpenAI-compatible server of Penchant, simulated GPU"
