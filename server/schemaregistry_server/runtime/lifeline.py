"""How a child process ends with the one that started it, however that ends. Holds no process."""

import ctypes
import multiprocessing
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def end_with_parent(signum: signal.Signals) -> None:
    """Have the kernel send this process `signum` once its parent is gone (prctl(2), PR_SET_PDEATHSIG: Linux alone).

    For a child to call at its start; a parent that is gone already counts too.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum)
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid != os.getppid():
        os.kill(os.getpid(), signum)
