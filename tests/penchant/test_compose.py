"""docker-compose.yml and its images, checked as far as can be without an engine."""

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from penchant.settings import Settings, load_settings
from sandbox.servers.apache import VERSION as KAFKA_VERSION
from tests.deploy.image_steps import stages_of
from tests.promtool import promtool

__all__ = ["promtool"]

REPOSITORY = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (REPOSITORY / "deploy" / "Dockerfile").read_text(encoding="utf-8")
STAGES = stages_of(DOCKERFILE)
SERVICE_KEYS = {
    "build",
    "cap_drop",
    "command",
    "depends_on",
    "deploy",
    "entrypoint",
    "environment",
    "healthcheck",
    "image",
    "init",
    "networks",
    "ports",
    "profiles",
    "read_only",
    "restart",
    "secrets",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "tmpfs",
    "ulimits",
    "volumes",
}


def environment(name: str) -> dict[str, str]:
    """A service's variables, with the defaults of what they are interpolated from."""
    given = SERVICES[name]["environment"]
    return {key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value)) for key, value in given.items()}


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """The settings that the worker's container would start with."""
    return started("worker", monkeypatch, tmp_path)


def started(name: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Settings:
    """The settings that a service of ours would start with; its secrets are empty files."""
    monkeypatch.chdir(folder)
    for key, value in environment(name).items():
        secret = folder / Path(value).name
        if value.startswith("/run/secrets/"):
            secret.touch()
        monkeypatch.setenv(key, str(secret) if secret.exists() else value)
    return load_settings().settings


def test_only_known_keys() -> None:
    """A misspelt key would be refused by the engine, or ignored by an older one."""
    assert set(COMPOSE) <= {"name", "services", "volumes", "networks", "secrets", "x-hardened"}
    for name, service in SERVICES.items():
        assert set(service) <= SERVICE_KEYS, name


def test_every_image_is_pinned() -> None:
    """No image follows `latest`: not those that are pulled, not those that ours are built from. Digests are known to
    registries alone; the heads of both files say how to pin them."""
    pulled = [service["image"] for service in SERVICES.values()]
    bases = [stage.base for stage in STAGES.values() if stage.base not in STAGES]
    assert len(pulled) == len(SERVICES)
    for image in [*pulled, *bases]:
        tag = image.rpartition(":")[2]
        assert "latest" not in tag, image
        assert re.search(r"\d+\.\d+", tag), image


def test_kafka_is_the_one_of_the_tests() -> None:
    """What CI runs against is what compose starts."""
    assert {SERVICES[name]["image"] for name in ("kafka", "topics")} == {f"apache/kafka:{KAFKA_VERSION}"}


def test_dependencies_exist_and_can_be_met() -> None:
    """Every named service is there; one that must be healthy says how that is found out; one that must end may end."""
    dependencies = [item for service in SERVICES.values() for item in service.get("depends_on", {}).items()]
    assert dependencies
    for name, rule in dependencies:
        assert rule["condition"] in {"service_healthy", "service_completed_successfully"}
        asked = "healthcheck" in SERVICES[name] or "HEALTHCHECK" in steps_of(name)
        assert asked or rule["condition"] == "service_completed_successfully"
        assert SERVICES[name].get("restart") == "no" or rule["condition"] == "service_healthy"
        assert rule.get("required", True) != ("profiles" in SERVICES[name])  # a service of a profile may be absent


def test_volumes_are_declared() -> None:
    """Every named volume is declared, and every declared one is used."""
    mounts = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]
    assert {mount for mount in mounts if not mount.startswith((".", "/", "$"))} == set(COMPOSE["volumes"])


def test_each_profile_has_one_model_server_and_one_is_the_default() -> None:
    """With either profile the worker finds exactly one server under the name `model`."""
    default = dict(line.split("=") for line in (REPOSITORY / ".env").read_text().splitlines() if "=" in line)
    servers = {
        profile: [
            name
            for name, service in SERVICES.items()
            if service.get("profiles") == [profile]
            and service.get("networks", {}).get("default", {}).get("aliases") == ["model"]
        ]
        for profile in ("simulated", "gpu")
    }
    assert servers == {"simulated": ["simulated-triton"], "gpu": ["triton"]}
    assert default == {"COMPOSE_PROFILES": "simulated"}


def test_the_worker_starts_with_these_variables(worker: Settings) -> None:
    """Each is a real setting with an allowed value, and they point at the services."""
    assert worker.kafka.bootstrap in environment("kafka")["KAFKA_ADVERTISED_LISTENERS"]
    assert re.fullmatch(r"redis://redis:6379/\d", worker.redis.url)
    assert worker.model.url == "model:8001"
    assert worker.log.format == "json"


def test_the_worker_s_topics_are_made(worker: Settings) -> None:
    """The brokers make none by themselves: a misspelt one would have the wrong number of partitions, and an erasure
    topic that is not compacted would forget who was erased."""
    kafka, script = worker.kafka, SERVICES["topics"]["command"][0].replace("$$", "$")
    tool = "/opt/kafka/bin/kafka-topics.sh"
    ended = subprocess.run(
        ["sh", "-ec", script.replace(tool, "echo")], capture_output=True, text=True, check=True, timeout=60
    )
    made = [line.partition("--topic ")[2] for line in ended.stdout.splitlines()]
    assert made == [
        f"{kafka.topic} --partitions 12",
        f"{kafka.dead_letter_topic} --partitions 1",
        f"{kafka.erasure_topic} --partitions 1 --config cleanup.policy=compact",
    ]
    assert environment("kafka")["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_redis_keeps_what_it_is_told() -> None:
    """It writes to disk and never evicts a shopper's checkpoint."""
    command = " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_the_images_can_be_built_from_what_is_here() -> None:
    """Build targets exist, and what is copied exists and is not kept out of the context."""
    allowed = {
        line.removeprefix("!") for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    for service in SERVICES.values():
        if build := service.get("build"):
            assert (REPOSITORY / build["dockerfile"]).is_file()
            assert build["target"] in STAGES
    for sources in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in sources.split():
            assert (REPOSITORY / source).exists(), source
            assert any(fnmatch(source, pattern) or source.startswith(f"{pattern}/") for pattern in allowed), source


def test_the_worker_s_image_has_every_package() -> None:
    """What the wheel is made of is copied into the image."""
    packages = re.search(r"^packages = (\[.*\])$", (REPOSITORY / "pyproject.toml").read_text(), re.MULTILINE)
    assert packages
    for package in yaml.safe_load(packages.group(1)):
        assert f"COPY {package} {package}\n" in DOCKERFILE


def steps_of(service: str) -> dict[str, str]:
    """The instructions of the image that a service is built from; none where it is pulled."""
    build = SERVICES[service].get("build")
    return dict(STAGES[build["target"]].steps) if build else {}


def test_the_console_sees_what_the_worker_works_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same topics, Redis and model, the Prometheus beside it, and only who has a token."""
    worker, console = environment("worker"), environment("console")
    shared = {key for key in worker if key.startswith(("PENCHANT_KAFKA", "PENCHANT_REDIS", "PENCHANT_MODEL"))}
    assert {key: console[key] for key in shared} == {key: worker[key] for key in shared}
    settings = started("console", monkeypatch, tmp_path)
    assert settings.http.tokens_file is not None
    assert settings.console.prometheus_url is not None
    assert settings.console.prometheus_url.get_secret_value() == "http://prometheus:9090"
    assert set(SERVICES["console"]["secrets"]) == set(COMPOSE["secrets"])


def test_nothing_is_published_beyond_this_machine() -> None:
    """Kafka, Redis and Grafana ask nobody who they are."""
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_services_are_bounded_and_ours_may_do_little() -> None:
    """Memory has a bound for each but what runs once and what has a GPU; ours cannot write to their images."""
    for name, service in SERVICES.items():
        if name not in {"topics", "triton"}:
            assert service["deploy"]["resources"]["limits"]["memory"], name
        if ("command" in service and service["image"].startswith("penchant-worker")) or name == "worker":
            assert service["read_only"] and service["cap_drop"] == ["ALL"], name  # noqa: PT018 # of one service


def test_prometheus_and_grafana_find_what_is_mounted(promtool: str) -> None:
    """Prometheus' own checker takes its settings with our rules, and each folder that Grafana reads is mounted."""
    subprocess.run(
        [promtool, "check", "config", "prometheus.yml"], cwd=REPOSITORY / "deploy" / "prometheus", check=True,
        capture_output=True, timeout=60,
    )  # fmt: skip
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])
    for source in (each for each in mounts if each.startswith("./")):
        assert (REPOSITORY / source).exists(), source
    provider = yaml.safe_load((REPOSITORY / "deploy/grafana/provisioning/dashboards.yaml").read_text())["providers"][0]
    assert provider["options"]["path"] in mounts.values()
    assert list((REPOSITORY / "deploy/grafana").glob("*.json"))
    source = yaml.safe_load((REPOSITORY / "deploy/grafana/provisioning/datasource.yaml").read_text())["datasources"][0]
    assert source["type"] == "prometheus"
    assert "prometheus" in SERVICES
