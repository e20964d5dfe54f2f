"""The ways in which a task can end without a result."""


class Stopped(Exception):
    """The task gave no result; the argument says why, in words that fit after "because"."""


class Overdue(Stopped):
    """The task took longer than its limit of `seconds` and was killed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it took longer than {float(f'{seconds:.2g}'):g} s")


class OutOfMemory(Stopped):
    """The task needed more memory than its limit."""


class Crashed(Stopped):
    """The worker process died."""


class TaskRaised(Stopped):
    """The task raised an error that isn't one of `schemaregistry.errors`; `details` is the traceback."""

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(reason)
        self.details = details

    def __reduce__(self) -> tuple[object, ...]:
        # By default an exception is unpickled with `args` alone, which would lose `details`.
        return TaskRaised, (str(self), self.details)
