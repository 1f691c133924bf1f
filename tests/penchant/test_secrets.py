"""Secrets: no error, traceback or output shows a piece of a password or key, whatever characters it has."""

import json
import traceback
from collections.abc import Callable, Mapping
from urllib.parse import quote

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import settings as limited
from hypothesis import strategies as st

from agents.fleet.judge import ExperimentNotice
from clients.dialects.http import http_url
from clients.dialects.openai import OpenAIClient
from penchant.settings import Settings, load_settings
from penchant.settings.catalogue import catalogue
from penchant.settings.problems import masked, shown
from penchant.telemetry.alerts import Alerts
from storage.connection import connect
from streams.errors import PenchantError, SettingInvalid
from tests.fakes.canned_server import answer, canned
from tests.secret_texts import pieces, secrets

PLACES: Mapping[str, Callable[[str], Mapping[str, object]]] = {
    "a Redis URL": lambda secret: {"redis.url": f"redis://:{secret}@127.0.0.1:6379/0"},
    "a Redis user": lambda secret: {"redis.url": f"rediss://{secret}:{secret}@127.0.0.1:6379/0"},
    "a Redis query": lambda secret: {"redis.url": f"redis://127.0.0.1:6379/0?password={secret}&db=1"},
    "a Redis URL without a host": lambda secret: {"redis.url": f"redis://:{secret}".replace("@", "")},
    "a Redis URL of no kind": lambda secret: {"redis.url": f"redsi://:{secret}@host/0"},
    "an encoded Redis URL": lambda secret: {"redis.url": f"redis://:{quote(secret, safe='')}@127.0.0.1:6379/0"},
    "a list of URLs": lambda secret: {"redis.url": [f"redis://:{secret}@host/0"]},
    "a section": lambda secret: {"redis": f"redis://:{secret}@host/0"},
    "a model's URL": lambda secret: {"model.url": f"http://me:{secret}@host:8000/v1"},
    "a model's query": lambda secret: {"model.url": f"http://host:8000/v1?key={secret}"},
    "a gRPC address": lambda secret: {"model.url": f"me:{secret}@host:8001"},
    "an API key": lambda secret: {"model.api_key": secret, "calls.deadline_s": -1},
    "a list of keys": lambda secret: {"model.api_key": [secret]},
    "a misspelt key": lambda secret: {"model.api_kye": secret},
    "brokers": lambda secret: {"kafka.bootstrap": f"me:{secret}@host:9092"},
    "a Kafka password": lambda secret: {"kafka.sasl_password": secret, "kafka.security_protocol": "SASL_SSL"},
    "a client's secret": lambda secret: {"kafka.oauth.client_secret": secret, "kafka.sasl_mechanism": "OAUTHBEARER"},
    "a token endpoint": lambda secret: {"kafka.oauth.token_url": f"https://me:{secret}@login.example.com/token"},
    "a key's password": lambda secret: {"kafka.tls.key_password": secret, "kafka.tls.key_file": "none"},
    "a Redis password": lambda secret: {"redis.password": secret, "redis.cluster": "perhaps"},
    "a Redis login, twice": lambda secret: {"redis.password": secret, "redis.url": f"redis://:{secret}@host/0"},
    "a Sentinel's password": lambda secret: {"redis.sentinel.password": secret, "redis.sentinel.addresses": ["x"]},
    "a model's key": lambda secret: {"model.tls.key_password": secret, "model.tls.key_file": "none"},
    "a password for its file": lambda secret: {"redis.password_file": secret},
    "a key for its file": lambda secret: {"kafka.tls.key_file": f"-----BEGIN PRIVATE KEY-----\n{secret * 300}"},
    "tokens for their file": lambda secret: {"http.tokens_file": f"ada {secret}"},
    "a key for a certificate": lambda secret: {"model.tls.cert_file": f"-----BEGIN PRIVATE KEY-----\n{secret * 300}"},
    "a pool's key for its file": lambda secret: {"pools": _pools(api_key_file=secret * 300)},
    "a webhook": lambda secret: {"alerts.url": f"https://hooks.example.com/{secret}"},
    "no webhook": lambda secret: {"alerts.url": f"hooks.example.com/{secret}"},
    "pools": lambda secret: {"pools": _pools(api_key=secret)},
    "pools with a fault": lambda secret: {"pools": _pools(api_key=secret, wieght=1)},
    "pools as JSON": lambda secret: {"pools": json.dumps(_pools(api_key=secret))},
    "pools as broken JSON": lambda secret: {"pools": json.dumps(_pools(api_key=secret))[:-2]},
    "a pool's URL": lambda secret: {"pools": _pools(url=f"http://me:{secret}@host:8000/v1")},
    "a pool's URL, twice": lambda secret: {"pools": _pools(url=f"http://me:{secret}@host:8000/v1") * 2},
}


def _pools(**endpoint: object) -> list[dict[str, object]]:
    return [{"name": "own", "endpoints": [{"url": "http://host:8000/v1", **endpoint}]}]


@pytest.mark.parametrize("place", PLACES)
@limited(max_examples=20)
@given(secret=secrets())
def test_settings_tell_nothing_of_a_secret(place: str, secret: str) -> None:
    """Wrong ones not in the error and its traceback, right ones not in what `penchant settings` shows."""
    loaded: list[Settings] = []
    told = _told(lambda: loaded.append(load_settings(overrides=PLACES[place](secret)).settings))
    for settings in loaded:
        entries = [(entry, entry.value(settings)) for entry in catalogue().values()]
        told += "".join(f"{shown(entry, value)}{masked(entry, value)}" for entry, value in entries)
    assert loaded or "remedy: " in told
    assert not pieces(secret, told), told


@given(secret=secrets(), cut=st.sampled_from(["", "'", '"', "\n", "\\", "]"]))
def test_a_file_that_is_not_toml_tells_nothing_of_its_text(
    secret: str, cut: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Only where in it the fault is."""
    path = tmp_path_factory.getbasetemp() / "broken.toml"
    path.write_text(
        f'[redis]\nurl = "redis://:{secret}{cut}@host/0\n"{secret}" = 1\n"{secret}" = 2\n', encoding="utf-8"
    )
    with pytest.raises(SettingInvalid) as caught:
        load_settings(path)
    assert not pieces(secret, "".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize("cluster", [False, True])
@given(secret=secrets(), form=st.sampled_from(["redis://:{}@h:1/0", "redis://{}", "redis://h/0?password={}", "{}"]))
def test_a_redis_url_that_cannot_be_read_is_not_shown(secret: str, form: str, *, cluster: bool) -> None:
    """Nor is what the library says of it."""
    assert not pieces(secret, _told(lambda: connect(form.format(secret), cluster=cluster)))


@pytest.mark.parametrize("cluster", [False, True])
def test_a_redis_url_with_an_unknown_query_is_refused(*, cluster: bool) -> None:
    """Before anything connects, and without being shown."""
    with pytest.raises(SettingInvalid) as caught:
        connect("redis://host?QXZJQX=ZJQXZJ", cluster=cluster)
    assert not pieces("QXZJQX ZJQXZJ", str(caught.value))


@given(secret=secrets(), form=st.sampled_from(["http://:{}@h:1/v1", "http://me:{}", "ftp://:{}@h/", "http://h:{}/v1"]))
def test_a_model_url_that_cannot_be_read_is_not_shown(secret: str, form: str) -> None:
    """Nor is what the library says of it."""
    assert not pieces(secret, _told(lambda: http_url(form.format(secret), "write another one")))


def _told(make: Callable[[], object]) -> str:
    """The error with its traceback; empty when all is well."""
    try:
        make()
    except SettingInvalid as error:
        return "".join(traceback.format_exception(error))
    return ""


async def test_a_model_server_that_refuses_is_told_without_the_login() -> None:
    """The login of its URL is sent, and is in neither the error nor its cause."""
    heads: list[bytes] = []
    async with canned(answer(401, b"no", {}), heads) as url:
        client = OpenAIClient(url.replace("http://", "http://me:QXZJQX%23ZJQX@"))
        with pytest.raises(PenchantError) as caught:
            await client.probe()
        await client.close()
    assert f"authorization: {httpx.BasicAuth('me', 'QXZJQX#ZJQX')._auth_header}".encode() in heads[0]
    assert not pieces("QXZJQX#ZJQX", "".join(traceback.format_exception(caught.value)))


async def test_a_webhook_that_refuses_is_told_without_its_url() -> None:
    """Most of them hold a key in the path."""
    alerts = Alerts("https://hooks.example.com/QXZJQX?key=ZJQXZJ")
    notice = ExperimentNotice("rolled_back", "x", "a", "it was slow", 0.0)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(403))) as client:
        with structlog.testing.capture_logs() as logs:
            await alerts._post(client, {"kind": notice.kind})
    assert logs
    assert not pieces("QXZJQX ZJQXZJ", repr(logs))
