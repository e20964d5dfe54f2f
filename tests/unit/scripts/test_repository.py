"""What adopters look for in the repository: whole, resolving and readable."""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def tracked(*patterns: str) -> list[str]:
    command = ["git", "ls-files", *patterns]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()


PAGES = tracked("*.md")
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""SHA-256 of the licence's text as apache.org has it."""


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def without_code(page: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text(page), flags=re.M | re.S)


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", without_code(page), re.M)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


def test_the_licence_is_the_whole_text_of_apache_2() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2
    assert 'license = "Apache-2.0"' in text("pyproject.toml")


@pytest.mark.parametrize("page", PAGES)
def test_no_line_of_a_page_is_over_120_columns(page: str) -> None:
    assert [number for number, line in enumerate(text(page).splitlines(), 1) if len(line) > 120] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_table_of_a_page_has_a_header(page: str) -> None:
    lines = without_code(page).splitlines()
    rules = [number for number, line in enumerate(lines) if re.fullmatch(r"\|( *:?-+:? *\|)+", line)]
    tables = [at for at, line in enumerate(lines) if line.startswith("|") and not lines[at - 1].startswith("|")]
    assert [at + 1 for at in tables] == rules
    for at in tables:
        assert all(cell.strip() for cell in lines[at].strip("|").split("|")), lines[at]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_within_the_repository_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", without_code(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (ROOT / page).parent / path if path else ROOT / page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(os.path.relpath(linked.resolve(), ROOT)), target


def test_the_hooks_run_programs_of_the_lock_file() -> None:
    entries = re.findall(r"^ +entry: (.+)$", text(".pre-commit-config.yaml"), re.M)
    assert len(entries) >= 6
    for entry in entries:
        assert os.access(ROOT / entry.split()[0], os.X_OK), entry


@pytest.mark.parametrize(
    ("hook", "file"),
    [
        ("ruff-check", "scripts/find_go.py"),
        ("ruff-format", "scripts/find_go.py"),
        ("shellcheck", ".github/actions/install.sh"),
        ("validate-schemas", "schemas/ticks_v1.json"),
    ],
)
def test_a_hook_passes_for_a_sound_file(hook: str, file: str) -> None:
    """Those that take files; the others are the commands of `make lint`."""
    [entry] = re.findall(rf"id: {hook}\n.*\n +entry: (.+)", text(".pre-commit-config.yaml"))
    assert subprocess.run([*entry.split(), file], cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_the_hooks_without_files_are_commands_of_make_lint() -> None:
    whole = [hook for hook in text(".pre-commit-config.yaml").split("- id: ") if "pass_filenames: false" in hook]
    hooks = [re.findall(r"entry: \.venv/bin/(.+)", hook)[0] for hook in whole]
    assert {hook.split()[0] for hook in hooks} >= {"mypy", "lint-imports", "buf"}
    assert all(f"$(BIN)/{hook}" in text("Makefile") for hook in hooks)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", ".github/pull_request_template.md"])
def test_every_make_target_that_is_named_is_there(page: str) -> None:
    makefiles = subprocess.run(
        ["git", "ls-files", "Makefile", "*.mk"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    rules = "\n".join(map(text, makefiles.stdout.split()))
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z0-9-]*)", text(page), re.M))
    assert named
    assert {name for name in named if not re.search(rf"^{name}:", rules, re.M)} == set()


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/") and page != "docs/index.md"])
def test_the_index_names_every_page_of_the_docs(page: str) -> None:
    assert f"]({page.removeprefix('docs/')})" in text("docs/index.md")


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/decisions/")])
def test_a_decision_has_its_parts_in_order(page: str) -> None:
    body = without_code(page)
    assert re.search(r"^- Date: \d{4}-\d\d-\d\d$", body, re.M)
    assert re.search(r"^- Status: (accepted|superseded by .+)$", body, re.M)
    headings = re.findall(r"^## (.*)$", body, re.M)
    assert headings == ["Context", "Decision", "Alternatives tried", "Consequences"]


def named(cell: str) -> Iterator[Path]:
    """The files that a cell of the architecture's tables names; one without a folder is beside the one before it."""
    folder = ROOT
    for path in re.findall(r"`([^`]+\.(?:py|cpp|h))`", cell):
        places = [ROOT / path, ROOT / "clients/python" / path, ROOT / "server" / path, folder / path]
        found = next((place for place in places if place.is_file()), None)
        assert found, f"{path} in {cell}"
        folder = found.parent
        yield found


def test_the_architecture_names_modules_that_are_there() -> None:
    cells = re.findall(r"^\| .*? \| (.*) \|$", text("docs/architecture.md"), re.M)
    assert len({file for cell in cells for file in named(cell)}) > 80


def test_the_architecture_has_the_layers_that_the_linter_holds() -> None:
    layers = re.findall(r"^layers = \[\n(.*?)^\]", text("pyproject.toml"), re.M | re.S)[0]
    held = [re.findall(r"schemaregistry[\w.]*", line) for line in layers.splitlines()]
    page = text("docs/architecture.md").partition("## Who may import whom")[2].partition("\n## ")[0]
    shown = [re.findall(r"`(schemaregistry[\w.]*)`", row) for row in re.findall(r"^\| (`.*?) \|", page, re.M)]
    assert shown == held


def test_each_attack_of_the_list_names_a_test_that_there_is() -> None:
    tests = {Path(name).stem for name in tracked("tests/*.py")}
    rows = [line for line in text("docs/attacks.md").splitlines() if line.startswith("| ")]
    for row in rows:
        test = row.rsplit("|", 2)[1]
        named = re.findall(r"`([^`]+)`", test)
        assert named or test.strip() in {"test", "---"}, row
        assert set(named) <= tests, row
