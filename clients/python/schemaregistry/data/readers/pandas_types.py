"""Find columns of pandas that pyarrow has no type for or would change, and labels that become one name in Arrow."""

from collections.abc import Iterator
from typing import Any, Final

from schemaregistry.data.readers.foreign_types import CAST

_COUNTED: Final = frozenset(("PeriodDtype", "IntervalDtype"))
"""Arrow has their numbers, of which days or months it doesn't say."""
_DOUBLE_BYTES: Final = 8


class RepeatedName(ValueError):
    """Two labels of a frame that are one name in Arrow."""


def arrow_name(label: Any) -> str:
    """Return the name that pyarrow gives to the column with a label."""
    if isinstance(label, tuple):
        return str(tuple(map(arrow_name, label)))
    return label.decode(errors="backslashreplace") if isinstance(label, bytes) else str(label)


def refuse_repeated_labels(frame: Any) -> None:
    """Raise RepeatedName where two labels, of columns or of the index, would have one name."""
    seen: dict[str, Any] = {}
    for label in _labels(frame):
        name = arrow_name(label)
        if name in seen:
            if seen[name] == label:
                what = f"more than one column is named {label!r}: which of them is meant can't be told"
            else:
                what = f'the columns {seen[name]!r} and {label!r} are both "{name}" in Arrow: rename one of them'
            raise RepeatedName(what)
        seen[name] = label


def _labels(frame: Any) -> Iterator[Any]:
    """Yield the labels of what pyarrow makes a column of."""
    yield from frame.columns
    # A RangeIndex becomes metadata, a level that is named as a column `__index_level_0__`.
    if type(frame.index).__name__ != "RangeIndex":
        yield from (name for name in frame.index.names if name is not None and name not in frame.columns)


def exportable(frame: Any) -> tuple[Any, dict[str, str]]:
    """Return a frame that pyarrow converts without changing a value, and the columns that this was impossible for.

    Sparse columns become dense. The others are null in the frame; for each a text says what it is and what to do.
    """
    frame = _with_odd_levels_as_columns(frame)
    changed: dict[str, str] = {}
    # Each step makes a new frame of the same columns, so the caller's stays as it is.
    found = frame
    for at, (label, kind) in enumerate(frame.dtypes.items()):
        dense = None
        if _is_sparse(kind):
            dense = frame.iloc[:, at].sparse.to_dense()
            kind = dense.dtype  # noqa: PLW2901 - the type that the values have
        what = _impossible(kind)
        if what:
            changed[arrow_name(label)] = what
        if what or dense is not None:
            found = found.copy(deep=False) if found is frame else found
            found.isetitem(at, None if what else dense)
    return found, changed


def _with_odd_levels_as_columns(frame: Any) -> Any:
    index = frame.index
    for level, label in enumerate(index.names):
        kind = index.get_level_values(level).dtype
        if _impossible(kind) or _is_sparse(kind):
            drop = label is None or label in frame.columns
            return _with_odd_levels_as_columns(frame.reset_index(level=level, drop=drop))
    return frame


def _is_sparse(kind: Any) -> bool:
    return type(kind).__name__ == "SparseDtype"


def _impossible(kind: Any) -> str:
    """Say what a type is and what to do about it; empty where pyarrow converts it exactly, or refuses it itself."""
    categories = getattr(kind, "categories", None)
    if categories is not None:
        inner = categories.dtype
        return f"pandas' category of {inner}, {CAST}" if _is_sparse(inner) or _impossible(inner) else ""
    if type(kind).__name__ in _COUNTED:
        return f"pandas' {kind}, {CAST}"
    match getattr(kind, "kind", ""):
        case "c":
            return f"pandas' {kind}, which Arrow has no type for: give its real and its imaginary part a column each"
        case "f" if getattr(kind, "itemsize", 0) > _DOUBLE_BYTES:
            return f"pandas' {kind}, {CAST}"
    return ""
