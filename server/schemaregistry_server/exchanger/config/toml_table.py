"""Read tables of a TOML file strictly: each key is asked for by name and type, and any other key is refused."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar, cast

from schemaregistry.errors import InvalidArgument

ValueT = TypeVar("ValueT")

WORDS = {str: "text", int: "a whole number", bool: "true or false", dict: "a table", list: "a list"}


MAX_LINE: Final = 250
"""Characters of a name or an address: a third of what a token has room for."""


class TomlTable:
    """One table of `file`; `path` is its place, such as `rules[2].when`, and is empty for the whole file.

    Methods that read a key raise InvalidArgument (BAD_CONFIG), naming file and key, where it is missing and has no
    default, or isn't of the type.
    """

    def __init__(self, file: Path, path: str, values: Mapping[str, object]) -> None:
        self._file, self._path, self._values = file, path, values
        self._read: set[str] = set()

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._values)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that isn't empty."""
        value = self._get(key, str, default)
        if not value and key in self._values:
            raise self.wrong(key, "is empty")
        return value

    def line(self, key: str, default: str | None = None) -> str:
        """A text that others compare and print: short, printable, without blanks at its ends."""
        text = self.text(key, default)
        if len(text) > MAX_LINE or not text.isprintable() or text != text.strip():
            raise self.wrong(key, f"must be at most {MAX_LINE} printable characters, without blanks at its ends")
        return text

    def whole(self, key: str, default: int) -> int:
        return self._get(key, int, default)

    def flag(self, key: str, *, default: bool) -> bool:
        return self._get(key, bool, default)

    def file(self, key: str) -> Path:
        return Path(self.text(key))

    def optional_file(self, key: str) -> Path | None:
        return self.file(key) if key in self._values else None

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts, none of them empty."""
        values = self._get(key, list, None if default is None else list(default))
        if not all(isinstance(each, str) and each for each in values):
            raise self.wrong(key, "must be a list of texts")
        return tuple(cast("list[str]", values))

    def scalar_or_list(self, key: str) -> object:
        """Any value, for the caller to look at."""
        return self._get(key, object, None)

    def table(self, key: str) -> "TomlTable | None":
        """A table within this one, None where there is none."""
        if key not in self._values:
            return None
        return TomlTable(self._file, self.place(key), self._get(key, dict, None))

    def tables(self, key: str) -> "list[TomlTable]":
        """The tables of `[[key]]`, in the file's order."""
        values = self._get(key, list, [])
        if not all(isinstance(each, dict) for each in values):
            raise self.wrong(key, f"must be tables: write [[{self.place(key)}]]")
        return [TomlTable(self._file, f"{self.place(key)}[{at}]", each) for at, each in enumerate(values, 1)]

    def finish(self) -> None:
        """Raise InvalidArgument (BAD_CONFIG) for a key that was never asked for."""
        for key in self._values:
            if key not in self._read:
                raise self.wrong(key, f"is no setting{near_name(key, self._read)}")

    def place(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def wrong(self, key: str, why: str) -> InvalidArgument:
        """Make the error of a key; `why` goes on from `KEY `."""
        place = self.place(key) if key else self._path
        return InvalidArgument(
            f"{self._file}: {place} {why}.", reason="BAD_CONFIG", metadata={"file": str(self._file), "key": place}
        )

    def _get(self, key: str, kind: type[ValueT], default: ValueT | None) -> ValueT:
        self._read.add(key)
        if key not in self._values:
            if default is None:
                raise self.wrong(key, "is missing")
            return default
        value = self._values[key]
        # True is an int in Python.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(key, f"must be {WORDS[kind]}")
        return value


def near_name(name: str, known: Iterable[str]) -> str:
    """Ask in brackets whether a known name was meant, if one is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def read_toml(file: Path) -> TomlTable:
    """Read a file as one table; raises InvalidArgument (BAD_CONFIG) where it can't be read or isn't TOML."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as failed:
        raise InvalidArgument(f"{file} can't be read as TOML: {failed}.", reason="BAD_CONFIG") from failed
    return TomlTable(file, "", values)
