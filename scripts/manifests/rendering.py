"""Render an overlay of `k8s/` as `kubectl apply -k` would, and look at what came out."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from scripts.supply_chain.tool_environment import environment_python

TOOLS: Final = "kubernetes"
"""The folder of third_party/ whose lock has kubectl and kubernetes-validate."""

TEMPLATES: Final = {
    "Deployment": ("template",),
    "StatefulSet": ("template",),
    "Job": ("template",),
    "CronJob": ("jobTemplate", "spec", "template"),
}
"""Where in a workload's spec the template of its pods is."""


class NotRendered(Exception):
    """An overlay could not be rendered; the message is kustomize's."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One Kubernetes object as it would be applied."""

    content: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.content["kind"])

    @property
    def name(self) -> str:
        return str(self.content["metadata"]["name"])

    @property
    def labels(self) -> Mapping[str, str]:
        return self.content["metadata"].get("labels") or {}

    @property
    def spec(self) -> Mapping[str, Any]:
        return self.content.get("spec") or {}

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """The pods that a workload makes: their labels and their spec."""

    workload: Manifest
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    @property
    def ports(self) -> Mapping[str, int]:
        """The containers' ports by name."""
        found = (port for container in self.containers for port in container.get("ports", ()))
        return {port["name"]: port["containerPort"] for port in found}

    def __str__(self) -> str:
        return str(self.workload)


def render(folder: Path) -> list[Manifest]:
    """Render an overlay, a base or a component; raises NotRendered, and ToolsMissing where kubectl can't be had."""
    kubectl = environment_python(TOOLS).with_name("kubectl")
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotRendered(f"{folder}: {done.stderr.strip()}")
    return parsed(done.stdout)


def parsed(text: str) -> list[Manifest]:
    """The objects of a YAML text."""
    return [Manifest(content) for content in yaml.safe_load_all(text) if content]


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    return [each for each in manifests if each.kind in kinds]


def pod_templates(manifests: list[Manifest]) -> Iterator[PodTemplate]:
    """The pods of all workloads."""
    for workload in of_kind(manifests, *TEMPLATES):
        template: Mapping[str, Any] = workload.spec
        for step in TEMPLATES[workload.kind]:
            template = template[step]
        yield PodTemplate(workload, template["metadata"]["labels"], template["spec"])


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector (matchLabels and matchExpressions with In) selects something with these labels."""
    exact = selector.get("matchLabels", {}).items()
    listed = selector.get("matchExpressions", ())
    unknown = {each["operator"] for each in listed} - {"In"}
    assert not unknown, f"no operator but In is read here: {unknown}"
    return all(labels.get(key) == value for key, value in exact) and all(
        labels.get(each["key"]) in each["values"] for each in listed
    )
