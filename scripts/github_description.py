"""Cut GitHub's OpenAPI description down to the operations that the bot calls, for the tests' server.

npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
python -m scripts.github_description package/generated/api.github.com.json > tests/corpus/github/openapi.json
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

OPERATIONS: Final = frozenset(
    {
        "actions/download-artifact",
        "actions/get-workflow-run",
        "actions/list-workflow-run-artifacts",
        "checks/create",
        "checks/update",
        "issues/create-comment",
        "issues/delete-comment",
        "issues/list-comments",
        "issues/list-events",
        "issues/update-comment",
        "pulls/get",
        "pulls/list",
        "pulls/list-reviews",
        "repos/list-activities",
        "teams/get-by-name",
        "teams/get-membership-for-user-in-org",
        "users/get-authenticated",
        "users/get-by-username",
    }
)
PROSE: Final = frozenset({"description", "example", "examples", "summary", "externalDocs", "tags", "title"})
"""Members that say nothing of what is valid; extensions (`x-…`) are left out, too."""
_NAMES: Final = frozenset({"properties", "schemas", "parameters", "responses", "headers", "paths"})
"""Objects whose members are names, and none of them prose."""


def trimmed(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description of OPERATIONS alone, with the components that they need."""
    paths = {
        path: found
        for path, methods in description["paths"].items()
        if (found := {method: each for method, each in methods.items() if each.get("operationId") in OPERATIONS})
    }
    components: dict[str, dict[str, Any]] = {}
    left = list(_references(paths))
    while left:
        kind, name = left.pop().removeprefix("#/components/").split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = description["components"][kind][name]
            left += _references(components[kind][name])
    kept = {
        "openapi": description["openapi"],
        "info": {name: description["info"][name] for name in ("title", "version", "license")},
        "paths": paths,
        "components": {kind: dict(sorted(found.items())) for kind, found in sorted(components.items())},
    }
    return {name: value if name == "info" else _without_prose(value, name) for name, value in kept.items()}


def _references(value: Any) -> Iterator[str]:
    """Yield every `$ref`, but those of examples."""
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for name, each in value.items():
            if name not in ("example", "examples"):
                yield from _references(each)


def _without_prose(value: Any, within: str = "") -> Any:
    if isinstance(value, list):
        return [_without_prose(each) for each in value]
    if not isinstance(value, dict):
        return value
    named = within in _NAMES
    return {
        name: _without_prose(each, "" if named else name)
        for name, each in value.items()
        if named or not (name in PROSE or name.startswith("x-"))
    }


if __name__ == "__main__":
    json.dump(trimmed(json.loads(Path(sys.argv[1]).read_text("utf-8"))), sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")
