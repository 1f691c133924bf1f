"""What programs of others print."""

import asyncio

import pytest

from benchmarks.environments import Environment


async def installed(environment: Environment) -> Environment:
    """It, with all that it lists; the test is skipped where that cannot be had."""
    if why := await environment.install():
        pytest.skip(f"NO {environment.name.upper()}: {why}")
    return environment


async def output(*command: str, given: bytes = b"", within_s: float = 300.0, **options: object) -> bytes:
    """What a program of others prints; it has to end well."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        **options,  # type: ignore[arg-type] # as that says
    )
    try:
        async with asyncio.timeout(within_s):
            printed, said = await process.communicate(given)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()[-2_000:]
    return printed
