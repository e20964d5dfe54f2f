"""How a task can end without an answer of its own."""


class Stopped(Exception):
    """The task gave no answer; the argument says why, in words that fit behind "because"."""


class Overdue(Stopped):
    """It ran beyond its time and was killed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it took longer than {float(f'{seconds:.2g}'):g} s")


class OutOfMemory(Stopped):
    """It needed more memory than it may take."""


class Crashed(Stopped):
    """Its process died."""


class TaskRaised(Stopped):
    """It raised an error that isn't one of `schemaregistry.errors`; `details` is the traceback."""

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(reason)
        self.details = details

    def __reduce__(self) -> tuple[object, ...]:
        return TaskRaised, (str(self), self.details)
