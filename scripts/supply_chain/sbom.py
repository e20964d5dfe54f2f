"""Build the wheel and write its list of parts beside it: build/sbom/NAME.whl and build/sbom/NAME.whl.cdx.json.

Its time is SOURCE_DATE_EPOCH, or else that of the last commit.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from scripts.pythons import ROOT
from scripts.supply_chain.cyclonedx_schema import faults
from scripts.supply_chain.tool_environment import ToolsMissing, environment_python


class NotConforming(Exception):
    """The document that was written isn't one of CycloneDX; the message names what is wrong, and where."""


def build(into: Path, environment: Mapping[str, str]) -> Path:
    """Build the wheel by hatchling into a folder; raises CalledProcessError."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    with tempfile.TemporaryDirectory(dir=into) as folder:
        command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, "."]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        [wheel] = Path(folder).glob("*.whl")
        return wheel.replace(into / wheel.name)


def write(into: Path) -> Path:
    """Build the wheel and write its document; raises CalledProcessError, ToolsMissing and NotConforming."""
    into.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH") or _committed()}
    wheel = build(into, environment)
    document = into / f"{wheel.name}.cdx.json"
    command = [str(environment_python()), "-m", "scripts.supply_chain.bill_of_materials", str(wheel), str(document)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    if bad := faults(json.loads(document.read_text(encoding="utf-8"))):
        raise NotConforming("\n".join([f"{document} does not conform to CycloneDX 1.6:", *bad]))
    return document


def _committed() -> str:
    command = ["git", "log", "-1", "--format=%ct"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "build/sbom")
    try:
        print(write(parser.parse_args().into.resolve()))
    except (NotConforming, ToolsMissing, subprocess.CalledProcessError) as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
