"""Every row of the table of errors over REST, by curl."""

import http.client
import json
from pathlib import Path

import httpx
import pytest

TICKS = json.loads((Path(__file__).parents[3] / "schemas/ticks_v1.json").read_text())


def document(**changes: object) -> bytes:
    return json.dumps(TICKS | changes).encode()


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


REFUSED = {
    "not JSON": (b'{"$id": ', 400, "NOT_JSON"),
    "a key twice": (b'{"$id": "ticks_v1", "$id": "ticks_v1"}', 400, "DUPLICATE_KEY"),
    "NaN": (document().replace(b'"1.1.0"', b"NaN"), 400, "NOT_A_NUMBER"),
    "not draft-07": (document(**{"$schema": "https://json-schema.org/draft/2020-12/schema"}), 400, "NOT_DRAFT07"),
    "a keyword of the wrong type": (document(required="ts"), 400, "NOT_DRAFT07"),
    "another id": (document(**{"$id": "ticks_v2"}), 400, "ID_MISMATCH"),
    "a bad version": (document(version="1.1"), 400, "BAD_VERSION"),
    "a column without a property": (document(properties={}), 400, "ARROW_MISMATCH"),
    "a remote $ref": (document(definitions={"x": {"$ref": "http://169.254.169.254/"}}), 400, "REMOTE_REF"),
    "a file $ref": (document(definitions={"x": {"$ref": "file:///etc/passwd"}}), 400, "REMOTE_REF"),
    "too many refs": (
        document(definitions={f"x{n}": {"$ref": "#/properties/ts"} for n in range(1025)}),
        400,
        "TOO_MANY_REFS",
    ),
    "too deep": (nested(100_000), 400, "TOO_DEEP"),
    "a pattern with a back-reference": (document(definitions={"x": {"pattern": r"(a+)\1"}}), 400, "BAD_PATTERN"),
    "over 1 MiB": (document(description="x" * (1 << 20)), 413, "TOO_LARGE"),
}


@pytest.mark.parametrize(("body", "code", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_document_is_refused_with_its_reason(running, body: bytes, code: int, reason: str) -> None:
    answer = httpx.post(f"{running.rest}/schema/ticks_v1", content=body)
    problem = answer.json()
    assert (answer.status_code, problem["reason"], problem["code"]) == (code, reason, "INVALID_ARGUMENT")
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == code
    assert problem["detail"]


def test_a_refusal_names_the_place_by_json_pointer(running) -> None:
    body = document(definitions={"x": {"$ref": "http://example.com/"}})
    assert httpx.post(f"{running.rest}/schema/ticks_v1", content=body).json()["pointer"] == "/definitions/x/$ref"


@pytest.mark.parametrize("path", ["/schema/tick_v1", "/schemas/tick_v1", "/compat/tick_v1/1.0.0/1.1.0"])
def test_an_unknown_id_is_404_with_near_names(running, path: str) -> None:
    answer = httpx.get(running.rest + path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "NOT_FOUND"
    assert "ticks_v1" in answer.json()["near"]


def test_an_unknown_version_is_404_and_names_the_versions_there_are(running) -> None:
    answer = httpx.get(f"{running.rest}/schema/ticks_v1/9.9.9")
    assert answer.status_code == 404
    assert "1.1.0" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/schema/..%2f..%2fetc",
        "/schema/%2e%2e",
        "/schema/tick%00s",
        "/schema/Ticks",
        "/schema/t\u0456cks_v1",  # a Cyrillic i
        "/schema/ticks_v1/..%2f1.0.0",
        "/schema/ticks_v1/1.x",
    ],
)
def test_no_path_reaches_beyond_ids_and_versions(running, path: str) -> None:
    answer = httpx.get(running.rest + path)
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"


def test_other_content_for_a_version_is_409_with_both_fingerprints(running) -> None:
    answer = httpx.post(f"{running.rest}/schema/ticks_v1", content=document(title="Other"))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "ALREADY_EXISTS")
    assert problem["detail"].count("sha256:") == 2


def test_too_small_a_bump_is_409_with_the_verdict_and_its_witness(running) -> None:
    body = document(version="1.1.1", required=["ts", "symbol", "price", "size", "side"])
    answer = httpx.post(f"{running.rest}/schema/ticks_v1", content=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "FAILED_PRECONDITION")
    assert problem["verdict"]["verdict"] == "incompatible"
    assert problem["verdict"]["required_bump"] == "major"
    assert "side" not in problem["verdict"]["witness"]


def test_an_unknown_path_and_a_wrong_method_say_what_there_is(running) -> None:
    assert httpx.get(f"{running.rest}/nothing").json()["reason"] == "NO_SUCH_PATH"
    answer = httpx.delete(f"{running.rest}/schema/ticks_v1")
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "POST"})


def test_an_unknown_query_parameter_is_refused_by_name(running) -> None:
    answer = httpx.get(f"{running.rest}/schemas?page_sise=3")
    assert answer.status_code == 400
    assert "page_sise" in answer.json()["detail"]
    assert "page_size" in answer.json()["detail"]


def test_a_query_value_of_the_wrong_kind_is_refused(running) -> None:
    assert httpx.get(f"{running.rest}/schemas?page_size=many").json()["reason"] == "BAD_PARAMETER"


@pytest.mark.parametrize(
    "query",
    [
        "text=%FF",
        "text=%ED%A0%80",
        "text=a&text=b",
        "page_size=1&page_size=2",
        "page_size=1_0",
        "page_size=%D9%A1",
        "page_size=1e1",
        "min_revision=+1",
        "min_revision=",
    ],
)
def test_a_query_that_would_be_read_as_another_is_refused(running, query: str) -> None:
    answer = httpx.get(f"{running.rest}/schemas?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_PARAMETER")


PAGES: dict[str, list[tuple[str, str]]] = {
    "another origin": [("Origin", "https://evil.example")],
    "no origin of its own": [("Origin", "null")],
    "another host": [("Host", "evil.example")],
    "a host that starts like ours": [("Host", "localhost.evil.example")],
    "another host, behind a proxy by its own word": [("Host", "evil.example"), ("X-Forwarded-For", "10.0.0.1")],
    "another origin, behind a proxy by its own word": [
        ("Origin", "https://evil.example"),
        ("X-Forwarded-For", "10.0.0.1"),
    ],
}


@pytest.mark.parametrize("headers", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("path", ["/schema/ticks_v1", "/schemas", "/schemas/", "/healthz", "/nothing"])
def test_a_web_page_is_refused_before_its_path_is_looked_at(running, headers: list[tuple[str, str]], path: str) -> None:
    host, _, port = running.rest.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.putrequest("GET", path, skip_host=any(name == "Host" for name, _ in headers))
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["reason"]) == (403, "NOT_LOOPBACK")
    connection.close()


def test_the_host_of_a_whole_url_is_judged(running) -> None:
    """A target may be a URL; its host counts, not the Host header (RFC 9112, section 3.2.2)."""
    host, _, port = running.rest.removeprefix("http://").rpartition(":")
    for target, header, answer in [
        ("http://evil.example/whoami", "evil.example", (403, "NOT_LOOPBACK")),
        ("http://evil.example/whoami", "localhost", (400, "BAD_HOST")),
        ("http://localhost/whoami", "evil.example", (400, "BAD_HOST")),
        ("http://localhost/whoami", "localhost", (200, None)),
    ]:
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        connection.putrequest("GET", target, skip_host=True)
        connection.putheader("Host", header)
        connection.endheaders()
        got = connection.getresponse()
        assert (got.status, json.load(got).get("reason")) == answer
        connection.close()


def test_a_web_page_may_not_act_as_the_publisher(running) -> None:
    answer = httpx.post(
        f"{running.rest}/schema/ticks_v1", content=document(), headers={"Origin": "https://evil.example"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("forwarded", ["10.0.0.1", "garbage, \xff", "127.0.0.1", ""])
def test_a_header_says_nothing_of_who_calls(running, forwarded: str) -> None:
    headers = {b"X-Forwarded-For": forwarded.encode("latin-1"), b"X-Forwarded-Proto": b"https"}
    answer = httpx.get(f"{running.rest}/whoami", headers=headers)
    assert (answer.status_code, answer.json()["transport"]) == (200, "loopback")


def test_a_last_event_id_beyond_any_revision_is_refused(running) -> None:
    answer = httpx.get(f"{running.rest}/schemas:watch", headers={"Last-Event-ID": "9" * 30}, timeout=20)
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_PARAMETER")


def test_a_quality_that_is_no_number_counts_as_none(running) -> None:
    headers = {b"Accept": "text/plain;q=\u00b2".encode("latin-1")}
    answer = httpx.get(f"{running.rest}/compat/ticks_v1/1.0.0/1.1.0", headers=headers)
    assert (answer.status_code, answer.text) == (200, "compatible")
