"""Virtual time for tests of the model side: hours of calls in a second, and always the same."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from clients.calls import Call, Class
from sandbox.clock import Clock

T = TypeVar("T")


def virtually(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `main` in virtual time; what it leaves running is ended."""
    clock = Clock(most=20_000_000)
    results: list[T] = []

    async def run() -> None:
        results.append(await main())

    try:
        clock.run(clock.process("test"), run())
    finally:
        clock.bury()
    return results[0]


def call(deadline_s: float, shopper: str = "ada", traffic_class: Class = "live", prompt: str = "x" * 4_000) -> Call:
    """A call of a shopper."""
    return Call(f"{shopper}-{deadline_s}", prompt, deadline_s, 100, shopper=shopper, traffic_class=traffic_class)
