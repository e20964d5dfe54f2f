"""Replace the channel when the credentials' files change, so that a renewed certificate needs no restart.

`channel.py` has the channel's settings, `credentials.py` checks the files. gRPC for Python can't reload certificates of
a channel, so a new one is made.
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
    """The channel in use, one at a time; threads may share it.

    A call ends on the channel on which it began: a replaced channel stays open for `lasting` seconds, the time that a
    call may take. A watch that is still on it then reconnects by the new one. A forked process makes its own channels.
    """

    def __init__(
        self,
        credentials: Credentials,
        connect: Callable[[grpc.ChannelCredentials], tuple[ChannelT, StubT]],
        close: Callable[[ChannelT], object],
        lasting: float,
    ) -> None:
        """Read the credentials; `connect` makes a channel and its stub at the first call, `close` closes a channel.

        Raises InvalidArgument as `Credentials.tls` does.
        """
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
        """Return the stub of a channel that uses the current files.

        While the new files are unsound (a certificate without its key, say), the old channel stays in use. Raises
        FailedPrecondition (reason CLIENT_CLOSED) where the client is closed.
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
        """Drop the channel of `stub`, if it is still in use: the next call makes a new one."""
        with self._lock:
            if self._current is not None and self._current[1] is stub:
                self._replace()

    def end(self) -> list[ChannelT]:
        """Return all open channels for the caller to close; from now on `stub` raises."""
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
        """Raise FailedPrecondition (reason CLIENT_CLOSED) where the client is closed."""
        if self._closed:
            raise closed()

    def _notice_fork(self) -> None:
        """Abandon the channels and the lock in a forked process, where neither works.

        A fork doesn't copy gRPC's threads, so an inherited channel can neither answer nor close; it stays referenced
        and is never closed. Nor does a fork copy the thread that may have held the lock.
        """
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
    """Return the error for a call after the client's `close`."""
    message = "this client is closed: make another one, or ask before it is closed (the end of `with` closes it)"
    return FailedPrecondition(message, reason="CLIENT_CLOSED")


def forked(what: str) -> FailedPrecondition:
    """Return the error for using a watch or cache (`what`) in a process forked from the one that made it."""
    message = f"this {what} is of the process that this one was forked from: make another one here, by the client"
    return FailedPrecondition(message, reason="FORKED")
