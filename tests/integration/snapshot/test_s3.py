"""Snapshots in S3, on a real server: written and restored whole, chosen by time, never taken from half an upload."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def keys(client, bucket: str) -> list[str]:
    return sorted(each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", ()))


def payloads(path: Path) -> bytes:
    """What a snapshot file has but for its time and the sums."""
    return re.sub(rb'"made_at":"[^"]*"', b"", re.sub(rb"(?m)^[0-9a-f]{64} ", b"", path.read_bytes()))


def moved(client, bucket: str, name: str) -> str:
    """Give the only snapshot another name, as if it had been made at another time."""
    for key in keys(client, bucket):
        body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        old = key.partition(".")[0]
        if key.endswith(".json"):
            body = body.replace(old.encode(), name.encode())
        client.put_object(Bucket=bucket, Key=key.replace(old, name), Body=body)
        client.delete_object(Bucket=bucket, Key=key)
    return name


def test_a_store_comes_back_byte_for_byte(filled: Path, tmp_path: Path, bucket: str, client, main) -> None:
    said = json.loads(main("snapshot", f"s3://{bucket}/prod/", "--data", filled, "--json").out)
    assert (said["versions"], said["revision"]) == (5, 5)
    assert [key.rpartition(".")[2] for key in keys(client, bucket)] == ["json", "snap"]
    assert "5 versions up to revision 5" in main("restore", f"s3://{bucket}/prod", "--data", tmp_path / "new").out
    for name, data in (("a", filled), ("b", tmp_path / "new")):
        main("snapshot", tmp_path / name, "--data", data)
    assert payloads(tmp_path / "a") == payloads(tmp_path / "b")


def test_the_object_is_a_snapshot_file(filled: Path, tmp_path: Path, bucket: str, client, main) -> None:
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    client.download_file(bucket, keys(client, bucket)[1], str(tmp_path / "a.snap"))
    main("restore", tmp_path / "a.snap", "--data", tmp_path / "new")


def test_the_newest_until_a_time_is_restored_and_what_is_lost_is_said(
    filled: Path, tmp_path: Path, bucket: str, client, main
) -> None:
    main("snapshot", f"s3://{bucket}", "--data", filled)
    old = moved(client, bucket, "snapshot-20260101T080000Z-0000000000000000")
    main("snapshot", f"s3://{bucket}", "--data", filled)
    said = main("restore", f"s3://{bucket}@2026-01-01T08:00:00Z", "--data", tmp_path / "a", code=2).err
    assert "no s3://BUCKET" in said
    said = main("restore", f"s3://{bucket}/@2026-01-01T08:00:00Z", "--data", tmp_path / "a").out
    assert f"s3://{bucket}/{old}.snap" in said
    assert "Not restored: no revision" in said
    none = main("restore", f"s3://{bucket}/@2026-01-01T07:59:59Z", "--data", tmp_path / "b", code=2).err
    assert f"s3://{bucket}/: there is no snapshot from" in none
    assert "The oldest one is of 2026-01-01T08:00:00" in none


def test_an_upload_without_its_manifest_is_no_snapshot(filled: Path, tmp_path: Path, bucket: str, client, main) -> None:
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    moved(client, bucket, "snapshot-20260101T080000Z-0000000000000000")
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    half = keys(client, bucket)[2].removesuffix(".json")
    client.delete_object(Bucket=bucket, Key=f"{half}.json")
    said = main("restore", f"s3://{bucket}/", "--data", tmp_path / "a").out
    assert "snapshot-20260101T080000Z" in said
    assert f"Without a manifest, and so passed over: {half}" in said
    client.delete_object(Bucket=bucket, Key="snapshot-20260101T080000Z-0000000000000000.json")
    assert "there is no snapshot" in main("restore", f"s3://{bucket}/", "--data", tmp_path / "b", code=2).err
    assert not (tmp_path / "b").exists()


def test_a_changed_byte_is_refused_before_anything_is_written(
    filled: Path, tmp_path: Path, bucket: str, client, main
) -> None:
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    key = keys(client, bucket)[1]
    body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    for changed in (body.replace(b"Zo", b"zo"), body[:-1], b""):
        client.put_object(Bucket=bucket, Key=key, Body=changed)
        assert f"s3://{bucket}/{key}" in main("restore", f"s3://{bucket}/", "--data", tmp_path / "new", code=3).err
    assert not (tmp_path / "new").exists()


def test_two_at_once_are_two_snapshots(filled: Path, bucket: str, client, s3) -> None:
    words = [sys.executable, "-m", "schemaregistry", "snapshot", f"s3://{bucket}/", "--data", filled]
    both = [subprocess.Popen(words, env=s3.environment) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert len(keys(client, bucket)) == 4


def test_the_head_of_the_manifest_is_signed_and_verified(filled: Path, tmp_path: Path, bucket: str, main) -> None:
    for name in ("ours", "other"):
        subprocess.run(
            ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", tmp_path / name],
            check=True,
            capture_output=True,
        )
        subprocess.run(
            ["openssl", "pkey", "-in", tmp_path / name, "-pubout", "-out", tmp_path / f"{name}.pub"], check=True
        )
    main("snapshot", f"s3://{bucket}/", "--data", filled, "--sign", tmp_path / "ours")
    refused = main("restore", f"s3://{bucket}/", "--data", tmp_path / "a", "--key", tmp_path / "other.pub", code=1)
    assert not (tmp_path / "a").exists(), refused
    said = main("restore", f"s3://{bucket}/", "--data", tmp_path / "a", "--key", tmp_path / "ours.pub").out
    assert "signed by schemaregistry" in said


def test_keep_removes_older_ones_and_says_so(filled: Path, bucket: str, client, main) -> None:
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    old = moved(client, bucket, "snapshot-20260101T080000Z-0000000000000000")
    said = main("snapshot", f"s3://{bucket}/", "--data", filled, "--keep", "14d").out
    assert f"Removed: s3://{bucket}/{old}.json" in said
    assert f"Removed: s3://{bucket}/{old}.snap" in said
    assert len(keys(client, bucket)) == 2


def test_without_keep_nothing_is_removed(filled: Path, bucket: str, client, main) -> None:
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    moved(client, bucket, "snapshot-20260101T080000Z-0000000000000000")
    main("snapshot", f"s3://{bucket}/", "--data", filled)
    assert len(keys(client, bucket)) == 4


def test_an_upload_that_another_is_making_is_passed_over(filled: Path, bucket: str, client, main) -> None:
    key = "snapshot-20260101T080000Z-0000000000000000.snap"
    client.create_multipart_upload(Bucket=bucket, Key=key)
    said = main("snapshot", f"s3://{bucket}/", "--data", filled, "--keep", "14d").out
    assert f"s3://{bucket}/{key}: an upload that is not complete was passed over" in said
    assert client.list_multipart_uploads(Bucket=bucket)["Uploads"]


@pytest.mark.parametrize("words", ["0d", "14", "d", "-1d", "1.5d", "14 d"])
def test_a_time_to_keep_that_is_none_is_usage(filled: Path, bucket: str, client, main, words: str) -> None:
    assert (
        "is no time such as 14d" in main("snapshot", f"s3://{bucket}/", "--data", filled, f"--keep={words}", code=2).err
    )
    assert keys(client, bucket) == []


def test_etcd_comes_back_from_s3(start_server, tmp_path: Path, bucket: str, main) -> None:
    server = start_server("--store", "etcd", "--publish", "schemas")
    ports = json.loads((server.data / "etcd/ports.json").read_text())[::2]
    there = ["--store", "etcd://" + ",".join(f"127.0.0.1:{port}" for port in ports)]
    there += ["--etcd-ca", server.tls / "ca.pem"]
    there += ["--etcd-cert", server.tls / "ci-bot.pem", "--etcd-key", server.tls / "ci-bot-key.pem"]
    said = json.loads(main("snapshot", f"s3://{bucket}/", *there, "--json").out)
    assert said["store"] == "etcd"
    assert "is not empty" in main("restore", f"s3://{bucket}/", *there, code=2).err
    main("snapshot", tmp_path / "a.snap", *there)
    server.stop()
    shutil.rmtree(server.data / "etcd")
    own = ["--store", "etcd", "--data", server.data]
    assert "begin again at revision 0" in main("restore", f"s3://{bucket}/", *own).out
    again = main("snapshot", tmp_path / "b.snap", *own).out
    assert f"{said['versions']} versions" in again
