"""`schemaregistry validate-schema`: check whether each file is a document that the registry would accept.

`check` judges data, `diff` the change from one version to another.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemaregistry.cli.say import say
from schemaregistry.document import Json
from schemaregistry.errors import InvalidArgument
from schemaregistry.terminal import json_text, printable

if TYPE_CHECKING:
    from schemaregistry.cli.compat_process import CompatProcess


def validate_schema(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Schema documents.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each file, a line each.")] = False,
) -> None:
    """Check schema documents as the registry does: JSON, draft-07, references, patterns, arrow block, version.

    Exit codes: 0 all are sound, 1 one is not, 2 a file can't be read.
    """
    from schemaregistry.cli.compat_process import CompatProcess

    worst = 0
    with CompatProcess() as judge:
        for file in files:
            code, facts = _judge(file, judge)
            say(json_text(facts) if as_json else _text(facts))
            worst = max(worst, code)
    raise typer.Exit(worst)


def _judge(file: Path, judge: "CompatProcess") -> tuple[int, dict[str, Json]]:
    """Return the exit code for one file, and the facts to print about it."""
    try:
        document = judge.parse(file.read_bytes())
    except OSError as error:
        return 2, _refused(file, "NO_FILE", f"The file can't be read: {error.strerror}.", None)
    except InvalidArgument as error:
        return 1, _refused(file, error.reason, error.message, error.pointer)
    return 0, {
        "file": str(file),
        "valid": True,
        "id": document.id,
        "version": str(document.version),
        "fingerprint": document.fingerprint,
        "warnings": [asdict(note) for note in document.warnings],
        "error": None,
    }


def _refused(file: Path, reason: str, message: str, pointer: str | None) -> dict[str, Json]:
    error = {"reason": reason, "message": message, "pointer": pointer}
    return {"file": str(file), "valid": False, "warnings": [], "error": error}


def _text(facts: dict[str, Json]) -> str:
    error = facts["error"]
    if error:
        at = f" at {error['pointer']}" if error["pointer"] else ""
        return f"error {facts['file']}{at}: {error['message']} [{error['reason']}]"
    lines = [f"ok {facts['file']}: {facts['id']} {facts['version']} {facts['fingerprint']}"]
    lines += [f"  warning at {note['pointer'] or 'the top'}: {note['message']}" for note in facts["warnings"]]
    return "\n".join(map(printable, lines))
