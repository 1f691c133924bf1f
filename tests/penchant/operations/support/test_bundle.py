"""penchant doctor --bundle: what a support case needs, without a secret and without a shopper."""

import stat
import zipfile
from pathlib import Path

import orjson
import pytest

from penchant.operations.support.masking import names_nobody, secrets_in
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from tests.penchant.commands import run
from tests.penchant.console.world import fleet, settings

SECRETS = ("s3cret-by-value", "s3cret-of-a-file", "s3cret of an address", "s3cret-of-a-pool")
SHOPPER = "shopper-4711"
LOG = f"""\
2026-01-31T08:00:00Z [info     ] group.begins                   group=penchant
2026-01-31T08:00:00Z [debug    ] call.begins                    key={SHOPPER}
2026-01-31T08:00:00Z [warning  ] redis.refused                  with={SECRETS[0]}
2026-01-31T08:00:00Z [error    ] context.corrupt                shopper={SHOPPER}
Traceback (most recent call last):
ValueError: {SHOPPER} cannot be read with {SECRETS[1]}
{{"event":"x","level":"debug","key":"{SHOPPER}"}}
{{"event":"topic.admitted","level":"info","auth":"{SECRETS[3]}"}}
"""


def planted(folder: Path) -> Settings:
    """A secret by each way that there is."""
    (folder / "password").write_text(SECRETS[1] + "\n")
    url = "redis://u:s3cret%20of%20an%20address@127.0.0.1:9/0"
    kafka = {"security_protocol": "SASL_SSL", "sasl_username": "u", "sasl_password": SECRETS[0]}
    model = {"url": "http://127.0.0.1:9/v1", "api_key_file": str(folder / "password")}
    pools = [{"name": "a", "endpoints": [{"url": "http://127.0.0.1:9/v1", "api_key": SECRETS[3]}]}]
    return Settings.model_validate({"redis": {"url": url}, "kafka": kafka, "model": model, "pools": pools})


def test_every_secret_of_the_settings_is_known(tmp_path: Path) -> None:
    """By value, by file, in an address, and in a table."""
    assert set(SECRETS) <= set(secrets_in(planted(tmp_path)))


def test_lines_that_may_name_a_shopper_stay_here() -> None:
    """Ours above debug, without the field; no other line."""
    lines = LOG.splitlines()
    assert list(filter(names_nobody, lines)) == [lines[0], lines[2], lines[7]]


@pytest.mark.redis
async def test_the_archive_holds_no_secret_and_no_shopper(redis_server: RedisServer, tmp_path: Path) -> None:
    """Findings, settings with origins, versions, the fleet with its metrics, and the log's last lines."""
    (tmp_path / "log").write_text(LOG)
    (tmp_path / "key").write_text(SECRETS[1])
    given = settings(redis_server.url)
    variables = {
        "REDIS__URL": given.redis.url, "REDIS__NAMESPACE": given.redis.namespace, "KAFKA__BOOTSTRAP": "127.0.0.1:9",
        "KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA__SASL_USERNAME": "u", "KAFKA__SASL_PASSWORD": SECRETS[0],
        "MODEL__URL": f"http://u:{SECRETS[3]}@127.0.0.1:9/v1",
        "MODEL__API_KEY_FILE": tmp_path / "key",
    }  # fmt: skip
    async with fleet(given, last=f"with {SECRETS[1]}"):
        ended = await run(tmp_path, variables, "doctor", "--bundle", "b.zip", "--log-file", "log", "--json")
    assert ended.status == 1, ended.err
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert {"findings.json", "settings.json", "versions.json", "fleet.json", "metrics/0.txt", "log.txt"} <= set(texts)
    assert orjson.loads(texts["findings.json"]) == ended.report["findings"]
    assert orjson.loads(texts["settings.json"])["kafka.sasl_password"]["value"] == "(hidden)"
    assert orjson.loads(texts["versions.json"])["packages"]["pydantic"]
    assert set(orjson.loads(texts["fleet.json"])["workers"]) == {"worker-1", "worker-2"}
    assert "penchant_" in texts["metrics/0.txt"]
    assert "group.begins" in texts["log.txt"]
    everything = "".join(texts.values())
    assert not [text for text in (*SECRETS, SHOPPER) if text in everything]
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


async def test_a_file_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """Exit status 2, and the file's name."""
    variables = {"REDIS__URL": "redis://127.0.0.1:9/0", "KAFKA__BOOTSTRAP": "127.0.0.1:9", "MODEL__URL": "127.0.0.1:9"}
    ended = await run(tmp_path, variables, "doctor", "--bundle", "nowhere/b.zip")
    assert ended.status == 2
    assert "nowhere/b.zip cannot be used" in ended.err
