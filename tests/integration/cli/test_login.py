"""`schemaregistry login` against a server that speaks RFC 8693, or doesn't: what is sent, written, printed and told."""

import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemaregistry.cli.app import app, main
from schemaregistry.cli.connection_options import ConnectionOptions
from schemaregistry.client import Credentials
from schemaregistry.errors import RegistryError, Unavailable
from schemaregistry_server.security import pki
from tests.support.publishing_tokens import TokenMaker
from tests.support.token_server import TokenServer, token_server

MAKER = TokenMaker()
VARIABLES = (
    "SCHEMAREGISTRY_SUBJECT_TOKEN",
    "SCHEMAREGISTRY_CERT",
    "SCHEMAREGISTRY_KEY",
    "SCHEMAREGISTRY_TOKEN_FILE",
    "SCHEMAREGISTRY_TARGET",
    "SCHEMAREGISTRY_EXCHANGER_CA",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)
Ended = tuple[int, str, str]
Login = Callable[..., Ended]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tls")
    pki.ensure(directory)
    return directory


@pytest.fixture(scope="module")
def only_server(tls: Path) -> Iterator[TokenServer]:
    with token_server(tls) as server:
        yield server


@pytest.fixture
def server(only_server: TokenServer) -> TokenServer:
    only_server.answers.clear()
    only_server.asked.clear()
    return only_server


@pytest.fixture
def login(server: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Login:
    """`login("--json", …)`: the exit code, stdout and stderr. Each of them is searched for every token."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*words: object, url: str = "") -> Ended:
        argv = ["schemaregistry", "login", "--exchanger", url or server.url, "--ca", server.ca, *words]
        monkeypatch.setattr("sys.argv", [str(word) for word in argv])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert "eyJ" not in out + err
        assert "SECRET" not in out + err
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def subject(tmp_path: Path) -> Path:
    file = tmp_path / "subject"
    file.write_text("eyJ.SECRET.ci\n")
    return file


def test_a_file_is_exchanged_and_the_token_is_written_for_its_owner_alone(login, server, subject, tmp_path):
    token = MAKER.token("ticks_*", operate=("ticks_v1",))
    server.gives(token)
    code, out, err = login("--subject-token-file", subject, "--token-file", tmp_path / "token")
    assert (code, err) == (0, "")
    who, rights, place = out.rstrip("\n").split("\t")
    assert who == "github:repo:acme/schemas:ref:refs/heads/main"
    assert rights.startswith("publishes ticks_*; sets states of ticks_v1; until 20")
    assert place == str(tmp_path / "token")
    assert (tmp_path / "token").read_text() == f"{token}\n"
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    [asked] = server.asked
    assert (asked.path, asked.certified) == ("/token", False)
    assert asked.form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "eyJ.SECRET.ci",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    }


def test_a_file_that_others_could_read_is_theirs_no_more(login, server, subject, tmp_path):
    (tmp_path / "token").write_text("old")
    (tmp_path / "token").chmod(0o644)
    server.gives(MAKER.token("*"))
    assert login("--subject-token-file", subject, "--token-file", tmp_path / "token")[0] == 0
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_json_tells_the_same(login, server, subject, tmp_path):
    server.gives(MAKER.token("ticks_*"), 300)
    told = json.loads(login("--subject-token-file", subject, "--json")[1])
    assert told.pop("token_expires").endswith("Z")
    assert told == {
        "identity": "github:repo:acme/schemas:ref:refs/heads/main",
        "publish_ids": ["ticks_*"],
        "operate_ids": [],
        "seconds": 300,
        "token_file": str(tmp_path / "cache/schemaregistry/tokens/localhost:50051"),
    }


def test_the_variable_is_exchanged(login, server, monkeypatch):
    monkeypatch.setenv("SCHEMAREGISTRY_SUBJECT_TOKEN", "eyJ.SECRET.gitlab")
    server.gives(MAKER.token("*"))
    assert login()[0] == 0
    assert server.asked[0].form["subject_token"] == "eyJ.SECRET.gitlab"


@pytest.fixture
def github(tls: Path, login: Login, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    """GitHub's server of tokens, in the environment of a job; its certificate is of a CA that the system trusts."""
    with token_server(tls) as theirs:
        monkeypatch.setenv("SSL_CERT_FILE", str(theirs.ca))
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{theirs.url}/oidc?api-version=2.0")
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SECRET-of-the-job")
        yield theirs


def test_github_is_asked_for_a_token_for_the_exchanger(login, server, github):
    github.says(200, count=7, value="eyJ.SECRET.github")
    server.gives(MAKER.token("*"))
    assert login()[0] == 0
    assert server.asked[0].form["subject_token"] == "eyJ.SECRET.github"
    [asked] = github.asked
    audience = server.url.replace(":", "%3A").replace("/", "%2F")
    assert asked.path == f"/oidc?api-version=2.0&audience={audience}"
    assert asked.headers["authorization"] == "Bearer SECRET-of-the-job"
    login(url=f"{server.url}/")
    assert github.asked.pop().path == asked.path
    login("--audience", "https://exchanger.prod")
    assert github.asked[1].path.endswith("&audience=https%3A%2F%2Fexchanger.prod")


@pytest.mark.parametrize(("status", "body"), [(403, {}), (200, {"value": ""}), (200, {"value": "two words"})])
def test_a_job_that_may_not_have_a_token_is_told_how(login, server, github, status, body):
    github.says(status, **body)
    code, out, err = login()
    assert (code, out, "id-token: write" in err, server.asked) == (3, "", True, [])


def test_github_s_token_is_not_sent_in_the_clear(login, monkeypatch):
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://example.invalid/oidc")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SECRET")
    code, _, err = login()
    assert (code, "no https address" in err) == (2, True)


def test_a_certificate_is_exchanged_where_there_is_no_token(login, server, tls, monkeypatch):
    monkeypatch.setenv("SCHEMAREGISTRY_CERT", str(tls / "ci-bot.pem"))
    monkeypatch.setenv("SCHEMAREGISTRY_KEY", str(tls / "ci-bot-key.pem"))
    server.gives(MAKER.token("*"))
    assert login()[0] == 0
    assert (server.asked[0].form, server.asked[0].certified) == ({"grant_type": "client_credentials"}, True)


def test_a_certificate_that_is_named_goes_before_the_job_s_token(login, server, github, tls):
    server.gives(MAKER.token("*"))
    assert login("--cert", tls / "ci-bot.pem", "--key", tls / "ci-bot-key.pem")[0] == 0
    assert (server.asked[0].certified, github.asked) == (True, [])


def test_nothing_to_exchange_two_things_and_a_variable_to_keep_are_usage(login, subject, tls, monkeypatch):
    code, _, err = login()
    assert (code, "nothing to exchange" in err) == (2, True)
    code, _, err = login("--cert", tls / "ci-bot.pem", "--subject-token-file", subject)
    assert (code, "one of them" in err) == (2, True)
    monkeypatch.setenv("SCHEMAREGISTRY_SUBJECT_TOKEN", "eyJ.SECRET.gitlab")
    code, _, err = login("--keep")
    assert (code, "--keep can't renew" in err) == (2, True)


@pytest.mark.parametrize(
    "url",
    ["http://exchanger.prod", "exchanger.prod:8443", "https://", "https://localhost:x", "ftp://localhost"],
)
def test_an_address_that_could_give_the_token_away_is_refused(login, subject, url):
    code, _, err = login("--subject-token-file", subject, url=url)
    assert (code, "no https address" in err) == (2, True)


@pytest.mark.parametrize(
    ("rest", "why"),
    [("#f", "has a #"), ("#", "has a #"), ("?x=1", "has a ?"), ("?", "has a ?"), ("@localhost", "before the @")],
)
def test_what_an_address_must_not_have_is_named(login, server, subject, rest, why):
    code, _, err = login(
        "--subject-token-file", subject, url=f"https://me:SECRET{rest}" if "@" in rest else server.url + rest
    )
    assert (code, why in err, server.asked) == (2, True, [])


REFUSALS = {
    "NOT_ALLOWED": "no rule for this job",
    "TOKEN_USED": "sign a new one",
    "TOKEN_AUDIENCE": "--audience",
    "SOMETHING_NEW": "ask who runs it",
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refusal_is_told_with_its_reason_and_what_to_do(login, server, subject, tmp_path, reason):
    server.says(400, error="invalid_request", error_description="No \x1b[31mway.", reason=reason)
    code, out, err = login("--subject-token-file", subject, "--token-file", tmp_path / "token")
    assert (code, out, (tmp_path / "token").exists()) == (3, "", False)
    assert f"No \\x1b[31mway. ({reason})" in err
    assert REFUSALS[reason] in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, {}, b"no such page"), "none of RFC 6749"),
        ((200, {}, b"<html>"), "no bearer token"),
        ((200, {}, json.dumps({"access_token": "a\r\nb", "token_type": "Bearer", "expires_in": 9}).encode()), "bearer"),
        ((200, {}, json.dumps({"access_token": "a", "token_type": "mac", "expires_in": 9}).encode()), "bearer"),
        ((200, {}, json.dumps({"access_token": "a", "token_type": "Bearer", "expires_in": 1e99}).encode()), "bearer"),
        ((200, {}, b"x" * 100_000), "over 65,536 bytes"),
        ((503, {}, b'{"error": "temporarily_unavailable", "reason": "STATE_UNAVAILABLE"}'), "STATE_UNAVAILABLE"),
    ],
)
def test_a_server_that_is_no_exchanger_is_could_not_tell(login, server, subject, answer, said):
    server.answers.append(answer)
    code, out, err = login("--subject-token-file", subject)
    assert (code, out, said in err, len(err.splitlines())) == (3, "", True, 1)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed_with_the_token(login, server, subject, status):
    server.answers.append((status, {"location": f"{server.url}/elsewhere"}, b""))
    code, _, err = login("--subject-token-file", subject)
    assert (code, "sends elsewhere" in err) == (2, True)
    assert [each.path for each in server.asked] == ["/token"]


def test_nobody_there_and_a_certificate_of_another_ca(login, server, subject, tmp_path):
    code, _, err = login("--subject-token-file", subject, url="https://localhost:1")
    assert (code, "gives no answer" in err) == (3, True)
    pki.ensure(tmp_path / "other")
    code, _, err = login("--subject-token-file", subject, "--ca", tmp_path / "other" / "ca.pem")
    assert (code, "CERTIFICATE_VERIFY_FAILED" in err, server.asked) == (3, True, [])
    code, _, err = login("--subject-token-file", subject, "--ca", tmp_path / "none.pem")
    assert (code, "none.pem can't be used" in err) == (2, True)


def test_an_answer_that_never_ends_is_given_up(login, server, subject, monkeypatch):
    monkeypatch.setattr("schemaregistry.client.bounded_request.SECONDS", 0.2)
    server.answers.append((200, {"content-length": "100"}, b"{"))
    code, _, err = login("--subject-token-file", subject)
    assert (code, "gives no answer" in err) == (3, True)


def test_a_place_that_can_not_be_written_is_told_before_the_token_is_used_up(login, server, subject, tmp_path):
    server.gives(MAKER.token("*"))
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "none" / "token", tmp_path, tmp_path / "pipe", Path("/dev/full"), Path("/dev/stdout")):
        code, _, err = login("--subject-token-file", subject, "--token-file", place)
        assert (code, str(place) in err, server.asked) == (2, True, [])


def test_a_certificate_that_can_not_be_used_is_named(login, server, tls, tmp_path):
    for cert, key in ((tmp_path / "none.pem", tls / "ci-bot-key.pem"), (tls / "ci-bot.pem", tls / "reader-key.pem")):
        code, _, err = login("--cert", cert, "--key", key)
        assert (code, str(cert) in err, server.asked) == (2, True, [])


@pytest.mark.parametrize("content", [None, "", "two words"])
def test_a_file_without_a_token_is_usage(login, server, subject, content):
    subject.unlink()
    if content is not None:
        subject.write_text(content)
    code, _, err = login("--subject-token-file", subject)
    assert (code, str(subject) in err, server.asked) == (2, True, [])


class Time:
    """Takes the place of `time.sleep`: counts, and ends the command after some sleeps."""

    def __init__(self, ends_after: int) -> None:
        self.slept: list[float] = []
        self._ends_after = ends_after

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) > self._ends_after:
            raise KeyboardInterrupt


def test_keep_renews_at_two_thirds_of_its_life(login, server, subject, tmp_path, monkeypatch):
    time_of_test = Time(2)
    monkeypatch.setattr("time.sleep", time_of_test.sleep)
    tokens = [MAKER.token(name) for name in ("first", "second", "third")]
    for token, seconds in zip(tokens, (600, 300, 30), strict=True):
        server.gives(token, seconds)
    code, out, _ = login("--subject-token-file", subject, "--keep", "--token-file", tmp_path / "token")
    assert (code, len(out.splitlines())) == (130, 3)
    assert time_of_test.slept == [400, 200, 20]
    assert (tmp_path / "token").read_text() == f"{tokens[2]}\n"


def test_keep_tries_again_while_the_token_lasts(login, server, subject, tmp_path, monkeypatch):
    time_of_test = Time(2)
    monkeypatch.setattr("time.sleep", time_of_test.sleep)
    server.gives(MAKER.token("first"))
    server.says(503, error="temporarily_unavailable", error_description="Try again.", reason="STATE_UNAVAILABLE")
    server.gives(MAKER.token("second"))
    code, out, err = login("--subject-token-file", subject, "--keep")
    assert (code, len(out.splitlines()), time_of_test.slept) == (130, 2, [400, 10, 400])
    assert err.startswith("schemaregistry: not renewed yet: ")


def test_keep_ends_where_it_is_refused_for_good_or_the_token_has_ended(login, server, subject, monkeypatch):
    time_of_test = Time(9)
    monkeypatch.setattr("time.sleep", time_of_test.sleep)
    server.gives(MAKER.token("first"))
    server.says(400, error="invalid_request", error_description="No.", reason="NOT_ALLOWED")
    assert login("--subject-token-file", subject, "--keep")[0] == 3
    assert time_of_test.slept == [400]
    server.answers.clear()
    server.gives(MAKER.token("first"), 0.001)
    server.says(400, error="invalid_request", error_description="No.", reason="TOKEN_USED")
    assert login("--subject-token-file", subject, "--keep")[0] == 3
    assert set(time_of_test.slept[1:]) == {1}


def pass_by(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let this many seconds pass, for clients."""
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + seconds)


def exchanging(server: TokenServer, subject: Path) -> Credentials:
    return Credentials("ca.pem", "a.pem", "b.pem").exchange(server.url, subject_token_file=subject, ca=server.ca)


def test_a_program_s_token_is_renewed_before_it_ends(server, subject, monkeypatch):
    server.gives("one", 600)
    server.gives("two", 600)
    credentials = exchanging(server, subject)
    assert [credentials.bearer(), credentials.bearer()] == ["one", "one"]
    pass_by(monkeypatch, 450)
    assert [credentials.bearer(), credentials.bearer(), len(server.asked)] == ["two", "two", 2]


def test_a_program_goes_on_with_its_token_until_that_ends(server, subject, monkeypatch, caplog):
    server.gives("one", 600)
    server.says(503, error="temporarily_unavailable", reason="STATE_UNAVAILABLE")
    credentials = exchanging(server, subject)
    assert credentials.bearer() == "one"
    pass_by(monkeypatch, 450)
    assert [credentials.bearer(), credentials.bearer(), len(server.asked)] == ["one", "one", 2]
    assert "going on with the token" in caplog.text
    pass_by(monkeypatch, 149)
    with pytest.raises(Unavailable, match="STATE_UNAVAILABLE"):
        credentials.bearer()


def test_a_program_s_errors_and_repr_have_no_token(server, subject):
    server.says(400, error="invalid_request", error_description="No.", reason="TOKEN_SIGNATURE")
    credentials = exchanging(server, subject)
    with pytest.raises(RegistryError) as caught:
        credentials.bearer()
    assert "SECRET" not in f"{caught.value.message} {caught.value!r} {credentials!r} {credentials.token!r}"


def test_commands_show_the_token_of_login_until_it_ends_and_to_that_registry_alone(tmp_path, monkeypatch):
    from schemaregistry.cli.saved_token import good_token, saved_token

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = saved_token("registry.prod:50051")
    place.parent.mkdir(parents=True)
    place.write_text(MAKER.token("*"))
    assert [good_token("registry.prod:50051"), good_token("other.prod:50051")] == [place, None]
    for other in (MAKER.token("*", exp=int(time.time()) - 1), "opaque", ""):
        place.write_text(other)
        assert good_token("registry.prod:50051") is None


@pytest.mark.parametrize(("mode", "told"), [(0o600, False), (0o640, False), (0o644, True), (0o602, True)])
def test_a_token_file_that_others_can_use_is_told(tmp_path, tls, capsys, mode, told):
    token = tmp_path / "token"
    token.write_text(MAKER.token("*"))
    token.chmod(mode)
    ConnectionOptions("localhost:9", tls / "ca.pem", tls / "reader.pem", tls / "reader-key.pem", token).client()
    assert (f"chmod 600 {token}" in capsys.readouterr().err) == told


def test_a_token_file_that_is_named_has_to_have_a_token(tmp_path):
    done = CliRunner().invoke(app, ["whoami", "--token-file", str(tmp_path / "none")])
    assert "can't be read" in str(done.exception)
    assert getattr(done.exception, "code", "") == "INVALID_ARGUMENT"
