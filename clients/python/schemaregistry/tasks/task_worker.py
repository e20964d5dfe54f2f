"""Run a task in a worker process and wait for its result, up to a limit of time."""

import socket
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, TypeVar, TypeVarTuple

from schemaregistry.tasks import frames
from schemaregistry.tasks.task_failures import Crashed, Overdue
from schemaregistry.tasks.template import Template

STARTING: Final = 60.0
"""Seconds that a worker may take to start; the first one of a template waits for its imports."""

GRACE: Final = 0.1
"""Seconds beyond its limit after which a task is killed; outside native code it ends by itself in time."""

AnswerT = TypeVar("AnswerT")
ArgsT = TypeVarTuple("ArgsT")


class TaskWorker:
    """One worker of a template: it is forked at once, and replaced whenever it was killed."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._pid = 0
        self._channel = template.fork()

    def close(self) -> None:
        """End the worker and its template."""
        self._channel.close()
        self._template.close()

    def ask(self, seconds: float, task: Callable[[*ArgsT], AnswerT], *args: *ArgsT) -> AnswerT:
        """Run `task`, a function that can be pickled, in the worker, and return its result.

        Raises the RegistryError that it raised, or a Stopped: Overdue after `seconds`, OutOfMemory, Crashed, or
        TaskRaised for any other error.
        """
        question = frames.pack((task, args))
        try:
            self._wait_until_there()
            answer: AnswerT = answered(self._exchange(question, monotonic() + seconds + GRACE), self.renew)
            return answer
        except TimeoutError:
            self.renew()
            raise Overdue(seconds) from None
        except (EOFError, OSError):
            self.renew()
            raise Crashed("its process died, of too much memory or of a fault in native code") from None
        except (KeyboardInterrupt, SystemExit):
            self.renew()  # otherwise the pending answer would be read as that to the next question
            raise

    def renew(self) -> None:
        """Kill the worker and fork another one, which will be ready for the next question."""
        self._channel.close()
        if self._pid:
            self._template.end(self._pid)
        self._pid = 0
        self._channel = self._template.fork()

    def _wait_until_there(self) -> None:
        if not self._pid:
            self._channel.settimeout(STARTING)
            try:
                hello = self._channel.recv(frames.LENGTH.size, socket.MSG_WAITALL)
            except TimeoutError:
                self.renew()
                raise Crashed(f"its process didn't start within {STARTING:g} s") from None
            self._pid = read_pid(hello)

    def _exchange(self, question: bytes, deadline: float) -> Any:
        channel, left = self._channel, memoryview(question)
        while left:
            channel.settimeout(max(deadline - monotonic(), 0.001))
            left = left[channel.send(left) :]
        return frames.receive(channel, deadline)


def read_pid(hello: bytes) -> int:
    """Return the process id in a worker's first message. Raises EOFError where it died before sending it."""
    if len(hello) < frames.LENGTH.size:
        raise EOFError
    pid: int = frames.LENGTH.unpack(hello)[0]
    return pid


def answered(frame: Any, renew: Callable[[], None]) -> Any:
    """Return the result of an answer, or raise its error; call `renew` if the worker has used much memory."""
    succeeded, used, value = frame
    if used:
        renew()
    if succeeded:
        return value
    raise value
