"""The bytes of a snapshot in S3, as a stream in each direction: parts that are sent, ranges that are asked for.

Neither needs room on a disk; a few parts are in memory.
"""

import asyncio
import base64
import hashlib
import io
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, Literal

from schemaregistry.errors import DataLoss, FailedPrecondition, NotFound, RegistryError, Unavailable
from schemaregistry_server.ops.s3_bucket import ATTEMPTS, Bucket, Lock

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART: Final = 8 << 20
"""Bytes of a part. S3 takes 10,000 parts at most: 80 GB."""


@dataclass
class Upload:
    """A multipart upload of one object that isn't there yet.

    Used as an asynchronous context: where the block fails, or `complete` wasn't called, S3 is told to forget the parts.
    """

    bucket: Bucket
    key: str
    lock: Lock
    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    version: str = ""
    _id: str = ""
    _buffer: bytearray = field(default_factory=bytearray)
    _parts: "list[CompletedPartTypeDef]" = field(default_factory=list)
    _digests: list[bytes] = field(default_factory=list)
    _sending: "asyncio.Task[None] | None" = None

    async def __aenter__(self) -> "Upload":
        await asyncio.to_thread(self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sending:
            await asyncio.gather(self._sending, return_exceptions=True)
        if self._id:
            await asyncio.to_thread(self._give_up)

    async def write(self, content: bytes) -> None:
        """Add bytes; a part that is full is sent while the next one is filled."""
        self.sha256.update(content)
        self.size += len(content)
        self._buffer += content
        while len(self._buffer) >= PART:
            part = bytes(self._buffer[:PART])
            del self._buffer[:PART]
            await self._send(part)

    async def complete(self) -> None:
        """Send the rest and make the object; raises FailedPrecondition where there is one of this name already."""
        if self._buffer or not self._parts:
            await self._send(bytes(self._buffer))
        if self._sending:
            await self._sending
        await asyncio.to_thread(self._complete)

    async def _send(self, part: bytes) -> None:
        if self._sending:
            await self._sending
        self._sending = asyncio.create_task(asyncio.to_thread(self._put, part, len(self._digests) + 1))
        self._digests.append(hashlib.sha256(part).digest())

    def _begin(self) -> None:
        with self.bucket.telling(self.key):
            self._id = self.bucket.client.create_multipart_upload(
                Bucket=self.bucket.address.bucket,
                Key=self.key,
                ChecksumAlgorithm="SHA256",
                ContentType="application/octet-stream",
                **self.lock.arguments,
            )["UploadId"]

    def _put(self, part: bytes, number: int) -> None:
        """Send a part with its SHA-256, which S3 compares with what arrives."""
        checksum = _base64(self._digests[number - 1])
        with self.bucket.telling(self.key):
            answer = self.bucket.client.upload_part(
                Bucket=self.bucket.address.bucket,
                Key=self.key,
                UploadId=self._id,
                PartNumber=number,
                Body=part,
                ChecksumSHA256=checksum,
            )
        if answer.get("ChecksumSHA256", checksum) != checksum:
            raise self.bucket.damaged(self.key, f"part {number} arrived with another SHA-256 than it was sent with")
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum})

    def _complete(self) -> None:
        try:
            with self.bucket.telling(self.key):
                answer = self.bucket.client.complete_multipart_upload(
                    Bucket=self.bucket.address.bucket,
                    Key=self.key,
                    UploadId=self._id,
                    MultipartUpload={"Parts": self._parts},
                    IfNoneMatch="*",
                )
            self.version = answer.get("VersionId", "")
        except (FailedPrecondition, NotFound, Unavailable) as failed:
            # The answer may have been lost, and the request been sent again: then it is there, and it is ours.
            if not self._is_there():
                raise failed from None
        self._id = ""
        if not self._is_there():
            raise self.bucket.damaged(self.key, "it is not there as it was sent")

    def _is_there(self) -> bool:
        """Whether the object has the size and the SHA-256 of the parts that were sent."""
        try:
            with self.bucket.telling(self.key):
                there = self.bucket.client.head_object(
                    Bucket=self.bucket.address.bucket, Key=self.key, ChecksumMode="ENABLED"
                )
        except RegistryError:
            return False
        whole = f"{_base64(hashlib.sha256(b''.join(self._digests)).digest())}-{len(self._digests)}"
        self.version = self.version or there.get("VersionId", "")
        return there["ContentLength"] == self.size and there.get("ChecksumSHA256", whole) == whole

    def _give_up(self) -> None:
        try:
            self.bucket.abort(self.key, self._id)
        except RegistryError:
            return  # the next snapshot says that it is there, and removes it


@dataclass(frozen=True, slots=True)
class S3Content:
    """An object that is read from its start, as often as it is opened."""

    bucket: Bucket
    key: str
    version: str
    size: int

    def __str__(self) -> str:
        return self.bucket.address.url(self.key)

    def open(self, mode: Literal["rb"] = "rb", /) -> IO[bytes]:  # noqa: ARG002 (as of a path)
        """Open it for reading; reading raises as `Bucket`'s methods do."""
        return io.BufferedReader(_Ranges(self), 1 << 16)

    def part(self, begin: int) -> bytes:
        """Read PART bytes from `begin` on, or up to the end; a connection that breaks is tried again."""
        end = min(begin + PART, self.size)
        attempt = 0
        while True:
            try:
                return self._range(begin, end)
            except (Unavailable, DataLoss) as failed:
                attempt += 1
                if attempt == ATTEMPTS or failed.reason != "S3_AWAY":
                    raise
                time.sleep(0.1 * 2**attempt)

    def _range(self, begin: int, end: int) -> bytes:
        version = {"VersionId": self.version} if self.version else {}
        with self.bucket.telling(self.key):
            answer = self.bucket.client.get_object(
                Bucket=self.bucket.address.bucket,
                Key=self.key,
                Range=f"bytes={begin}-{end - 1}",
                **version,  # type: ignore[arg-type]
            )
            found = answer["Body"].read()
        if len(found) != end - begin:
            raise self.bucket.damaged(self.key, f"it ends at byte {begin + len(found)} of {self.size}")
        return found


class _Ranges(io.RawIOBase):
    """Reads an object part by part."""

    def __init__(self, content: S3Content) -> None:
        self._content = content
        self._at = 0
        self._part = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: "WriteableBuffer") -> int:
        target = memoryview(into).cast("B")
        if not self._part and self._at < self._content.size:
            self._part = memoryview(self._content.part(self._at))
        taken = min(len(target), len(self._part))
        target[:taken] = self._part[:taken]
        self._part = self._part[taken:]
        self._at += taken
        return taken


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
