"""Find where CSV breaks the grammar of RFC 4180: text beside a quoted field, a quote within a field, a lone CR.

Arrow's parser would join such text to the value, and take a CR for a line end.
"""

import re
from dataclasses import replace
from typing import Final

import numpy as np

from schemaregistry.data.arrow.arrays import Indices
from schemaregistry.data.readers.lines import Block, record_ends
from schemaregistry.data.report.unreadable import UnreadableFile

_QUOTE, _NEWLINE, _RETURN = b'"\n\r'
_RETURN_ALONE: Final = re.compile(rb"\r(?!\n)")
_LONE: Final = "a line ends with \\r alone: lines of CSV end with \\n or \\r\\n, write the file anew with these"
_STRAY: Final = "a quote stands beside other text: quotes are around a whole field, and doubled within it (RFC 4180)"


def sound_part(path: str, block: Block, delimiter: str) -> tuple[Block, UnreadableFile | None]:
    """Return the records before the first malformed one, and the error of that one (None: there is none)."""
    found = _first_fault(block.data, ord(delimiter))
    if found is None:
        return block, None
    at, message = found
    ends = record_ends(block.data, block.newlines)
    # The whole record is left out, so that it is reported from its first line on.
    before = int(np.searchsorted(ends, at))
    start = int(ends[before - 1]) + 1 if before else 0
    fault = UnreadableFile(path, "NOT_CSV", message, offset=block.offset + start, line=block.line_at(start))
    return replace(block, data=block.data[:start]), fault


def _first_fault(data: bytes, delimiter: int) -> tuple[int, str] | None:
    """Return the offset and message of the first fault."""
    returns = _lone_returns(data)
    found = [(at, _LONE) for at in returns] + [(at, _STRAY) for at in _stray_quotes(data, delimiter)]
    return min(found, default=None)


def _lone_returns(data: bytes) -> list[int]:
    """Find the first CR outside of quotes without an LF after it; return its offset in a list, or none."""
    if data.count(b"\r") == data.count(b"\r\n"):
        return []
    places = np.array([found.start() for found in _RETURN_ALONE.finditer(data)], np.int64)
    # An odd number of quotes before a place means that it is within quotes.
    within = np.searchsorted(_quotes(data), places) % 2 == 1
    return [int(place) for place in places[~within][:1]]


def _stray_quotes(data: bytes, delimiter: int) -> list[int]:
    """Find the first quote that opens within a field or closes before its end; return its offset in a list, or none.

    Quotes alternate between opening and closing. A doubled quote counts as closing and opening again, which is why an
    opening quote may also stand right after a quote.
    """
    quotes = _quotes(data)
    if not len(quotes):
        return []
    letters = np.frombuffer(data, np.uint8)
    opening, closing = quotes[::2], quotes[1::2]
    before = letters[np.maximum(opening - 1, 0)]
    strays = opening[(opening > 0) & ~np.isin(before, (delimiter, _NEWLINE, _QUOTE))]
    after = letters[np.minimum(closing + 1, len(letters) - 1)]
    unended = closing[(closing + 1 < len(letters)) & ~np.isin(after, (delimiter, _NEWLINE, _QUOTE, _RETURN))]
    return sorted(int(place) for place in (*strays[:1], *unended[:1]))[:1]


def _quotes(data: bytes) -> Indices:
    if b'"' not in data:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.frombuffer(data, np.uint8) == _QUOTE)
