"""Give memory that was freed back to the system: glibc keeps what a burst of calls once needed."""

import asyncio
import ctypes
from typing import Final

SECONDS: Final = 10.0
"""Between two times. One takes 0.1 ms where there is nothing to give back, with 300 MB in use."""


async def give_back() -> None:
    """Do it again and again, on a thread; return at once where the C library has no malloc_trim(3)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while trim:
        await asyncio.sleep(SECONDS)
        await asyncio.to_thread(trim, 0)
