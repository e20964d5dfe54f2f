"""Which locked distributions require which, in any supported environment."""

from packaging.requirements import Requirement

from scripts.lock_metadata import environments, pinned
from scripts.supply_chain.dependency_graph import requirement_graph

LOCK = pinned(
    "app==1\nbase==2\ncolor==3 ; sys_platform == 'win32'\nextra-part==4\nnum==1 ; python_full_version < '3.12'\n"
    "num==2 ; python_full_version >= '3.12'\ntest-tool==5\n"
)
REQUIRES = {
    ("app", "1"): [
        "Base>=1",
        "color; sys_platform == 'win32'",
        "extra_part; extra == 'more'",
        "test-tool; extra == 'x'",
    ],
    ("base", "2"): ["app", "num>=1"],
}


def edges(*roots: str) -> dict[str, list[str]]:
    graph = requirement_graph(map(Requirement, roots), LOCK, REQUIRES, environments())
    return {" ".join(pin): sorted(" ".join(to) for to in graph.edges[pin]) for pin in sorted(graph.edges)}


def test_requirements_are_followed_in_every_environment_and_in_circles() -> None:
    assert edges("app") == {
        "app 1": ["base 2", "color 3"],
        "base 2": ["app 1", "num 1", "num 2"],
        "color 3": [],
        "num 1": [],
        "num 2": [],
    }


def test_an_extra_is_followed_where_it_is_asked_for() -> None:
    assert edges("app[more]")["app 1"] == ["base 2", "color 3", "extra-part 4"]
    assert "test-tool 5" not in edges("app[more]")


def test_the_direct_ones_are_those_that_the_roots_name() -> None:
    graph = requirement_graph([Requirement("num"), Requirement("missing")], LOCK, REQUIRES, environments())
    assert graph.direct == {("num", "1"), ("num", "2")}
