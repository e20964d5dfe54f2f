"""One list of curl commands, the same answer from the registry's own REST transport, a grpc-gateway and an Envoy."""

import gzip
import json
import re
import subprocess
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from google.api import annotations_pb2

from devtools.servers import until
from schemaregistry.v1 import registry_pb2

HERE = Path(__file__).resolve().parent
ROOT = Path(__file__).resolve().parents[3]
REQUESTS: list[dict[str, Any]] = tomllib.loads((HERE / "requests.toml").read_text())["request"]
DIFFERENCES: list[dict[str, Any]] = tomllib.loads((HERE / "differences.toml").read_text()).get("difference", [])
COMPARED = ("etag", "cache-control", "retry-after", "allow", "x-schema-id", "x-schema-version", "x-schema-revision")
COMPARED += ("x-schema-fingerprint", "x-schema-stale")
TICKS = json.loads((ROOT / "schemas/ticks_v1.json").read_text())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller sees."""

    status: int
    content_type: str
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module", autouse=True)
def curl_is_there(toolchain) -> None:
    toolchain("curl")


def ask(base: str, request: dict[str, Any], etag: str, folder: Path) -> Answer:
    """Run curl."""
    words = [word.replace("{etag}", etag) for word in request.get("curl", [])]
    if "body" in request or "changed" in request:
        body = folder / "body"
        text = request.get("body") or json.dumps(TICKS | request["changed"])
        body.write_text(fill(text, request.get("fill", 0)), encoding="utf-8")
        words += ["--data-binary", f"@{body}"]
    if "gzip" in request:
        body = folder / "body.gz"
        body.write_bytes(gzip.compress((ROOT / request["gzip"]).read_bytes()))
        words += ["-H", "Content-Encoding: gzip", "--data-binary", f"@{body}"]
    head, content = folder / "head", folder / "content"
    content.write_bytes(b"")
    command = ["curl", "-sS", "-N", "-m", "20", "--path-as-is", "-H", "Expect:", "-D", head, "-o", content, *words]
    with subprocess.Popen([*command, base + request["path"]], cwd=ROOT, stderr=subprocess.PIPE, text=True) as curl:
        if request.get("stream"):
            # A watch has no end: what comes up to its first mark of progress is what every transport tells.
            until(lambda: curl.poll() is not None or re.search(rb'"progress":.*\n', content.read_bytes()), 20)
            curl.terminate()
        _, complaint = curl.communicate()
    assert curl.returncode in ({0, -15} if request.get("stream") else {0}), complaint
    first, *lines = head.read_text("latin-1").replace("\r", "").strip().split("\n\n")[-1].split("\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    kept = {name: headers[name] for name in COMPARED if name in headers}
    body_sent = b"" if "--head" in words else content.read_bytes()
    return Answer(int(first.split()[1]), headers.get("content-type", ""), kept, body_sent)


def fill(body: str, count: int) -> str:
    deep = '{"a":' * count + "1" + "}" * count
    return body.replace("{fill}", "x" * count).replace("{many}", "{}," * count).replace("{deep}", deep)


def differing(answer: Answer, rows: list[dict[str, Any]]) -> Answer:
    """The registry's own answer with a gateway's differences put in; each of them must be one."""
    for row in rows:
        for aspect in ("status", "content_type", "headers"):
            if aspect in row:
                assert getattr(answer, aspect) != row[aspect], f"no longer so: {row}"
                answer = replace(answer, **{aspect: row[aspect]})
        if "body" in row:
            assert answer.body != row["body"].encode(), f"no longer so: {row}"
            answer = replace(answer, body=row["body"].encode())
        if "members" in row:
            answer = replace(answer, body=with_members(answer.body, row))
        if row.get("lines"):
            data = re.findall(rb"^data: (.*)$", answer.body, re.M)
            answer = replace(answer, body=b"".join(line + b"\n" for line in data))
    return answer


def parsed(answer: Answer) -> list[Any]:
    """The body's JSON: of a stream, that of each line."""
    stream = answer.content_type == "application/x-ndjson"
    return [json.loads(text) for text in (answer.body.splitlines() if stream else [answer.body])]


def cut(body: bytes, changes: int) -> bytes:
    """A problem whose verdict has its first changes only."""
    made = json.loads(body)
    assert 0 < changes < len(made["verdict"]["changes"]), "no longer cut"
    del made["verdict"]["changes"][changes:]
    return compact(made)


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def with_members(body: bytes, row: dict[str, Any]) -> bytes:
    made = json.loads(body)
    for name, value in row["members"].items():
        assert made[name] != value, f"no longer so: {name} of {row}"
        made[name] = value
    made |= row.get("with", {})
    return compact(made)


@pytest.fixture(scope="session")
def etag(running, tmp_path_factory: pytest.TempPathFactory) -> str:
    request = {"path": "/schema/ticks_v1"}
    return ask(running.rest, request, "", tmp_path_factory.mktemp("etag")).headers["etag"]


@pytest.mark.parametrize("request_", REQUESTS, ids=[each["name"] for each in REQUESTS])
def test_a_gateway_answers_as_the_registry_does(running, gateway, transport, etag, request_, tmp_path: Path) -> None:
    rows = [row for row in DIFFERENCES if gateway in row["transports"] and request_["name"] in row["requests"]]
    own = ask(running.rest, request_, etag, tmp_path)
    for row in rows:
        if {"as_path", "as_curl"} & set(row):
            as_ = {name: row[f"as_{name}"] for name in ("path", "curl") if f"as_{name}" in row}
            other = ask(running.rest, request_ | as_, etag, tmp_path)
            assert own != other, f"no longer so: {row}"
            own = other
    got, expected = ask(transport, request_, etag, tmp_path), differing(own, rows)
    if any(row.get("cut") for row in rows):
        expected = replace(expected, body=cut(expected.body, len(json.loads(got.body)["verdict"]["changes"])))
    for row in rows:
        if "same_json" in row:
            assert row["same_json"] != "always" or got.body != expected.body, f"no longer so: {row}"
            assert parsed(got) == parsed(expected)
            got = replace(got, body=expected.body)
    assert got == expected


def test_a_version_that_is_new_is_201_through_a_gateway(running, gateway, transport, tmp_path: Path) -> None:
    def added(base: str, name: str) -> tuple[int, str, bytes]:
        document = {
            "$id": name,
            "$schema": "http://json-schema.org/draft-07/schema#",
            "version": "1.0.0",
            "type": "object",
        }
        request = {"body": json.dumps(document), "path": f"/schema/{name}"}
        answer = ask(base, request, "", tmp_path)
        own = rb'"(id|revision|fingerprint)":"[^"]+"'
        return answer.status, answer.content_type, re.sub(own, rb'"\1":""', answer.body)

    name = gateway.replace("-", "_").lower()
    ours = added(running.rest, f"own_{name}")
    assert ours[0] == 201
    assert added(transport, f"by_{name}") == ours


@pytest.mark.parametrize("path", ["/schema/ticks_v1", "/schema/tick_v1", "/schemas"])
def test_a_head_has_the_length_and_no_body_over_http_2_too(
    running, gateway, transport, path: str, tmp_path: Path
) -> None:
    """Envoy speaks HTTP/2 without TLS; curl ends with an error where a HEAD's answer has a body."""
    version = "--http2-prior-knowledge" if gateway == "Envoy" else "--http1.1"
    command = ["curl", "-sS", "-m", "20", "-o", tmp_path / "head", "-w", "%{http_code} %header{content-length}"]
    own, got = (
        subprocess.run([*command, protocol, "--head", base + path], capture_output=True, text=True, check=True).stdout
        for base, protocol in ((running.rest, "--http1.1"), (transport, version))
    )
    assert got == own


def test_a_registry_that_is_away_is_503_through_a_gateway(lonely: str, tmp_path: Path) -> None:
    answer = ask(lonely, {"path": "/whoami"}, "", tmp_path)
    problem = json.loads(answer.body)
    assert (answer.status, answer.content_type) == (503, "application/problem+json")
    assert (problem["code"], problem["reason"], problem["status"]) == ("UNAVAILABLE", "UNAVAILABLE", 503)
    assert problem["detail"]


def test_each_path_of_the_api_is_asked_well_and_badly(running, etag, tmp_path: Path) -> None:
    service = registry_pb2.DESCRIPTOR.services_by_name["SchemaRegistry"]
    rules = [method.GetOptions().Extensions[annotations_pb2.http] for method in service.methods]
    bindings = [binding for rule in rules for binding in (rule, *rule.additional_bindings)]
    asked: dict[str, set[bool]] = {f"POST {each.post}" if each.post else f"GET {each.get}": set() for each in bindings}
    for request in REQUESTS:
        posted = {"body", "changed", "gzip"} & set(request) or "--data-binary" in request.get("curl", [])
        method = "POST" if posted else "GET"
        path = request["path"].partition("?")[0]
        for template, well in asked.items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), f"{method} {path}"):
                well.add(ask(running.rest, request, etag, tmp_path).status < 400)
    assert asked == {template: {True, False} for template in asked}


def test_each_difference_names_a_request_a_gateway_and_a_reason() -> None:
    names = {each["name"] for each in REQUESTS}
    assert len(names) == len(REQUESTS)
    for row in DIFFERENCES:
        assert set(row["requests"]) <= names
        assert set(row["transports"]) <= {"grpc-gateway", "Envoy"}
        assert row["why"]
        assert row.get("same_json") in (None, "always", "as it comes")
