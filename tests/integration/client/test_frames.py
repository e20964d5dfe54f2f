"""What a client and the libraries of frames do together: types for a frame, and a frame judged, by a registered id."""

import asyncio
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import schemaregistry
from schemaregistry.client import AsyncClient, Client, Credentials

FRAMES: dict[str, Callable[[pa.Table], Any]] = {
    "pyarrow": lambda table: table,
    "pandas": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.DataFrame,
}
SIZES = {"size": {"type": "integer", "minimum": 1}}


@pytest.fixture
def sizes(publisher: Client, document: Callable[..., bytes], schema_id: str) -> str:
    """A registered id whose column `size` is an integer from 1."""
    arrow = {"fields": [{"name": "size", "type": {"name": "int32"}}]}
    publisher.register(document("1.0.0", SIZES, arrow=arrow))
    return schema_id


def test_the_types_of_a_version_are_an_arrow_schema(reader: Client, sizes: str) -> None:
    schema = schemaregistry.arrow_schema(f"{sizes}@1.0.0", client=reader)
    assert schema.field("size").type == pa.int32()
    assert schema.metadata[b"schemaregistry.version"] == b"1.0.0"


def test_a_pandas_frame_is_given_the_types_that_it_lost(reader: Client, sizes: str) -> None:
    frame = pd.DataFrame({"size": [1.0, 2.0]})
    table = pa.Table.from_pandas(frame, schemaregistry.arrow_schema(sizes, client=reader))
    assert table.column("size").type == pa.int32()
    assert schemaregistry.check(table, sizes, client=reader).verdict == "conforms"


@pytest.mark.parametrize("kind", FRAMES)
def test_an_empty_frame_of_a_version_conforms(reader: Client, sizes: str, kind: str) -> None:
    empty = FRAMES[kind](schemaregistry.arrow_schema(sizes, client=reader).empty_table())
    assert list(empty.columns if kind != "pyarrow" else empty.column_names) == ["size"]
    assert schemaregistry.check(empty, sizes, client=reader).verdict == "conforms"


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_judged_by_what_the_client_fetches(reader: Client, sizes: str, kind: str) -> None:
    schema = schemaregistry.arrow_schema(sizes, client=reader)
    report = schemaregistry.check(FRAMES[kind](pa.table({"size": [5, 0]}, schema)), sizes, client=reader)
    assert (report.verdict, report.rows_failing, report.schema.version) == ("violates", 1, "1.0.0")
    assert [violation.rule for violation in report.violations] == ["minimum"]


async def test_a_frame_is_judged_by_what_an_asyncio_client_fetches(running: Any, sizes: str) -> None:
    async with AsyncClient(running.target, credentials=Credentials.dev(running.data)) as client:
        document = await client.document(sizes)
    report = await asyncio.to_thread(schemaregistry.check, pl.DataFrame({"size": [0]}), document)
    assert report.verdict == "violates"
