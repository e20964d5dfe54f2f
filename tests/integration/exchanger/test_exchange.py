"""The exchange over real TLS: what a CI job and a certificate get, and what is published and logged."""

import re
import sqlite3
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.audit_log import log_check
from schemaregistry_server.exchanger import serving
from schemaregistry_server.exchanger.config.configuration import read_config
from schemaregistry_server.security import certificates, pki, token_keys
from schemaregistry_server.security.access import Access, TokenRule
from schemaregistry_server.security.reloading import Reloaded
from tests.support.exchanger_fixtures import (
    EXCHANGE,
    GITHUB_RULE,
    ID_TOKEN,
    NAME,
    PUBLIC,
    SIGNING,
    RunningExchanger,
    Start,
    configured,
    read_token,
)
from tests.support.forged_tokens import public_pem
from tests.support.oidc_issuer import OidcIssuer, json_answer
from tests.system.production.issuing import issue


async def test_a_ci_jobs_token_becomes_a_publishing_token(exchanger: RunningExchanger, issuer: OidcIssuer) -> None:
    answer = await exchanger.exchange(issuer.token())
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"access_token", "issued_token_type", "token_type", "expires_in"}
    assert body["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert answer.headers["cache-control"] == "no-store"
    claims = read_token(answer)
    assert (claims.username, claims.revision, claims.iss, claims.aud) == ("publisher", 0, NAME, "schemaregistry")
    assert claims.sub == "github:repo:acme/ticks:environment:production"
    assert (claims.publish, claims.operate) == (("ticks_*", "quotes_v1"), ())
    assert claims.exp - claims.iat == 600
    assert (claims.repository, claims.commit, claims.run) == ("acme/ticks", "a" * 40, "77")
    assert claims.workflow == "acme/ticks/.github/workflows/publish.yaml@refs/heads/main"


async def test_the_registrys_server_takes_the_token_by_the_public_key_alone(
    exchanger: RunningExchanger, issuer: OidcIssuer, tmp_path: Path
) -> None:
    public = tmp_path / "exchanger.pub"
    public.write_bytes(public_pem(SIGNING))
    rule = TokenRule(Reloaded([public], lambda: token_keys.verifying_keys(public)), NAME, "schemaregistry")
    token = (await exchanger.exchange(issuer.token())).json()["access_token"]
    caller = Access(tokens=rule, needs_token=True).identity(b"", [f"Bearer {token}"])
    assert (caller.name, caller.transport) == ("github:repo:acme/ticks:environment:production", "tls")
    assert caller.rights.publish == ("ticks_*", "quotes_v1")


async def test_an_ec_key_of_the_issuer_and_a_list_of_one_audience_do_as_well(
    exchanger: RunningExchanger, issuer: OidcIssuer
) -> None:
    assert read_token(await exchanger.exchange(issuer.token("ec", aud=[NAME]))).publish


async def test_each_exchange_is_a_line_of_the_log_without_either_token(
    exchanger: RunningExchanger, issuer: OidcIssuer
) -> None:
    token = issuer.token(jti="its-jti")
    answer = await exchanger.exchange(token)
    await exchanger.exchange(issuer.token(ref="refs/heads/other"))
    given, refused = exchanger.lines()
    claims = read_token(answer)
    chained = {name: given.pop(name) for name in ("sequence", "previous", "hash", "time", "pid", "program")}
    assert (chained["sequence"], chained["program"]) == (2, "exchanger")
    assert given == {
        "event": "exchanged",
        "peer": "127.0.0.1",
        "grant": "token",
        "provider": "github",
        "who": claims.sub,
        "subject_jti": "its-jti",
        "jti": claims.jti,
        "repository": "acme/ticks",
        "commit": "a" * 40,
        "ref": "refs/heads/main",
        "workflow": claims.workflow,
        "run": "77",
        "publish": ["ticks_*", "quotes_v1"],
        "operate": [],
        "revision": 0,
        "expires": claims.exp,
    }
    assert (refused["event"], refused["reason"], refused["ref"]) == ("refused", "NOT_ALLOWED", "refs/heads/other")
    text = exchanger.log.read_text()
    for signed in (token, answer.json()["access_token"]):
        assert not any(part in text for part in signed.split("."))
    assert exchanger.log.stat().st_mode & 0o077 == 0
    assert log_check.check(exchanger.log).records == 3


async def test_who_gets_which_token_is_in_the_log_from_the_start_on(exchanger: RunningExchanger) -> None:
    [rights] = exchanger.lines(rights=True)
    assert (rights["sequence"], rights["event"], rights["name"]) == (1, "rights", NAME)
    assert [rule["publish"] for rule in rights["certificate_rules"]]
    assert {rule["provider"] for rule in rights["token_rules"]} == {"github"}


async def test_a_certificate_gets_a_token_by_the_same_policy(exchanger: RunningExchanger) -> None:
    first, second = [read_token(await exchanger.certified("ci-bot")) for _ in range(2)]
    assert first.sub == "spiffe://dev/ci-bot"
    assert (first.publish, first.operate) == (("ticks_*",), ("ticks_v1",))
    assert first.jti != second.jti


@pytest.mark.parametrize(
    ("identity", "fields", "status", "error", "reason"),
    [
        ("", {}, 401, "invalid_client", "NO_CERTIFICATE"),
        ("reader", {}, 400, "unauthorized_client", "NOT_ALLOWED"),
        ("ci-bot", {"client_id": "spiffe://dev/reader"}, 401, "invalid_client", "CLIENT_ID"),
    ],
)
async def test_a_certificate_in_no_rule_gets_none(
    exchanger: RunningExchanger, identity: str, fields: dict[str, str], status: int, error: str, reason: str
) -> None:
    answer = await exchanger.certified(identity, **fields)
    assert (answer.status_code, answer.json()["error"], answer.json()["reason"]) == (status, error, reason)
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert exchanger.lines()[-1]["reason"] == reason


async def test_a_revoked_certificate_gets_none(start_exchanger: Start, tmp_path: Path) -> None:
    (tmp_path / "revoked").write_text("")
    exchanger = await start_exchanger(top=f'revoked = "{tmp_path / "revoked"}"')
    assert (await exchanger.certified("ci-bot")).status_code == 200
    (tmp_path / "revoked").write_text("spiffe://dev/ci-bot  # its machine is gone\n")
    assert (await exchanger.certified("ci-bot")).json()["reason"] == "REVOKED"


async def test_a_revoked_subject_of_a_token_gets_none_and_its_token_is_not_used_up(
    start_exchanger: Start, issuer: OidcIssuer, tmp_path: Path
) -> None:
    (tmp_path / "revoked").write_text("github:repo:acme/ticks:environment:production\n")
    exchanger = await start_exchanger(top=f'revoked = "{tmp_path / "revoked"}"')
    token = issuer.token()
    answer = await exchanger.exchange(token)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["reason"] == exchanger.lines()[-1]["reason"] == "REVOKED"
    (tmp_path / "revoked").write_text("")
    assert (await exchanger.exchange(token)).status_code == 200


async def test_a_certificate_that_has_expired_on_an_open_connection_gets_none(
    exchanger: RunningExchanger, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await exchanger.certified("ci-bot")).status_code == 200
    monkeypatch.setattr(certificates, "_end", lambda _: datetime.now(UTC) - timedelta(seconds=1))
    answer = await exchanger.certified("ci-bot")
    assert (answer.status_code, answer.json()["reason"]) == (401, "CERTIFICATE_EXPIRED")


async def test_without_a_ca_for_clients_no_certificate_is_asked_for(
    start_exchanger: Start, issuer: OidcIssuer, exchanger_tls: Path
) -> None:
    exchanger = await start_exchanger(client_ca=False, more=GITHUB_RULE)
    assert (await exchanger.certified("ci-bot")).json()["reason"] == "NO_CERTIFICATE"
    assert (await exchanger.exchange(issuer.token())).status_code == 200


async def test_plain_http_on_loopback_where_it_is_said(tmp_path: Path, exchanger_tls: Path, issuer: OidcIssuer) -> None:
    config = configured(tmp_path, exchanger_tls, issuer, state=f'sqlite = "{tmp_path / "used.db"}"', more=GITHUB_RULE)
    text = re.sub(r"\[tls\]\n(?:\w.*\n)+", "", config.read_text())
    config.write_text(f"plain-http = true\n{text}")
    async with serving.serving(read_config(config)) as url, httpx.AsyncClient() as client:
        assert url.startswith("http://127.0.0.1:")
        form = {"grant_type": EXCHANGE, "subject_token": issuer.token(), "subject_token_type": ID_TOKEN}
        assert read_token(await client.post(f"{url}/token", data=form)).publish


async def test_a_file_of_used_tokens_that_can_not_be_made_is_named(start_exchanger: Start, tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition) as error:
        await start_exchanger(state=f'sqlite = "{tmp_path / "none" / "used.db"}"')
    assert str(tmp_path / "none" / "used.db") in error.value.message


async def test_another_cas_certificate_fails_the_handshake(
    exchanger: RunningExchanger, exchanger_tls: Path, tmp_path: Path
) -> None:
    pki.ensure(tmp_path / "other")
    (tmp_path / "other" / "ca.pem").write_bytes((exchanger_tls / "ca.pem").read_bytes())
    exchanger.tls = tmp_path / "other"
    with pytest.raises((httpx.HTTPError, ssl.SSLError)):
        await exchanger.certified("ci-bot")


async def test_the_token_decides_where_a_certificate_is_shown_as_well(
    exchanger: RunningExchanger, issuer: OidcIssuer
) -> None:
    exchanger.clients[""] = await exchanger.client("ci-bot")
    answer = await exchanger.exchange(issuer.token())
    assert read_token(answer).sub.startswith("github:")


async def test_the_public_keys_verify_and_have_no_private_part(exchanger: RunningExchanger) -> None:
    answer = await (await exchanger.client()).get("/keys")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    [key] = answer.json()["keys"]
    assert key == PUBLIC.as_dict()["keys"][0]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}


async def test_the_next_key_is_published_beside_the_present_one(start_exchanger: Start, tmp_path: Path) -> None:
    (tmp_path / "next.pem").write_bytes(public_pem(ec.generate_private_key(ec.SECP256R1())))
    exchanger = await start_exchanger(top=f'published-keys = ["{tmp_path / "next.pem"}"]')
    assert len((await (await exchanger.client()).get("/keys")).json()["keys"]) == 2


async def test_health_answers_without_a_certificate(exchanger: RunningExchanger) -> None:
    answer = await (await exchanger.client()).get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_a_token_is_valid_for_as_long_as_is_configured(start_exchanger: Start, issuer: OidcIssuer) -> None:
    exchanger = await start_exchanger(top='lifetime = 60\nuser = "writer"')
    claims = read_token(await exchanger.exchange(issuer.token()))
    assert (claims.exp - claims.iat, claims.username) == (60, "writer")


async def test_two_exchangers_and_a_restart_agree_on_used_tokens(start_exchanger: Start, issuer: OidcIssuer) -> None:
    first, second = await start_exchanger(), await start_exchanger()
    token = issuer.token()
    assert (await first.exchange(token)).status_code == 200
    assert (await second.exchange(token)).json()["reason"] == "TOKEN_USED"


async def test_a_token_that_is_refused_is_not_used_up(start_exchanger: Start, issuer: OidcIssuer) -> None:
    early = await start_exchanger()
    early.clocks.ahead = -800
    token = issuer.token()
    assert (await early.exchange(token)).json()["reason"] == "TOKEN_NOT_YET_VALID"
    early.clocks.ahead = 0
    assert (await early.exchange(token)).status_code == 200


async def test_a_policy_too_large_for_a_token_uses_none_up(start_exchanger: Start, issuer: OidcIssuer) -> None:
    ids = ", ".join(f'"id_{number}"' for number in range(65))
    wide = await start_exchanger(more=GITHUB_RULE + GITHUB_RULE.replace('"ticks_*"', ids))
    token = issuer.token()
    answer = await wide.exchange(token)
    assert (answer.status_code, answer.json()["error"]) == (500, "server_error")
    assert "use fewer patterns" in wide.lines()[-1]["detail"]
    narrow = await start_exchanger()
    assert (await narrow.exchange(token)).status_code == 200


async def test_a_certificates_odd_name_is_told_in_the_characters_of_oauth(
    exchanger: RunningExchanger, exchanger_tls: Path
) -> None:
    issue(exchanger_tls, "odd", common_name='Zoë "spiffe://dev/ci-bot"')
    answer = await exchanger.certified("odd", client_id="x")
    assert answer.json()["reason"] == "CLIENT_ID"
    issue(exchanger_tls, "odder", common_name='spiffe://dev/ë"')
    description = (await exchanger.certified("odder")).json()["error_description"]
    assert re.fullmatch(r"[ !#-\[\]-~]+", description)
    assert exchanger.lines()[-1]["reason"] == "ODD_CERTIFICATE"


async def test_nothing_is_given_where_it_can_not_be_logged(exchanger: RunningExchanger, issuer: OidcIssuer) -> None:
    exchanger.log.unlink()
    exchanger.log.mkdir()
    answer = await exchanger.exchange(issuer.token())
    assert (answer.status_code, answer.json()["reason"]) == (503, "LOG_UNAVAILABLE")
    assert "access_token" not in answer.text


async def test_a_kubernetes_service_account_gets_a_token_by_its_nested_claims(
    start_exchanger: Start, issuer: OidcIssuer, exchanger_tls: Path, tmp_path: Path
) -> None:
    (tmp_path / "bearer").write_text("its-own\n")
    exchanger = await start_exchanger(
        more=f"""
[[providers]]
kind = "kubernetes"
name = "prod"
issuer = "https://kubernetes.default.svc.cluster.local"
audience = "{NAME}"
jwks-uri = "{issuer.url}/keys"
ca = "{exchanger_tls / "ca.pem"}"
token-file = "{tmp_path / "bearer"}"
[[rules]]
provider = "prod"
publish = ["ticks_*"]
when = {{ namespace = "market-data", serviceaccount = "publisher" }}
"""
    )
    claims = {
        "iss": "https://kubernetes.default.svc.cluster.local",
        "aud": [NAME],
        "sub": "system:serviceaccount:market-data:publisher",
        "kubernetes.io": {"namespace": "market-data", "serviceaccount": {"name": "publisher", "uid": "u"}},
    }
    assert read_token(await exchanger.exchange(issuer.token(**claims))).sub == f"prod:{claims['sub']}"
    assert issuer.asked == [("/keys", "Bearer its-own")]
    other = {**claims, "kubernetes.io": {"namespace": "market-data", "serviceaccount": {"name": "default"}}}
    flat = {**claims, "kubernetes.io": None, "namespace": "market-data", "serviceaccount": {"name": "publisher"}}
    for each in (other, flat):
        assert (await exchanger.exchange(issuer.token(**each))).json()["reason"] == "NOT_ALLOWED"
    old = await exchanger.exchange(issuer.token(**claims, jti=None))
    assert old.json()["reason"] == "TOKEN_CLAIMS"


async def test_a_gitlab_job_gets_a_token_on_its_protected_branch_alone(
    start_exchanger: Start, issuer: OidcIssuer, exchanger_tls: Path
) -> None:
    gitlab = issuer.url.replace("localhost", "127.0.0.1")
    issuer.answers["/.well-known/openid-configuration"] = lambda: json_answer(
        {"issuer": gitlab, "jwks_uri": f"{gitlab}/keys"}
    )
    exchanger = await start_exchanger(
        more=f"""
[[providers]]
kind = "gitlab"
issuer = "{gitlab}"
audience = "{NAME}"
ca = "{exchanger_tls / "ca.pem"}"
[[rules]]
provider = "gitlab"
publish = ["ticks_*"]
when = {{ project_id = "42", namespace_id = "7", ref = "main" }}
"""
    )
    job = {
        "iss": gitlab,
        "sub": "project_path:acme/ticks:ref_type:branch:ref:main",
        "project_id": "42",
        "namespace_id": "7",
        "project_path": "acme/ticks",
        "ref": "main",
        "ref_type": "branch",
        "ref_protected": "true",
        "ci_config_ref_uri": "gitlab.test/acme/ticks//.gitlab-ci.yml@refs/heads/main",
        "pipeline_id": "1212",
    }
    claims = read_token(await exchanger.exchange(issuer.token(**job)))
    assert (claims.repository, claims.ref, claims.run) == ("acme/ticks", "main", "1212")
    assert claims.workflow == job["ci_config_ref_uri"]
    for wrong in ({"ref_protected": "false"}, {"ref_type": "tag"}, {"namespace_id": "8"}, {"project_id": "43"}):
        assert (await exchanger.exchange(issuer.token(**{**job, **wrong}))).json()["reason"] == "NOT_ALLOWED"
    hour = int(time.time()) + 3600
    assert (await exchanger.exchange(issuer.token(**job, exp=hour))).json()["reason"] == "TOKEN_LIFETIME"


async def test_any_issuer_without_nbf_is_exchanged_by_configuration(
    start_exchanger: Start, issuer: OidcIssuer, exchanger_tls: Path
) -> None:
    provider = issuer.url.replace("localhost", "127.0.0.1")
    issuer.answers["/.well-known/openid-configuration"] = lambda: json_answer(
        {"issuer": provider, "jwks_uri": f"{provider}/keys"}
    )
    exchanger = await start_exchanger(
        more=f"""
[[providers]]
kind = "oidc"
issuer = "{provider}"
audience = "{NAME}"
ca = "{exchanger_tls / "ca.pem"}"
[[rules]]
provider = "oidc"
publish = ["*"]
when = {{ sub = "builder", trusted = true, level = [3, 4], path = {{ glob = "main/*" }} }}
"""
    )
    good = {"iss": provider, "sub": "builder", "trusted": True, "level": 3, "path": "main/x", "nbf": None}
    assert read_token(await exchanger.exchange(issuer.token(**good))).publish == ("*",)
    for wrong in ({"trusted": "true"}, {"trusted": 1}, {"level": True}, {"level": "3"}, {"path": "main/x/y"}):
        assert (await exchanger.exchange(issuer.token(**{**good, **wrong}))).json()["reason"] == "NOT_ALLOWED"


async def test_a_used_token_is_forgotten_once_it_has_expired(exchanger: RunningExchanger, issuer: OidcIssuer) -> None:
    now = int(time.time())
    await exchanger.exchange(issuer.token(exp=now + 300))
    exchanger.clocks.ahead = 331
    await exchanger.exchange(issuer.token(iat=now + 331, exp=now + 400))
    with sqlite3.connect(exchanger.log.parents[1] / "used.db") as database:
        assert database.execute("SELECT count(*) FROM used").fetchone() == (1,)
