"""The OpenAPI description of penchant serve, held against a running one by Schemathesis."""

import asyncio
import sys
from pathlib import Path

import pytest

from penchant.front.rules import HttpRules
from penchant.front.tokens import digest
from penchant.serve.service import serving
from penchant.settings.operation import Jobs
from penchant.settings.root import Settings
from tests.penchant.serve.test_serve import TOKEN

pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.timeout(900)]

RULES = Path(__file__).with_name("schemathesis.toml")
EXAMPLES, WITHIN_S = 12, 840


async def test_what_is_sent_and_answered_is_as_described(settings: Settings, tmp_path: Path) -> None:
    """Requests by the schema are accepted, others refused, and each answer has a status, a type and a form that the
    description names: on all paths, files and batches too."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"ranker operator {digest(TOKEN)}\n")
    whole = settings.model_copy(update={"http": HttpRules(tokens_file=tokens), "jobs": Jobs(folder=tmp_path)})
    command = [sys.executable, "-W", "ignore", "-m", "schemathesis.cli", "--config-file", str(RULES), "run"]
    more = ["--max-examples", str(EXAMPLES), "--seed", "1", "--no-color", "--header", f"Authorization: Bearer {TOKEN}"]
    async with serving(whole) as url, asyncio.timeout(WITHIN_S):
        process = await asyncio.create_subprocess_exec(
            *command, f"{url}/openapi.json", *more, cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            told, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, told.decode()
    assert "Tested: 13" in told.decode(), told.decode()
