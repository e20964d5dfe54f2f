"""Addresses of snapshots in S3 (`s3://BUCKET/PREFIX`, `…@TIME`), the names of objects there, how S3 is reached."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from schemaregistry.errors import InvalidArgument

SCHEME: Final = "s3://"
BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
NAME: Final = re.compile(r"snapshot-(\d{8}T\d{6}Z)-[0-9a-f]{16}")
STAMP: Final = "%Y%m%dT%H%M%SZ"
CONTENT: Final = ".snap"
MANIFEST: Final = ".json"


@dataclass(frozen=True, slots=True)
class S3Options:
    """The options that say how a bucket is reached."""

    s3_endpoint: Annotated[
        str, typer.Option(metavar="URL", envvar="AWS_ENDPOINT_URL", help="The S3 server, where it isn't Amazon's.")
    ] = ""
    s3_ca: Annotated[Path | None, typer.Option(metavar="PEM", help="The CA of its certificate.")] = None


@dataclass(frozen=True, slots=True)
class S3Address:
    """A bucket, and what the keys of its snapshots begin with; `until` is the time after `@`, None without one."""

    bucket: str
    prefix: str
    until: datetime | None = None

    def url(self, key: str = "") -> str:
        """The address of a key, or of the prefix, for messages."""
        return f"{SCHEME}{self.bucket}/{key or self.prefix}"


@dataclass(frozen=True, slots=True, order=True)
class SnapshotName:
    """The name of one snapshot: the time at which it was begun, then random digits, so that no two have the same."""

    text: str

    @property
    def at(self) -> datetime:
        found = NAME.fullmatch(self.text)
        assert found
        return datetime.strptime(found[1], STAMP).replace(tzinfo=UTC)

    def content(self, address: S3Address) -> str:
        """The key of the snapshot itself, whose bytes are those of a snapshot file."""
        return f"{address.prefix}{self.text}{CONTENT}"

    def manifest(self, address: S3Address) -> str:
        """The key of its manifest, which is written last."""
        return f"{address.prefix}{self.text}{MANIFEST}"


def is_s3(text: str) -> bool:
    """Whether a command's argument is an address in S3, and no file."""
    return text.lower().startswith(SCHEME)


def read_address(text: str, *, may_choose: bool = False) -> S3Address:
    """Read `s3://BUCKET/PREFIX`, and `@TIME` after it where `may_choose`; a prefix gets a slash at its end.

    Raises InvalidArgument (BAD_S3) where the text is none.
    """
    bucket, _, rest = text[len(SCHEME) :].partition("/")
    before, at, after = rest.rpartition("@")
    chosen = may_choose and bool(at) and "/" not in after
    prefix = before if chosen else rest
    if not is_s3(text) or not BUCKET.fullmatch(bucket):
        raise InvalidArgument(f"{text!a} is no s3://BUCKET/PREFIX/ with the name of a bucket.", reason="BAD_S3")
    if not rest.isprintable() or len(prefix) > 512:
        raise InvalidArgument(
            f"The prefix in {text!a} is too long (512 characters at most), or has characters that can't be shown.",
            reason="BAD_S3",
        )
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    return S3Address(bucket, prefix, _read_time(after) if chosen else None)


def new_name(now: datetime) -> SnapshotName:
    """A name for a snapshot that begins now."""
    return SnapshotName(f"snapshot-{now.astimezone(UTC).strftime(STAMP)}-{secrets.token_hex(8)}")


def name_of(address: S3Address, key: str, ending: str) -> SnapshotName | None:
    """The snapshot that a key belongs to by its name; None for every other key."""
    stem = key.removeprefix(address.prefix)
    if not stem.endswith(ending) or not NAME.fullmatch(stem.removesuffix(ending)):
        return None
    name = SnapshotName(stem.removesuffix(ending))
    try:
        return name if name.at else None
    except ValueError:  # digits that are no time
        return None


def read_duration(text: str) -> timedelta:
    """Read `14d`, `36h` or `2w`; raises InvalidArgument (BAD_KEEP) for anything else, and for nothing at all."""
    found = re.fullmatch(r"([1-9]\d{0,4})([hdw])", text)
    if not found:
        raise InvalidArgument(f"--keep {text!a} is no time such as 14d, 36h or 2w.", reason="BAD_KEEP")
    return int(found[1]) * {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}[found[2]]


def _read_time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidArgument(
            f"@{text} is no time with its zone, as in @2026-11-29T08:00:00Z: it takes the newest until then.",
            reason="BAD_S3",
        )
    return found.astimezone(UTC)
