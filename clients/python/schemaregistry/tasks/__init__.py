"""Functions run in child processes that can be killed, each with a limit of time and one of memory.

For what can't be interrupted in a thread: native code above all. Knows nothing of what it runs.
"""

from schemaregistry.tasks.task_failures import Crashed, Failed, OutOfMemory, Overdue, Stopped
from schemaregistry.tasks.task_worker import Worker
from schemaregistry.tasks.template import Template

__all__ = ["Crashed", "Failed", "OutOfMemory", "Overdue", "Stopped", "Template", "Worker"]
