"""Settings of pyarrow and NumPy for processes with a limit of address space, made before either is imported.

OpenBLAS reserves memory for a thread per core, and Arrow's own allocators reserve a gigabyte at a time: on a large
machine that alone would be over the limit.
"""

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", ARROW_DEFAULT_MEMORY_POOL="system")
