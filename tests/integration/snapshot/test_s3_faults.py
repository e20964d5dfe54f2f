"""Snapshots in S3 when something fails: one clear line, an exit code, and never a snapshot that isn't whole."""

import datetime
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devtools.s3_server import running_s3
from schemaregistry_server.ops import s3_bucket, s3_content
from tests.support.http_proxy import Cut, HttpProxy, proxied, s3_error


@pytest.fixture(autouse=True)
def fewer_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three attempts, and no waits between them."""
    monkeypatch.setattr(s3_bucket, "ATTEMPTS", 3)
    monkeypatch.setattr(s3_content, "ATTEMPTS", 3)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


@pytest.fixture
def proxy(s3, main, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpProxy]:
    """A proxy before the S3 server, through which the commands go."""
    at = urlsplit(s3.endpoint)
    with proxied(at.hostname, at.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
        yield proxy


def first(times: int, words: str, what: Cut | bytes):
    """Do something to the first requests whose head has some words."""
    left = [times]

    def decide(head: str) -> Cut | bytes | None:
        if words in head and left[0]:
            left[0] -= 1
            return what
        return None

    return decide


ALWAYS = 1_000_000
PART, COMPLETE, CONTENT, MANIFEST = "partNumber=", "POST /", "Range: bytes=", ".json HTTP"


def objects(client, bucket: str) -> list[str]:
    return [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", ())]


def test_a_part_that_is_cut_is_sent_again(filled, tmp_path, bucket, main, proxy) -> None:
    proxy.decide = first(2, PART, Cut(request=1000))
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    main("restore", f"s3://{bucket}/", "--data", tmp_path / "new")


def test_an_upload_that_never_gets_through_leaves_nothing(filled, bucket, client, main, proxy) -> None:
    proxy.decide = first(ALWAYS, PART, Cut(request=1000))
    said = main("snapshot", f"s3://{bucket}/a/", "--data", filled, code=3).err
    assert f"schemaregistry: s3://{bucket}/a/snapshot-" in said
    assert "did not answer, or the connection broke" in said
    assert said.count("\n") == 1
    assert objects(client, bucket) == []
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize("request_line", [COMPLETE, MANIFEST])
def test_a_lost_answer_to_what_was_done_is_no_error(
    request_line, filled, tmp_path, bucket, client, main, proxy
) -> None:
    proxy.decide = first(1 + (request_line == COMPLETE), request_line, Cut(answer=1))
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    assert len(objects(client, bucket)) == 2
    main("restore", f"s3://{bucket}/", "--data", tmp_path / "new")


def test_without_its_manifest_an_upload_is_no_snapshot(filled, tmp_path, bucket, client, main, proxy) -> None:
    proxy.decide = first(ALWAYS, MANIFEST, Cut(request=10))
    assert ".json: " in main("snapshot", f"s3://{bucket}/", "--data", filled, code=3).err
    proxy.decide = first(0, "", b"")
    assert [each.endswith(".snap") for each in objects(client, bucket)] == [True]
    said = main("restore", f"s3://{bucket}/", "--data", tmp_path / "new", code=2).err
    assert "there is no snapshot" in said
    assert "Without a manifest, and so passed over" in said


def test_a_download_that_is_cut_is_tried_again(filled, tmp_path, bucket, main, proxy) -> None:
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    proxy.decide = first(2, CONTENT, Cut(answer=800))
    main("restore", f"s3://{bucket}/", "--data", tmp_path / "new")
    assert sum("GET" in line and ".snap" in line for line in proxy.seen) == 4


def test_a_download_that_never_gets_through_writes_nothing(filled, tmp_path, bucket, main, proxy) -> None:
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    proxy.decide = first(ALWAYS, CONTENT, Cut(answer=800))
    said = main("restore", f"s3://{bucket}/", "--data", tmp_path / "new", code=3).err
    assert f"s3://{bucket}/snapshot-" in said
    assert "the connection broke" in said
    assert not (tmp_path / "new").exists()


REFUSALS = {
    "QuotaExceeded": (403, "the bucket is full"),
    "InsufficientStorage": (507, "the bucket is full"),
    "SlowDown": (503, "has too much to do"),
    "AccessDenied": (403, "these credentials may not do this"),
    "ExpiredToken": (400, "no longer valid"),
    "InternalError": (500, "Try again later"),
    "NotImplemented": (501, "Try again later"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_what_a_bucket_refuses_is_said_in_one_line(code, filled, bucket, client, main, proxy) -> None:
    status, words = REFUSALS[code]
    proxy.decide = first(ALWAYS, PART, s3_error(status, code))
    said = main("snapshot", f"s3://{bucket}/", "--data", filled, code=3).err
    assert f"s3://{bucket}/snapshot-" in said
    assert words in said
    assert said.count("\n") == 1
    assert objects(client, bucket) == []


def test_a_wrong_secret_is_said(filled, tmp_path, bucket, main, monkeypatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    for words in (("snapshot", f"s3://{bucket}/", "--data", filled), ("restore", f"s3://{bucket}/", "--data", "new")):
        said = main(*words, code=3).err
        assert f"s3://{bucket}/: the secret key is not that of the access key" in said
        assert "Check the credentials" in said


def test_no_credentials_are_said(filled, bucket, main, monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert "Unable to locate credentials" in main("snapshot", f"s3://{bucket}/", "--data", filled, code=3).err


def test_a_clock_that_is_wrong_is_said(filled, bucket, main, monkeypatch) -> None:
    wrong = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: wrong.replace(tzinfo=None))
    said = main("snapshot", f"s3://{bucket}/", "--data", filled, code=3).err
    assert "the clock here and the bucket's differ by more than it allows" in said


def test_no_such_bucket_is_usage(filled, main) -> None:
    said = main("snapshot", "s3://none-of-this-name/", "--data", filled, code=2).err
    assert "s3://none-of-this-name/: there is no such bucket" in said


def test_no_server_is_said(filled, bucket, main) -> None:
    words = ("snapshot", f"s3://{bucket}/", "--data", filled, "--s3-endpoint", "http://127.0.0.1:9")
    assert "http://127.0.0.1:9 did not answer" in main(*words, code=3).err


@pytest.mark.parametrize("text", ["s3://", "s3:///a/", "s3://UPPER/a", "s3://a_b/", "s3://b@2026-01-01T00:00:00Z"])
def test_what_is_no_address_is_usage(text, filled, main) -> None:
    assert "s3://BUCKET/PREFIX/" in main("snapshot", text, "--data", filled, code=2).err


@pytest.mark.parametrize("time", ["now", "2026-01-01", "2026-01-01T00:00:00"])
def test_what_is_no_time_is_usage(time, bucket, main, tmp_path) -> None:
    assert f"@{time} is no time" in main("restore", f"s3://{bucket}/@{time}", "--data", tmp_path / "a", code=2).err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]
    if not shutil.which("mount") or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_server_whose_disk_is_full_is_said(filled, small_disk, tmp_path, main, monkeypatch) -> None:
    with running_s3(tmp_path / "full", buckets=small_disk) as full:
        (small_disk / "bucket").mkdir()
        (small_disk / "bucket/fill").write_bytes(bytes((1024 - 4) << 10))
        monkeypatch.setenv("AWS_ENDPOINT_URL", full.endpoint)
        said = main("snapshot", "s3://bucket/", "--data", filled, code=3).err
        assert "s3://bucket/snapshot-" in said
        assert "the bucket is full" in said


def test_locked_buckets_lock_what_is_written(filled, tmp_path, bucket, client, main) -> None:
    locked = f"{bucket}-locked"
    client.create_bucket(Bucket=locked, ObjectLockEnabledForBucket=True)
    assert "not locked" in main("snapshot", f"s3://{locked}/", "--data", filled).out
    said = main("snapshot", f"s3://{locked}/", "--data", filled, "--keep", "14d").out
    assert "(GOVERNANCE)" in said
    held = [client.head_object(Bucket=locked, Key=key) for key in objects(client, locked)]
    assert sorted(each.get("ObjectLockMode", "") for each in held) == ["", "", "GOVERNANCE", "GOVERNANCE"]
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    client.put_object_lock_configuration(
        Bucket=locked, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    assert "locked for 1 days by the bucket's rule" in main("snapshot", f"s3://{locked}/", "--data", filled).out
    main("restore", f"s3://{locked}/", "--data", tmp_path / "new")


def test_a_version_that_was_written_over_is_restored_all_the_same(filled, tmp_path, bucket, client, main) -> None:
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    content = next(key for key in objects(client, bucket) if key.endswith(".snap"))
    client.put_object(Bucket=bucket, Key=content, Body=b"something else")
    main("restore", f"s3://{bucket}/", "--data", tmp_path / "new")
