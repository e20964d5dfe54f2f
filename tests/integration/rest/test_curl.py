"""The documented curl commands, by curl itself, against a running registry."""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TICKS = ROOT / "schemas/ticks_v1.json"


@pytest.fixture(scope="module", autouse=True)
def curl_is_there(toolchain) -> None:
    toolchain("curl")


def curl(*arguments: str) -> bytes:
    return subprocess.run(["curl", "-sS", *arguments], cwd=ROOT, check=True, capture_output=True, timeout=20).stdout


def status_and_headers(*arguments: str) -> tuple[int, dict[str, str]]:
    head, *lines = curl("-D", "-", "-o", "/dev/null", *arguments).decode().strip().splitlines()
    return int(head.split()[1]), {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}


def test_posting_the_published_file_again_is_200_though_curl_strips_its_line_ends(running) -> None:
    url = f"{running.rest}/schema/ticks_v1"
    post = ("-X", "POST", url, "-H", "Content-Type: application/json", "-d", "@schemas/ticks_v1.json")
    assert status_and_headers(*post)[0] == 200
    answer = json.loads(curl(*post))
    assert (answer["version"], answer["created"]) == ("1.1.0", False)
    assert curl(url) == TICKS.read_bytes()


def test_a_new_schema_is_201_and_comes_back_byte_for_byte(running, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_bytes(TICKS.read_bytes().replace(b'"ticks_v1"', b'"curl_ticks_v1"'))
    url = f"{running.rest}/schema/curl_ticks_v1"
    code, headers = status_and_headers("-X", "POST", url, "--data-binary", f"@{body}")
    assert code == 201
    assert headers["content-type"] == "application/json"
    assert curl(url) == curl(f"{url}/v1.1.0") == curl(f"{url}/latest") == body.read_bytes()


def test_a_version_and_the_latest_carry_etag_version_and_revision(running) -> None:
    code, headers = status_and_headers(f"{running.rest}/schema/ticks_v1/1.0.0")
    assert code == 200
    assert headers["x-schema-version"] == "1.0.0"
    assert int(headers["x-schema-revision"]) > 0
    assert headers["x-schema-fingerprint"].startswith("sha256:")
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("form", ["{}", 'W/"other", {}', "*"])
def test_a_caller_with_the_same_etag_gets_304_without_a_body(running, form: str) -> None:
    url = f"{running.rest}/schema/ticks_v1"
    etag = status_and_headers(url)[1]["etag"]
    code, headers = status_and_headers("-H", f"If-None-Match: {form.format(etag)}", url)
    assert (code, headers["etag"]) == (304, etag)
    assert curl("-H", f"If-None-Match: {form.format(etag)}", url) == b""


def test_another_etag_gets_the_document(running) -> None:
    assert curl("-H", 'If-None-Match: "other"', f"{running.rest}/schema/ticks_v1") == TICKS.read_bytes()


def test_head_answers_the_headers_alone(running) -> None:
    code, headers = status_and_headers("-I", f"{running.rest}/schema/ticks_v1")
    assert (code, headers["content-length"]) == (200, str(len(TICKS.read_bytes())))


def test_two_versions_are_judged_as_json_and_as_text(running) -> None:
    url = f"{running.rest}/compat/ticks_v1/1.0.0/1.1.0"
    verdict = json.loads(curl(url))
    assert (verdict["verdict"], verdict["required_bump"], verdict["direction"]) == ("compatible", "minor", "backward")
    assert [change["pointer"] for change in verdict["changes"]]
    assert curl("-H", "Accept: text/plain", url) == b"compatible"
    text = curl("-H", "Accept: text/plain", f"{url}?direction=forward")
    assert text.startswith(b"incompatible: ")


def test_a_candidate_is_judged_and_not_written(running, tmp_path: Path) -> None:
    candidate = json.loads(TICKS.read_text()) | {"version": "2.0.0"}
    candidate["properties"]["size"]["minimum"] = 1
    body = tmp_path / "candidate.json"
    body.write_text(json.dumps(candidate))
    verdict = json.loads(curl(f"{running.rest}/schema/ticks_v1/compat", "-d", f"@{body}"))
    assert (verdict["verdict"], verdict["required_bump"]) == ("incompatible", "major")
    assert verdict["witness"]["size"] < 1
    assert status_and_headers(f"{running.rest}/schema/ticks_v1/2.0.0")[0] == 404


def test_schemas_are_listed_a_page_at_a_time(running) -> None:
    page = json.loads(curl(f"{running.rest}/schemas?page_size=2"))
    assert len(page["schemas"]) == 2
    ids = [each["id"] for each in page["schemas"]]
    while page["next_page_token"]:  # other tests publish to the same server
        page = json.loads(curl(f"{running.rest}/schemas?page_token={page['next_page_token']}"))
        ids += [each["id"] for each in page["schemas"]]
    assert ids == sorted(set(ids))
    assert "ticks_v1" in ids


def test_the_versions_of_a_schema_are_listed_oldest_first(running) -> None:
    versions = json.loads(curl(f"{running.rest}/schemas/ticks_v1"))["versions"]
    assert [each["version"] for each in versions][:2] == ["1.0.0", "1.1.0"]


def test_schemas_are_found_by_field(running) -> None:
    found = json.loads(curl(f"{running.rest}/schemas?field=venue"))["schemas"]
    assert "ticks_v1" in [each["id"] for each in found]


def test_the_caller_is_told_who_they_are(running) -> None:
    me = json.loads(curl(f"{running.rest}/whoami"))
    assert (me["can_publish"], me["transport"]) == (True, "loopback")


def test_health_and_readiness_answer(running) -> None:
    assert curl(f"{running.rest}/healthz") == b"ok\n"
    assert curl(f"{running.rest}/readyz") == b"ready\n"


def test_records_are_judged_by_place_and_rule(running) -> None:
    good = {"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1.5, "size": 1}
    records = json.dumps([good, good | {"size": "1"}, good | {"ts": "yesterday"}])
    answer = json.loads(curl(f"{running.rest}/schema/ticks_v1/validate", "-d", records))
    found = [(each["index"], each["pointer"], each["rule"]) for each in answer["errors"]]
    assert (answer["valid"], found) == (False, [(1, "/size", "type"), (2, "/ts", "format")])
