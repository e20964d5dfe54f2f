"""CSV in other dialects in C++: by option, contract and name, to the reports of Python."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse
from schemaregistry.document.csv_dialect import csv_dialect
from tests.unit.data.test_csv_dialect import COMMENTED, DOCUMENT, SEMICOLONS

OF_THE_RUN = ("seconds", "rows_per_second", "peak_memory_bytes")
Run = Callable[..., Any]
Compile = Callable[[bytes], Path]

ESCAPED = 'symbol,price\n"a\\"b",1\n# x"\n"c\\\\",x\n"d\\n",1\nC:\\x,1\n"e\\\\\\"",1\n"f\n#g",1\nx,y\n'
CASES: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "semicolons": ("t.csv", SEMICOLONS.encode(), {"delimiter": ";"}),
    "tabs by name": ("t.tsv", SEMICOLONS.replace(";", "\t").encode(), {}),
    "UTF-16": ("t.csv", "symbol,price\r\nÄ𝄞,1\r\nB,x\r\n".encode("utf-16"), {}),
    "UTF-16 BE": ("t.csv", b"\xfe\xff" + "symbol,price\nÄ𝄞,x\n".encode("utf-16be"), {}),
    "UTF-16 LE without a mark": ("t.csv", "symbol,price\nÄ,x\n".encode("utf-16le"), {"encoding": "utf-16le"}),
    "UTF-16 that isn't": ("t.csv", b"\xff\xfea\x00\x00\xd8a\x00", {}),
    "UTF-16 cut off": ("t.csv", "symbol,price\nA,1\n".encode("utf-16")[:-1], {}),
    "the other mark": ("t.csv", b"\xfe\xff" + "symbol,price\n".encode("utf-16be"), {"encoding": "utf-16le"}),
    "a mark of UTF-8": ("t.csv", "symbol,price\n".encode("utf-8-sig"), {"encoding": "iso-8859-1"}),
    "a mark of UTF-16": ("t.csv", "symbol,price\n".encode("utf-16"), {"encoding": "utf-8"}),
    "UTF-32 as UTF-16": ("t.csv", "symbol,price\n".encode("utf-32"), {"encoding": "utf-16le"}),
    "UTF-32": ("t.csv", "symbol,price\n".encode("utf-32"), {}),
    "Latin-1": ("t.csv", "symbol,price\nÄ,x\n".encode("latin-1"), {"encoding": "iso-8859-1"}),
    "Windows-1252": ("t.csv", "symbol,price\n€,x\n".encode("windows-1252"), {"encoding": "windows-1252"}),
    "Windows-1252 that isn't": ("t.csv", b"symbol,price\n\x81,x\n", {"encoding": "windows-1252"}),
    "Windows-1252 that isn't, far on": (
        "t.csv",
        b"symbol,price\n" + b"abc,1\n" * 40000 + b"\x81,1\n" + b"q,1\n" * 5,
        {"encoding": "windows-1252"},
    ),
    "UTF-16 with half a pair, far on": (
        "t.csv",
        ("symbol,price\n" + "abc,1\n" * 40000).encode("utf-16") + b"\x00\xd8a\x00\n\x00",
        {},
    ),
    "UTF-16 with half a pair at the end": ("t.csv", "symbol,price\n".encode("utf-16") + b"\x00\xd8", {}),
    "a delimiter in names": ("t.csv", b"day_symbol_price\n1_2_3\n", {}),
    "a control character as delimiter": ("t.csv", b"day\x01symbol\x01price\n1\x012\x013\n", {}),
    "one name in a mark's parts": ("t.csv", b"trade_price,last-price\n1,2\n", {}),
    "comments": ("t.csv", COMMENTED.encode(), {"comment": "#"}),
    "lines before": (
        "t.csv",
        '\ufeffMade by "a\n\nsymbol,price\n#x\nA,x\n'.encode(),
        {"skip_lines": 2, "comment": "#"},
    ),
    "nulls": ("t.csv", b'symbol,price\nA,NA\n"NA",-\nB,\n', {"null": ["NA", "-"]}),
    "escapes": ("t.csv", ESCAPED.encode(), {"escape": "\\", "comment": "#"}),
    "a wrong delimiter": ("t.csv", SEMICOLONS.encode(), {}),
    "a wrong delimiter of quoted names": ("t.csv", b'\n"day";"symbol";"price"\n1;2;3\n', {}),
    "a missing header": ("t.csv", b"2024-01-02,A,1.5\n2024-01-03,A,1.5\n", {}),
    "another header": ("t.csv", b"a,b\n1,2\n", {}),
    "a header in another case": ("t.csv", b"Day, symbol,PRICE\n2024-01-02,A,1\n", {}),
}


def facts(report: dict[str, Any]) -> dict[str, Any]:
    kept = {name: report[name] for name in ("verdict", "rows_failing", "notes")}
    if report["error"]:
        error = report["error"]
        found = {name: error[name] for name in ("reason", "line")}
        return kept | found | ({"offset": error["offset"]} if error["reason"] == "BAD_ENCODING" else {})
    return kept | {"violations": [{**found, "actual": ""} for found in report["violations"]]}


@pytest.mark.parametrize("by", ["option", "contract"])
@pytest.mark.parametrize("name", CASES)
def test_a_dialect_is_read_as_by_python(
    name: str, by: str, tmp_path: Path, schema_load: Run, compiled: Compile
) -> None:
    file, content, said = CASES[name]
    path = tmp_path / file
    path.write_bytes(content)
    document = json.dumps(DOCUMENT | ({"x-csv": said} if by == "contract" else {})).encode()
    options: list[str] = []
    for key, value in said.items() if by == "option" else ():
        for each in value if isinstance(value, list) else [value]:
            options += [f"--{key.replace('_', '-')}", str(each)]
    ran = schema_load(path, "--contract", compiled(document), "--json", "--check-only", *options)
    dialect = csv_dialect(said if by == "option" else {})
    report = data.check(data.find([str(path)], csv=dialect), compile_contract(parse(document))).to_json()
    assert facts(ran.report) == facts(json.loads(json.dumps(report))), ran.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--delimiter", "ab"),
        ("--delimiter", ""),
        ("--delimiter=",),
        ("--comment", ","),
        ("--encoding", "utf8"),
        ("--skip-lines", "-1"),
        ("--null", ""),
        ("--null", '"x"'),
        ("--null", "a\nb"),
        ("--null", "NA", "--null", "NA"),
        ("--null", "ä" * 101),
    ],
)
def test_a_dialect_that_there_is_not_is_usage(
    options: tuple[str, ...], tmp_path: Path, schema_load: Run, compiled: Compile
) -> None:
    (tmp_path / "t.csv").write_bytes(b"symbol,price\n")
    ran = schema_load(
        tmp_path / "t.csv", "--contract", compiled(json.dumps(DOCUMENT).encode()), "--check-only", *options
    )
    assert ran.code == 2
    assert ran.stderr
