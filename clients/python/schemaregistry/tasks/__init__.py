"""Functions run in child processes that can be killed, each with a limit of time and one of memory.

For what can't be interrupted in a thread: native code above all. Knows nothing of what it runs.
"""

from schemaregistry.tasks.task_failures import Crashed, OutOfMemory, Overdue, Stopped, TaskRaised
from schemaregistry.tasks.task_worker import TaskWorker
from schemaregistry.tasks.template import Template

__all__ = ["Crashed", "OutOfMemory", "Overdue", "Stopped", "TaskRaised", "TaskWorker", "Template"]
