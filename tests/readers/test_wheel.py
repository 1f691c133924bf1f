"""The reader's wheel lives beside packages of a ranker's own that are called like the service's."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from sandbox.servers.redis import RedisServer
from storage.connection import connect
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from tests.storage.sides import write

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
THEIRS = ("agents", "clients", "penchant", "prompts", "sandbox", "storage", "streams")
WITHIN_S = 240

RANK = """
import json, sys
import agents, clients, penchant, prompts, sandbox, storage, streams
from penchant_reader import IntentReader
with IntentReader(sys.argv[1], namespace="wheel", timeout_s=30, strict=True) as reader:
    intent = reader.get("ada")
owners = [each.OWNER for each in (agents, clients, penchant, prompts, sandbox, storage, streams)]
print(json.dumps({"owners": owners, "category": intent.category, "doc": intent.doc["stage"]}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader's wheel, as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT / "readers" / "python"))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def ranker(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a ranker that has packages of those names, and the reader."""
    home = tmp_path_factory.mktemp("ranker")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True, timeout=WITHIN_S)
    (packages,) = home.glob("lib/python*/site-packages")
    for name in THEIRS:
        (packages / name).mkdir()
        (packages / name / "__init__.py").write_text(f'OWNER = "the ranker\'s {name}"\n')
    python = home / "bin" / "python"
    _pip("--python", str(python), "install", "-c", str(ROOT / "constraints.txt"), str(wheel))
    return python


def test_the_wheel_holds_one_package(wheel: Path) -> None:
    """Nothing of it can lie where others have theirs; its types come along."""
    names = ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"penchant_reader"}
    assert "penchant_reader/py.typed" in names


@pytest.mark.redis
async def test_the_wheel_works_beside_packages_of_the_same_names(redis_server: RedisServer, ranker: Path) -> None:
    """It reads what the service wrote, and the ranker's packages stay the ranker's."""
    async with connect(redis_server.url) as client:
        await RedisCheckpoints(client, Keys("wheel"), 30).write([write("ada")])
    command = [str(ranker), "-I", "-W", "error", "-c", RANK, redis_server.url]
    done = await asyncio.to_thread(
        subprocess.run, command, check=False, capture_output=True, text=True, timeout=WITHIN_S
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "owners": [f"the ranker's {name}" for name in THEIRS],
        "category": "home/kettles",
        "doc": "compare",
    }


def _pip(*words: str) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, *words], check=False, capture_output=True, text=True, timeout=WITHIN_S)
    assert done.returncode == 0, done.stdout + done.stderr
