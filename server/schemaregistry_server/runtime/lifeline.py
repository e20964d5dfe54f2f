"""Make a child process end with its parent, however the parent ends."""

import ctypes
import multiprocessing
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def end_with_parent(signum: signal.Signals) -> None:
    """Have the kernel send `signum` to this process once its parent ends (prctl(2), PR_SET_PDEATHSIG; Linux only).

    A child calls this at its start. Where its parent has ended before that, the signal is sent at once.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum)
    # The parent may have ended before prctl: then this process has another parent already, and gets no signal.
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid != os.getppid():
        os.kill(os.getpid(), signum)
