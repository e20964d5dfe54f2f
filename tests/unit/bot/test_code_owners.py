"""CODEOWNERS by GitHub's rules: the examples of its page "About code owners", and what it skips."""

import pytest

from schemaregistry.bot.code_owners import MOST, owners_file, owners_of

FILE = """
# a comment @nobody
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment. ask @mallory or m@mallory.example
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs2@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
/apps/github/issues @doctocat
!*.json @mallory
[a-z]*.json @mallory
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("x", ["@global-owner1", "@global-owner2"]),
        ("deep/in/x.JS", ["@global-owner1", "@global-owner2"]),
        ("deep/x.js", ["@js-owner"]),
        ("x.go", ["docs@example.com"]),
        ("x.txt", ["@octo-org/octocats"]),
        ("build/logs/deep/x", ["@octocat"]),
        ("other/build/x", ["@global-owner1", "@global-owner2"]),
        ("docs/x", ["@doctocat"]),
        ("deep/docs/x", ["@global-owner1", "@global-owner2"]),
        ("deep/apps/x", ["@octocat"]),
        ("scripts/x", ["@doctocat", "@octocat"]),
        ("deep/logs", ["@octocat"]),
        ("apps/github", []),
        ("apps/github/x", []),
        ("apps/github/issues/x", ["@doctocat"]),
        ("x.json", ["@global-owner1", "@global-owner2"]),
    ],
)
def test_the_last_line_that_matches_decides(path: str, owners: list[str]) -> None:
    assert owners_of(FILE, path) == owners


@pytest.mark.parametrize(
    "line", ["/schemas/ alice", "/schemas/ @mallory alice", "/schemas/ @mal#lory", "/schemas/ @a/b/c"]
)
def test_a_line_with_an_owner_that_can_not_be_one_is_skipped(line: str) -> None:
    assert owners_of(f"* @alice\n{line}\n", "schemas/a.json") == ["@alice"]


def test_a_space_in_a_path_has_a_backslash_before_it() -> None:
    assert owners_of("* @a\n/my\\ schemas/ @b\n", "my schemas/a.json") == ["@b"]


@pytest.mark.parametrize("text", ["", "\n", "x", "[", "[a @b", "^[x]", "\x00 @a", "a\\", "** ** **", "/ @a", "# @a"])
def test_odd_lines_do_no_harm(text: str) -> None:
    owners_of(text, "schemas/a.json")


def test_the_first_of_three_places_counts() -> None:
    files = {"docs/CODEOWNERS": b"* @c", "CODEOWNERS": b"* @b", ".github/CODEOWNERS": b"* @a", "other": b"* @d"}
    found = []
    for place in (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"):
        found.append(owners_file(files))
        del files[place]
    assert found == ["* @a", "* @b", "* @c"]
    assert owners_file(files) == ""


def test_a_file_that_github_does_not_read_names_nobody() -> None:
    assert owners_file({"CODEOWNERS": b"* @a\n" + b"#" * MOST}) == ""
    assert owners_of(owners_file({"CODEOWNERS": b"\xff\xfe\n* @a\n"}), "x") == ["@a"]
