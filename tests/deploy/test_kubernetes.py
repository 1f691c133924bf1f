"""deploy/kubernetes, rendered by kustomize and held to Kubernetes' own schemas, without a cluster."""

import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from click import unstyle
from cloudcoil.models.keda.v1alpha1 import ScaledObject, TriggerAuthentication
from pydantic import BaseModel, ValidationError
from typer.testing import CliRunner

from penchant.cli.main import app
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAYS = ("dev", "prod", "gpu")
VERSIONS = ("1.30", "1.34")
"""The oldest and the newest that this is held to."""

KUSTOMIZE = (("kubectl", "kustomize"), ("kustomize", "build"))

OF_KEDA = {"ScaledObject": ScaledObject, "TriggerAuthentication": TriggerAuthentication}
"""KEDA's own kinds, as models made from its custom resource definitions."""

Document = Mapping[str, Any]


@pytest.fixture(scope="module", params=OVERLAYS)
def rendered(request: pytest.FixtureRequest) -> list[Document]:
    """An overlay as it would be applied."""
    command = next((each for each in KUSTOMIZE if shutil.which(each[0])), None)
    if command is None:
        pytest.skip("NO KUSTOMIZE: install it, or kubectl, which has it")
    folder = str(FOLDER / "overlays" / request.param)
    ended = subprocess.run([*command, folder], check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return list(yaml.safe_load_all(ended.stdout))


@pytest.mark.parametrize("version", VERSIONS)
def test_each_is_what_kubernetes_takes(rendered: list[Document], version: str) -> None:
    """By the strict schemas of that version: no field that it has not, none of another type."""
    of_kubernetes = [document for document in rendered if document["kind"] not in OF_KEDA]
    assert len(of_kubernetes) > 5
    for document in of_kubernetes:
        kubernetes_validate.validate(document, version, strict=True)


def test_scaling_is_what_keda_takes(rendered: list[Document]) -> None:
    """By KEDA's own schema: every field is of its type, and none is unknown."""
    for document in rendered:
        if kind := OF_KEDA.get(document["kind"]):
            assert held(kind, document) == document


def test_a_slip_in_scaling_would_be_found(rendered: list[Document]) -> None:
    """A field that KEDA has not gets lost, and one of another type is refused."""
    scaled = next((each for each in rendered if each["kind"] == "ScaledObject"), None)
    if scaled is not None:
        odd = {**scaled, "spec": scaled["spec"] | {"mostReplicas": 3}}
        assert held(ScaledObject, odd) != odd
        with pytest.raises(ValidationError):
            held(ScaledObject, {**scaled, "spec": scaled["spec"] | {"maxReplicaCount": "many"}})


def held(kind: type[BaseModel], document: Document) -> Any:
    """What the schema keeps of a document."""
    return kind.model_validate(document).model_dump(mode="json", by_alias=True, exclude_unset=True)


def test_commands_are_penchants(rendered: list[Document]) -> None:
    """What a container of ours is to run is a command with these options."""
    ours = [each for pod in pods(rendered) for each in pod["containers"] if each["image"].startswith("penchant-worker")]
    names = [each["name"] for each in ours]
    assert names[-1:] == ["worker"] or set(names) == {"worker", "console", "serve", "rekey", "products"}
    for container in ours:
        ended = CliRunner().invoke(app, [*container["args"], "--help"])
        assert ended.exit_code == 0, container["args"]
        options = [word for word in container["args"] if word.startswith("--")]
        assert all(option in unstyle(ended.output) for option in options), (options, ended.output)


def test_jobs_wait_until_they_are_resumed(rendered: list[Document]) -> None:
    """Applying an overlay starts none of them, and each index of the products has a part of its own."""
    jobs = {each["metadata"]["name"]: each["spec"] for each in rendered if each["kind"] == "Job"}
    assert set(jobs) in (set(), {"penchant-topics", "penchant-rekey", "penchant-products"})
    assert all(job["suspend"] for job in jobs.values())
    if products := jobs.get("penchant-products"):
        assert products["completionMode"] == "Indexed"
        assert "/results/part-$(PART)" in products["template"]["spec"]["containers"][0]["args"]


def test_what_is_served_asks_who_it_is(
    rendered: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Console and tier listen to others, so each has tokens, and its settings are valid with them."""
    for pod in pods(rendered):
        container = pod["containers"][0]
        if container["name"] in ("console", "serve"):
            settings = settings_of(rendered, container, tmp_path, monkeypatch)
            part = settings.console if container["name"] == "console" else settings.serve
            assert (part.host == "127.0.0.1", part.port) == (False, container["ports"][0]["containerPort"])
            assert settings.http.tokens_file is not None


def test_a_slip_would_be_found() -> None:
    """A field that Kubernetes has not is refused, so the test above can fail."""
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "x"}, "spec": {"most": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(budget, VERSIONS[0], strict=True)


def test_pods_are_confined(rendered: list[Document]) -> None:
    """No root, no privilege, no token of the cluster's; workers write nowhere but to their scratch folder."""
    for pod in pods(rendered):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            held = container["securityContext"]
            assert (held["allowPrivilegeEscalation"], held["capabilities"]) == (False, {"drop": ["ALL"]})
            assert container["resources"]["requests"]
            assert container["resources"]["limits"]["memory"]
    worker = only_worker(rendered)
    assert worker["securityContext"]["runAsNonRoot"]
    assert worker["containers"][0]["securityContext"]["readOnlyRootFilesystem"]


def test_probes_follow_the_liveness_rule(rendered: list[Document]) -> None:
    """An outage takes a worker out of what is ready, and never restarts it."""
    [container] = only_worker(rendered)["containers"]
    paths = {kind: container[kind]["httpGet"]["path"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/alive", "livenessProbe": "/alive", "readinessProbe": "/ready"}


def test_selectors_find_their_pods(rendered: list[Document]) -> None:
    """Each Service, policy and budget selects pods that there are."""
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in rendered if "template" in each.get("spec", {})]
    for document in rendered:
        spec = document.get("spec", {})
        wanted = spec.get("selector", spec.get("podSelector"))
        if document["kind"] in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
            wanted = wanted.get("matchLabels", wanted)
            assert any(wanted.items() <= each.items() for each in labels), document["metadata"]["name"]


def test_what_is_mounted_is_there(rendered: list[Document]) -> None:
    """Every volume of a pod is mounted, and its settings are the ConfigMap of this overlay."""
    names = {document["metadata"]["name"] for document in rendered if document["kind"] == "ConfigMap"}
    for pod in pods(rendered):
        mounted = {mount["name"] for container in pod["containers"] for mount in container.get("volumeMounts", ())}
        assert {volume["name"] for volume in pod.get("volumes", ())} == mounted
        used = {volume["configMap"]["name"] for volume in pod.get("volumes", ()) if "configMap" in volume}
        assert used <= names


def test_workers_read_valid_settings(rendered: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of the overlay and the variables of the pod, once what is mounted stands where they say."""
    [container] = only_worker(rendered)["containers"]
    settings = settings_of(rendered, container, tmp_path, monkeypatch)
    assert (settings.health.port, settings.kafka.instance_id) == (8080, "penchant-worker-0")


def settings_of(
    rendered: list[Document], container: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """What a container's command would read; every file that is mounted holds a line."""
    [text] = [document["data"]["penchant.toml"] for document in rendered if document["kind"] == "ConfigMap"]
    for path in files_in(tomllib.loads(text)):
        here = tmp_path / path.lstrip("/")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_text("a-secret")
        text = text.replace(f'"{path}"', f'"{here}"')
    (tmp_path / "penchant.toml").write_text(text)
    with monkeypatch.context() as environment:
        for variable in container["env"]:
            value = variable.get("value", "penchant-worker-0")
            if variable["name"].endswith("_FILE"):
                here = tmp_path / value.lstrip("/")
                here.write_text(f"vera viewer {'0' * 64}")
                value = str(here)
            if variable["name"] != "PENCHANT_CONFIG":
                environment.setenv(variable["name"], value)
        return load_settings(tmp_path / "penchant.toml").settings


def files_in(value: Any) -> Iterator[str]:
    """Every path among the settings."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name.endswith("_file"):
                yield inner
            else:
                yield from files_in(inner)


def pods(rendered: list[Document]) -> list[Document]:
    return [each["spec"]["template"]["spec"] for each in rendered if "template" in each.get("spec", {})]


def only_worker(rendered: list[Document]) -> Document:
    [found] = [pod for pod in pods(rendered) if pod["containers"][0]["name"] == "worker"]
    return found
