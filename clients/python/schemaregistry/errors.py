"""The errors that a caller may catch, in one hierarchy, each with its canonical gRPC code.

`client/call_errors.py` makes them from a gRPC status; the server turns them into gRPC and HTTP statuses.
"""

from collections.abc import Mapping
from typing import ClassVar


class RegistryError(Exception):
    """An error whose message says what to do.

    `reason` is a stable UPPER_SNAKE name, `pointer` a JSON pointer (RFC 6901) to the place at fault in the input, or
    None where no single place is. `metadata` has further facts: id, version, near names, fingerprints, file, row.
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
        # By default an exception is unpickled by calling its class with `args`, which lacks the keywords.
        return _rebuild, (type(self), self.message, self.__dict__)


def with_place(message: str, pointer: str | None) -> str:
    """Return the message, with the JSON pointer appended where it names a place below the top of the document."""
    return f"{message} (at {pointer})" if pointer else message


def _rebuild(kind: type[RegistryError], message: str, state: dict[str, object]) -> RegistryError:
    """Unpickle an error, as it comes from a worker process."""
    error = kind.__new__(kind, message)
    error.__dict__.update(state)
    return error


class InvalidArgument(RegistryError):
    """The input is wrong, whatever the registry has stored."""

    code = "INVALID_ARGUMENT"


class MissingExtra(InvalidArgument, ImportError):
    """A part of the library needs dependencies that aren't installed (reason MISSING_EXTRA)."""


class TooLarge(InvalidArgument):
    """The input is larger than a limit (REST answers 413)."""


class NotFound(RegistryError):
    """There is no such id, version or page; `metadata["near"]` lists similar names."""

    code = "NOT_FOUND"


class AlreadyExists(RegistryError):
    """The version is registered with other content."""

    code = "ALREADY_EXISTS"


class FailedPrecondition(RegistryError):
    """The input is sound, but the present state doesn't allow it: earlier versions, say, or a closed client."""

    code = "FAILED_PRECONDITION"


class OutOfRange(RegistryError):
    """The store can't serve a watch from this revision."""

    code = "OUT_OF_RANGE"


class Unauthenticated(RegistryError):
    """The caller has no identity: no verified certificate."""

    code = "UNAUTHENTICATED"


class PermissionDenied(RegistryError):
    """The identity may not do this."""

    code = "PERMISSION_DENIED"


class Unavailable(RegistryError):
    """The registry or its store can't be reached for now; try again after `retry_after` seconds."""

    code = "UNAVAILABLE"
    retry_after: float = 1.0


class DeadlineExceeded(RegistryError):
    """The call's time was over before its answer came."""

    code = "DEADLINE_EXCEEDED"


class ResourceExhausted(RegistryError):
    """A limit on streams, pages, work or calls a second was reached.

    `retry_after` has the seconds after which to try again, 0 where the registry says none.
    """

    code = "RESOURCE_EXHAUSTED"
    retry_after: float = 0.0


class DataLoss(RegistryError):
    """Stored data isn't as it was written: a file is cut off, or was changed."""

    code = "DATA_LOSS"


class Unimplemented(RegistryError):
    """The RPC is defined in the proto, but this server doesn't serve it."""

    code = "UNIMPLEMENTED"
