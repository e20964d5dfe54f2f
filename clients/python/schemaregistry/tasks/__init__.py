"""Run functions in child processes, each with a limit of time and of memory, beyond which the process is killed.

They are for work that can't be interrupted in a thread, above all native code.
"""

from schemaregistry.tasks.task_failures import Crashed, OutOfMemory, Overdue, Stopped, TaskRaised
from schemaregistry.tasks.task_worker import TaskWorker
from schemaregistry.tasks.template import Template

__all__ = ["Crashed", "OutOfMemory", "Overdue", "Stopped", "TaskRaised", "TaskWorker", "Template"]
