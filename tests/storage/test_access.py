"""Every way to a guarded Redis: certificates, ACL users, Sentinels; and what is said where one does not let us in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from redis.asyncio import Redis

from penchant.operations.doctor import redis as doctor
from penchant.operations.doctor.findings import ERROR
from penchant.settings.root import Settings
from sandbox.servers.authority import Authority
from sandbox.servers.redis import RedisServer
from sandbox.servers.secured_redis import PASSWORD, USER, SecuredRedis
from sandbox.servers.sentinel import SERVICE, RedisSentinel
from storage.connection import ask
from storage.redis_rules import RedisRules
from streams.errors import SettingInvalid, StoreUnavailable
from tests.e2e.shop import until
from tests.redis_cluster import free_port

pytestmark = [pytest.mark.slow, pytest.mark.redis]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
async def secured(
    anyio_backend: str, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SecuredRedis]:
    """A Redis with TLS, certificates on both sides and ACL users."""
    async with SecuredRedis(tmp_path_factory.mktemp("redis"), authority) as server:
        yield server


def rules(server: SecuredRedis, authority: Authority, **given: Any) -> dict[str, Any]:
    """Settings that get in."""
    ours = authority.issue("worker")
    files = {"ca_file": authority.ca, "cert_file": ours.cert, "key_file": ours.key}
    return {"url": server.url, "username": USER, "password": PASSWORD, "tls": files, "timeout_s": 3.0} | given


async def test_a_certificate_and_a_user(secured: SecuredRedis, authority: Authority) -> None:
    """The user may use the keys of its namespace, and no others; doctor finds the server."""
    given = rules(secured, authority)
    async with RedisRules(**given).connect() as client:
        assert await ask(client, [("SET", "penchant:x", "1"), ("GET", "penchant:x")], 3.0) == [True, b"1"]
        with pytest.raises(StoreUnavailable, match="NoPermissionError"):
            await ask(client, [("SET", "others:x", "1")], 3.0)
    assert "redis" in {each.subject for each in await doctor.examine(Settings.model_validate({"redis": given}))}


FAULTS: Mapping[str, tuple[Callable[[Authority], dict[str, Any]], str]] = {
    "no CA": (lambda _: {"tls": {}}, "tls.ca_file"),
    "no certificate": (lambda authority: {"tls": {"ca_file": authority.ca}}, "tls.cert_file"),
    "wrong password": (lambda _: {"password": "wrong"}, "redis.password"),
    "wrong user": (lambda _: {"username": "nobody"}, "redis.username"),
    "plain": (lambda _: {"url": "redis"}, "it speaks TLS"),
    "nobody there": (lambda _: {"url": "redis://127.0.0.1:1/0"}, "start Redis"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_doctor_names_the_cause(fault: str, secured: SecuredRedis, authority: Authority) -> None:
    """Each fault of a connection, with the setting to correct."""
    make, part = FAULTS[fault]
    given = rules(secured, authority) | make(authority)
    given["url"] = secured.url.replace("rediss", "redis") if given["url"] == "redis" else given["url"]
    [found] = await doctor.examine(Settings.model_validate({"redis": given}))
    assert found.severity == ERROR
    assert part in f"{found.found} {found.remedy}"


async def test_a_password_that_changes_is_read_again(
    secured: SecuredRedis, authority: Authority, tmp_path: Path
) -> None:
    """The next connection logs in by the new one."""
    path = tmp_path / "password"
    await asyncio.to_thread(path.write_text, PASSWORD)
    given = rules(secured, authority, password=None, password_file=path)
    async with secured.owner() as owner, RedisRules(**given).connect() as client:
        await ask(client, [("GET", "penchant:x")], 3.0)
        await owner.acl_setuser(USER, enabled=True, reset_passwords=True, passwords=["+another"])
        try:
            await asyncio.to_thread(path.write_text, "another")
            assert isinstance(client, Redis)
            await client.connection_pool.disconnect()
            await ask(client, [("GET", "penchant:x")], 3.0)
        finally:
            await owner.acl_setuser(USER, enabled=True, reset_passwords=True, passwords=[f"+{PASSWORD}"])


async def test_a_renewed_certificate_is_shown_to_the_next_connection(
    secured: SecuredRedis, authority: Authority, tmp_path: Path
) -> None:
    """One of another authority does not get in, and one that is renewed in its place does."""
    strange, ours = Authority(tmp_path / "strange").issue("worker"), authority.issue("worker")
    cert, key = tmp_path / "tls.crt", tmp_path / "tls.key"

    def write(one: Any) -> None:
        cert.write_text(one.cert.read_text())
        key.write_text(one.key.read_text())

    await asyncio.to_thread(write, strange)
    files = {"ca_file": authority.ca, "cert_file": cert, "key_file": key}
    async with RedisRules(**rules(secured, authority, tls=files)).connect() as client:
        with pytest.raises(StoreUnavailable):
            await ask(client, [("GET", "penchant:x")], 3.0)
        await asyncio.to_thread(write, ours)
        assert await ask(client, [("GET", "penchant:x")], 3.0)


async def test_sentinels_name_the_primary_and_the_next_one(tmp_path: Path) -> None:
    """A client follows a failover: the replica that became the primary takes its writes."""
    async with RedisServer(tmp_path / "a") as primary, RedisServer(tmp_path / "b") as replica:
        async with RedisRules(url=replica.url).connect() as client:
            await ask(client, [("REPLICAOF", "127.0.0.1", primary.ports[0])], 3.0)
        async with RedisSentinel(tmp_path / "s", primary) as sentinel:
            addresses = ("127.0.0.1:1", sentinel.address)  # one of them is away
            given = RedisRules(sentinel={"addresses": addresses, "service": SERVICE}, timeout_s=3.0)  # type: ignore[arg-type]
            await until(sentinel.knows_a_replica)
            async with given.connect() as client:
                await ask(client, [("SET", "x", "1")], 3.0)
                await primary.kill()

                async def writes_again() -> bool:
                    try:
                        await ask(client, [("SET", "x", "2")], 3.0)
                    except StoreUnavailable:
                        return False
                    return True

                await until(writes_again)
            async with RedisRules(url=replica.url).connect() as client:
                assert await ask(client, [("GET", "x")], 3.0) == [b"2"]


async def test_a_service_that_no_sentinel_knows(tmp_path: Path) -> None:
    """It is named."""
    async with RedisServer(tmp_path / "a") as primary, RedisSentinel(tmp_path / "s", primary) as sentinel:
        given = RedisRules(sentinel={"addresses": (sentinel.address,), "service": "other"}, timeout_s=3.0)  # type: ignore[arg-type]
        async with given.connect() as client:
            with pytest.raises(StoreUnavailable, match="other"):
                await ask(client, [("GET", "x")], 3.0)


class OneNodeCluster(SecuredRedis):
    """A cluster of one node, over TLS."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.ports = (free_port(), *self.ports[1:])

    def command(self) -> Sequence[str]:
        """Its nodes would talk over TLS too."""
        return [*super().command(), "--cluster-enabled", "yes", "--tls-cluster", "yes"]


async def test_a_cluster_over_tls(authority: Authority, tmp_path: Path) -> None:
    """It is found from one of its nodes, with certificate and user."""
    async with OneNodeCluster(tmp_path, authority) as server:
        async with server.owner() as owner:
            await owner.cluster("ADDSLOTSRANGE", 0, 16_383)

            async def whole() -> bool:
                return (await owner.cluster("INFO"))["cluster_state"] == "ok"  # type: ignore[no-any-return]

            await until(whole)
        async with RedisRules(**rules(server, authority, cluster=True)).connect() as client:
            assert await ask(client, [("SET", "penchant:x", "1")], 3.0)


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"url": "redis://me:x@h:1/0", "password": "y"}, "redis.url has a login too"),
        ({"cluster": True, "sentinel": {"addresses": ["h:1"]}}, "a cluster has no Sentinels"),
        ({"sentinel": {"addresses": ["h"]}}, "pattern"),
    ],
)
def test_settings_that_do_not_fit(given: dict[str, Any], part: str) -> None:
    """They are refused at the start."""
    with pytest.raises(ValidationError, match=part):
        RedisRules(**given)


def test_a_cluster_takes_no_password_for_a_key(authority: Authority) -> None:
    """And says so, with what to do."""
    ours = authority.issue("ours", "s3cret")
    files = {"ca_file": authority.ca, "cert_file": ours.cert, "key_file": ours.key, "key_password": "s3cret"}
    with pytest.raises(SettingInvalid, match="openssl pkey"):
        RedisRules(url="rediss://h:1/0", cluster=True, tls=files).connect()  # type: ignore[arg-type]
