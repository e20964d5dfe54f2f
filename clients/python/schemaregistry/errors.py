"""The one hierarchy of errors, each with its canonical code.

Holds what a caller may catch; how a code becomes a gRPC status or an HTTP status is the server's and the client's.
"""

from collections.abc import Mapping
from typing import ClassVar


class RegistryError(Exception):
    """A refusal that a person can act on.

    `reason` is a stable UPPER_SNAKE name, `pointer` a JSON pointer (RFC 6901) into the input at fault, or None where
    no single place is. `metadata` names the rest: id, version, near names, fingerprints, file, row.
    """

    code: ClassVar[str] = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        pointer: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.pointer = pointer
        self.metadata: Mapping[str, str] = dict(metadata or {})

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.__dict__)


def with_place(message: str, pointer: str | None) -> str:
    """The message with its JSON pointer, where that names a place within the document."""
    return f"{message} (at {pointer})" if pointer else message


def _rebuild(kind: type[RegistryError], message: str, state: dict[str, object]) -> RegistryError:
    """Unpickle: errors cross the boundary of worker processes."""
    error = kind.__new__(kind, message)
    error.__dict__.update(state)
    return error


class InvalidArgument(RegistryError):
    """The input is wrong, whatever the registry holds."""

    code = "INVALID_ARGUMENT"


class MissingExtra(InvalidArgument, ImportError):
    """A part of the library was asked for whose dependencies aren't installed (reason MISSING_EXTRA)."""


class TooLarge(InvalidArgument):
    """The input is over a limit of size (REST answers 413)."""


class NotFound(RegistryError):
    """No such id, version or page; `metadata["near"]` lists near names."""

    code = "NOT_FOUND"


class AlreadyExists(RegistryError):
    """The version is there with other content."""

    code = "ALREADY_EXISTS"


class FailedPrecondition(RegistryError):
    """The input is sound, but not after what the registry holds."""

    code = "FAILED_PRECONDITION"


class OutOfRange(RegistryError):
    """A revision that this store can't serve a watch from."""

    code = "OUT_OF_RANGE"


class Unauthenticated(RegistryError):
    """No identity."""

    code = "UNAUTHENTICATED"


class PermissionDenied(RegistryError):
    """An identity that may not do this."""

    code = "PERMISSION_DENIED"


class Unavailable(RegistryError):
    """The registry or its store is away for now; try again after `retry_after` seconds."""

    code = "UNAVAILABLE"
    retry_after: float = 1.0


class DeadlineExceeded(RegistryError):
    """The call's time ran out before its answer was there."""

    code = "DEADLINE_EXCEEDED"


class ResourceExhausted(RegistryError):
    """A stated bound on streams, pages or work was reached."""

    code = "RESOURCE_EXHAUSTED"


class DataLoss(RegistryError):
    """What was kept isn't as it was written: a file is cut off, or was changed."""

    code = "DATA_LOSS"


class Unimplemented(RegistryError):
    """Defined in the proto, not served yet."""

    code = "UNIMPLEMENTED"
