"""Write a contract as a C++ header: a struct with a typed span for each column, and the contract's fingerprint.

The C++ client's `schemaregistry/columns.h` maps a batch to the struct, `loader.h` loads files.
"""

import re
from collections.abc import Iterator
from typing import Final

from schemaregistry.errors import InvalidArgument
from schemaregistry.v1 import contract_pb2

_SPANS: Final = {
    **{
        f"{sign}int{bits}": f"std::span<const std::{sign}int{bits}_t>" for sign in ("", "u") for bits in (8, 16, 32, 64)
    },
    "float32": "std::span<const float>",
    "float64": "std::span<const double>",
    "bool": "schemaregistry::Bools",
    "utf8": "schemaregistry::Texts",
    "large_utf8": "schemaregistry::LargeTexts",
    "binary": "schemaregistry::Texts",
    "json": "schemaregistry::Texts",
    "date32": "std::span<const std::int32_t>",
    "date64": "std::span<const std::int64_t>",
    "time32": "std::span<const std::int32_t>",
    "time64": "std::span<const std::int64_t>",
    "timestamp": "std::span<const std::int64_t>",
}
"""The C++ type of a column's values; columns of other types stay Arrow arrays."""

_ARRAYS: Final = {
    **{f"{sign}int{bits}": f"{'U' if sign else ''}Int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "float32": "Float",
    "float64": "Double",
    "bool": "Boolean",
    "utf8": "String",
    "large_utf8": "LargeString",
    "binary": "Binary",
    "json": "String",
    "date32": "Date32",
    "date64": "Date64",
    "time32": "Time32",
    "time64": "Time64",
    "timestamp": "Timestamp",
}
# By the numbers of `Unit` in contract.proto.
_UNITS: Final = {1: "seconds", 2: "milliseconds", 3: "microseconds", 4: "nanoseconds"}
_KEYWORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class
        co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype
        default delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline
        int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register
        reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template
        this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t
        while xor xor_eq
        assert errno linux stderr stdin stdout unix BUFSIZ EOF HUGE_VAL INFINITY NAN NULL RAND_MAX
        map row_count kId kVersion kFingerprint batch error found
        """,
    )
)
"""Names that a member of the struct can't have: C++20's keywords, common macros, and the struct's own members."""


def cpp_header(contract: contract_pb2.Contract) -> str:
    """Return the text of the header; equal contracts give equal headers.

    Raises InvalidArgument (UNKNOWN_PLAN) for a column whose type this library doesn't know, from a newer one.
    """
    _refuse_types_to_come(contract)
    struct = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", contract.id))
    names = _identifiers([column.field.name for column in contract.columns], _KEYWORDS | {struct})
    members = "\n".join(
        line for column, name in zip(contract.columns, names, strict=True) for line in _member(column, name)
    )
    mapped = " ||\n        ".join(
        f"!{_mapper(column)}(batch, {_quoted(column.field.name)}, found.{name}, error)"
        for column, name in zip(contract.columns, names, strict=True)
    )
    return _HEADER.format(
        id=contract.id,
        version=contract.version,
        fingerprint=contract.fingerprint,
        struct=struct,
        members=members,
        mapped=mapped or "false",
    )


def _refuse_types_to_come(contract: contract_pb2.Contract) -> None:
    for column in contract.columns:
        if column.field.type.name not in contract_pb2.TypeName.values():
            raise InvalidArgument(
                f"The column {column.field.name!r} is of a type not known here: use a newer schemaregistry.",
                reason="UNKNOWN_PLAN",
            )


def _member(column: contract_pb2.Column, name: str) -> Iterator[str]:
    kind = _name(column.field.type)
    unit = _UNITS.get(column.field.type.unit)
    says = f"  /// {_described(column.field.type)}"
    if unit:
        says += f": {unit} since " + ("1970-01-01T00:00:00Z" if kind == "timestamp" else "midnight")
    if column.field.name != name:
        says += f"; the column {_quoted(column.field.name)}"
    yield says + "."
    yield f"  {_type(column)} {name};"


def _type(column: contract_pb2.Column) -> str:
    span = _SPANS.get(_name(column.field.type))
    if span is None:
        return "std::shared_ptr<arrow::Array>"
    return span if _always_there(column) else f"schemaregistry::Nullable<{span}>"


def _mapper(column: contract_pb2.Column) -> str:
    array = _ARRAYS.get(_name(column.field.type))
    return f"schemaregistry::columns::map<arrow::{array}Array>" if array else "schemaregistry::columns::map"


def _always_there(column: contract_pb2.Column) -> bool:
    return column.required and not column.field.nullable


def _name(kind: contract_pb2.Type) -> str:
    return contract_pb2.TypeName.Name(kind.name).removeprefix("TYPE_NAME_").lower()


def _described(kind: contract_pb2.Type) -> str:
    units = {1: "s", 2: "ms", 3: "us", 4: "ns"}
    parts = [units[kind.unit]] if kind.unit else []
    parts += [kind.tz] if kind.HasField("tz") else []
    return f"{_name(kind)}[{', '.join(parts)}]" if parts else _name(kind)


def _identifiers(names: list[str], taken: frozenset[str]) -> list[str]:
    """Return a C++ identifier for each column: its name, with other characters replaced and made unique by a number.

    `taken` are names that can't be used.
    """
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "column"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        plain = f"{plain}_" if plain in taken else plain
        unique, number = plain, 2
        while unique in found:
            unique, number = f"{plain.rstrip('_')}_{number}", number + 1
        found.append(unique)
    return found


def _quoted(text: str) -> str:
    """Return a C++ string literal.

    What isn't printable ASCII is written in octal, which ends after three digits; a hexadecimal escape would take in
    the digits that follow. A question mark is escaped too, as it could begin a trigraph.
    """
    plain = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\?' else f"\\{byte:03o}" for byte in text.encode()
    )
    return f'"{plain}"'


_HEADER: Final = """\
// Made by `schemaregistry cpp {id}` from {id} {version}. Don't edit it: make it anew.
#pragma once

#include <schemaregistry/columns.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace schemaregistry::contracts {{

/// A batch of rows that conform to {id} {version}.
struct {struct} {{
  static constexpr std::string_view kId = "{id}";
  static constexpr std::string_view kVersion = "{version}";
  /// Of the document's canonical form: a loader compares it before it reads a byte.
  static constexpr std::string_view kFingerprint = "{fingerprint}";

{members}

  std::size_t row_count() const noexcept {{ return rows_; }}

  /// The columns of a batch that the gate has loaded; it must outlive them.
  static schemaregistry::Result<{struct}> map(const arrow::RecordBatch& batch) {{
    {struct} found;
    schemaregistry::Error error;
    found.rows_ = static_cast<std::size_t>(batch.num_rows());
    if ({mapped}) {{
      return error;
    }}
    return found;
  }}

 private:
  std::size_t rows_ = 0;
}};

}}  // namespace schemaregistry::contracts
"""
