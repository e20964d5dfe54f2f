"""The channel in use, made anew once the credentials' files are others: a renewed certificate needs no restart.

How a channel behaves is `channel`'s, what the files must be `credentials`'.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

import grpc

from schemaregistry.client.credentials import Credentials
from schemaregistry.errors import InvalidArgument

Channel = TypeVar("Channel")
Stub = TypeVar("Stub")

log = logging.getLogger("schemaregistry.client")


class Renewing(Generic[Channel, Stub]):
    """One channel at a time; threads may share it. Calls under way end on the channel that they began on.

    `lasting` is how many seconds a call may take: so long a channel that was replaced stays open. A watch that is still
    on it then goes on by the new one.
    """

    def __init__(
        self,
        credentials: Credentials,
        connect: Callable[[grpc.ChannelCredentials], tuple[Channel, Stub]],
        close: Callable[[Channel], object],
        lasting: float,
    ) -> None:
        """`connect` makes a channel and its calls. Raises as `Credentials.tls` does."""
        self._credentials = credentials
        self._connect = connect
        self._close = close
        self._lasting = lasting
        self._lock = Lock()
        self._replaced: deque[tuple[float, Channel]] = deque()
        self._seen = credentials.state()
        self._channel, self._stub = connect(credentials.channel())

    def stub(self) -> Stub:
        """The calls, with the files as they are now; with those before while the new ones don't fit together."""
        with self._lock:
            self._close_replaced()
            state = self._credentials.state()
            if state != self._seen:
                self._seen = state
                self._renew()
            return self._stub

    def all(self) -> list[Channel]:
        """Every channel that is open."""
        with self._lock:
            return [self._channel, *(channel for _, channel in self._replaced)]

    def _renew(self) -> None:
        try:
            channel, stub = self._connect(self._credentials.channel())
        except InvalidArgument as error:
            log.warning("going on with the credentials as they were: %s", error.message)
            return
        self._replaced.append((time.monotonic(), self._channel))
        self._channel, self._stub = channel, stub

    def _close_replaced(self) -> None:
        while self._replaced and time.monotonic() - self._replaced[0][0] > self._lasting:
            self._close(self._replaced.popleft()[1])
