"""Serves the embedded Triton alone, on fixed ports, until SIGTERM: the simulated one of docker-compose.yml."""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sandbox.servers.server import LOOPBACK
from sandbox.servers.triton import TritonServer


class ExposedTriton(TritonServer):
    """The same server, on another address than loopback."""

    def __init__(self, run_folder: Path, host: str, ports: Sequence[int]) -> None:
        super().__init__(run_folder)
        self.host, self.ports = host, ports

    def command(self) -> Sequence[str]:
        """With its addresses replaced."""
        addresses = {f"--{kind}-address={LOOPBACK}": f"--{kind}-address={self.host}" for kind in ("http", "grpc")}
        return [addresses.get(option, option) for option in super().command()]


async def serve(host: str, ports: Sequence[int]) -> None:
    """Until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    with tempfile.TemporaryDirectory(prefix="penchant-") as folder:
        async with ExposedTriton(Path(folder), host, ports) as triton:
            sys.stderr.write(f"{triton.describe()}: gRPC on {host}:{ports[1]}, HTTP on {host}:{ports[0]}\n")
            await ended.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default=LOOPBACK)
    parser.add_argument("--ports", type=int, nargs=3, default=(8000, 8001, 8002), metavar=("HTTP", "GRPC", "METRICS"))
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.host, arguments.ports))
