"""`schemaregistry cpp`: what a header says of its columns. That it compiles and maps is `clients/cpp/tests/maps.h`."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from schemaregistry.cli.app import app
from schemaregistry.contract.cpp_header import cpp_header
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1 import contract_pb2
from tests.conftest import SCHEMAS, Server

MEMBER = re.compile(r"^  (?:std::span<\S+ \S+>|schemaregistry::\S+|std::shared_ptr<\S+>) (\S+);$", re.M)


def contract(*names: str, kind: int = contract_pb2.TYPE_NAME_UTF8) -> contract_pb2.Contract:
    columns = [{"field": {"name": name, "type": {"name": kind}}} for name in names]
    return contract_pb2.Contract(id="made_v1", version="1.0.0", fingerprint="sha256:made", columns=columns)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=12) | st.sampled_from(["class", "class_", "class-2", "map", "MadeV1"]), unique=True))
def test_every_column_has_a_cpp_name_of_its_own(names: list[str]) -> None:
    members = MEMBER.findall(cpp_header(contract(*names)))
    assert len(members) == len(set(members)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z_]\w*", member, re.A) and "__" not in member for member in members)
    assert not {"class", "map", "MadeV1"} & set(members)


def test_a_column_name_stays_within_its_line() -> None:
    header = cpp_header(contract('\n#error "', "\\", "??/", "é"))
    assert "#error" not in [line.strip() for line in header.splitlines()]
    assert r'"\012#error \042"' in header
    assert header.isascii()
    assert not re.search(r"\\$", header, re.M)


def test_a_type_to_come_is_refused_by_the_column_that_has_it() -> None:
    with pytest.raises(InvalidArgument, match="'later' is of a type not known here") as refused:
        cpp_header(contract("later", kind=99))
    assert refused.value.reason == "UNKNOWN_PLAN"


@pytest.mark.parametrize("schema", sorted(path.stem for path in SCHEMAS.glob("*.json")))
def test_the_header_of_a_registered_id_is_that_of_its_document(
    schema: str, running: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(running.data))
    registered = CliRunner().invoke(app, ["cpp", schema])
    document = CliRunner().invoke(app, ["cpp", str(SCHEMAS / f"{schema}.json")])
    assert registered.exit_code == document.exit_code == 0, registered.output
    assert registered.stdout == document.stdout
    assert f'kId = "{schema}"' in registered.stdout


def test_no_header_of_an_unknown_id(running: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(running.data))
    ran = CliRunner().invoke(app, ["cpp", "tick_v1"])
    assert ran.exit_code != 0
    assert ran.stdout == ""
