"""References to versions on a running server: each place that takes a version means the same by them."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from devtools.servers import Server
from schemaregistry.client import Client, Credentials, VersionRefused
from schemaregistry.errors import NotFound
from schemaregistry.v1 import registry_pb2 as pb
from tests.conftest import start

HISTORY = ("1.0.0", "1.1.0", "2.0.0", "1.1.1", "3.0.0-rc.1")
"""In the order of writing: a fix to an old line and a pre-release come last."""

MEANT = {
    "": "2.0.0",
    "latest": "2.0.0",
    "1": "1.1.1",
    "1.0": "1.0.0",
    "v1.1": "1.1.1",
    "^1.0": "1.1.1",
    "~1.0": "1.0.0",
    "3": "3.0.0-rc.1",
    "v1.1.0": "1.1.0",
    "3.0.0-rc.1": "3.0.0-rc.1",
}
MISSING = ("4", "^1.2", "3.0.0")
BAD = ("one", "1.x", ">=1.0.0", "*")
_numbers = count()


def document(id: str, version: str) -> bytes:  # noqa: A002 (the field's term)
    """A document whose records are those of its own major version."""
    major = int(version.split(".", maxsplit=1)[0])
    schema = {"type": "object", "title": version, "properties": {"line": {"const": major}}, "required": ["line"]}
    return json.dumps({"$id": id, "version": version, **schema}).encode()


@pytest.fixture(scope="module", params=["sqlite", "etcd"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own, on each of the stores."""
    if request.param == "etcd":
        request.getfixturevalue("etcd_built")
    server = start(tmp_path_factory.mktemp("references") / "data", "--store", request.param)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def publisher(running: Any) -> Iterator[Client]:
    with Client(running.target, credentials=Credentials.dev(running.data, "ci-bot"), timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def lines(publisher: Client) -> str:
    """The id of a schema with HISTORY."""
    for version in HISTORY:
        publisher.register(document("lines_v1", version))
    return "lines_v1"


def get(running: Any, id: str, version: str) -> str:  # noqa: A002
    _, call = running.stub("reader").GetSchema.with_call(pb.GetSchemaRequest(id=id, version=version), timeout=20)
    return str(dict(call.initial_metadata())["x-schema-version"])


def contract(running: Any, id: str, version: str) -> str:  # noqa: A002
    return str(running.stub("reader").GetContract(pb.GetContractRequest(id=id, version=version), timeout=20).version)


def compared(running: Any, id: str, version: str) -> str:  # noqa: A002
    request = pb.CompareVersionsRequest(id=id, from_version=version, to_version=version)
    verdict = running.stub("reader").CompareVersions(request, timeout=20)
    assert verdict.old_version == verdict.new_version
    return str(verdict.old_version)


def validated(running: Any, id: str, version: str) -> str:  # noqa: A002
    request = pb.ValidateRecordsRequest(id=id, version=version)
    request.records.data = b"[]"
    return str(running.stub("reader").ValidateRecords(request, timeout=20).version)


def raw_path(running: Any, id: str, version: str) -> str:  # noqa: A002
    return _rest(running, f"/schema/{id}/{version}" if version else f"/schema/{id}").headers["x-schema-version"]


def encoded_path(running: Any, id: str, version: str) -> str:  # noqa: A002
    encoded = "".join(f"%{byte:02x}" for byte in version.encode())
    return _rest(running, f"/schema/{id}/{encoded}" if version else f"/schema/{id}").headers["x-schema-version"]


def contract_path(running: Any, id: str, version: str) -> str:  # noqa: A002
    return str(_rest(running, f"/contract/{id}/{version or 'latest'}").json()["version"])


def compat_path(running: Any, id: str, version: str) -> str:  # noqa: A002
    version = quote(version or "latest")
    return str(_rest(running, f"/compat/{id}/{version}/{version}").json()["new_version"])


def validate_path(running: Any, id: str, version: str) -> str:  # noqa: A002
    answer = httpx.post(f"{running.rest}/schema/{id}/validate", params={"version": version}, json=[])
    return str(_checked(answer).json()["version"])


def _rest(running: Any, path: str) -> httpx.Response:
    return _checked(httpx.get(f"{running.rest}{path}"))


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.status_code != 200:
        raise Refused(answer.json()["reason"])
    return answer


class Refused(Exception):
    """The reason of a problem."""


Door = Callable[[Any, str, str], str]
DOORS = (get, contract, compared, validated, raw_path, encoded_path, contract_path, compat_path, validate_path)


def refusal(door: Door, running: Any, id: str, version: str) -> str:  # noqa: A002
    with pytest.raises(Refused) as refused:
        door(running, id, version)
    return str(refused.value)


@pytest.mark.parametrize("door", DOORS)
def test_every_door_means_the_same_by_a_reference(running: Any, lines: str, door: Door) -> None:
    assert {text: door(running, lines, text) for text in MEANT} == MEANT


@pytest.mark.parametrize("door", [raw_path, encoded_path, contract_path, compat_path, validate_path])
def test_what_no_version_answers_to_is_refused(running: Any, lines: str, door: Door) -> None:
    assert {refusal(door, running, lines, text) for text in MISSING} == {"NO_SUCH_VERSION"}
    assert {refusal(door, running, lines, text) for text in BAD} == {"BAD_VERSION"}


def test_neither_a_pre_release_nor_a_fix_changes_what_lists_and_checks_take_for_the_latest(
    running: Any, publisher: Client, lines: str
) -> None:
    (summary,) = [each for each in publisher.list_schemas() if each.id == lines]
    assert (summary.latest_version, summary.title, summary.versions) == ("2.0.0", "2.0.0", 5)
    assert publisher.check_compatibility(document(lines, "2.0.1")).old_version == "2.0.0"


def test_a_reference_is_not_stored_as_an_answer_for_good(running: Any, publisher: Client) -> None:
    name = f"moving_{next(_numbers)}"
    publisher.register(document(name, "1.0.0"))
    first = httpx.get(f"{running.rest}/schema/{name}/^1")
    assert first.headers["cache-control"] == "no-cache"
    unchanged = httpx.get(f"{running.rest}/schema/{name}/^1", headers={"If-None-Match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.headers["cache-control"]) == (304, "no-cache")
    publisher.register(document(name, "1.1.0"))
    changed = httpx.get(f"{running.rest}/schema/{name}/^1", headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.headers["x-schema-version"]) == (200, "1.1.0")
    publisher.register(document(name, "2.0.0-rc.1"))
    same = httpx.get(f"{running.rest}/schema/{name}", headers={"If-None-Match": changed.headers["etag"]})
    assert same.status_code == 304


def test_a_fix_to_an_old_line_is_registered_and_judged_against_it(publisher: Client, lines: str) -> None:
    fix = document(lines, "1.1.2")
    verdict = publisher.check_compatibility(fix)
    assert (verdict.old_version, verdict.verdict) == ("1.1.1", "compatible")
    assert publisher.register(fix).created
    assert not publisher.register(fix).created
    assert publisher.get(lines).version == "2.0.0"
    with pytest.raises(
        VersionRefused, match=r"1\.0\.9 is not greater than 1\.1\.2, the highest of its line"
    ) as refused:
        publisher.register(document(lines, "1.0.9"))
    assert refused.value.reason == "VERSION_NOT_GREATER"


def test_a_version_that_jumps_over_a_major_one_is_refused_with_the_next(publisher: Client) -> None:
    name = f"jumping_{next(_numbers)}"
    publisher.register(document(name, "7.0.0"))
    with pytest.raises(VersionRefused, match=r"7\.0\.0 → 9\.0\.0 jumps over a major version\. Take 8\.0\.0") as refused:
        publisher.register(document(name, "9.0.0"))
    assert refused.value.reason == "MAJOR_SKIPPED"
    assert publisher.register(document(name, "8.0.0")).created


def test_a_watch_says_of_each_version_whether_it_is_the_latest(publisher: Client, lines: str) -> None:
    told = {}
    with publisher.watch(0, [lines]) as events:
        for event in events:
            if event.kind == "progress":
                break
            told[event.version] = event.is_latest
    assert [version for version, is_latest in told.items() if is_latest] == ["2.0.0"]
    assert set(HISTORY) <= set(told)


def test_a_version_is_found_by_its_fingerprint(running: Any, publisher: Client) -> None:
    name = f"printed_{next(_numbers)}"
    first = publisher.register(document(name, "1.0.0"))
    second = publisher.register(document(name, "1.1.0"))
    for registered in (first, second):
        answer = httpx.get(f"{running.rest}/schemas", params={"fingerprint": registered.fingerprint})
        (summary,) = answer.json()["schemas"]
        found = (summary["id"], summary["found_version"], summary["latest_version"], summary["fingerprint"])
        assert found == (name, registered.version, "1.1.0", second.fingerprint)
        assert [each.id for each in publisher.list_schemas(fingerprint=registered.fingerprint)] == [name]


def test_an_unknown_fingerprint_finds_nothing(running: Any) -> None:
    answer = httpx.get(f"{running.rest}/schemas", params={"fingerprint": f"sha256:{'0' * 64}"})
    assert (answer.status_code, answer.json()["schemas"]) == (200, [])


@pytest.mark.parametrize("text", ["0" * 64, "sha256:", "sha256:12", f"sha256:{'A' * 64}", f"sha512:{'0' * 64}", "x"])
def test_what_is_no_fingerprint_is_refused(running: Any, text: str) -> None:
    answer = httpx.get(f"{running.rest}/schemas", params={"fingerprint": text})
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_FINGERPRINT")
    assert "sha256: and all 64 hex digits" in answer.json()["detail"]


def test_a_version_that_is_not_there_names_the_latest(publisher: Client, lines: str) -> None:
    with pytest.raises(NotFound, match=r"lines_v1 has no version \^4; its latest is 2\.0\.0"):
        publisher.get(lines, "^4")
