"""One name, one thing: no two modules of ours define a class, an alias or a file of the same name."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("clients/python/schemaregistry", "server/schemaregistry_server", "devtools", "scripts")
GENERATED = {"v1", "v3"}
SHARED_FILES = {"__init__.py", "watch.py"}
"""`cli/watch.py` is the command that shows what `client/watch.py` gives."""


def modules() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if not GENERATED & set(path.parts)]


def defined(path: Path) -> Iterator[str]:
    """The classes and aliases that a module defines; type variables, which mean nothing outside it, are left out."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name) and target.id[0].isupper() and not target.id.isupper():
                value = ast.unparse(node.value) if isinstance(node, ast.Assign | ast.AnnAssign) and node.value else ""
                if not value.startswith(("TypeVar(", "TypeVarTuple(")):
                    yield target.id


def repeated(places: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_modules_define_one_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in modules():
        for name in defined(path):
            places[name].append(str(path.relative_to(ROOT)))
    assert repeated(places) == {}


def test_no_two_modules_have_one_file_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in modules():
        if path.name not in SHARED_FILES:
            places[path.name].append(str(path.relative_to(ROOT)))
    assert repeated(places) == {}
