"""Which versions a candidate is judged against: the same in every command and RPC, also with pre-releases."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemaregistry.cli.app import app
from schemaregistry.client import Client, Credentials, VersionRefused
from schemaregistry.errors import NotFound
from schemaregistry.v1 import registry_pb2 as pb

ROOT = Path(__file__).resolve().parents[3]
BREAKS = "!"
"""After a version of the table: a candidate is incompatible with it, and with no other."""
CANDIDATE = "0.0.1"
"""Lower than every version of the table, so that each door that would write refuses it, and shows its verdict."""
_numbers = count()

Answer = tuple[str, str]
"""The version in the verdict, and its outcome."""


@dataclass(frozen=True)
class Case:
    """A history that is registered and in git, and the candidate as a file beside it."""

    id: str
    directory: Path
    latest: str

    @property
    def file(self) -> Path:
        return self.directory / f"{self.id}.json"


def document(id: str, version: str, level: str, values: list[int]) -> bytes:  # noqa: A002 (the field's term)
    schema = {"type": "object", "properties": {"a": {"enum": values}}, "compatibility": level}
    return json.dumps({"$id": id, "version": version, **schema}).encode()


def git(where: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", str(where), *who, *arguments], check=True)


@pytest.fixture(scope="module")
def publisher(running) -> Iterator[Client]:
    with Client(running.target, credentials=Credentials.dev(running.data, "ci-bot"), timeout=60) as client:
        yield client


@pytest.fixture
def given(publisher: Client, tmp_path: Path) -> Callable[[str, str], Case]:
    def given(history: str, level: str) -> Case:
        case = Case(f"judged_against_{next(_numbers)}", tmp_path, history.rsplit(maxsplit=1)[-1].removesuffix(BREAKS))
        git(tmp_path, "init", "-q")
        for named in history.split():
            values = [1, 3] if named.endswith(BREAKS) else [1]
            raw = document(case.id, named.removesuffix(BREAKS), "backward", values)
            publisher.register(raw)
            case.file.write_bytes(raw)
            git(tmp_path, "add", ".")
            git(tmp_path, "commit", "-q", "-m", named)
        case.file.write_bytes(document(case.id, CANDIDATE, level, [1, 2]))
        return case

    return given


def compat(publisher: Client, case: Case) -> Answer:
    verdict = publisher.check_compatibility(case.file.read_bytes())
    return verdict.old_version, verdict.verdict


def registration(publisher: Client, case: Case) -> Answer:
    with pytest.raises(VersionRefused) as refused:
        publisher.register(case.file.read_bytes())
    assert refused.value.reason == "VERSION_NOT_GREATER"
    return refused.value.verdict.old_version, refused.value.verdict.verdict


def command(case: Case) -> Answer:
    done = CliRunner().invoke(app, ["publish", "--dry-run", "--no-history", "--json", str(case.file)])
    assert done.exit_code == 1, done.output
    verdict = json.loads(done.stdout)["verdict"]
    return verdict["old_version"], verdict["verdict"]


def script(case: Case, old: str) -> Answer:
    asked = [sys.executable, str(ROOT / "scripts" / "diff_schemas.py"), old, CANDIDATE, str(case.file), "--json"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    verdict = json.loads(done.stdout)
    return verdict["old_version"], verdict["verdict"]


@pytest.mark.parametrize(
    ("history", "level", "judged", "outcome"),
    [
        ("1.0.0", "backward", "1.0.0", "compatible"),
        ("1.0.0! 2.0.0", "backward", "2.0.0", "compatible"),
        ("1.0.0 2.0.0-rc.1!", "backward", "1.0.0", "compatible"),
        ("1.0.0! 2.0.0-rc.1", "backward", "1.0.0", "incompatible"),
        ("1.0.0-rc.1! 1.0.0-rc.2", "backward", "1.0.0-rc.2", "compatible"),
        ("1.0.0-rc.2! 1.0.0-rc.10", "backward", "1.0.0-rc.10", "compatible"),
        ("1.0.0! 2.0.0", "backward_transitive", "1.0.0", "incompatible"),
        ("1.0.0 2.0.0 3.0.0-rc.1!", "backward_transitive", "2.0.0", "compatible"),
        ("1.0.0-rc.1! 1.0.0", "backward_transitive", "1.0.0", "compatible"),
        ("1.0.0-rc.1! 1.0.0-rc.2", "backward_transitive", "1.0.0-rc.1", "incompatible"),
    ],
)
def test_every_door_judges_a_candidate_against_the_same_versions(
    running, publisher: Client, given, monkeypatch: pytest.MonkeyPatch, history, level, judged, outcome
) -> None:
    monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(running.data))
    case, expected = given(history, level), (judged, outcome)
    assert compat(publisher, case) == expected
    assert registration(publisher, case) == expected
    assert command(case) == expected
    # The script is told which version to compare with; at a transitive level the others come from git.
    assert script(case, case.latest if level.endswith("_transitive") else judged) == expected


def test_the_direction_of_a_question_decides_how_far_back_it_goes(running, publisher: Client, given) -> None:
    case = given("1.0.0! 2.0.0", "backward")
    raw, stub = case.file.read_bytes(), running.stub("reader")
    for direction, judged in (("", "2.0.0"), ("backward_transitive", "1.0.0")):
        request = pb.CheckCompatibilityRequest(id=case.id, direction=direction)
        request.document.data = raw
        assert stub.CheckCompatibility(request, timeout=60).old_version == judged


def test_a_first_version_is_judged_against_nothing(publisher: Client, tmp_path: Path, running, monkeypatch) -> None:
    monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(running.data))
    name = f"judged_against_{next(_numbers)}"
    raw = document(name, "1.0.0", "full_transitive", [1])
    (tmp_path / "first.json").write_bytes(raw)
    with pytest.raises(NotFound):
        publisher.check_compatibility(raw)
    done = CliRunner().invoke(app, ["publish", "--dry-run", "--json", str(tmp_path / "first.json")])
    assert (json.loads(done.stdout)["result"], json.loads(done.stdout)["verdict"]) == ("would be created", None)
    assert publisher.register(raw).created


def test_a_pair_of_files_at_a_transitive_level_is_one_comparison(tmp_path: Path) -> None:
    for name, version in (("old.json", "1.0.0-rc.1"), ("new.json", "2.0.0")):
        (tmp_path / name).write_bytes(document("pair", version, "full_transitive", [1]))
    done = CliRunner().invoke(app, ["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json")])
    assert done.exit_code == 0
    assert "1.0.0-rc.1 → 2.0.0" in done.stdout


def test_a_registration_cannot_drop_what_the_version_before_promised(publisher: Client) -> None:
    promised, dropped = "full_transitive", document("promise_kept", "2.1.0", "backward", [1, 2, 3, 4])
    publisher.register(document("promise_kept", "1.0.0", promised, [1, 2]))
    publisher.register(document("promise_kept", "2.0.0", promised, [1, 2, 3]))
    with pytest.raises(VersionRefused) as refused:
        publisher.register(dropped)
    for verdict in (refused.value.verdict, publisher.check_compatibility(dropped)):
        assert (verdict.verdict, verdict.direction, verdict.required_bump) == ("incompatible", promised, "major")
        assert "/compatibility" in [change.pointer for change in verdict.changes]
    assert publisher.register(document("promise_kept", "3.0.0", "backward", [1, 2, 3, 4])).created
