"""Settings of pyarrow and NumPy for processes with a limit of address space, made before either is imported.

OpenBLAS reserves memory for a thread per core, and Arrow's own allocators reserve a gigabyte at a time: on a large
machine that alone would be over the limit.

pyarrow imports pandas, where it is installed, when it first makes an array of Python values (`pyarrow.lib.array` asks
whether it is given a Series). That takes seconds in the middle of a task, and memory that no task needs: so pandas is
hidden.
"""

import os
import sys
from importlib.abc import MetaPathFinder

os.environ.update(OPENBLAS_NUM_THREADS="1", ARROW_DEFAULT_MEMORY_POOL="system")


class _WithoutPandas(MetaPathFinder):
    """Answers an import of pandas as Python does where it isn't installed."""

    def find_spec(self, fullname: str, _path: object, _target: object = None, /) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=fullname)


sys.meta_path.insert(0, _WithoutPandas())
