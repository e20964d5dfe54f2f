"""The command `schemaregistry exchanger`, as a process of its own."""

import json
import re
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.exchanger_fixtures import EXCHANGE, ID_TOKEN, configured, read_token
from tests.support.oidc_issuer import OidcIssuer


@contextmanager
def process(config: Path) -> Iterator["subprocess.Popen[str]"]:
    """The command, which is killed where the test has not ended it."""
    words = [sys.executable, "-m", "schemaregistry", "exchanger", "--config", str(config)]
    started = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    reaper = threading.Timer(60, started.kill)
    reaper.start()
    try:
        yield started
    finally:
        reaper.cancel()
        started.kill()
        started.wait()


@pytest.fixture
def config(tmp_path: Path, exchanger_tls: Path, issuer: OidcIssuer) -> Path:
    return configured(tmp_path, exchanger_tls, issuer, state=f'sqlite = "{tmp_path / "used.db"}"')


def test_it_serves_until_sigterm_and_logs_to_stdout(config: Path, exchanger_tls: Path, issuer: OidcIssuer) -> None:
    config.write_text(re.sub(r"(?m)^log = .*$", "", config.read_text()))
    with process(config) as running:
        assert running.stderr
        greeting = running.stderr.readline()
        found = re.fullmatch(r"Exchanging tokens on (https://127\.0\.0\.1:\d+)\.\n", greeting)
        assert found, greeting
        context = ssl.create_default_context(cafile=exchanger_tls / "ca.pem")
        form = {"grant_type": EXCHANGE, "subject_token": issuer.token(), "subject_token_type": ID_TOKEN}
        with httpx.Client(verify=context, timeout=30) as client:
            assert read_token(client.post(f"{found[1]}/token", data=form)).publish
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate()
    assert (running.returncode, err) == (0, "")
    [line] = out.splitlines()
    assert json.loads(line)["event"] == "exchanged"


def refused(config: Path) -> str:
    with process(config) as running:
        out, err = running.communicate()
    assert (running.returncode, out) == (2, "")
    [line] = err.splitlines()
    return line


def test_an_unknown_key_is_named_with_the_file(config: Path) -> None:
    config.write_text("lifetyme = 60\n" + config.read_text())
    assert refused(config) == f"schemaregistry: {config}: lifetyme is no setting (did you mean lifetime?)."


def test_a_signing_key_that_others_may_read_is_refused(config: Path) -> None:
    key = config.parent / "signing.pem"
    key.chmod(0o644)
    assert f"run: chmod o= {key}" in refused(config)
