"""`POST /heads` over real TLS: for whom the exchanger signs heads of an audit, and what `audit head` makes of that."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemaregistry.errors import FailedPrecondition, Unauthenticated
from schemaregistry_server.audit_log import log_check
from schemaregistry_server.audit_log.audit_log import AuditLog
from schemaregistry_server.ops.audit import app
from schemaregistry_server.security import publishing_token
from schemaregistry_server.security.head_signature import HeadSummary, verify_head
from schemaregistry_server.security.token_keys import verifying_keys
from tests.support.exchanger_fixtures import NAME, SIGNING, RunningExchanger, Start
from tests.support.forged_tokens import public_pem

FORM = {"kind": "etcd", "digest": "a" * 64, "revision": "7", "chains": "2", "records": "5"}
SUMMARY = HeadSummary("etcd", "a" * 64, 7, 2, 5)


@pytest.fixture
async def signer(start_exchanger: Start) -> RunningExchanger:
    return await start_exchanger(top='heads = ["spiffe://dev/reader"]')  # type: ignore[no-any-return]


@pytest.fixture
def public(tmp_path: Path) -> Path:
    path = tmp_path / "exchanger.pub"
    path.write_bytes(public_pem(SIGNING))
    return path


async def test_a_head_is_signed_for_a_named_certificate(signer: RunningExchanger, public: Path) -> None:
    answer = await (await signer.client("reader")).post("/heads", data=FORM)
    assert answer.status_code == 200
    found = verify_head(answer.json()["signed"], verifying_keys(public))
    assert (found.summary, found.issuer) == (SUMMARY, NAME)
    assert abs(found.time - signer.clocks.wall()) < 60
    line = signer.lines()[-1]
    assert (line["event"], line["who"], line["digest"], line["records"]) == ("head", "spiffe://dev/reader", "a" * 64, 5)
    log_check.check(signer.log)


async def test_a_signed_head_is_no_token(signer: RunningExchanger, public: Path) -> None:
    signed = (await (await signer.client("reader")).post("/heads", data=FORM)).json()["signed"]
    with pytest.raises(Unauthenticated):
        publishing_token.verify(signed, verifying_keys(public), NAME, "schemaregistry", signer.clocks.wall())


async def test_a_token_is_no_signed_head(signer: RunningExchanger, public: Path) -> None:
    token = (await signer.certified("ci-bot")).json()["access_token"]
    with pytest.raises(FailedPrecondition, match="signature is not of this key"):
        verify_head(token, verifying_keys(public))


@pytest.mark.parametrize(("identity", "reason"), [("", "NO_CERTIFICATE"), ("ci-bot", "NOT_ALLOWED")])
async def test_for_others_none_is_signed_and_the_log_has_it(
    identity: str, reason: str, signer: RunningExchanger
) -> None:
    answer = await (await signer.client(identity)).post("/heads", data=FORM)
    assert (answer.status_code // 100, answer.json()["reason"]) == (4, reason)
    assert (signer.lines()[-1]["event"], signer.lines()[-1]["reason"]) == ("refused", reason)


@pytest.mark.parametrize(
    "changed",
    [{"digest": "A" * 64}, {"kind": "x"}, {"revision": "-1"}, {"records": "9" * 30}, {"username": "publisher"}],
    ids=str,
)
async def test_what_is_no_head_is_not_signed(changed: dict[str, str], signer: RunningExchanger) -> None:
    answer = await (await signer.client("reader")).post("/heads", data=FORM | changed)
    assert (answer.status_code, answer.json()["reason"]) == (400, "BAD_HEAD")


async def test_audit_head_has_its_head_signed_there(signer: RunningExchanger, public: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    written = AuditLog(log, "serve")
    written.record("refused", {"id": "a"}).result(10)
    written.close()

    def run(*words: object) -> str:
        with ThreadPoolExecutor(1) as thread:
            ended = thread.submit(CliRunner().invoke, app, list(map(str, words))).result(60)
        return f"{ended.exit_code} {ended.output}"

    def options(identity: str) -> list[object]:
        files = [signer.tls / f"{identity}{end}.pem" for end in ("", "-key")]
        return ["--exchanger", signer.url, "--ca", signer.tls / "ca.pem", "--cert", files[0], "--key", files[1]]

    made = await asyncio.to_thread(run, "head", "--log", log, *options("reader"))
    assert made.startswith("0 {")
    kept = tmp_path / "head.json"
    kept.write_text(made.removeprefix("0 "))
    found = await asyncio.to_thread(run, "verify", "--log", log, "--head", kept, "--key", public, "--json")
    assert json.loads(found.removeprefix("0 "))["head"]["signed_by"] == NAME
    refused = await asyncio.to_thread(run, "head", "--log", log, *options("ci-bot"))
    assert refused.startswith("3 ")
    assert "signs no head: No heads are signed for this certificate. (NOT_ALLOWED)" in refused


async def test_heads_for_certificates_need_a_ca_of_theirs(start_exchanger: Start) -> None:
    with pytest.raises(Exception, match=r"tls\.client-ca is missing: heads"):
        await start_exchanger(top='heads = ["x"]', client_ca=False, more="")
