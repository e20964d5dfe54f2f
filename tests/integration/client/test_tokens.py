"""Tokens that clients show beside their certificates: whose rights count, and what a renewed or missing one does."""

import asyncio
import pickle
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event as Flag

import pytest

from schemaregistry.client import AsyncClient, Client, Credentials
from schemaregistry.errors import InvalidArgument, PermissionDenied, Unauthenticated, Unavailable
from tests.conftest import start
from tests.support.publishing_tokens import ISSUER, TokenMaker
from tests.support.token_server import token_server

MAKER = TokenMaker()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """A server that takes the tokens of MAKER."""
    folder = tmp_path_factory.mktemp("guarded")
    key = MAKER.public(folder / "exchanger.pub")
    server = start(folder / "data", "--token-key", str(key), "--token-issuer", ISSUER)
    yield server
    server.stop()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(MAKER.token("ticks_*") + "\n")
    return path


@pytest.fixture
def files(guarded, file: Path) -> Credentials:
    return replace(Credentials.dev(guarded.data), token_file=file)


def test_the_rights_of_the_token_count(guarded, files):
    with Client(guarded.target, credentials=files) as client:
        me = client.whoami()
    assert (me.identity, list(me.publish_ids)) == ("github:repo:acme/schemas:ref:refs/heads/main", ["ticks_*"])


def test_the_next_call_shows_the_renewed_token(guarded, files, file):
    with Client(guarded.target, credentials=files) as client:
        client.whoami()
        file.write_text(MAKER.token("quotes_v1"))
        assert list(client.whoami().publish_ids) == ["quotes_v1"]


def test_asyncio_does_the_same(guarded, files, file):
    async def asked() -> list[list[str]]:
        async with AsyncClient(guarded.target, credentials=files) as client:
            first = await client.whoami()
            file.write_text(MAKER.token("quotes_v1"))
            return [list(each.publish_ids) for each in (first, await client.whoami())]

    assert asyncio.run(asked()) == [["ticks_*"], ["quotes_v1"]]


def test_a_token_publishes_its_own_ids_alone(guarded, files, document, schema_id, file):
    file.write_text(MAKER.token(f"{schema_id}*"))
    with Client(guarded.target, credentials=files, timeout=20) as client:
        assert client.register(document()).created
        file.write_text(MAKER.token("other_*"))
        with pytest.raises(PermissionDenied, match="not of"):
            client.register(document("1.1.0"))


def test_a_watch_shows_it_whenever_it_connects(guarded, files):
    shown: list[Flag] = []

    def token() -> str:
        shown.append(Flag())
        return MAKER.token("*")

    with Client(guarded.target, credentials=replace(files, token_file=None, token=token)) as client:
        with client.watch(include_documents=True) as events:
            assert next(events)
            assert len(shown) == 1
        with client.follow(timeout=20):
            assert len(shown) == 2


def test_a_refused_token_ends_a_watch(guarded, files, file):
    file.write_text("no.signed.token")
    with (
        Client(guarded.target, credentials=files) as client,
        client.watch() as events,
        pytest.raises(Unauthenticated) as caught,
    ):
        next(events)
    assert "no.signed.token" not in str(caught.value)


def test_an_async_watch_shows_it_too(guarded, files, file):
    async def first(token: str) -> str:
        file.write_text(token)
        async with AsyncClient(guarded.target, credentials=files) as client, client.watch() as events:
            return (await anext(events)).kind

    assert asyncio.run(first(MAKER.token("*")))
    with pytest.raises(Unauthenticated):
        asyncio.run(first("no.signed.token"))


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), ("", "is empty"), (" \n", "is empty"), ("two words", "has no token"), ("é", "no token")],
)
def test_a_file_without_a_token_is_named(guarded, files, file, content, said):
    with Client(guarded.target, credentials=files) as client:
        client.whoami()
        file.unlink()
        if content is not None:
            file.write_text(content)
        with pytest.raises(Unauthenticated, match=said) as caught:
            client.whoami()
    assert (caught.value.reason, str(file) in caught.value.message) == ("TOKEN_FILE", True)
    assert not content or not content.strip() or content not in caught.value.message


def test_a_directory_and_a_file_without_end_are_refused(guarded, files, tmp_path):
    for path in (tmp_path, Path("/dev/zero")):
        client = Client(guarded.target, credentials=replace(files, token_file=path))
        with client, pytest.raises(Unauthenticated, match="no regular file"):
            client.whoami()


def bad_word() -> str:
    return "SECRET\r\nx-role: root"


def failing() -> str:
    raise ValueError("SECRET")


def away() -> str:
    raise Unavailable("the exchanger is away", reason="EXCHANGER_AWAY")


@pytest.mark.parametrize("provider", [bad_word, failing, lambda: 7, lambda: ""])
def test_a_function_without_a_token_is_an_error_that_does_not_repeat_it(guarded, files, provider):
    secret = replace(files, token_file=None, token=provider)
    with Client(guarded.target, credentials=secret) as client, pytest.raises(Unauthenticated) as caught:
        client.whoami()
    assert caught.value.reason == "TOKEN_PROVIDER"
    assert "SECRET" not in caught.value.message + repr(secret)


def test_an_error_of_the_registry_s_kind_passes(guarded, files):
    client = Client(guarded.target, credentials=replace(files, token_file=None, token=away))
    with client, pytest.raises(Unavailable, match="the exchanger is away"):
        client.whoami()


def test_a_client_pickles_with_its_token(guarded, files, monkeypatch):
    monkeypatch.chdir(files.token_file.parent)
    for credentials in (replace(files, token_file="token"), replace(files, token_file=None, token=named)):
        with Client(guarded.target, credentials=credentials) as client:
            packed = pickle.dumps(client)
        monkeypatch.chdir("/")
        with pickle.loads(packed) as other:
            assert list(other.whoami().publish_ids)
        monkeypatch.chdir(files.token_file.parent)


def named() -> str:
    return MAKER.token("*")


@pytest.fixture
def exchanging(guarded, files, tmp_path) -> Iterator[Credentials]:
    """Credentials by an exchanger whose first token has expired."""
    subject = tmp_path / "subject"
    subject.write_text("a.job.token")
    now = int(time.time())
    with token_server(guarded.tls) as exchanger:
        exchanger.gives(MAKER.token("*", iat=now - 400, nbf=now - 400, exp=now - 100))
        exchanger.gives(MAKER.token("ticks_*"))
        yield files.exchange(exchanger.url, subject_token_file=subject, ca=exchanger.ca)


def test_a_token_that_is_too_old_is_exchanged_anew(guarded, exchanging):
    with Client(guarded.target, credentials=exchanging) as client:
        with pytest.raises(Unauthenticated, match="expired"):
            client.whoami()
        assert [list(client.whoami().publish_ids) for _ in range(2)] == [["ticks_*"]] * 2


def test_asyncio_exchanges_anew_too(guarded, exchanging):
    async def asked() -> list[str]:
        async with AsyncClient(guarded.target, credentials=exchanging) as client:
            with pytest.raises(Unauthenticated, match="expired"):
                await client.whoami()
            return list((await client.whoami()).publish_ids)

    assert asyncio.run(asked()) == ["ticks_*"]


def test_the_environment_names_the_file(guarded, files, monkeypatch):
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(guarded.data))
    monkeypatch.setenv("SCHEMAREGISTRY_TOKEN_FILE", str(files.token_file))
    assert Credentials.from_environment() == files
    monkeypatch.setenv("SCHEMAREGISTRY_TOKEN_FILE", "")
    assert Credentials.from_environment().token_file is None


def test_a_token_in_place_of_a_path_is_refused_and_not_repeated(files):
    token = MAKER.token("*")
    with pytest.raises(InvalidArgument, match="token_file is to be the path") as caught:
        replace(files, token_file=token)
    assert token not in caught.value.message
    with pytest.raises(InvalidArgument, match="a function that returns the token") as caught:
        replace(files, token_file=None, token=token)
    assert token not in caught.value.message
    with pytest.raises(InvalidArgument, match="token_file"):
        replace(files, token=named)
