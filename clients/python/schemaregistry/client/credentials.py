"""Find, check and load a client's three PEM files: the registry's CA, its own certificate and its private key.

`unreachable.py` explains a handshake that failed.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import grpc

from schemaregistry.errors import InvalidArgument

FileStates: TypeAlias = tuple[object, ...]
"""Values that differ once a file was written or replaced: device, inode, size and time, or the error of `stat`."""
FilePath: TypeAlias = str | os.PathLike[str]

DATA_VARIABLE = "SCHEMAREGISTRY_DATA"
FILE_VARIABLES = {"ca": "SCHEMAREGISTRY_CA", "cert": "SCHEMAREGISTRY_CERT", "key": "SCHEMAREGISTRY_KEY"}


@dataclass(frozen=True, slots=True, init=False)
class Credentials:
    """Paths of the registry's CA, of this client's certificate chain and of its unencrypted private key, all PEM.

    >>> Credentials("ca.pem", "reader.pem", "reader-key.pem").ca.name
    'ca.pem'
    """

    ca: Path
    cert: Path
    key: Path

    def __init__(self, ca: FilePath, cert: FilePath, key: FilePath) -> None:
        """Take three paths; `~` at the start is the home directory.

        Raises InvalidArgument (reason CREDENTIALS_UNREADABLE) where one isn't a path.
        """
        for name, given in (("ca", ca), ("cert", cert), ("key", key)):
            object.__setattr__(self, name, _path(name, given))

    def absolute(self) -> "Credentials":
        """Return the same files by absolute paths, for a process with another working directory."""
        return Credentials(self.ca.absolute(), self.cert.absolute(), self.key.absolute())

    @classmethod
    def dev(cls, data_dir: str | Path = ".data", identity: str = "reader") -> "Credentials":
        """Return the certificates that `schemaregistry serve --dev` made; `identity` is `reader` or `ci-bot`."""
        folder = Path(data_dir) / "tls"
        return cls(folder / "ca.pem", folder / f"{identity}.pem", folder / f"{identity}-key.pem")

    @classmethod
    def choose(cls, files: Mapping[str, FilePath | None], identity: str = "reader") -> "Credentials":
        """Return the files under `ca`, `cert` and `key`, or the dev certificates where all three are None.

        Raises InvalidArgument (reason CREDENTIALS_INCOMPLETE) where only some of them are None.
        """
        given = {name: path for name, path in files.items() if path is not None}
        if not given:
            return cls.dev(os.environ.get(DATA_VARIABLE) or ".data", identity)
        missing = [name for name in FILE_VARIABLES if name not in given]
        if missing:
            wanted = ", ".join(f"--{name} ({FILE_VARIABLES[name]})" for name in missing)
            message = f"a CA, a certificate and a key go together: also give {wanted}, or none for the dev certificates"
            raise InvalidArgument(message, reason="CREDENTIALS_INCOMPLETE")
        return cls(**given)

    @classmethod
    def from_environment(cls, identity: str = "reader") -> "Credentials":
        """Return the files SCHEMAREGISTRY_CA, _CERT and _KEY, or the dev certificates in SCHEMAREGISTRY_DATA.

        Raises InvalidArgument as `choose` does.
        """
        named = {name: os.environ.get(variable) for name, variable in FILE_VARIABLES.items()}
        return cls.choose({name: text or None for name, text in named.items()}, identity)

    def state(self) -> FileStates:
        """Return a value that is different once one of the files was written or replaced."""
        return _state(self.ca), _state(self.cert), _state(self.key)

    def tls(self) -> ssl.SSLContext:
        """Return a client's TLS context with these files.

        Raises InvalidArgument where a file is missing or unreadable (reason CREDENTIALS_UNREADABLE), isn't PEM, or
        doesn't fit the others (CREDENTIALS_UNSOUND); the message names the file.
        """
        for path in (self.ca, self.cert, self.key):
            if not _read(path).strip():
                raise InvalidArgument(
                    f"{path} is empty: give the PEM files that the registry's CA issued",
                    reason="CREDENTIALS_UNSOUND",
                    metadata={"file": str(path)},
                )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(self.ca)
        except ssl.SSLError as error:
            raise _unsound(self.ca, "is not a PEM certificate of a CA", error) from None
        try:
            # The empty password makes an encrypted key fail here; without it OpenSSL would prompt on the terminal.
            context.load_cert_chain(self.cert, self.key, password=lambda: b"")
        except ssl.SSLError as error:
            both = f"and {self.key} are not a PEM certificate and its own, unencrypted private key"
            raise _unsound(self.cert, both, error) from None
        context.set_alpn_protocols(["h2"])
        return context

    def channel(self) -> grpc.ChannelCredentials:
        """Return the files as credentials for a gRPC channel. Raises InvalidArgument as `tls` does.

        The files are read again if one changes meanwhile, so that a new certificate never goes with an old key.
        """
        while True:
            before = self.state()
            self.tls()
            found = grpc.ssl_channel_credentials(_read(self.ca), _read(self.key), _read(self.cert))
            if self.state() == before:
                return found


def _path(name: str, given: FilePath) -> Path:
    """Return `given` as a path; the error doesn't quote it, since it may be a private key."""
    if isinstance(given, str | os.PathLike) and "-----BEGIN" not in (text := os.fspath(given)) and text:
        return Path(text).expanduser() if text.startswith("~") else Path(text)
    message = f"Credentials: {name} is to be the path of a PEM file, not its content or a {type(given).__name__}"
    raise InvalidArgument(message, reason="CREDENTIALS_UNREADABLE")


def _state(path: Path) -> FileStates:
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        return (str(error),)
    # The inode too: a file that was replaced may have the same size and time.
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        message = (
            f"can't read {path} ({why}): start a registry here with `schemaregistry serve --dev`, which "
            "makes the dev certificates, or name its data directory in SCHEMAREGISTRY_DATA, or give --ca, --cert and "
            "--key (SCHEMAREGISTRY_CA, _CERT, _KEY)"
        )
        raise InvalidArgument(message, reason="CREDENTIALS_UNREADABLE", metadata={"file": str(path)}) from None


def _unsound(path: Path, what: str, error: ssl.SSLError) -> InvalidArgument:
    message = f"{path} {what} ({error.reason or error}): give the PEM files that the registry's CA issued"
    return InvalidArgument(message, reason="CREDENTIALS_UNSOUND", metadata={"file": str(path)})
