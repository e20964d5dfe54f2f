"""Copy etcd's published protos from its Go module, at the version that third_party/etcd/go.mod names.

Options for gateways and for etcd's own log are dropped with their imports, and imports are moved to the package of the
Python stubs. Messages, services, fields and comments stay unchanged.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.find_go import ROOT, NoGo, find_go

SOURCE = ROOT / "third_party/etcd"
PLACE = "schemaregistry_server/etcd/v3"
PROTOS = ("authpb/auth.proto", "etcdserverpb/rpc.proto", "mvccpb/kv.proto")

DROPPED = (
    r'^import "(?:google/api|protoc-gen-openapiv2|etcd/api/versionpb)/.*\n',
    r"^// for grpc-gateway\n",
    r"^option (?:\(.*?^};|go_package.*?;)\n\n?",
    r"^ +option \(google\.api\.http\) = \{.*?^ +\};\n",
    r"^ +option \(versionpb\..*?;\n\n?",
    r" \[\(versionpb\.etcd_version_\w+\) ?= ?\"[\d.]+\"\]",
)
"""Patterns of the dropped text, applied in this order; `.` also matches a newline, except in the one of imports."""


def stripped(proto: str) -> str:
    """The text of a proto without the DROPPED options, and with its imports moved."""
    for pattern in DROPPED:
        proto = re.sub(pattern, "", proto, flags=re.M | (0 if "import" in pattern else re.S))
    proto = re.sub(r'import "etcd/api/\w+/(\w+\.proto)"', rf'import "{PLACE}/\1"', proto)
    return re.sub(r"\{\n *\}", "{}", proto)


def main() -> int:
    try:
        command = [str(find_go()), "mod", "download", "-json", "go.etcd.io/etcd/api/v3"]
    except NoGo as failed:
        print(failed, file=sys.stderr)
        return 1
    answer = json.loads(subprocess.run(command, cwd=SOURCE, capture_output=True, check=True).stdout)
    into = SOURCE / "proto" / PLACE
    into.mkdir(parents=True, exist_ok=True)
    for name in PROTOS:
        text = (Path(answer["Dir"]) / name).read_text(encoding="utf-8")
        note = f"// From go.etcd.io/etcd/api/v3 {answer['Version']}, {name}, changed: options dropped, imports moved.\n"
        (into / Path(name).name).write_text(note + stripped(text), encoding="utf-8")
    license_file = SOURCE / "proto/LICENSE"
    shutil.copyfile(Path(answer["Dir"]) / "LICENSE", license_file)
    license_file.chmod(0o644)
    return 0


if __name__ == "__main__":
    sys.exit(main())
