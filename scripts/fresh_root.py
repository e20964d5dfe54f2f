"""Run commands in a root file system of their own, with this machine's settings for reaching package registries."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CLONE = Path("/root/schemaregistry")
SETTINGS = re.compile(
    r"(PIP|UV|NPM|NPM_CONFIG|CARGO_(HTTP|NET|REGISTRY|REGISTRIES|SOURCE)|MAVEN)_\w+|GO(PROXY|NOPROXY|PRIVATE|SUMDB|NOSUMDB)"
    r"|(HTTP|HTTPS|NO|ALL|FTP)_PROXY|SSL_CERT_\w+|\w+_CA_BUNDLE|NODE_EXTRA_CA_CERTS|GIT_SSL_CAINFO|PIP_CERT",
    re.IGNORECASE,
)
"""Environment variables that tell package clients where registries are and which certificates to trust."""
FILES = (
    "/etc/pip.conf",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/usr/etc/npmrc",
    "/usr/local/etc/npmrc",
    "~/.config/pip/pip.conf",
    "~/.pip/pip.conf",
    "~/.npmrc",
    "~/.cargo/config.toml",
    "~/.config/go/env",
    "~/.m2/settings.xml",
)
"""Files in which package clients look for the same settings."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SPACES = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--"]
"""The command prefix for mount and process namespaces of their own, which end with this process."""
MARK = "-----END CERTIFICATE-----"


def settings() -> dict[str, str]:
    """This process's environment variables that SETTINGS matches."""
    return {name: value for name, value in os.environ.items() if SETTINGS.fullmatch(name)}


def configure(place: Path) -> None:
    """Copy the package clients' settings to `place`: files, paths in variables, apt's settings, certificates."""
    home = Path.home()
    for name in FILES:
        _copy(Path(name).expanduser(), place / "root" / name[2:] if name[0] == "~" else place / name[1:])
    for value in settings().values():
        if value.startswith("/") and not (place / value[1:]).exists() and home not in Path(value).parents:
            _copy(Path(value), place / value[1:])
    dumped = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    (place / "etc/apt/apt.conf.d/99acquire").write_text(dumped, encoding="utf-8")
    _trust(place)


def _copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to, dirs_exist_ok=True)
    elif source.is_file():
        to.parent.mkdir(parents=True, exist_ok=True)
        to.unlink(missing_ok=True)
        shutil.copyfile(source, to)


def _trust(place: Path) -> None:
    """Make `place` trust the certificates that this machine trusts.

    update-ca-certificates takes each added certificate as a file of its own.
    """
    bundle = "etc/ssl/certs/ca-certificates.crt"
    here, there = Path("/", bundle), place / bundle
    if not here.is_file():
        return
    known = set(_certificates(there.read_text(encoding="utf-8")))
    for number, text in enumerate(_certificates(here.read_text(encoding="utf-8"))):
        if text not in known:
            (place / f"usr/local/share/ca-certificates/of-the-host-{number}.crt").write_text(text, encoding="utf-8")
    subprocess.run(["chroot", place, "update-ca-certificates"], check=True, capture_output=True)


def _certificates(bundle: str) -> list[str]:
    return [f"{part.strip()}\n{MARK}\n" for part in bundle.split(MARK) if part.strip()]


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system that commands run in."""

    place: Path

    @contextmanager
    def started(self, command: str, output: IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a shell command in the clone, in a session of its own; all its processes are killed with the context.

        It has the machine's network and devices, and of the environment only the settings of package clients.
        """
        # The root is a mount of its own, since programs such as `ip netns` change the mount of /.
        own = 'mount --rbind "$0" "$0"'
        mounts = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount --rbind /sys "$0/sys"'
        entered = f'{own} && {mounts} && exec chroot "$0" sh -c "cd {CLONE} && $1"'
        spaces = [*SPACES, "sh", "-c", entered]
        variables = {"HOME": "/root", "LANG": "C.UTF-8", "PATH": PATH}
        process = subprocess.Popen(
            [*spaces, self.place, command],
            env=settings() | variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
