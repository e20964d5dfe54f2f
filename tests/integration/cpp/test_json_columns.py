"""Members of any JSON type in C++: the official suite, and the reports that Python gives, from every format."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse
from tests.support.json_schema_suite import files, groups

SchemaLoad = Callable[..., Any]
Compiled = Callable[[bytes], Path]
OF_THE_RUN = ("seconds", "rows_per_second", "peak_memory_bytes")
JSON = pa.json_()


@pytest.mark.parametrize("file", files())
def test_the_gate_tells_what_the_suite_does(
    file: str, tmp_path: Path, schema_load: SchemaLoad, compiled: Compiled
) -> None:
    for group in groups(file):
        contract = compiled(group.document)
        for lines, all_fail in ((group.conform, False), (group.violate, True)):
            (tmp_path / "v.ndjson").write_bytes(b"\n".join(lines))
            ran = schema_load(tmp_path / "v.ndjson", "--contract", contract, "--json", "--check-only")
            report = json.loads(ran.stdout) if ran.stdout else {"error": ran.stderr, "rows_failing": None}
            failing = (report["error"], report["rows_failing"])
            assert failing == (None, len(lines) * all_fail), (group.description, lines)


SMALL = ["3", "1", '"ab"', '"a"', "null", "[1, 1.5]", '{"a": {"b": [null, true]}}']
NUMBERS = ["1e300", "1e30", "1e400", "-1e-400", "-0", "0.1", "123456789012345678901234567890.5", "9" * 30]
ODD = ["ab", "", "NaN", "[1", '{"a": 1, "a": 2}', '"\\ud800"', '"\\ud83d\\ude00"', "01", " 1 ", "9" * 4301, "1e5001"]
DEEP = ["[" * depth + "]" * depth for depth in (200, 300)]
HOSTS = [
    *("Ü.de", "u\u0308.de", "a。b", "a.b.", "xn--BCHER-kva", "XN--bcher-kva", "ab--c", "ﬁ.de", "日本.jp", "a·b"),
    *("L·L", "1.2.3.4", "א1", "1א", "", "..", "é" * 60, "xn--", "xn--a", "☃.net", "a\u200db"),
    *("क्\u200dष", "بي\u200cبي", "nb\u200c", "ー", "カ・ナ"),
]
TEXTS = [*SMALL, *NUMBERS, *ODD, *DEEP]
RULES = [
    {},
    {"minimum": 2, "minLength": 2},
    {"type": ["integer", "string", "null"]},
    {"not": {"type": "null"}},
    {"enum": [3, "ab", None, {"a": {"b": [None, True]}}]},
    {"maximum": 1e300, "multipleOf": 0.5},
]


def both(
    path: Path, document: dict[str, Any], schema_load: SchemaLoad, compiled: Compiled
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The reports of C++ and of Python on a file."""
    text = json.dumps(document).encode()
    ran = schema_load(path, "--contract", compiled(text), "--json", "--check-only")
    assert ran.stdout, ran.stderr
    python = data.check(data.find([str(path)]), compile_contract(parse(text))).to_json()
    known = {name: value for name, value in json.loads(json.dumps(python)).items() if name not in OF_THE_RUN}
    return ran.report, known


def document(rule: Any, *, required: bool = False) -> dict[str, Any]:
    head = {"$id": "j_v1", "version": "1.0.0", "type": "object", "properties": {"v": rule}}
    return head | ({"required": ["v"]} if required else {})


@pytest.mark.parametrize("name", ["hostname", "idn-hostname"])
def test_host_names_are_told_alike(name: str, tmp_path: Path, schema_load: SchemaLoad, compiled: Compiled) -> None:
    (tmp_path / "v.ndjson").write_text("\n".join(json.dumps({"v": host}) for host in HOSTS))
    found, known = both(tmp_path / "v.ndjson", document({"format": name}), schema_load, compiled)
    assert found == known
    assert 0 < found["rows_failing"] < len(HOSTS)


@pytest.mark.parametrize("required", [False, True], ids=["optional", "required"])
@pytest.mark.parametrize("rule", RULES, ids=json.dumps)
class TestReports:
    """The same object from both languages."""

    @pytest.mark.parametrize("kind", [JSON, pa.string(), pa.large_string(), "dictionary"], ids=str)
    def test_of_columns(
        self, rule: Any, required: bool, kind: Any, tmp_path: Path, schema_load: SchemaLoad, compiled: Compiled
    ) -> None:
        texts = pa.array([*TEXTS, None], pa.string())
        array = texts.dictionary_encode() if kind == "dictionary" else texts
        array = pa.ExtensionArray.from_storage(JSON, texts) if kind == JSON else array
        array = array.cast(kind) if kind == pa.large_string() else array
        pq.write_table(pa.table({"v": array}), tmp_path / "v.parquet")
        found, known = both(tmp_path / "v.parquet", document(rule, required=required), schema_load, compiled)
        assert found == known

    def test_of_csv(
        self, rule: Any, required: bool, tmp_path: Path, schema_load: SchemaLoad, compiled: Compiled
    ) -> None:
        cells = ['"' + text.replace('"', '""') + '"' for text in TEXTS]
        (tmp_path / "v.csv").write_text("v,w\n" + "".join(f"{cell},1\n" for cell in [*cells, ""]))
        found, known = both(tmp_path / "v.csv", document(rule, required=required), schema_load, compiled)
        assert found == known

    def test_of_json_lines(
        self, rule: Any, required: bool, tmp_path: Path, schema_load: SchemaLoad, compiled: Compiled
    ) -> None:
        lines = [f'{{"v": {text}}}' for text in [*SMALL, *NUMBERS]]
        (tmp_path / "v.ndjson").write_text("\n".join([*lines, "{}"]))
        found, known = both(tmp_path / "v.ndjson", document(rule, required=required), schema_load, compiled)
        assert found == known


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1, 3, None]),
        pa.array([1.0, float("nan"), 3.5]),
        pa.array([[1, 2], [1]]),
        pa.array([{"a": float("inf")}, {"a": 1.0}, None]),
        pa.array([True, False]),
        pa.array([b"\x00", b""]),
        pa.array([0, 10**15], pa.timestamp("us")),
    ],
    ids=lambda array: str(array.type),
)
def test_a_column_of_another_type_is_the_values_that_it_has(
    array: pa.Array, tmp_path: Path, schema_load: SchemaLoad, compiled: Compiled
) -> None:
    with pa.ipc.new_file(tmp_path / "v.arrow", pa.schema([("v", array.type)])) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays([array], names=["v"]))
    found, known = both(tmp_path / "v.arrow", document({"minimum": 2, "minLength": 1}), schema_load, compiled)
    assert found == known


NESTED = {
    "$id": "n_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {
        "s": {
            "type": "object",
            "properties": {"x": {"minLength": 2}, "n": {"type": "integer"}},
            "required": ["x", "w"],
        },
        "l": {"type": "array", "items": {"minLength": 2}, "uniqueItems": True},
    },
    "required": ["s", "u"],
}


def test_nested_members_and_members_that_only_required_names(
    tmp_path: Path, schema_load: SchemaLoad, compiled: Compiled
) -> None:
    lines = [
        {"s": {"x": 1, "n": 1, "w": 1}, "l": [1, None, "ab"], "u": []},
        {"s": {"x": "a", "w": 1}, "l": ["b"], "u": 1},
        {"s": {"n": 1, "w": 1}, "u": 1},
        {"s": {"x": None}, "u": 1},
        {"s": {"x": 1, "w": 1}, "l": [1, 1.0]},
    ]
    (tmp_path / "n.ndjson").write_text("\n".join(map(json.dumps, lines)))
    found, known = both(tmp_path / "n.ndjson", NESTED, schema_load, compiled)
    assert found == known
    assert found["rows_failing"] == 4


def test_a_recursive_document(tmp_path: Path, schema_load: SchemaLoad, compiled: Compiled) -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/definitions/node"}}, "additionalProperties": False}
    rule = {"$ref": "#/definitions/node"}
    deep = '{"next": ' * 150 + "{}" + "}" * 150
    (tmp_path / "v.ndjson").write_text(f'{{"v": {deep}}}\n{{"v": {deep.replace("{}", "[]")}}}\n')
    found, known = both(tmp_path / "v.ndjson", document(rule) | {"definitions": {"node": node}}, schema_load, compiled)
    assert found == known
    assert found["rows_failing"] == 1
