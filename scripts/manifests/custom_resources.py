"""The schemas of the objects that aren't Kubernetes' own: cert-manager's and the Prometheus operator's, as they ship.

They are in Go modules, whose versions and hashes are in third_party/custom-resources. What a schema says in CEL
(x-kubernetes-validations) is not evaluated.
"""

import json
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft7Validator

from scripts.find_go import ROOT, find_go
from scripts.locking import alone
from scripts.manifests.rendering import Manifest

MODULES: Final = ROOT / "third_party/custom-resources"
KEPT: Final = ROOT / "build/custom-resources"
WHERE: Final = re.compile(r"/(deploy/crds|example/prometheus-operator-crd)/[\w.-]+\.yaml$")
"""Where in the modules their definitions are."""


class DefinitionLoader(yaml.CSafeLoader):
    """Reads a lone `=` as text: YAML 1.1 gives it a meaning of its own, and the definitions have it among others."""


def _text(loader: DefinitionLoader, node: yaml.ScalarNode) -> object:
    return loader.construct_scalar(node)


DefinitionLoader.add_constructor("tag:yaml.org,2002:value", _text)


class SchemasMissing(Exception):
    """A module could not be downloaded, or isn't what was pinned; the message says what to do."""


def pinned_modules() -> dict[str, str]:
    """The modules as PATH@VERSION, with the hash that each must have."""
    sums = (MODULES / "go.sum").read_text(encoding="utf-8").split("\n")
    found = [line.split() for line in sums if line and "/go.mod " not in line]
    return {f"{path}@{version}": digest for path, version, digest in found}


def schemas() -> Path:
    """The folder of the strict schemas, GROUP_VERSION_KIND.json, made where it is missing; see SchemasMissing, NoGo."""
    pinned = (MODULES / "go.sum").read_bytes()
    ready = KEPT / ".ready"
    with alone(KEPT):
        if not ready.is_file() or ready.read_bytes() != pinned:
            for module, digest in pinned_modules().items():
                for definition in _definitions(module, digest):
                    _keep(definition)
            ready.write_bytes(pinned)
    return KEPT


def _definitions(module: str, digest: str) -> Iterator[dict[str, Any]]:
    """The CustomResourceDefinitions of a module; raises SchemasMissing, NoGo."""
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    # Outside of a module, where Go doesn't look at all that the module itself requires.
    done = subprocess.run(
        [find_go(), "mod", "download", "-json", module], cwd="/", env=environment, capture_output=True, check=False
    )
    answer = json.loads(done.stdout or b"{}")
    if done.returncode:
        raise SchemasMissing(f"{module} can't be had: {answer.get('Error') or done.stderr.decode()}")
    if answer["Sum"] != digest:
        raise SchemasMissing(f"{module} has the hash {answer['Sum']}, not {digest} of {MODULES / 'go.sum'}.")
    with zipfile.ZipFile(answer["Zip"]) as packed:
        for name in packed.namelist():
            if WHERE.search(name):
                yield from filter(None, yaml.load_all(packed.read(name), DefinitionLoader))


def _keep(definition: dict[str, Any]) -> None:
    """Write a schema for each of the definition's versions."""
    spec = definition["spec"]
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        _file(f"{spec['group']}/{version['name']}", spec["names"]["kind"]).write_text(json.dumps(schema))


def _file(api_version: str, kind: str) -> Path:
    return KEPT / f"{api_version.replace('/', '_')}_{kind}.json"


@cache
def validator(api_version: str, kind: str) -> Draft7Validator | None:
    """A strict validator for a kind, None for one that is no custom resource of these; raises as `schemas`."""
    schemas()
    file = _file(api_version, kind)
    return Draft7Validator(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def strict(schema: Any) -> Any:
    """A structural schema of Kubernetes as JSON Schema, in which an object has no members but those that are named."""
    if not isinstance(schema, dict):
        return schema
    made = {key: _within(key, value) for key, value in schema.items() if not key.startswith("x-")}
    if schema.get("x-kubernetes-int-or-string"):
        made["type"] = ["integer", "string"]
        made.pop("anyOf", None)
    if schema.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    named = "properties" in schema and "additionalProperties" not in schema
    if named and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made["additionalProperties"] = False
    made.pop("description", None)
    # Formats that are Kubernetes' own (int32) mean nothing to JSON Schema.
    made.pop("format", None)
    return made


def _within(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: strict(each) for name, each in value.items()}
    if isinstance(value, list) and key in {"allOf", "anyOf", "oneOf"}:
        return value
    return strict(value) if key in {"items", "additionalProperties"} else value


def faults(manifests: list[Manifest]) -> Iterator[str]:
    """What their schemas refuse of the objects that have one here."""
    for each in manifests:
        if found := validator(each.content["apiVersion"], each.kind):
            for error in found.iter_errors(each.content):
                yield f"{each}: {error.json_path}: {error.message}"
