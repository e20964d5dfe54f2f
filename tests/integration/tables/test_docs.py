"""docs/tables.md: what it shows is what happens."""

import re
import subprocess
import sys
from pathlib import Path

from devtools.make_ticks import Ticks, make
from schemaregistry.data.report.formats import FORMS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/tables.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    (folder / "schemas").symlink_to(ROOT / "schemas")
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)


def test_the_script_prints_what_the_page_says(tmp_path: Path) -> None:
    assert run(tmp_path, "-c", blocks("python")[0]).stdout == blocks("text")[0]


def test_the_test_passes_for_a_file_that_conforms(tmp_path: Path) -> None:
    make(tmp_path / "ticks.parquet", Ticks(100))
    (tmp_path / "test_feed.py").write_text(blocks("python")[1], encoding="utf-8")
    assert "1 passed" in run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".").stdout


def test_every_form_of_a_report_is_named() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(FORMS)


def test_what_the_page_names_in_the_text_can_be_imported(tmp_path: Path) -> None:
    names = set(re.findall(r"`(schemaregistry\.\w+)\b[^`]*`", PAGE))
    lines = [f"import schemaregistry; {name}" for name in names]
    lines += re.findall(r"`(from\s+schemaregistry\S*\s+import\s+\w+)`", PAGE.replace("\n", " "))
    assert len(lines) > 3
    lines.append("formats.FORMS['json']; redacted")
    done = run(tmp_path, "-c", "\n".join(lines))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_commands_write_what_the_page_says(tmp_path: Path) -> None:
    make(tmp_path / "ticks.parquet", Ticks(100))
    (tmp_path / "written").mkdir()
    suite, document = (block.strip().replace("schemas/ticks_v2", "written/ticks_v2") for block in blocks("sh"))
    assert run(tmp_path, "-m", *suite.split()).returncode == 0
    (tmp_path / "schemas").unlink()
    assert run(tmp_path, "-m", *document.split()).returncode == 0
    assert (tmp_path / "suite.json").exists()
    assert (tmp_path / "written/ticks_v2.json").exists()
