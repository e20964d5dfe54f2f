"""Asks a worker process a question and waits for the answer, for so long and no longer."""

import socket
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, TypeVar, TypeVarTuple

from schemaregistry.tasks import frames
from schemaregistry.tasks.task_failures import Crashed, Overdue
from schemaregistry.tasks.template import Template

STARTING: Final = 60.0
"""Seconds that a worker may take to be there: the first of a template waits for its imports."""

GRACE: Final = 0.1
"""Seconds beyond its own after which a task is killed: it looks at the clock itself, where it isn't native code."""

AnswerT = TypeVar("AnswerT")
ArgsT = TypeVarTuple("ArgsT")


class TaskWorker:
    """One worker of a template, forked at once, and anew whenever it was killed."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._pid = 0
        self._channel = template.fork()

    def close(self) -> None:
        """End the worker and its template."""
        self._channel.close()
        self._template.close()

    def ask(self, seconds: float, task: Callable[[*ArgsT], AnswerT], *args: *ArgsT) -> AnswerT:
        """Give what `task`, a function of a module, returns in the worker.

        Raises the RegistryError that it raised, or Stopped: Overdue where it is killed for the time, OutOfMemory,
        Crashed, Failed.
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
            self.renew()  # the answer under way would be taken for the next question's
            raise

    def renew(self) -> None:
        """Kill the worker and have another forked, which is there by the next question."""
        self._channel.close()
        if self._pid:
            self._template.end(self._pid)
        self._pid = 0
        self._channel = self._template.fork()

    def _wait_until_there(self) -> None:
        if not self._pid:
            self._channel.settimeout(STARTING)
            self._pid = read_pid(self._channel.recv(frames.LENGTH.size, socket.MSG_WAITALL))

    def _exchange(self, question: bytes, deadline: float) -> Any:
        channel, left = self._channel, memoryview(question)
        while left:
            channel.settimeout(max(deadline - monotonic(), 0.001))
            left = left[channel.send(left) :]
        return frames.receive(channel, deadline)


def read_pid(hello: bytes) -> int:
    """Read what a worker says first; raises EOFError where it died before."""
    if len(hello) < frames.LENGTH.size:
        raise EOFError
    pid: int = frames.LENGTH.unpack(hello)[0]
    return pid


def answered(frame: Any, renew: Callable[[], None]) -> Any:
    """Give the result or raise the error of an answer, and `renew` the worker where it has used much memory."""
    succeeded, used, value = frame
    if used:
        renew()
    if succeeded:
        return value
    raise value
