"""deploy/examples/dynamo: pods by Kubernetes' schemas, what is mounted is there, and a worker's settings fit to it.

Dynamo's own kind is held to the fields that its v1beta1 has by its source; no schema of it is bundled or run.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from clients.dialects.servers import SERVERS
from penchant.settings.sources import load_settings

FOLDER = Path(__file__).parents[2] / "deploy" / "examples" / "dynamo"
SPEC = {"backendFramework", "env", "components"}
COMPONENT = {"name", "type", "replicas", "podTemplate"}

Document = Mapping[str, Any]


@pytest.fixture(params=["aggregated.yaml", "split.yaml"])
def documents(request: pytest.FixtureRequest) -> dict[str, Document]:
    """The documents of an example, by kind."""
    text = (FOLDER / request.param).read_text(encoding="utf-8")
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


def gpus(component: Document) -> int:
    """How many one replica has."""
    [container] = component["podTemplate"]["spec"]["containers"]
    return int(container.get("resources", {}).get("limits", {}).get("nvidia.com/gpu", 0))


@pytest.mark.parametrize("version", ["1.30", "1.34"])
def test_pods_are_what_kubernetes_takes(documents: dict[str, Document], version: str) -> None:
    """By the strict schemas; around them are the fields of DynamoGraphDeployment that are used."""
    kubernetes_validate.validate(documents["ConfigMap"], version, strict=True)
    deployment = documents["DynamoGraphDeployment"]
    assert deployment["apiVersion"] == "nvidia.com/v1beta1"
    assert set(deployment["spec"]) <= SPEC
    for component in deployment["spec"]["components"]:
        assert set(component) == COMPONENT
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **component["podTemplate"]}
        kubernetes_validate.validate(pod, version, strict=True)


def test_each_worker_has_its_engine(documents: dict[str, Document]) -> None:
    """The file that it names is in the map that it mounts, for as many GPUs as it has."""
    files = documents["ConfigMap"]["data"]
    for component in documents["DynamoGraphDeployment"]["spec"]["components"]:
        if component["type"] == "worker":
            [container] = component["podTemplate"]["spec"]["containers"]
            options = dict(each.split("=") for each in container["args"] if "=" in each)
            engine = yaml.safe_load(files[Path(options["--extra-engine-args"]).name])
            assert engine["tensor_parallel_size"] == gpus(component)


def test_the_split_is_twelve_to_one() -> None:
    """Twelve of one GPU for prompts, one of four for answers."""
    [_, deployment] = yaml.safe_load_all((FOLDER / "split.yaml").read_text(encoding="utf-8"))
    sizes = {each["name"]: (each["replicas"], gpus(each)) for each in deployment["spec"]["components"]}
    assert sizes == {"frontend": (1, 0), "prefill": (12, 1), "decode": (1, 4)}


def test_a_worker_knows_the_frontend(documents: dict[str, Document]) -> None:
    """Its URL names the frontend's service, its model is the one that is served, and the router heeds its header."""
    deployment = documents["DynamoGraphDeployment"]
    settings = load_settings(FOLDER / "penchant.toml").settings
    assert f"//{deployment['metadata']['name']}-frontend:8000/" in settings.model.url
    assert f"--served-model-name={settings.model.name}" in str(deployment)
    assert SERVERS["dynamo"].session_header
    [frontend] = (each for each in deployment["spec"]["components"] if each["type"] == "frontend")
    [container] = frontend["podTemplate"]["spec"]["containers"]
    assert "DYN_ROUTER_SESSION_AFFINITY_TTL_SECS" in {each["name"] for each in container["env"]}
