"""The files for Kubernetes, an editor and Compose, against their schemas; no engine is needed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from labkit.postgres.cluster import SETTINGS
from tests.drills import ROOT

_SCHEMAS = ROOT / "tests" / "containers" / "schemas"


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((_SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / "docker" / "kubernetes.yaml").read_text()))


def containers() -> Iterator[dict[str, Any]]:
    pod = manifests()[1]["spec"]["template"]["spec"]
    yield from [*pod["initContainers"], *pod["containers"]]


@pytest.mark.parametrize("number", [0, 1])
def test_each_manifest_is_what_kubernetes_takes(number: int) -> None:
    validator("kubernetes").validate(manifests()[number])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["spec", "replica"], 5),
        (["spec", "replicas"], "five"),
        (["spec", "template", "spec", "containers", 0, "securityContext", "readOnly"], True),
    ],
)
def test_a_manifest_with_a_mistake_is_refused(path: list[Any], value: Any) -> None:
    manifest = copy.deepcopy(manifests()[1])
    place: Any = manifest
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not validator("kubernetes").is_valid(manifest)


def test_a_pod_of_the_class_has_no_rights() -> None:
    pod = manifests()[1]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_only_the_container_that_ends_first_has_the_teachers_url() -> None:
    keys = {
        container["name"]: {
            variable["valueFrom"]["secretKeyRef"]["key"]
            for variable in container["env"]
            if "secretKeyRef" in variable.get("valueFrom", {})
        }
        for container in containers()
    }
    assert keys == {"seat": {"url"}, "workspace": {"place"}}


def test_every_mount_of_a_pod_has_its_volume() -> None:
    stateful = manifests()[1]["spec"]
    volumes = {volume["name"] for volume in stateful["template"]["spec"]["volumes"]}
    volumes |= {claim["metadata"]["name"] for claim in stateful["volumeClaimTemplates"]}
    mounted = {mount["name"] for one in containers() for mount in one["volumeMounts"]}
    assert mounted == volumes


def test_the_dev_container_is_what_editors_take() -> None:
    validator("devcontainer").validate(dev_container())


def test_a_dev_container_without_its_service_is_refused() -> None:
    given = dev_container()
    del given["service"]
    assert not validator("devcontainer").is_valid(given)


def test_the_dev_container_is_the_workspace_of_the_compose_file() -> None:
    given = dev_container()
    folder = ROOT / ".devcontainer"
    files = [(folder / name).resolve() for name in given["dockerComposeFile"]]
    assert files == [ROOT / "compose.yaml", folder / "compose.yaml"]
    service = compose(ROOT / "compose.yaml")["services"][given["service"]]
    assert f".:{given['workspaceFolder']}" in service["volumes"]


def test_the_server_of_the_stack_looks_for_its_clients_as_the_embedded_one_does() -> None:
    command = compose(ROOT / "compose.yaml")["services"]["db"]["command"]
    name = "client_connection_check_interval"
    assert f"{name}={SETTINGS[name]}" in command


def compose(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def dev_container() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    return found
