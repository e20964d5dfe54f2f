"""Versions of a schema file out of real, small git repositories."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from schemaregistry.cli.git_history import WORKING_TREE, NoHistory, resolve, versions
from schemaregistry.errors import InvalidArgument, NotFound


class Repo:
    """A git repository with one schema file, `ticks_v1.json`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.file = folder / "ticks_v1.json"
        self.seconds = 0
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        self.seconds += 1
        when = f"2026-01-05T09:{self.seconds // 60:02}:{self.seconds % 60:02}Z"
        who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = (
            os.environ | who | {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "GIT_CONFIG_GLOBAL": "/dev/null"}
        )
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    def write(self, version: str, **members: object) -> bytes:
        document = {"$id": "ticks_v1", "version": version, "type": "object", **members}
        self.file.write_text(json.dumps(document, indent=1))
        return self.file.read_bytes()

    def commit(self, version: str, **members: object) -> str:
        self.write(version, **members)
        return self.commit_all()

    def commit_all(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def listed(path: Path) -> list[tuple[str, str]]:
    return [(version.version, version.commit) for version in versions(path)]


def test_every_version_is_listed_oldest_first(repo: Repo) -> None:
    commits = [repo.commit(version) for version in ("1.0.0", "1.1.0", "2.0.0")]
    assert listed(repo.file) == list(zip(("1.0.0", "1.1.0", "2.0.0"), commits, strict=True))


def test_bytes_are_those_of_the_commit(repo: Repo) -> None:
    repo.commit("1.0.0", title="Cote d'Azur \u2011 \u00e9")
    raw = repo.file.read_bytes()
    repo.commit("1.1.0")
    assert versions(repo.file)[0].raw == raw


def test_the_newest_commit_of_a_version_wins_and_the_order_stays(repo: Repo) -> None:
    repo.commit("1.0.0")
    second = repo.commit("1.1.0")
    fixed = repo.commit("1.0.0", title="fixed")
    again = repo.commit("1.1.0", title="again")
    assert second != again
    assert listed(repo.file) == [("1.0.0", fixed), ("1.1.0", again)]


def test_the_file_on_disk_counts_last_if_it_differs(repo: Repo) -> None:
    commit = repo.commit("1.0.0")
    assert listed(repo.file) == [("1.0.0", commit)]
    raw = repo.write("1.1.0")
    assert listed(repo.file) == [("1.0.0", commit), ("1.1.0", WORKING_TREE)]
    assert versions(repo.file)[-1].raw == raw


def test_a_version_edited_on_disk_is_the_one_on_disk(repo: Repo) -> None:
    repo.commit("1.0.0")
    repo.write("1.0.0", title="edited")
    assert listed(repo.file) == [("1.0.0", WORKING_TREE)]


def test_renames_are_followed(repo: Repo) -> None:
    first = repo.commit("1.0.0", description="so that git sees the likeness " * 5)
    (repo.folder / "schemas").mkdir()
    repo.git("mv", "ticks_v1.json", "schemas/ticks_v1.json")
    repo.commit_all()
    repo.file = repo.folder / "schemas" / "ticks_v1.json"
    last = repo.commit("1.1.0", description="so that git sees the likeness " * 5)
    assert listed(repo.file)[0][0] == "1.0.0"
    assert listed(repo.file)[1] == ("1.1.0", last)
    assert resolve(first, repo.file).version == "1.0.0"


def test_a_file_that_was_moved_and_rewritten_is_followed(repo: Repo) -> None:
    repo.commit("1.0.0")
    (repo.folder / "schemas").mkdir()
    repo.git("mv", "ticks_v1.json", "schemas/ticks_v1.json")
    repo.file = repo.folder / "schemas" / "ticks_v1.json"
    repo.commit("1.1.0", description="words that the file had not before: " * 50)
    assert [found.version for found in versions(repo.file)] == ["1.0.0", "1.1.0"]


def test_a_copy_of_another_schema_has_no_claim_on_its_versions(repo: Repo) -> None:
    repo.commit("1.0.0", description="a long text that both have in common " * 5)
    copy = repo.folder / "quotes_v1.json"
    copy.write_text(repo.file.read_text().replace("ticks_v1", "quotes_v1").replace("1.0.0", "3.0.0"))
    commit = repo.commit_all()
    assert listed(copy) == [("3.0.0", commit)]
    with pytest.raises(NotFound):
        resolve("1.0.0", copy)


def test_commits_with_broken_files_are_passed_over(repo: Repo) -> None:
    first = repo.commit("1.0.0")
    for text in ("{", "[]", '{"version": 1}', '{"$id": "ticks_v1", "version": "one"}', ""):
        repo.file.write_text(text)
        repo.commit_all()
    last = repo.commit("1.1.0")
    assert listed(repo.file) == [("1.0.0", first), ("1.1.0", last)]


def test_a_deleted_file_that_came_back_keeps_its_history(repo: Repo) -> None:
    first = repo.commit("1.0.0")
    repo.git("rm", "--quiet", "ticks_v1.json")
    repo.git("commit", "--quiet", "--message=gone")
    second = repo.commit("1.1.0")
    assert listed(repo.file) == [("1.0.0", first), ("1.1.0", second)]


def test_a_merged_branch_counts(repo: Repo) -> None:
    repo.commit("1.0.0")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("1.1.0")
    repo.git("checkout", "--quiet", "main")
    (repo.folder / "other").write_text("x")
    repo.commit_all()
    repo.git("merge", "--quiet", "--message=merge", "side")
    assert [version for version, _ in listed(repo.file)] == ["1.0.0", "1.1.0"]


def test_a_branch_whose_change_was_dropped_in_the_merge_is_history_too(repo: Repo) -> None:
    repo.commit("1.0.0")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("1.1.0")
    repo.git("checkout", "--quiet", "main")
    repo.commit("1.2.0")
    repo.git("merge", "--quiet", "--strategy=ours", "--message=merge", "side")
    assert [version for version, _ in listed(repo.file)] == ["1.0.0", "1.1.0", "1.2.0"]


def test_a_merge_with_content_of_its_own_counts(repo: Repo) -> None:
    repo.commit("1.0.0")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("1.1.0")
    repo.git("checkout", "--quiet", "main")
    repo.commit("1.2.0")
    repo.git("merge", "--quiet", "--no-commit", "--strategy=ours", "side")
    merge = repo.commit("1.3.0")
    assert listed(repo.file)[-1] == ("1.3.0", merge)
    assert resolve("1.3.0", repo.file).commit == merge


def test_an_uncommitted_file_has_the_version_on_disk_alone(repo: Repo) -> None:
    repo.write("1.0.0")
    assert listed(repo.file) == [("1.0.0", WORKING_TREE)]


def test_a_file_outside_of_git_has_the_version_on_disk_alone(tmp_path: Path) -> None:
    file = tmp_path / "ticks_v1.json"
    file.write_text('{"$id": "ticks_v1", "version": "1.0.0"}')
    assert listed(file) == [("1.0.0", WORKING_TREE)]


def test_a_broken_file_on_disk_is_named(repo: Repo) -> None:
    repo.commit("1.0.0")
    repo.file.write_text("{")
    with pytest.raises(InvalidArgument, match=r"ticks_v1\.json: Not JSON"):
        versions(repo.file)


def test_a_missing_file_is_named(repo: Repo) -> None:
    with pytest.raises(NotFound, match=r"ticks_v1\.json can't be read"):
        versions(repo.file)


@pytest.mark.parametrize("name", ["1.0.0", "v1.0.0"])
def test_a_version_is_found_without_tags(repo: Repo, name: str) -> None:
    first = repo.commit("1.0.0")
    repo.commit("1.1.0")
    found = resolve(name, repo.file)
    assert (found.version, found.commit) == ("1.0.0", first)
    assert json.loads(found.raw)["version"] == "1.0.0"


def test_a_version_is_its_newest_commit(repo: Repo) -> None:
    repo.commit("1.0.0")
    fixed = repo.commit("1.0.0", title="fixed")
    repo.commit("1.1.0")
    assert resolve("v1.0.0", repo.file).commit == fixed


def test_a_tag_comes_before_a_version(repo: Repo) -> None:
    repo.commit("1.0.0")
    tagged = repo.commit("1.1.0")
    repo.git("tag", "v1.0.0")
    found = resolve("v1.0.0", repo.file)
    assert (found.version, found.commit) == ("1.1.0", tagged)


def test_branches_and_hashes_and_their_ancestors_are_names(repo: Repo) -> None:
    first = repo.commit("1.0.0")
    repo.git("branch", "old")
    repo.git("tag", "--annotate", "--message=t", "release-1")
    last = repo.commit("1.1.0")
    for name in ("old", "release-1", first, first[:10], "HEAD~1"):
        assert resolve(name, repo.file).commit == first
    assert resolve("main", repo.file).commit == last


def test_a_commit_that_did_not_touch_the_file_still_has_it(repo: Repo) -> None:
    repo.commit("1.0.0")
    (repo.folder / "other").write_text("x")
    commit = repo.commit_all()
    assert resolve(commit, repo.file) == resolve("HEAD", repo.file)
    assert resolve(commit, repo.file).version == "1.0.0"


def test_a_commit_without_the_file_is_said(repo: Repo) -> None:
    (repo.folder / "other").write_text("x")
    before = repo.commit_all()
    repo.commit("1.0.0")
    with pytest.raises(NotFound, match="isn't in"):
        resolve(before, repo.file)


def test_a_version_not_committed_yet_is_the_file_on_disk(repo: Repo) -> None:
    repo.commit("1.0.0")
    raw = repo.write("1.1.0")
    found = resolve("v1.1.0", repo.file)
    assert (found.raw, found.commit) == (raw, WORKING_TREE)


@pytest.mark.parametrize("name", ["9.9.9", "no-such-branch", "", "--all", "-h", "a b", "\0", "v1.0.0; ls", "x" * 5000])
def test_an_unknown_name_gets_the_versions_that_there_are(repo: Repo, name: str) -> None:
    repo.commit("1.0.0")
    repo.commit("1.1.0")
    with pytest.raises(NotFound, match=r"its versions: 1\.1\.0, 1\.0\.0") as caught:
        resolve(name, repo.file)
    assert caught.value.reason == "UNKNOWN_NAME"


def test_a_shallow_clone_is_told_to_fetch_the_rest(repo: Repo, tmp_path: Path) -> None:
    repo.commit("1.0.0")
    repo.commit("1.1.0")
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", repo.folder.as_uri(), str(tmp_path / "clone")],
        check=True,
        capture_output=True,
    )
    file = tmp_path / "clone" / "ticks_v1.json"
    assert resolve("1.1.0", file).version == "1.1.0"
    assert [version for version, _ in listed(file)] == ["1.1.0"]
    with pytest.raises(NoHistory, match="git fetch --unshallow") as caught:
        resolve("1.0.0", file)
    assert caught.value.reason == "HISTORY_CUT"


def test_a_clone_without_tags_answers_the_same(repo: Repo, tmp_path: Path) -> None:
    repo.commit("1.0.0")
    repo.git("tag", "v1.0.0")
    repo.commit("1.1.0")
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", "--no-tags", repo.folder.as_uri(), str(clone)], check=True, capture_output=True
    )
    assert resolve("v1.0.0", clone / "ticks_v1.json") == resolve("v1.0.0", repo.file)


@pytest.mark.parametrize(
    ("make", "reason"), [("file", "NOT_A_REPOSITORY"), ("empty", "NOT_IN_GIT"), ("other", "NOT_IN_GIT")]
)
def test_a_file_that_git_does_not_know_is_said(tmp_path: Path, make: str, reason: str) -> None:
    file = tmp_path / "ticks_v1.json"
    if make != "file":
        repo = Repo(tmp_path)
    if make == "other":
        (tmp_path / "other").write_text("x")
        repo.commit_all()
    file.write_text('{"$id": "ticks_v1", "version": "1.0.0"}')
    with pytest.raises(NoHistory) as caught:
        resolve("1.0.0", file)
    assert caught.value.reason == reason


def test_a_machine_without_git_is_told(repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commit: Callable[[str], str] = repo.commit
    commit("1.0.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("git") is None
    with pytest.raises(NoHistory, match="git isn't installed") as caught:
        resolve("1.0.0", repo.file)
    assert caught.value.reason == "NO_GIT"
    assert [version.commit for version in versions(repo.file)] == [WORKING_TREE]


def test_names_of_files_are_taken_as_they_are(repo: Repo) -> None:
    repo.file = repo.folder / "*[a] \u00e9 ticks.json"
    commit = repo.commit("1.0.0")
    (repo.folder / "b ticks.json").write_text("{}")
    repo.commit_all()
    assert listed(repo.file) == [("1.0.0", commit)]
    assert resolve("HEAD", repo.file).version == "1.0.0"


def test_a_path_relative_to_where_one_stands_is_found(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit("1.0.0")
    monkeypatch.chdir(repo.folder)
    assert resolve("1.0.0", Path("ticks_v1.json")).version == "1.0.0"
