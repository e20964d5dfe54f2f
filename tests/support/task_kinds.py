"""Tasks that end in each way there is."""

import ctypes
import os
import signal
import time
from typing import NoReturn

from schemaregistry.errors import InvalidArgument


def double(number: int) -> int:
    return number * 2


def process() -> int:
    return os.getpid()


def refuse() -> NoReturn:
    raise InvalidArgument("Not that.", reason="NOT_THAT", pointer="/a")


def fail() -> NoReturn:
    raise TypeError("object of type 'bool' has no len()")


class Panic(BaseException):
    """As pyo3 gives a panic in Rust."""


def panic() -> NoReturn:
    raise Panic("attempt to subtract with overflow")


def hang() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        time.sleep(1)


def die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave() -> NoReturn:
    os._exit(0)


def eat(mebibytes: int) -> int:
    return len(b"x" * (mebibytes << 20))


def eat_natively() -> None:
    """As an allocation that native code can't do without: it aborts."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    if not libc.malloc(ctypes.c_size_t(1 << 30)):
        libc.abort()


def large() -> bytes:
    return bytes(3 << 20)


def unspeakable() -> object:
    return lambda: None


def write_to_streams() -> None:
    os.write(1, b"noise")
    os.write(2, b"noise")
