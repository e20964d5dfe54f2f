"""The channel in use, made anew once the credentials' files are others: a renewed certificate needs no restart.

How a channel behaves is `channel`'s, what the files must be `credentials`'.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

import grpc

from schemaregistry.client.credentials import Credentials
from schemaregistry.errors import FailedPrecondition, InvalidArgument

ChannelT = TypeVar("ChannelT")
StubT = TypeVar("StubT")

log = logging.getLogger("schemaregistry.client")


class Renewing(Generic[ChannelT, StubT]):
    """One channel at a time; threads may share it. Calls under way end on the channel that they began on.

    `lasting` is how many seconds a call may take: so long a channel that was replaced stays open. A watch that is still
    on it then goes on by the new one. A process that was forked makes channels of its own.
    """

    def __init__(
        self,
        credentials: Credentials,
        connect: Callable[[grpc.ChannelCredentials], tuple[ChannelT, StubT]],
        close: Callable[[ChannelT], object],
        lasting: float,
    ) -> None:
        """`connect` makes a channel and its calls, with the first call. Raises as `Credentials.tls` does."""
        if not isinstance(credentials, Credentials):
            message = (
                f"credentials are a Credentials, not a {type(credentials).__name__}: write Credentials(CA, CERT, KEY), "
                "Credentials.dev() or Credentials.from_environment()"
            )
            raise InvalidArgument(message, reason="CREDENTIALS_INCOMPLETE")
        self._credentials = credentials
        self._connect = connect
        self._close = close
        self._lasting = lasting
        self._lock = Lock()
        self._replaced: deque[tuple[float, ChannelT]] = deque()
        self._closed = False
        self._process = os.getpid()
        self._inherited: list[object] = []
        self._seen = credentials.state()
        self._secure = credentials.channel()
        self._current: tuple[ChannelT, StubT] | None = None

    def stub(self) -> StubT:
        """The calls, with the files as they are now; with those before while the new ones don't fit together.

        Raises:
            FailedPrecondition: the client is closed (reason CLIENT_CLOSED).
        """
        self._notice_fork()
        with self._lock:
            if self._closed:
                raise closed()
            self._close_replaced()
            self._look_at_files()
            if self._current is None:
                self._current = self._connect(self._secure)
            return self._current[1]

    def leave(self, stub: StubT) -> None:
        """Let the next call make a new channel, unless `stub`'s has been replaced already."""
        with self._lock:
            if self._current is not None and self._current[1] is stub:
                self._replace()

    def end(self) -> list[ChannelT]:
        """Every channel that is open, for its owner to close; from now on `stub` raises."""
        self._notice_fork()
        with self._lock:
            self._closed = True
            channels = [channel for _, channel in self._replaced]
            self._replaced.clear()
            if self._current is not None:
                channels.append(self._current[0])
                self._current = None
            return channels

    def check_open(self) -> None:
        """Raises as `stub` does."""
        if self._closed:
            raise closed()

    def _notice_fork(self) -> None:
        """Leave the parent's channels alone, in a process that was forked: gRPC's threads are not in it, so that they
        would neither answer nor close. Its lock may have been held by one of the threads that are not in it either."""
        if self._process == os.getpid():
            return
        self._process = os.getpid()
        self._lock = Lock()
        self._inherited += [self._current, *self._replaced]
        self._replaced = deque()
        self._current = None

    def _look_at_files(self) -> None:
        state = self._credentials.state()
        if state == self._seen:
            return
        self._seen = state
        try:
            self._secure = self._credentials.channel()
        except InvalidArgument as error:
            log.warning("going on with the credentials as they were: %s", error.message)
            return
        self._replace()

    def _replace(self) -> None:
        if self._current is not None:
            self._replaced.append((time.monotonic(), self._current[0]))
            self._current = None

    def _close_replaced(self) -> None:
        while self._replaced and time.monotonic() - self._replaced[0][0] > self._lasting:
            self._close(self._replaced.popleft()[1])


def closed() -> FailedPrecondition:
    """The error of whatever is asked of a client after its `close`."""
    message = "this client is closed: make another one, or ask before it is closed (the end of `with` closes it)"
    return FailedPrecondition(message, reason="CLIENT_CLOSED")


def forked(what: str) -> FailedPrecondition:
    """The error of what only the process that made it can go on with."""
    message = f"this {what} is of the process that this one was forked from: make another one here, by the client"
    return FailedPrecondition(message, reason="FORKED")
