"""`load` as a command that ends, with a Slack webhook that is a real server, and files of ticks."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devtools.make_ticks import Ticks, make
from schemaregistry.cli.app import main
from tests.support.webhook import Webhook, serving

TICKS = str(Path(__file__).resolve().parents[3] / "schemas" / "ticks_v1.json")


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


Load = Callable[..., Done]
Make = Callable[..., Path]


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with serving() as state:
        yield state


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path, webhook: Webhook) -> Load:
    """`load(file, "--policy", …)`: by the ticks document to `out`, unless others are named; the webhook is in the
    environment."""
    monkeypatch.setenv("SCHEMAREGISTRY_SLACK_WEBHOOK", webhook.url)
    monkeypatch.setenv("SCHEMAREGISTRY_CACHE", str(tmp_path / "cache"))

    def load(*arguments: str | Path) -> Done:
        asked = list(map(str, arguments))
        for option, value in (("--schema", TICKS), ("--to", str(tmp_path / "out"))):
            asked += [] if option in asked else [option, value]
        monkeypatch.setattr(sys, "argv", ["schemaregistry", "load", *asked])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert "SECRET" not in out + err
        return Done(int(ended.value.code or 0), out, err)

    return load


@pytest.fixture
def ticks(tmp_path: Path) -> Make:
    """`ticks("t.csv", "bad_enum")`: a file in the format of its name, two rows of which have the fault."""

    def ticks(name: str, fault: str | None = None) -> Path:
        make(tmp_path / name, Ticks(2_000, name.rpartition(".")[2], fault, fault_rows=2))
        return tmp_path / name

    return ticks
