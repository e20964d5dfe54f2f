"""Build the tools that a Go module under third_party/ names, where they are missing or of another version.

Each module's go.mod names its tools and versions; `find_go.py` finds Go.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.find_go import ROOT, NoGo, find_go
from scripts.locking import alone

NAMES = {"go.etcd.io/etcd/server/v3": "etcd"}
"""The program names of packages whose path doesn't end with that name."""


class NotBuilt(Exception):
    """A tool could not be built; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program to build: its package, the Go module and version that has the package, and those of its dependencies.

    `required` is path → version of every module that the go.mod names.
    """

    package: str
    module: str
    version: str
    required: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        return NAMES.get(self.package) or re.sub(r"/v\d+$", "", self.package).rpartition("/")[2]

    def is_built(self, path: Path) -> bool:
        """Whether the program at `path` has this version and its dependencies' versions, by Go's build information.

        A dependency is updated for a reason, such as a vulnerability: a program with the older one is built again.
        """
        if not path.is_file():
            return False
        content = path.read_bytes()
        built_of = re.findall(rb"\ndep\t(\S+)\t(\S+)", content)
        return f"\nmod\t{self.module}\t{self.version}\t".encode() in content and all(
            self.required.get(module.decode()) == version.decode() for module, version in built_of
        )


def tools(gomod: str) -> list[Tool]:
    """Read the tools from a go.mod's text, as `go get -tool` writes it (https://go.dev/ref/mod#go-mod-file)."""
    lines = [line.split("//")[0].split() for line in gomod.splitlines()]
    required = {words[-2]: words[-1] for words in lines if len(words) >= 2 and words[-1].startswith("v")}
    named = re.findall(r"^tool (?!\()(\S+)", gomod, re.M)
    for block in re.findall(r"^tool \((.*?)^\)", gomod, re.M | re.S):
        named += block.split()
    return [_tool(package, required) for package in named]


def _tool(package: str, required: dict[str, str]) -> Tool:
    module = max((path for path in required if f"{package}/".startswith(f"{path}/")), key=len)
    return Tool(package, module, required[module], required)


def build(tool: Tool, go: Path, source: Path, into: Path) -> None:
    """Build one tool without cgo, and rename it into place; raises CalledProcessError."""
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    options = ["-buildvcs=false", "-trimpath", f"-ldflags=-s -w -X main.version={tool.version}"]
    with tempfile.TemporaryDirectory(dir=into) as beside:
        made = Path(beside) / tool.name
        subprocess.run(
            [go, "build", *options, "-o", made, tool.package], cwd=ROOT / source, env=environment, check=True
        )
        made.replace(into / tool.name)


def build_missing(named: list[Tool], source: Path, into: Path) -> None:
    """Build the tools that are missing or of another version; raises NoGo and NotBuilt."""
    missing = [tool for tool in named if not tool.is_built(into / tool.name)]
    go = find_go() if missing else Path()
    for tool in missing:
        print(f"Building {tool.name} {tool.version} from its Go module (a minute or so, once) ...", flush=True)
        try:
            build(tool, go, source, into)
        except subprocess.CalledProcessError:
            raise NotBuilt(
                f"{tool.name} {tool.version} could not be built, for the reason above: if a module could not be "
                "fetched, check that Go reaches a module proxy ('go env GOPROXY') and try again."
            ) from None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="a folder with a go.mod that names tools")
    parser.add_argument("into", type=Path, help="where the programs go")
    asked = parser.parse_args()
    into = ROOT / asked.into
    named = tools((ROOT / asked.source / "go.mod").read_text(encoding="utf-8"))
    try:
        with alone(into):
            build_missing(named, asked.source, into)
    except (NoGo, NotBuilt) as failed:
        print(failed, file=sys.stderr)
        return 1
    print(" ".join(f"{asked.into}/{tool.name}" for tool in named))
    return 0


if __name__ == "__main__":
    sys.exit(main())
