"""Where a version of a document comes from: repository, commit, path and pull request."""

import json
from dataclasses import asdict, dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version comes from, as its publisher stated it; each member is "" where that isn't known.

    `commit` is the full hash in `repository`, `path` the file there, `pull_request` its number or address.
    """

    repository: str = ""
    commit: str = ""
    path: str = ""
    pull_request: str = ""

    @property
    def text(self) -> str:
        """The members that are known as JSON, as stores keep them; "" for none."""
        known = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(known, separators=(",", ":"), ensure_ascii=False) if known else ""

    @classmethod
    def read(cls, text: str) -> "Origin":
        """Read `text` as the property gives it; raises ValueError or TypeError where it is none."""
        return cls(**json.loads(text)) if text else cls()


UNSTATED: Final = Origin()
"""The origin of a version whose publisher stated none."""
