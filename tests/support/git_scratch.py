"""A repository of git in a directory of its own, for tests."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Scratch:
    """A repository in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        config = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(self.directory), *config, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, files: Mapping[str, Any]) -> str:
        """Commit these files in the place of all others, texts as they are and documents as JSON: the commit's hash."""
        if self.git("ls-files"):
            self.git("rm", "-rq", "--cached", ".")
        for path, content in files.items():
            file = self.directory / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), "utf-8")
            self.git("add", path)
        self.git("commit", "-q", "--allow-empty", "-m", "a change")
        return self.git("rev-parse", "HEAD")
