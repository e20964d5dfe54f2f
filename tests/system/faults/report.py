"""What a run found, as a person reads it and as a program does."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.system.faults.checker import Checked

KINDS = ("lost", "duplicated", "stale", "disorder", "late", "unexpected")
"""What can be wrong: see `verdict_cache.py`, `outages.py` and `clients.py` for each."""


@dataclass(frozen=True, slots=True)
class Report:
    """`wrong`: by its kind, a sentence for each thing that went wrong; `seconds`: by fault, until writes worked."""

    store: str
    seed: int
    faults: int
    took: float
    acknowledged: int
    counts: Mapping[str, int]
    shown: int
    wrong: Mapping[str, Sequence[str]]
    seconds: Mapping[str, Sequence[float]]
    checked: Checked
    notes: Sequence[str]

    @property
    def clean(self) -> bool:
        return not (any(self.wrong.values()) or self.checked.illegal or self.checked.undecided)

    def text(self) -> str:
        counts, checked = self.counts, self.checked
        lines = [
            f"{self.store}: {self.faults} faults over {self.acknowledged:,} acknowledged writes, {self.took:.0f} s",
            f"  seed: {self.seed}",
            f"  created {counts['created']:,}, there already {counts['already']:,}, no answer {counts['unknown']:,}",
            f"  other content there {counts['conflict']:,}, version not greater {counts['refused']:,}",
            f"  reads judged at once {counts['reads']:,}, versions shown by watches {self.shown:,}",
            *(f"  {kind}: {len(self.wrong.get(kind, ()))}" for kind in KINDS),
            *(f"    {sentence}" for kind in KINDS for sentence in list(self.wrong.get(kind, ()))[:5]),
            f"  linearizable: {self._linearizable()} ({checked.operations:,} operations on {checked.ids:,} ids)",
            *(f"  {note}" for note in self.notes),
            "  seconds until writes worked again" + " " * 22 + "times  median  longest",
            *(self._row(kind, times) for kind, times in sorted(self.seconds.items())),
        ]
        return "\n".join(lines)

    def _linearizable(self) -> str:
        if self.checked.illegal:
            return f"no: {', '.join(self.checked.illegal[:5])}"
        return f"could not tell of {', '.join(self.checked.undecided[:5])}" if self.checked.undecided else "yes"

    @staticmethod
    def _row(kind: str, times: Sequence[float]) -> str:
        return f"    {kind:<54} {len(times):>3} {statistics.median(times):>7.2f} {max(times):>8.2f}"
