"""Time the review of a repository of 1,000 schemas of which 20 changed: `python -m bench.review [--schemas 1000]`."""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

CHANGED = 20


def document(number: int, version: str, *more: str) -> dict[str, Any]:
    """Return a document of ten fields and `more`, with an arrow block."""
    names = [*(f"field_{index}" for index in range(10)), *more]
    return {
        "$id": f"schema_{number}",
        "version": version,
        "type": "object",
        "properties": {name: {"type": "integer", "minimum": 0, "maximum": 1000} for name in names},
        "required": names[:5],
        "additionalProperties": False,
        "arrow": {"fields": [{"name": name, "type": {"name": "int32"}} for name in names]},
    }


def commit(repository: Path, documents: list[dict[str, Any]]) -> None:
    """Write documents into `schemas/` and commit them."""
    for each in documents:
        (repository / "schemas" / f"{each['$id']}.json").write_text(json.dumps(each, indent=2), "utf-8")
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    for words in (("add", "."), (*who, "commit", "-q", "-m", "schemas")):
        subprocess.run(["git", "-C", str(repository), *words], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schemas", type=int, default=1000)
    asked = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder)
        subprocess.run(["git", "-C", folder, "init", "-q", "-b", "main"], check=True)
        (repository / "schemas").mkdir()
        commit(repository, [document(number, "1.0.0") for number in range(asked.schemas)])
        commit(repository, [document(number, "1.1.0", "venue") for number in range(CHANGED)])
        began = time.perf_counter()
        command = ["schemaregistry", "bot", "review", "--base", "HEAD~", "--repo", folder, "--format", "json"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        found = json.loads(ended.stdout)
    changed = sum(each["status"] == "changed" for each in found["schemas"])
    print(f"{len(found['schemas']):,} schemas, {changed} changed, on one core: {seconds:.1f} s, {found['verdict']}")


if __name__ == "__main__":
    main()
