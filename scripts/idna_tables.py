"""Write the tables of IDNA2008 for the C++ gate, from Python's Unicode data and the `idna` package.

python -m scripts.idna_tables > clients/cpp/src/gate/idna_tables.h
"""

import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

import idna
from idna import idnadata

_CODE_POINTS: Final = range(0x80, 0x110000)
_PER_LINE: Final = 6
_BIDI: Final = {"L": "L", "R": "R", "AL": "A", "AN": "N", "EN": "E", "NSM": "M"}
"""The letter of each bidi class; `O` for others that a label may have, `X` for those that it may not (RFC 5893, 2)."""
_HEAD: Final = """\
/// Unicode's data for host names (RFC 5892, RFC 5893), made by `python -m scripts.idna_tables`. Don't edit it.
#pragma once

#include <cstdint>

namespace schemaregistry {

/// Code points of one kind.
struct IdnaRange {
  std::uint32_t first;
  std::uint32_t last;
  char kind;
};

"""
_OTHERS: Final = ("ES", "CS", "ET", "ON", "BN")


def ranges(kind: Callable[[int], str]) -> Iterator[tuple[int, int, str]]:
    """Yield the runs of code points of one kind, as first, last and kind; code points without a kind are left out."""
    first, before = 0, ""
    for code in (*_CODE_POINTS, 0x110000):
        found = kind(code) if code < 0x110000 else ""
        if found != before:
            if before:
                yield first, code - 1, before
            first, before = code, found


def _members(encoded: tuple[int, ...]) -> frozenset[int]:
    return frozenset(code for pair in encoded for code in range(pair >> 32, pair & 0xFFFFFFFF))


def _mapped(code: int, valid: frozenset[int]) -> bool:
    """Whether UTS 46 maps a code point to other ones that are all valid."""
    try:
        mapped = idna.uts46_remap(chr(code), std3_rules=True, transitional=False)
    except idna.IDNAError:
        return False
    return bool(mapped) and mapped != chr(code) and all(ord(letter) in valid for letter in mapped)


def _table(name: str, kind: Callable[[int], str]) -> str:
    cells = [f"{{0x{first:X}, 0x{last:X}, '{of}'}}," for first, last, of in ranges(kind)]
    lines = (" ".join(cells[at : at + _PER_LINE]) for at in range(0, len(cells), _PER_LINE))
    return f"constexpr IdnaRange {name}[] = {{\n" + "\n".join(f"    {line}" for line in lines) + "\n};\n"


def main() -> None:
    """Print the C++ header."""
    valid = _members(idnadata.codepoint_classes["PVALID"])
    ascii_too = valid | frozenset(map(ord, "abcdefghijklmnopqrstuvwxyz0123456789-"))
    scripts = {"G": _members(idnadata.scripts["Greek"]), "H": _members(idnadata.scripts["Hebrew"])} | {
        "J": frozenset().union(*(_members(idnadata.scripts[name]) for name in ("Hiragana", "Katakana", "Han")))
    }
    joining = {code: of for of, codes in idnadata.joining_types.items() for code in _members(codes)}

    def bidi(code: int) -> str:
        found = unicodedata.bidirectional(chr(code))
        return "" if found in ("", "L") else _BIDI.get(found, "O" if found in _OTHERS else "X")

    tables = {
        "kIdnaValid": lambda code: "V" if code in valid else "M" if _mapped(code, ascii_too) else "",
        "kIdnaMarks": lambda code: "M" if unicodedata.category(chr(code)).startswith("M") else "",
        "kIdnaViramas": lambda code: "V" if unicodedata.combining(chr(code)) == 9 else "",
        "kIdnaJoining": lambda code: joining.get(code, ""),
        "kIdnaBidi": bidi,
        "kIdnaScripts": lambda code: next((name for name, codes in scripts.items() if code in codes), ""),
    }
    written = "\n".join(_table(*each) for each in tables.items())
    sys.stdout.write(f"{_HEAD}{written}\n}}  // namespace schemaregistry\n")


if __name__ == "__main__":
    main()
