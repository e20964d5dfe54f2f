"""The commands that talk to a registry, as a person and as a pipe see them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemaregistry.cli.app import app
from schemaregistry.client import Client, Credentials
from schemaregistry.errors import InvalidArgument, NotFound
from schemaregistry.v1.contract_pb2 import Contract

_numbers = count()


@pytest.fixture
def schema_id() -> str:
    return f"command_{next(_numbers)}"


@pytest.fixture
def document(schema_id: str) -> Callable[..., bytes]:
    def make(version: str = "1.0.0", kind: str = "string", **more: Any) -> bytes:
        value = {
            "$id": schema_id,
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {"size": {"type": kind}},
            "version": version,
        }
        return (json.dumps(value | more, indent=3) + "\n \n").encode()

    return make


@pytest.fixture
def publisher(running):
    with Client(running.target, credentials=Credentials.dev(running.data, "ci-bot"), timeout=20) as client:
        yield client


@pytest.fixture
def reader(running):
    with Client(running.target, credentials=Credentials.dev(running.data)) as client:
        yield client


@pytest.fixture
def environment(running, monkeypatch) -> dict[str, str]:
    """The variables that a user would set for this registry."""
    ours = {"SCHEMAREGISTRY_TARGET": running.target, "SCHEMAREGISTRY_DATA": str(running.data)}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    return ours


@pytest.fixture
def run(environment):
    """Run a command in this process."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def shell(environment):
    """Run a command in a process of its own."""

    def begin(*words: object, **more: str) -> "subprocess.CompletedProcess[bytes]":
        command = [sys.executable, "-m", "schemaregistry", *map(str, words)]
        return subprocess.run(
            command, env=os.environ | environment | more, capture_output=True, timeout=60, check=False
        )

    return begin


def test_get_prints_the_document_s_bytes_and_nothing_else(publisher, shell, document, schema_id):
    raw = document(title="Level‑1")
    publisher.register(raw)
    done = shell("get", schema_id)
    assert (done.returncode, done.stdout, done.stderr) == (0, raw, b"")


def test_get_takes_a_version(publisher, run, document, schema_id):
    publisher.register(document("1.0.0"))
    publisher.register(document("1.1.0"))
    assert run("get", f"{schema_id}@v1.0.0").stdout_bytes == document("1.0.0")
    assert run("get", schema_id).stdout_bytes == document("1.1.0")


def test_get_writes_a_file(publisher, run, document, schema_id, tmp_path):
    publisher.register(document())
    done = run("get", schema_id, "--output", tmp_path / "schema.json")
    assert (done.exit_code, done.output) == (0, "")
    assert (tmp_path / "schema.json").read_bytes() == document()


def test_get_names_a_file_that_can_not_be_written(publisher, shell, document, schema_id, tmp_path):
    publisher.register(document())
    done = shell("get", schema_id, "-o", tmp_path / "no" / "schema.json")
    assert done.returncode == 2
    assert str(tmp_path / "no" / "schema.json") in done.stderr.decode()


def test_get_tells_a_program_all_it_knows(publisher, run, document, schema_id):
    registered = publisher.register(document())
    answer = json.loads(run("get", schema_id, "--json").stdout)
    assert (answer["id"], answer["version"], answer["revision"]) == (schema_id, "1.0.0", registered.revision)
    assert answer["fingerprint"] == registered.fingerprint
    assert answer["document"] == json.loads(document())


def test_an_unknown_schema_is_one_sentence_on_stderr(shell, schema_id):
    done = shell("get", schema_id)
    assert (done.returncode, done.stdout) == (2, b"")
    assert schema_id in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_registry_that_is_away_could_not_tell(shell):
    done = shell("get", "ticks_v1", "--registry", "localhost:1")
    assert (done.returncode, done.stdout) == (3, b"")
    [sentence] = done.stderr.decode().splitlines()
    assert "localhost:1" in sentence
    assert "refused" in sentence


def test_missing_certificates_are_one_sentence(shell, tmp_path):
    done = shell("whoami", SCHEMAREGISTRY_DATA=str(tmp_path))
    assert done.returncode == 2
    [sentence] = done.stderr.decode().splitlines()
    assert str(tmp_path / "tls" / "ca.pem") in sentence
    assert "serve --dev" in sentence


def test_the_wrong_ca_is_one_sentence(shell, toolchain, tmp_path):
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out", "ca.pem"]
    command = [toolchain("openssl"), "req", "-x509", *new_key, "-subj", "/CN=other"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    done = shell("whoami", "--ca", tmp_path / "ca.pem", "--cert", tmp_path / "ca.pem", "--key", tmp_path / "key.pem")
    assert done.returncode == 3
    [sentence] = done.stderr.decode().splitlines()
    assert str(tmp_path / "ca.pem") in sentence


def test_whoami_tells_reader_from_publisher(run, running):
    assert run("whoami").stdout.split("\t")[1] == "reads"
    tls = running.tls
    bot = ("--ca", tls / "ca.pem", "--cert", tls / "ci-bot.pem", "--key", tls / "ci-bot-key.pem")
    assert json.loads(run("whoami", "--json", *bot).stdout)["can_publish"] is True


def test_consumers_has_a_line_for_each_identity(publisher, reader, run, document, schema_id):
    publisher.register(document("1.0.0"))
    publisher.register(document("1.0.1"))
    nobody = run("consumers", schema_id)
    assert (nobody.stdout, run("consumers", schema_id, "--json").stdout) == ("", "[]\n")
    assert f"Nobody has read {schema_id} since 20" in nobody.stderr
    reader.get(schema_id, "1.0.0")
    reader.get(schema_id)
    [found] = json.loads(run("consumers", schema_id, "--json").stdout)
    day = found["last_seen"]
    assert found == {
        "identity": reader.whoami().identity,
        "versions": ["1.0.0", "1.0.1"],
        "reads": 2,
        "first_seen": day,
        "last_seen": day,
        "kind": "observed",
    }
    assert run("consumers", schema_id).stdout == f"{found['identity']}\t1.0.0, 1.0.1\t2\t{day}\t{day}\n"


def test_list_has_a_line_for_each_schema(publisher, run, document, schema_id):
    publisher.register(document("1.0.0"))
    publisher.register(document("1.1.0", title="Ticks\tand\n\x1b[31mmore"))
    [line] = [line for line in run("list").stdout.splitlines() if line.startswith(f"{schema_id}\t")]
    assert line == f"{schema_id}\t1.1.0\t2\tTicks\\tand\\n\\x1b[31mmore"


def test_list_chooses_by_tag_and_tells_a_program(publisher, run, document, schema_id):
    publisher.register(document(**{"x-tags": [schema_id]}))
    [schema] = json.loads(run("list", "--tag", schema_id, "--json").stdout)
    assert (schema["id"], schema["latest_version"], schema["tags"]) == (schema_id, "1.0.0", [schema_id])


def test_list_finds_a_version_by_its_fingerprint(publisher, run, document, schema_id):
    registered = [publisher.register(document(version)) for version in ("1.0.0", "1.1.0")]
    done = run("list", "--fingerprint", registered[0].fingerprint)
    assert done.stdout == f"{schema_id}\t1.0.0\t1.1.0\t\n"
    [found] = json.loads(run("list", "--json", "--fingerprint", registered[1].fingerprint).stdout)
    assert (found["id"], found["found_version"]) == (schema_id, "1.1.0")
    assert run("list", "--fingerprint", f"sha256:{'0' * 64}").stdout == ""
    refused = run("list", "--fingerprint", "123")
    assert (refused.exit_code, type(refused.exception)) == (1, InvalidArgument)


@pytest.mark.parametrize(
    ("reference", "version"),
    [("@1", "1.1.0"), ("@^1.0", "1.1.0"), ("@~1.0", "1.0.0"), ("@1.0", "1.0.0"), ("", "2.0.0")],
)
def test_commands_take_references_to_versions(publisher, run, document, schema_id, tmp_path, reference, version):
    for registered in ("1.0.0", "1.1.0", "2.0.0", "3.0.0-rc.1"):
        publisher.register(document(registered, title=registered))
    name, rows, compiled = f"{schema_id}{reference}", tmp_path / "rows.ndjson", tmp_path / "compiled.pb"
    assert json.loads(run("get", name, "--json").stdout)["version"] == version
    assert run("contract", name, "-o", compiled).exit_code == 0
    assert Contract.FromString(compiled.read_bytes()).version == version
    assert version in run("cpp", name).stdout
    assert run("sample", name, "--rows", "3", "-o", rows).exit_code == 0
    checked = run("check", rows, "--schema", name, "--json")
    assert (checked.exit_code, json.loads(checked.stdout)["schema"]["version"]) == (0, version)


def test_list_of_an_id_has_its_versions(publisher, run, document, schema_id):
    registered = [publisher.register(document(version)) for version in ("1.0.0", "1.1.0")]
    lines = [line.split("\t") for line in run("list", schema_id).stdout.splitlines()]
    assert [line[:2] for line in lines] == [[done.version, str(done.revision)] for done in registered]
    assert [version["revision"] for version in json.loads(run("list", schema_id, "--json").stdout)] == [
        done.revision for done in registered
    ]


def test_list_does_not_choose_among_versions(run):
    assert run("list", "ticks_v1", "--tag", "x").exit_code == 2


def watching(environment: dict[str, str], *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "schemaregistry", "watch", *words]
    return subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)


def test_watch_prints_a_line_for_each_version_as_it_comes(publisher, environment, document, schema_id):
    first = publisher.register(document("1.0.0"))
    with watching(environment, schema_id) as process:
        line = process.stdout.readline()
        assert line == f"snapshot\t{first.revision}\t{schema_id}\t1.0.0\t{first.fingerprint}\n"
        second = publisher.register(document("1.1.0"))
        assert process.stdout.readline().split("\t")[1:4] == [str(second.revision), schema_id, "1.1.0"]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


def test_watch_tells_a_program_where_to_resume(publisher, environment, document, schema_id):
    first, second = publisher.register(document("1.0.0")), publisher.register(document("1.1.0"))
    with watching(environment, schema_id, "--json", "--after", str(first.revision)) as process:
        snapshot, mark = (json.loads(process.stdout.readline()) for _ in range(2))
        process.kill()
    assert (snapshot["kind"], snapshot["version"], snapshot["revision"]) == ("snapshot", "1.1.0", second.revision)
    assert mark["kind"] == "progress"
    assert mark["revision"] >= second.revision


def test_watch_says_when_a_revision_is_out_of_range(shell):
    done = shell("watch", "--after", "1000000000")
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"1000000000" in done.stderr.replace(b",", b"")


@pytest.fixture
def file(tmp_path, schema_id):
    return tmp_path / f"{schema_id}.json"


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(file: Path, *documents: bytes) -> None:
    git(file.parent, "init", "-q")
    for document in documents:
        file.write_bytes(document)
        git(file.parent, "add", file.name)
        git(file.parent, "commit", "-q", "-m", "Change the schema")


def test_publish_says_what_it_created_and_what_was_there(run, reader, file, document, schema_id):
    file.write_bytes(document())
    first, again = run("publish", "--no-history", file), run("publish", "--no-history", file)
    assert first.exit_code == again.exit_code == 0
    revision = reader.get(schema_id).revision
    assert first.stdout == f"{schema_id} 1.0.0 created (revision {revision})\n"
    assert again.stdout == f"{schema_id} 1.0.0 already there (revision {revision})\n"


def test_publish_brings_every_version_of_git_s_history_in_order(run, reader, file, document, schema_id):
    commit(file, document("1.0.0"), document("1.0.0", title="Spelled better"), document("1.1.0"))
    done = run("publish", file)
    assert [line.split(" (")[0] for line in done.stdout.splitlines()] == [
        f"{schema_id} 1.0.0 created",
        f"{schema_id} 1.1.0 created",
    ]
    assert reader.document(schema_id, "1.0.0").title == "Spelled better"
    assert reader.get(schema_id).raw == document("1.1.0")


def test_publish_brings_what_is_not_committed_yet_too(run, reader, file, document, schema_id):
    commit(file, document("1.0.0"))
    file.write_bytes(document("1.1.0"))
    assert run("publish", file).exit_code == 0
    assert [version.version for version in reader.list_versions(schema_id)] == ["1.0.0", "1.1.0"]


@pytest.mark.parametrize(
    "versions",
    [("9.0.0", "10.0.0", "10.1.0"), ("1.0.0-rc.2", "1.0.0-rc.10", "1.0.0"), ("2.0.0-0", "2.0.0-0.a", "2.0.0-rc")],
)
def test_publish_goes_by_version_and_not_by_file_name(run, reader, tmp_path, document, schema_id, versions):
    for version in versions:
        (tmp_path / f"{schema_id}@{version}.json").write_bytes(document(version))
    assert run("publish", "--dry-run", tmp_path).exit_code == 0
    done = run("publish", tmp_path)
    assert done.exit_code == 0, done.output
    assert [each.version for each in reader.list_versions(schema_id)] == list(versions)


def test_publish_shows_why_a_version_is_refused_and_goes_on_with_other_files(
    run, reader, tmp_path, document, schema_id
):
    (tmp_path / "a.json").write_bytes(document("1.0.0", "integer"))
    assert run("publish", "--no-history", tmp_path).exit_code == 0
    (tmp_path / "a.json").write_bytes(document("1.0.1", "string"))
    (tmp_path / "b.json").write_bytes(document("1.0.0", **{"$id": f"{schema_id}_b"}))
    done = run("publish", "--no-history", tmp_path)
    assert done.exit_code == 1
    refused, witness, created = done.stdout.splitlines()
    assert refused.startswith(f"{schema_id} 1.0.1 refused: ")
    assert '"size"' in witness
    assert created.startswith(f"{schema_id}_b 1.0.0 created")


def test_publish_tells_a_program_the_verdict(run, file, document):
    file.write_bytes(document("1.0.0", "integer"))
    run("publish", "--no-history", file)
    file.write_bytes(document("1.0.1", "string"))
    answer = json.loads(run("publish", "--no-history", "--json", file).stdout)
    assert (answer["result"], answer["refused"], answer["version"]) == ("refused", True, "1.0.1")
    assert (answer["verdict"]["verdict"], answer["verdict"]["required_bump"]) == ("incompatible", "major")
    assert "size" in answer["verdict"]["witness"]


@pytest.mark.parametrize("history", ["--history", "--no-history"])
def test_publish_names_the_file_and_the_place_of_a_broken_document(run, file, document, history):
    file.write_bytes(document(type="objekt"))
    done = run("publish", history, file)
    assert done.exit_code == 1
    assert done.stdout.startswith(f"{file} refused: ")
    assert "(at /type)" in done.stdout


def test_a_dry_run_writes_nothing_and_tells_what_would_become(run, reader, file, document, schema_id):
    def rehearse(*documents: bytes) -> list[str]:
        commit(file, *documents)
        return [line.split(": ")[0] for line in run("publish", "--dry-run", file).stdout.splitlines() if line[0] != " "]

    assert rehearse(document("1.0.0", "integer")) == [f"{schema_id} 1.0.0 would be created"]
    with pytest.raises(NotFound):
        reader.get(schema_id)
    run("publish", file)
    there = f"{schema_id} 1.0.0 already there"
    assert rehearse(document("1.0.1", "string")) == [there, f"{schema_id} 1.0.1 refused"]
    assert run("publish", "--dry-run", file).exit_code == 1
    assert reader.get(schema_id).version == "1.0.0"


def test_a_dry_run_judges_each_version_after_the_one_before_it(run, file, document, schema_id):
    commit(file, document("0.1.0", "integer"), document("0.2.0", "string"), document("0.2.1", "boolean"))
    done = run("publish", "--dry-run", "--json", file)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["version"], each["result"]) for each in answers] == [
        ("0.1.0", "would be created"),
        ("0.2.0", "would be created"),
        ("0.2.1", "refused"),
    ]
    assert [each["verdict"] and each["verdict"]["verdict"] for each in answers] == [None, *["incompatible"] * 2]
    assert done.exit_code == 1


def test_a_refused_version_of_the_history_does_not_stop_what_follows(run, reader, file, document, schema_id):
    commit(file, document("1.0.0", "integer"), document("1.0.1", "string"), document("1.1.0", "integer"))
    done = run("publish", file)
    assert done.exit_code == 0
    assert f"{schema_id} 1.0.1 passed over: " in done.stdout
    assert [version.version for version in reader.list_versions(schema_id)] == ["1.0.0", "1.1.0"]


def test_a_dry_run_sees_a_version_that_changed(run, file, document, schema_id):
    file.write_bytes(document())
    run("publish", "--no-history", file)
    file.write_bytes(document(title="Other"))
    done = run("publish", "--no-history", "--dry-run", file)
    assert done.exit_code == 1
    assert "other content" in done.stdout


def test_a_reader_may_not_publish(shell, running, file, document):
    file.write_bytes(document())
    tls = running.tls
    who = ("--ca", tls / "ca.pem", "--cert", tls / "reader.pem", "--key", tls / "reader-key.pem")
    done = shell("publish", "--no-history", file, *who)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"may" in done.stderr


def test_a_directory_without_documents_is_named(run, tmp_path):
    done = run("publish", tmp_path)
    assert isinstance(done.exception, InvalidArgument)
    assert str(tmp_path) in done.exception.message


def test_a_file_that_is_not_there_is_named(shell, tmp_path):
    done = shell("publish", tmp_path / "nothing.json")
    assert (done.returncode, done.stdout) == (2, b"")
    assert str(tmp_path / "nothing.json") in done.stderr.decode()
