"""Peers: servers of others as child processes, each from an environment of its own."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from benchmarks.environments import Environment
from sandbox.servers.server import LOOPBACK, Server
from streams.errors import PlatformLacks

DYNAMO = Environment("dynamo", whole=True)  # without aisimulate, whose wheel is on no registry of packages
VLLM_ROUTER = Environment("vllm-router")
SMG = Environment("smg")
PLANES = ("--discovery-backend", "file", "--request-plane", "tcp", "--event-plane", "zmq")
MODEL = "mock"


class OpenAIPeer(Server):
    """One that speaks OpenAI's API at `url`. It is healthy once it lists a model."""

    start_within_s = 120.0
    environment_of: Environment

    @property
    def url(self) -> str:
        """Where `/chat/completions` is."""
        return f"http://{LOOPBACK}:{self.ports[0]}/v1"

    async def healthy(self) -> bool:
        """It lists a model: then whatever stands behind it is there too."""
        return bool(await models(self.url))

    async def start(self) -> None:
        """As every server; PlatformLacks where its environment cannot be made."""
        if why := await self.environment_of.install():
            raise PlatformLacks(f"no {self.name}: {why}")
        await super().start()

    def describe(self) -> str:
        """Its package and version."""
        return " ".join(next(iter(self.environment_of.version().items())))


class DynamoFrontend(OpenAIPeer):
    """Dynamo's frontend, which finds its engines by files in the run folder. It needs no engine to be healthy."""

    name = "dynamo"
    environment_of = DYNAMO

    def __init__(self, run_folder: Path, options: Sequence[str] = ()) -> None:
        super().__init__(run_folder)
        self._options = options

    def command(self) -> Sequence[str]:
        """Its module, on loopback as far as it allows: its event plane listens everywhere."""
        where = ("--http-host", LOOPBACK, "--http-port", str(self.ports[0]))
        return [str(DYNAMO.program("python")), "-m", "dynamo.frontend", *where, *PLANES, *self._options]

    def environment(self) -> Mapping[str, str]:
        """Files in the place of a registry."""
        return dynamo_environment(self.run_folder)

    async def healthy(self) -> bool:
        """It answers, with engines or without."""
        return await models(self.url) is not None


class DynamoMocker(OpenAIPeer):
    """Dynamo's simulated engines, `workers` of them in one process, behind the frontend of the same run folder."""

    name = "dynamo-mocker"
    port_count = 0
    environment_of = DYNAMO

    def __init__(self, front: DynamoFrontend, model_folder: Path, workers: int, options: Sequence[str] = ()) -> None:
        super().__init__(front.run_folder)
        self._front, self._model_folder, self._workers, self._options = front, model_folder, workers, options

    @property
    def url(self) -> str:
        """That of the frontend."""
        return self._front.url

    def command(self) -> Sequence[str]:
        """Its module."""
        what = ("--model-path", str(self._model_folder), "--model-name", MODEL, "--num-workers", str(self._workers))
        return [str(DYNAMO.program("python")), "-m", "dynamo.mocker", *what, *PLANES, *self._options]

    def environment(self) -> Mapping[str, str]:
        """The same files."""
        return dynamo_environment(self.run_folder)


class Router(OpenAIPeer):
    """A router before servers that are there already. Its metrics are on loopback too."""

    port_count = 2
    program: Sequence[str]  # of its environment, with the words before its options
    quiet: str

    def __init__(self, run_folder: Path, urls: Sequence[str], policy: str) -> None:
        super().__init__(run_folder)
        self._urls, self._policy = urls, policy

    def command(self) -> Sequence[str]:
        """Its program."""
        name, *words = self.program
        port, metrics = map(str, self.ports)
        where = ("--host", LOOPBACK, "--port", port, "--prometheus-host", LOOPBACK, "--prometheus-port", metrics)
        roots = [url.removesuffix("/v1") for url in self._urls]
        options = ("--policy", self._policy, "--log-level", self.quiet, "--worker-urls", *roots)
        return [str(self.environment_of.program(name)), *words, *where, *options]


class VllmRouter(Router):
    """vllm-router."""

    name = "vllm-router"
    environment_of = VLLM_ROUTER
    program = ("vllm-router",)
    quiet = "warning"


class Smg(Router):
    """The model gateway that SGLang's became."""

    name = "smg"
    environment_of = SMG
    program = ("smg", "launch")
    quiet = "warn"


def dynamo_environment(run_folder: Path) -> Mapping[str, str]:
    """What every part of one Dynamo has in common."""
    return {
        **os.environ,
        "DYN_FILE_KV": str(run_folder / "dynamo-files"),
        "DYN_LOG": "warn",
        "DYN_TCP_RPC_HOST": LOOPBACK,
        "HF_HUB_OFFLINE": "1",
    }


async def models(url: str, headers: Mapping[str, str] | None = None) -> list[str] | None:
    """The models that a server lists; None where it does not answer."""
    try:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            answer = await client.get(f"{url}/models", headers=headers)
            return [each["id"] for each in answer.json()["data"]] if answer.is_success else None
    except (httpx.HTTPError, ValueError, KeyError):
        return None
