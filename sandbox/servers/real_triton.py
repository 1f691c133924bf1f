"""The embedded Triton before a real language model: llama.cpp inside its Python backend, from wheels."""

from collections.abc import Mapping
from pathlib import Path

from sandbox.servers import llama_serving
from sandbox.servers.llama import require_llama
from sandbox.servers.triton import TritonServer


class RealTritonServer(TritonServer):
    """The `ensemble` of TritonServer, answered by the model of a GGUF file; timing and faults are of no effect.
    PlatformLacks without the wheel."""

    start_within_s = 120.0

    def __init__(self, run_folder: Path, file: Path) -> None:
        super().__init__(run_folder)
        require_llama()
        self._file = file.absolute()

    @property
    def url(self) -> str:
        """Its gRPC port, as settings have it."""
        return self.grpc_address

    def environment(self) -> Mapping[str, str]:
        """The model's file beside all else."""
        return {**super().environment(), llama_serving.VARIABLE: str(self._file)}

    def describe(self) -> str:
        """What it really is."""
        return super().describe().replace("simulated GPU", f"{self._file.stem}, real, on llama.cpp, one thread")
