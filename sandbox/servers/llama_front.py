"""The child that serves a GGUF file: `python -m sandbox.servers.llama_front FILE PORT`; llama.cpp's own server."""

import importlib
import signal
import sys
from pathlib import Path
from typing import Any

CONTEXT_TOKENS = 8_192
THREADS = 1
"""More wait for each other at barriers, spinning: on a machine that does other things as well, that is far slower."""


def serve(file: Path, port: int) -> Any:
    """llama.cpp's server in this process, at its `listening_address` while it is referred to; port 0 is any that is
    free."""
    llama = importlib.import_module("xllamacpp")  # whose types are not published
    params = llama.CommonParams()
    params.model.path, params.model_alias, params.port = str(file), {file.stem}, port
    params.n_ctx, params.n_parallel = CONTEXT_TOKENS, 1  # one slot, so that every prompt finds the last one's beginning
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
    return llama.Server(params)


def main(file: Path, port: int) -> None:
    """Serve until SIGTERM; says where when it listens."""
    server = serve(file, port)
    print(f"listening on {server.listening_address}", flush=True)  # noqa: T201 (a program's output)
    signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
