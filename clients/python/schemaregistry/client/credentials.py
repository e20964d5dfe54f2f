"""Find, check and load what a client shows: the registry's CA, its own certificate and key, and maybe a token.

`unreachable.py` explains a handshake that failed, `bearer.py` reads tokens.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import grpc

from schemaregistry.client import subject_tokens
from schemaregistry.client.bearer import TokenProvider, provided_token, read_token
from schemaregistry.client.bounded_request import HttpTrust
from schemaregistry.client.renewed_token import RenewedToken
from schemaregistry.client.token_exchange import TokenExchange
from schemaregistry.errors import InvalidArgument

FileStates: TypeAlias = tuple[object, ...]
"""Values that differ once a file was written or replaced: device, inode, size and time, or the error of `stat`."""
FilePath: TypeAlias = str | os.PathLike[str]

DATA_VARIABLE = "SCHEMAREGISTRY_DATA"
TOKEN_VARIABLE = "SCHEMAREGISTRY_TOKEN_FILE"  # noqa: S105 (a name)
FILE_VARIABLES = {"ca": "SCHEMAREGISTRY_CA", "cert": "SCHEMAREGISTRY_CERT", "key": "SCHEMAREGISTRY_KEY"}


@dataclass(frozen=True, slots=True, init=False)
class Credentials:
    """Paths of the registry's CA, of this client's certificate chain and of its unencrypted private key, all PEM.

    A token may be shown beside the certificate, and its rights count then: the one in `token_file`, or the one that
    the function `token` returns. Either is asked before each call and each connection of a watch, so a token that was
    renewed is used by the next one. `token` is called in any thread; a client can be pickled if the function can.

    >>> Credentials("ca.pem", "reader.pem", "reader-key.pem").ca.name
    'ca.pem'
    """

    ca: Path
    cert: Path
    key: Path
    token_file: Path | None
    token: TokenProvider | None = field(repr=False)

    def __init__(
        self,
        ca: FilePath,
        cert: FilePath,
        key: FilePath,
        token_file: FilePath | None = None,
        token: TokenProvider | None = None,
    ) -> None:
        """Take paths; `~` at the start is the home directory.

        Raises InvalidArgument (reason CREDENTIALS_UNREADABLE) where one isn't a path, and (reason TOKEN_TWICE) where
        there are both a `token_file` and a `token`, or `token` is no function.
        """
        for name, given in (("ca", ca), ("cert", cert), ("key", key)):
            object.__setattr__(self, name, _path(name, given))
        object.__setattr__(self, "token_file", None if token_file is None else _path("token_file", token_file))
        if token is not None and (token_file is not None or not callable(token)):
            message = "Credentials: give token_file, the path of a file, or token, a function that returns the token"
            raise InvalidArgument(message, reason="TOKEN_TWICE")
        object.__setattr__(self, "token", token)

    def absolute(self) -> "Credentials":
        """Return the same files by absolute paths, for a process with another working directory."""
        files = {name: getattr(self, name).absolute() for name in FILE_VARIABLES}
        return replace(self, **files, token_file=self.token_file.absolute() if self.token_file else None)

    def exchange(
        self,
        exchanger: str,
        *,
        subject_token_file: FilePath | None = None,
        audience: str = "",
        ca: FilePath | None = None,
    ) -> "Credentials":
        """Return the same files with a token that `exchanger` (https://HOST:PORT) gives, renewed before it ends.

        It is exchanged for the token in `subject_token_file`, else the one in SCHEMAREGISTRY_SUBJECT_TOKEN, else one
        that GitHub gives this job for `audience` (the exchanger's address where that is empty), else for this
        certificate. `ca` is a PEM file with the CA of the exchanger's certificate (None: those of the system). The
        first call asks. Raises InvalidArgument (reason BAD_URL, or as the constructor does).
        """
        file = None if subject_token_file is None else _path("subject_token_file", subject_token_file).absolute()
        authority = None if ca is None else _path("ca", ca).absolute()
        subjects = subject_tokens.find(file, audience, exchanger)
        own = self.absolute()
        trust = HttpTrust(authority) if subjects else HttpTrust(authority, own.cert, own.key)
        return replace(self, token_file=None, token=RenewedToken(TokenExchange(exchanger, subjects, trust)))

    def bearer(self) -> str | None:
        """Return the token to show, None without one; its function may take a while, as when it asks an exchanger.

        Raises Unauthenticated as `read_token` and `provided_token` do.
        """
        if self.token_file is not None:
            return read_token(self.token_file)
        return None if self.token is None else provided_token(self.token)

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
        return cls(given["ca"], given["cert"], given["key"])

    @classmethod
    def from_environment(cls, identity: str = "reader") -> "Credentials":
        """Return the files SCHEMAREGISTRY_CA, _CERT and _KEY, or the dev certificates in SCHEMAREGISTRY_DATA.

        The token in SCHEMAREGISTRY_TOKEN_FILE is shown, if that is set. Raises InvalidArgument as `choose` does.
        """
        named = {name: os.environ.get(variable) for name, variable in FILE_VARIABLES.items()}
        chosen = cls.choose({name: text or None for name, text in named.items()}, identity)
        token_file = os.environ.get(TOKEN_VARIABLE)
        return replace(chosen, token_file=_path("token_file", token_file) if token_file else None)

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
    """Return `given` as a path; the error doesn't quote it, since it may be a private key or a token."""
    # A token (RFC 7519) begins with `{"` in base64url.
    content = "eyJ" if name.endswith("token_file") else "-----BEGIN"
    if isinstance(given, str | os.PathLike) and content not in (text := os.fspath(given)) and text:
        return Path(text).expanduser() if text.startswith("~") else Path(text)
    kind = "a file with a token" if name.endswith("token_file") else "a PEM file"
    message = f"Credentials: {name} is to be the path of {kind}, not its content or a {type(given).__name__}"
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
