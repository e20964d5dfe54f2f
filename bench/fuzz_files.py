"""Fuzz the gate in Python and C++ with damaged Parquet and Arrow files: `make data-fuzz`.

A child process of each language judges each file. No file may end a child, take more CPU than `SECONDS` or more memory
than `BYTES`, or get different verdicts in the two languages.
"""

import argparse
import json
import os
import resource
import selectors
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.layouts import ipc_files, parquet_files
from bench.mutations import mutated
from schemaregistry.contract import compile_contract
from schemaregistry.data import find
from schemaregistry.data.inference.opening import open_file
from schemaregistry.data.inference.propose import propose
from schemaregistry.document import parse

SECONDS: Final = 10.0
"""CPU time that a child may take for a file."""
BYTES: Final = 512 << 20
"""Memory that a child may use for a file."""
_ADDRESS_SPACE: Final = 4 << 30
"""Bytes of address space that a child may allocate, so that a bomb doesn't take the machine down."""
_HARM: Final = ("died", "hung", "large", "raised")
CPP: Final = Path(os.environ.get("SCHEMAREGISTRY_CPP_BUILD", "build/cpp")) / "tests" / "judge_files"
JUDGES: Final[Mapping[str, Sequence[str]]] = {
    "python": (sys.executable, "-m", "bench.judge_files"),
    "c++": (str(CPP),),
}


class JudgeProcess:
    """A child process that judges files; it is started again where it has ended."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._child: subprocess.Popen[str] | None = None

    def ask(self, contract: Path, file: Path) -> dict[str, Any]:
        """Return the child's answer about a file; its verdict is `died`, `hung` or `large` where the child failed."""
        child = self._child or self._start()
        self._child = child
        assert child.stdin
        assert child.stdout
        _forget_peak(child.pid)
        child.stdin.write(f"{contract}\t{file}\n")
        child.stdin.flush()
        with selectors.DefaultSelector() as ready:
            ready.register(child.stdout, selectors.EVENT_READ)
            before = _cpu(child.pid)
            while not ready.select(1):
                if _cpu(child.pid) - before > SECONDS:
                    self.end()
                    return {"verdict": "hung", "reason": None}
        line = child.stdout.readline()
        if not line:
            self._child = None
            return {"verdict": "died", "reason": child.wait()}
        peak = _peak(child.pid)
        if peak > BYTES:
            self.end()
            return {"verdict": "large", "reason": f"{peak >> 20} MiB, {line.strip()}"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Kill the child, if there is one."""
        if self._child:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _start(self) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        resource.prlimit(child.pid, resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
        resource.prlimit(child.pid, resource.RLIMIT_CORE, (0, 0))
        return child


def _cpu(pid: int) -> float:
    """Seconds of CPU time of all threads (proc(5), stat), which other work on the machine doesn't add to."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _forget_peak(pid: int) -> None:
    """Reset the peak memory of a process (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024


def _seeds(folder: Path) -> Iterator[tuple[str, bytes, Path]]:
    """Yield each undamaged file's name and bytes, and the path of the contract proposed from its types."""
    for name, data in (*parquet_files(), *ipc_files()):
        file = folder / name
        file.write_bytes(data)
        document = json.dumps(propose(open_file(find([str(file)])[0]), "rows_v1").document).encode()
        contract = folder / f"{name}.pb"
        contract.write_bytes(compile_contract(parse(document)).SerializeToString(deterministic=True))
        yield name, data, contract


def run(numbers: range, keep: Path, chosen: Sequence[str] | None = None) -> dict[str, Counter[str]]:
    """Judge the mutations with these numbers; copy harmful files to `keep`.

    Returns the number of each verdict by language, and under `both` how often the languages differed.
    """
    judges = {name: JudgeProcess(command) for name, command in JUDGES.items() if name in (chosen or JUDGES)}
    counts: dict[str, Counter[str]] = {name: Counter() for name in (*judges, "both")}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        seeds = list(_seeds(folder))
        others = [data for _, data, _ in seeds]
        for number in numbers:
            name, data, contract = seeds[number % len(seeds)]
            file = folder / f"mutated{Path(name).suffix}"
            file.write_bytes(mutated(data, number, others))
            found = {judge: judges[judge].ask(contract, file) for judge in judges}
            for language, answer in found.items():
                counts[language][answer["verdict"]] += 1
                if answer["verdict"] in _HARM:
                    _keep(keep, f"{number}-{language}", file, contract, answer)
            if len({answer["verdict"] for answer in found.values()}) > 1:
                counts["both"]["differ"] += 1
                _keep(keep, f"{number}-differ", file, contract, found)
    for judge in judges.values():
        judge.end()
    return counts


def _keep(keep: Path, name: str, file: Path, contract: Path, answer: Any) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    (keep / f"{name}{file.suffix}").write_bytes(file.read_bytes())
    (keep / f"{name}.pb").write_bytes(contract.read_bytes())
    print(name, contract.stem, answer, flush=True)


def main() -> None:
    """Run the fuzzer, and exit with 1 where a file did harm."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--count", type=int, default=100_000)
    asked.add_argument("--start", type=int, default=0)
    asked.add_argument("--judge", choices=JUDGES, action="append", help="all of them without it")
    asked.add_argument("--keep", type=Path, default=Path("build/data-fuzz"))
    options = asked.parse_args()
    started = time.monotonic()
    counts = run(range(options.start, options.start + options.count), options.keep, options.judge)
    for judge, found in counts.items():
        verdicts = ", ".join(f"{number:,} {verdict}" for verdict, number in found.most_common())
        print(f"{judge}: {verdicts or 'no difference'}")
    print(f"{options.count:,} files in {time.monotonic() - started:,.0f} s")
    sys.exit(any(found[harm] for found in counts.values() for harm in (*_HARM, "differ")))


if __name__ == "__main__":
    main()
