"""The embedded Triton: the tritonserver of the nvidia-pytriton wheel on our model repository, without a GPU.

The wheel's server, its Python backend and the backend's stub for this Python are used directly; PyTriton itself is not.
"""

import itertools
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import httpx

from sandbox.gpu import answers, fault_file
from sandbox.gpu.faults import Faults
from sandbox.gpu.timing import LIGHT, Timing
from sandbox.servers.server import COMPLAINT_LINES, LOOPBACK, Server
from streams.errors import PlatformLacks

REPOSITORY = Path(__file__).with_name("repository")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (where the backend puts it)
PREFIX = "penchant-triton"
REMEDY = (
    "pip install 'penchant[embedded]' on Linux x86-64 with glibc 2.35 or newer and a Python 3.11 or 3.12 with its "
    "shared library"
)
NUMBER = itertools.count()


class TritonServer(Server):
    """A real tritonserver before a simulated GPU; `models` of the repository are loaded, each before one of its own:
    `ensemble`, or `tensorrt_llm`, which is that of TensorRT-LLM's llmapi repository. It listens at `host`."""

    name = "triton"
    port_count = 3
    stop_within_s = 1.0  # unloading the model takes the backend more than that, and it has nothing to save

    def __init__(
        self,
        run_folder: Path,
        *,
        timing: Timing | None = None,
        answer: str = answers.DEFAULT,
        models: Sequence[str] = ("ensemble",),
        host: str = LOOPBACK,
    ) -> None:
        super().__init__(run_folder)
        if why := missing():
            raise PlatformLacks(f"no tritonserver: {why}", REMEDY)
        self._wheel = _wheel()
        self._timing, self._answer, self._models = timing or LIGHT.under(os.environ), answer, models
        self._host = host
        self.memory_prefix = f"{PREFIX}-{os.getpid()}-{next(NUMBER)}"
        self._id = f"simulated-{self.memory_prefix}"
        self._version = "of unknown version"

    @property
    def grpc_address(self) -> str:
        """What tritonclient.grpc takes, `host:port`."""
        return f"{LOOPBACK}:{self.ports[1]}"

    @property
    def http_url(self) -> str:
        """Where `/v2/models/ensemble/generate` is."""
        return f"http://{LOOPBACK}:{self.ports[0]}"

    @property
    def metrics_url(self) -> str:
        """Prometheus text, with `nv_trt_llm_request_metrics` and others of TensorRT-LLM's."""
        return f"http://{LOOPBACK}:{self.ports[2]}/metrics"

    def play(self, faults: Faults) -> None:
        """Put these faults in force, within a tenth of a second if it runs. They outlive a restart."""
        self.run_folder.mkdir(parents=True, exist_ok=True)
        fault_file.write(self._fault_file, faults)

    def command(self) -> Sequence[str]:
        """tritonserver, CPU only, bounded on its way out, silent towards the outside."""
        http, grpc, metrics = self.ports
        options = {
            "id": self._id,
            "model-repository": REPOSITORY,
            "backend-directory": self._backends(),
            "backend-config": f"python,shm-region-prefix-name={self.memory_prefix}",
            "disable-auto-complete-config": None,
            "http-address": self._host,
            "http-port": http,
            "grpc-address": self._host,
            "grpc-port": grpc,
            "metrics-port": metrics,
            "allow-gpu-metrics": "false",
            "exit-timeout-secs": 1,
        }
        loaded = ["--model-control-mode=explicit", *(f"--load-model={model}" for model in self._models)]
        written = [f"--{key}" if value is None else f"--{key}={value}" for key, value in options.items()]
        return [str(self._wheel / "bin" / "tritonserver"), *written, *loaded]

    def environment(self) -> Mapping[str, str]:
        """This Python for the stub, and the simulation's parameters."""
        packages = [str(REPOSITORY.parents[2]), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
        return {
            **os.environ,
            **self._timing.variables(),
            answers.VARIABLE: self._answer,
            fault_file.VARIABLE: str(self._fault_file),
            "LD_LIBRARY_PATH": _library_path(self._wheel),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": os.pathsep.join(dict.fromkeys([*packages, os.environ.get("PYTHONPATH", "")])).rstrip(
                os.pathsep
            ),
        }

    async def healthy(self) -> bool:
        """The models are ready on a server with our id, and the metrics, which start last, are there."""
        try:
            async with httpx.AsyncClient(timeout=1, trust_env=False) as client:
                about = (await client.get(f"{self.http_url}/v2")).json()
                ready = [await client.get(f"{self.http_url}/v2/models/{model}/ready") for model in self._models]
                metrics = await client.get(self.metrics_url)
        except (httpx.HTTPError, ValueError):
            return False
        self._version = about.get("version", self._version)
        return about.get("name") == self._id and all(r.is_success for r in (*ready, metrics))

    def complaint(self) -> str:
        """Its errors, without the tables around them."""
        wrong = [line for line in self.said().splitlines() if line.startswith(("E", "error:"))]
        return "\n".join(wrong[-COMPLAINT_LINES:])

    def clean_up(self) -> None:
        """Remove its shared memory, and that of servers whose owner is gone."""
        for region in SHARED_MEMORY.glob(f"{PREFIX}-*"):
            owner = region.name.removeprefix(f"{PREFIX}-").split("-")[0]
            if region.name.startswith(self.memory_prefix) or not Path("/proc", owner).exists():
                region.unlink(missing_ok=True)

    def describe(self) -> str:
        """E.g. `tritonserver 2.51.0, simulated GPU`."""
        return f"tritonserver {self._version}, simulated GPU"

    @property
    def _fault_file(self) -> Path:
        return Path(os.environ.get(fault_file.VARIABLE) or self.run_folder.resolve() / "faults")

    def _backends(self) -> Path:
        """A backend folder with the stub of this Python beside the backend, where the server looks for it."""
        backends = self.run_folder.resolve() / "backends"
        python = backends / "python"
        python.mkdir(parents=True, exist_ok=True)
        for file in [*(self._wheel / "backends" / "python").iterdir(), _stub(self._wheel)]:
            link = python / file.name
            link.unlink(missing_ok=True)
            link.symlink_to(file)
        return backends


def missing() -> str:
    """Why there can be no tritonserver here; empty when there can."""
    if not find_spec("pytriton"):
        return "the nvidia-pytriton wheel is not installed"
    wheel = _wheel()
    stub = _stub(wheel)
    if not stub.exists():
        return f"the nvidia-pytriton wheel has no stub for Python {_python()}"
    if not version("numpy").startswith("1."):
        return f"the stub needs numpy below 2 and dies at the first request with numpy {version('numpy')}"
    return _loader_complaint(stub, wheel)


def _loader_complaint(stub: Path, wheel: Path) -> str:
    """The stub without arguments only says so; without libpython or with an old glibc it cannot even that."""
    environment = {**os.environ, "LD_LIBRARY_PATH": _library_path(wheel)}
    try:
        run = subprocess.run([stub], env=environment, capture_output=True, text=True, check=False, timeout=10)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as exc:
        return f"its stub does not run ({exc})"
    return run.stderr.strip().splitlines()[-1] if run.returncode == 127 else ""


def _wheel() -> Path:
    spec = find_spec("pytriton")  # found, not imported: importing it is slow and takes over signals
    if not spec or not spec.origin:
        raise PlatformLacks("no tritonserver: the nvidia-pytriton wheel is not installed", REMEDY)
    return Path(spec.origin).parent / "tritonserver"


def _stub(wheel: Path) -> Path:
    return wheel / "python_backend_stubs" / _python() / "triton_python_backend_stub"


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _library_path(wheel: Path) -> str:
    """Where the server's own libraries and this Python's are."""
    own = [wheel.parent.parent / "nvidia_pytriton.libs", wheel / "external_libs"]
    return os.pathsep.join(
        [*map(str, own), str(sysconfig.get_config_var("LIBDIR")), os.environ.get("LD_LIBRARY_PATH", "")]
    )
