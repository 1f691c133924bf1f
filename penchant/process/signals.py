"""Signals: the first asks for an orderly stop, the second ends the process at once; SIGHUP asks for new settings."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from threading import Thread

STOPS = (signal.SIGTERM, signal.SIGINT)


def stop_with_parent() -> None:
    """Ask this process to stop when its standard input ends: whoever started it holds the other end, and is gone."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, name="parent", daemon=True).start()


@contextmanager
def reload_signal() -> Iterator[asyncio.Event]:
    """An event that is set by SIGHUP, which otherwise ends the process. For the main thread's event loop."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


async def until_stopped(work: Coroutine[object, object, None]) -> None:
    """Run it until it ends, or until SIGTERM or Ctrl-C; then it is cancelled, and waited for. Raises what it raises."""
    with stop_signals() as stopped:
        running, stop = asyncio.create_task(work), asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait((running, stop), return_when=asyncio.FIRST_COMPLETED)
        finally:
            running.cancel()
            stop.cancel()
            await asyncio.wait((running, stop))
    if not running.cancelled():
        running.result()


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that is set by SIGTERM or Ctrl-C. For the main thread's event loop."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        if asked.is_set():
            os._exit(128 + number)  # asked twice: whoever asks does not want to wait, and a crash loses nothing
        asked.set()

    for number in STOPS:
        loop.add_signal_handler(number, stop, number)
    try:
        yield asked
    finally:
        for number in STOPS:
            loop.remove_signal_handler(number)
