"""The exchanger's configuration: every key is known, each fault names file and key, no rule lets in too much."""

from pathlib import Path

import pytest

from schemaregistry.errors import InvalidArgument
from schemaregistry_server.exchanger.config.configuration import read_config
from schemaregistry_server.exchanger.config.policy import ExactCondition, GlobCondition

TOP = {
    "listen": '"0.0.0.0:8443"',
    "name": '"https://exchanger.test"',
    "signing-key": '"signing.pem"',
    "sqlite": '"used.db"',
}
TLS = """
[tls]
certificate = "server.pem"
key = "server-key.pem"
client-ca = "ca.pem"
"""
GITHUB = """
[[providers]]
kind = "github"
audience = "https://exchanger.test"
"""
OIDC = """
[[providers]]
kind = "oidc"
issuer = "https://sso.test"
audience = "https://exchanger.test"
"""
WHEN = {
    "repository_id": '"1"',
    "repository_owner_id": '"2"',
    "ref": '"refs/heads/main"',
    "job_workflow_ref": '"acme/ticks/.github/workflows/publish.yaml@refs/heads/main"',
}


def rule(when: dict[str, str], *, provider: str = "github", ids: str = 'publish = ["ticks_*"]') -> str:
    lines = "\n".join(f"{name} = {value}" for name, value in when.items())
    return f'[[rules]]\nprovider = "{provider}"\n{ids}\n[rules.when]\n{lines}\n'


def written(directory: Path, *, top: dict[str, str] | None = None, tables: str = TLS + GITHUB + rule(WHEN)) -> Path:
    path = directory / "exchanger.toml"
    lines = "\n".join(f"{key} = {value}" for key, value in (TOP if top is None else top).items())
    path.write_text(f"{lines}\n{tables}")
    return path


def refused(path: Path) -> str:
    with pytest.raises(InvalidArgument) as error:
        read_config(path)
    assert error.value.reason == "BAD_CONFIG"
    assert str(path) in error.value.message
    return error.value.message.removeprefix(f"{path}: ")


def test_what_is_not_said_is_the_default(tmp_path: Path) -> None:
    config = read_config(written(tmp_path))
    assert (config.audience, config.lifetime, config.user) == ("schemaregistry", 600, "publisher")
    [provider] = config.providers
    assert (provider.name, provider.issuer) == ("github", "https://token.actions.githubusercontent.com")


def test_a_rule_of_github_is_for_pushes_on_hosted_runners_unless_it_says_otherwise(tmp_path: Path) -> None:
    [plain] = read_config(written(tmp_path)).token_rules
    assert ExactCondition("event_name", ("push",)) in plain.conditions
    assert ExactCondition("runner_environment", ("github-hosted",)) in plain.conditions
    other = {**WHEN, "event_name": '["push", "workflow_dispatch"]', "runner_environment": '"self-hosted"'}
    [stated] = read_config(written(tmp_path, tables=TLS + GITHUB + rule(other))).token_rules
    assert ExactCondition("event_name", ("push", "workflow_dispatch")) in stated.conditions
    assert ExactCondition("runner_environment", ("self-hosted",)) in stated.conditions
    assert len(stated.conditions) == 6


def test_a_glob_has_one_star(tmp_path: Path) -> None:
    tables = TLS + GITHUB + rule({**WHEN, "ref": '{ glob = "refs/tags/v*" }'})
    [read] = read_config(written(tmp_path, tables=tables)).token_rules
    assert GlobCondition("ref", "refs/tags/v", "") in read.conditions


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lissten": '"x"'}, "lissten is no setting (did you mean listen?)"),
        ({"listen": "8443"}, "listen must be text"),
        ({"listen": '"8443"'}, "listen can't be used"),
        ({"name": '""'}, "name is empty"),
        ({"lifetime": "601"}, "lifetime must be 30 to 600 seconds"),
        ({"lifetime": "true"}, "lifetime must be a whole number"),
        ({"lifetime": '"600"'}, "lifetime must be a whole number"),
        ({"user": '"root"'}, "user can't be root"),
        ({"user": '"root "'}, "user must be at most 250 printable characters"),
        ({"name": r'"a\nb"'}, "name must be at most 250 printable characters"),
        ({"name": f'"{"x" * 2000}"'}, "name must be at most 250 printable characters"),
        ({"audience": r'"\u202e"'}, "audience must be at most 250 printable characters"),
        ({"caller-rate": "-1"}, "caller-rate must be 1 to 100,000 requests a second, or 0"),
        ({"anonymous-rate": "1.5"}, "anonymous-rate must be a whole number"),
        ({"heads": '["spiffe://dev/*"]'}, "heads 'spiffe://dev/*' is no name of a certificate"),
        ({"heads": '["auditor", " ci"]'}, "heads ' ci' is no name of a certificate"),
        ({"published-keys": '"a"'}, "published-keys must be a list"),
        ({"providers": "[1]"}, "providers must be tables: write [[providers]]"),
        ({"plain-http": "true"}, "plain-http can't be true beside [tls]"),
    ],
)
def test_a_setting_that_is_wrong_is_named(tmp_path: Path, change: dict[str, str], words: str) -> None:
    tables = TLS + ("" if "providers" in change else GITHUB + rule(WHEN))
    assert refused(written(tmp_path, top={**TOP, **change}, tables=tables)).startswith(words)


@pytest.mark.parametrize("key", ["listen", "name", "signing-key"])
def test_a_setting_that_is_missing_is_named(tmp_path: Path, key: str) -> None:
    top = {name: value for name, value in TOP.items() if name != key}
    assert refused(written(tmp_path, top=top)) == f"{key} is missing."


ETCD = '[etcd]\nendpoints = ["a:2379"]\n'
NO_SQLITE = {name: value for name, value in TOP.items() if name != "sqlite"}


@pytest.mark.parametrize(
    ("top", "tables", "words"),
    [
        (TOP, GITHUB + rule(WHEN), "tls is missing; on loopback plain-http = true does without"),
        ({**TOP, "plain-http": "true"}, GITHUB + rule(WHEN), "plain-http is for loopback alone"),
        (TOP, TLS + "more = 1\n" + GITHUB + rule(WHEN), "tls.more is no setting"),
        (TOP, TLS + ETCD + GITHUB + rule(WHEN), "etcd or sqlite must be stated, and not both"),
        (NO_SQLITE, TLS + GITHUB + rule(WHEN), "etcd or sqlite must be stated, and not both"),
        (NO_SQLITE, TLS + "[etcd]\nendpoints = []\n" + GITHUB + rule(WHEN), "etcd.endpoints is empty"),
        (NO_SQLITE, TLS + '[etcd]\nendpoints = ["a"]\n' + GITHUB + rule(WHEN), "etcd.endpoints can't be used"),
        (NO_SQLITE, TLS + ETCD + 'certificate = "a"\n' + GITHUB + rule(WHEN), "etcd.key is missing"),
        (NO_SQLITE, TLS + ETCD + 'certificate = "a"\nkey = "b"\n' + GITHUB + rule(WHEN), "etcd.ca is missing"),
        (TOP, TLS + GITHUB, "rules is missing: without a rule nobody gets a token"),
        (TOP, TLS + GITHUB + GITHUB + rule(WHEN), "providers[2].name github is another provider's"),
        (TOP, TLS + GITHUB + GITHUB + 'name = "b"\n' + rule(WHEN), "providers[2].issuer "),
        (
            TOP,
            TLS + '[[providers]]\nkind = "jenkins"\n' + rule(WHEN),
            "providers[1].kind must be one of github",
        ),
        (TOP, TLS + '[[providers]]\nkind = "github"\n' + rule(WHEN), "providers[1].audience is missing"),
        (TOP, TLS + '[[providers]]\nkind = "oidc"\naudience = "a"\n', "providers[1].issuer is missing"),
        (TOP, TLS + GITHUB + 'issuer = "http://a"\n' + rule(WHEN), "providers[1].issuer must be an https address"),
        (TOP, TLS + GITHUB + 'jwks-uri = "file:///a"\n' + rule(WHEN), "providers[1].jwks-uri must be an https address"),
        (TOP, TLS + GITHUB + 'issuer = "https://"\n' + rule(WHEN), "providers[1].issuer must be an https address"),
        (TOP, TLS + GITHUB + 'issuer = "https://a@b"\n' + rule(WHEN), "providers[1].issuer must be an https address"),
        (TOP, TLS + GITHUB + 'issuer = "https://a?b"\n' + rule(WHEN), "providers[1].issuer must be an https address"),
        (TOP, TLS + GITHUB + 'issuer = "https://a:b"\n' + rule(WHEN), "providers[1].issuer must be an https address"),
        (TOP, TLS + GITHUB + 'issuer = "https://["\n' + rule(WHEN), "providers[1].issuer must be an https address"),
        (TOP, TLS + OIDC + 'claims = ["x"]\n' + rule(WHEN), "providers[1].claims isn't needed"),
        (TOP, TLS + GITHUB + 'name = "a:b"\n' + rule(WHEN, provider="a:b"), "providers[1].name must have letters"),
        (TOP, TLS + GITHUB + 'name = "spiffe"\n' + rule(WHEN, provider="spiffe"), "providers[1].name must have"),
        (TOP, TLS + GITHUB + 'keys = "a"\n' + rule(WHEN), "providers[1].keys is no setting"),
    ],
)
def test_a_table_that_is_wrong_is_named_by_its_place(
    tmp_path: Path, top: dict[str, str], tables: str, words: str
) -> None:
    assert refused(written(tmp_path, top=top, tables=tables)).startswith(words)


def without(claim: str) -> dict[str, str]:
    return {name: value for name, value in WHEN.items() if name != claim}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rule(without("repository_id")), "rules[1].when must state repository_id"),
        (rule(without("repository_owner_id")), "rules[1].when must state repository_owner_id"),
        (rule(without("ref")), "rules[1].when must state ref or environment"),
        (rule(without("job_workflow_ref")), "rules[1].when must state job_workflow_ref"),
        (rule({**WHEN, "repository_id": '{ glob = "1*" }'}), "rules[1].when.repository_id takes no glob"),
        (rule({**WHEN, "ref": '{ glob = "*" }'}), "rules[1].when.ref must have one * in its glob"),
        (rule({**WHEN, "ref": '{ glob = "refs/*/*" }'}), "rules[1].when.ref must have one * in its glob"),
        (rule({**WHEN, "ref": '{ glob = "refs/heads/main" }'}), "rules[1].when.ref must have one * in its glob"),
        (rule({**WHEN, "ref": '{ globb = "refs/*" }'}), "rules[1].when.ref.glob is missing"),
        (rule({**WHEN, "ref": '{ glob = "refs/*", x = 1 }'}), "rules[1].when.ref.x is no setting"),
        (rule({**WHEN, "ref": "[]"}), "rules[1].when.ref must be"),
        (rule({**WHEN, "ref": '""'}), "rules[1].when.ref must be"),
        (rule({**WHEN, "ref": "1.5"}), "rules[1].when.ref must be"),
        (rule({**WHEN, "ref": "[[1]]"}), "rules[1].when.ref must be"),
        (
            rule({**WHEN, "repository_id": "1001"}),
            'rules[1].when.repository_id must be a text, as it is in tokens: write "1001"',
        ),
        (rule({**WHEN, "ref_protected": '["true", true]'}), "rules[1].when.ref_protected must be a text"),
        (
            rule({**WHEN, "ref": '"refs/heads/*"'}),
            "rules[1].when.ref has a *, which in a text stands for itself: write { glob",
        ),
        (rule({**WHEN, "repository_id": '"10*"'}), "rules[1].when.repository_id has a *, which in a text stands for"),
        (
            rule({**WHEN, "enviroment": '"prod"'}),
            "rules[1].when.enviroment is no claim of github's tokens (did you mean environment?)",
        ),
        (rule({**WHEN, "zzz": '"prod"'}), "rules[1].when.zzz is no claim of github's tokens."),
        (rule({**WHEN, "event_name": '{ glob = "p*" }'}), "rules[1].when.event_name takes no glob"),
        (rule({**WHEN, "runner_environment": '{ glob = "s*" }'}), "rules[1].when.runner_environment takes no glob"),
        (rule({**WHEN, "actor_id": '{ glob = "1*" }'}), "rules[1].when.actor_id takes no glob"),
        (rule({**WHEN, "job_workflow_ref": '{ glob = "a*" }'}), "rules[1].when.job_workflow_ref must have OWNER/REPO"),
        (rule({**WHEN, "job_workflow_ref": '{ glob = "acme/ticks/*" }'}), "rules[1].when.job_workflow_ref must have"),
        (rule(WHEN, provider="gitlab"), "rules[1].provider must be the name of one of the providers: github"),
        (rule(WHEN, ids=""), "rules[1].publish is missing"),
        (rule(WHEN, ids="publish = []"), "rules[1].publish is missing"),
        (rule(WHEN, ids='publish = ["Ticks"]'), "rules[1].publish has a pattern that is none"),
        (rule(WHEN, ids='operate = ["a**"]'), "rules[1].operate has a pattern that is none"),
        (rule(WHEN, ids='publish = "ticks_*"'), "rules[1].publish must be a list"),
        (rule(WHEN, ids='publish = ["*"]\npublihs = ["*"]'), "rules[1].publihs is no setting"),
        (rule(WHEN) + '[[rules]]\nprovider = "github"\npublish = ["*"]\n', "rules[2].when is missing"),
        ('[[rules]]\nprovider = "github"\npublish = ["*"]\nwhen = {}\n', "rules[1].when is missing"),
        ('[[rules]]\npublish = ["*"]\n', "rules[1].provider is missing"),
        ('[[rules]]\ncertificate = "github:x"\npublish = ["*"]\n', "rules[1].certificate begins like a subject"),
        ('[[rules]]\ncertificate = "spiffe://dev/*"\npublish = ["*"]\n', "rules[1].certificate 'spiffe://dev/*' is no"),
        ('[[rules]]\ncertificate = " ci"\npublish = ["*"]\n', "rules[1].certificate ' ci' is no name"),
        ('[[rules]]\ncertificate = "SPIFFE://dev/a"\npublish = ["*"]\n', "rules[1].certificate 'SPIFFE://dev/a' is no"),
        ('[[rules]]\ncertificate = "ci-*"\npublish = ["*"]\n', "rules[1].certificate 'ci-*' has a *, which stands"),
        ('[[rules]]\ncertificate = "ci"\npublish = ["*"]\nwhen = {a = 1}\n', "rules[1].when is no setting"),
    ],
)
def test_a_rule_that_is_wrong_or_too_wide_is_named(tmp_path: Path, text: str, words: str) -> None:
    assert refused(written(tmp_path, tables=TLS + GITHUB + text)).startswith(words)


def test_a_rule_for_certificates_needs_their_ca(tmp_path: Path) -> None:
    tables = TLS.replace('client-ca = "ca.pem"\n', "") + '[[rules]]\ncertificate = "ci"\npublish = ["*"]\n'
    assert refused(written(tmp_path, tables=tables)).startswith("tls.client-ca is missing")


def test_a_provider_may_have_further_claims_and_any_oidc_issuer_all_sorts(tmp_path: Path) -> None:
    tables = TLS + GITHUB + 'claims = ["new"]\n' + OIDC + rule({**WHEN, "new": '"a"'})
    other = rule({"group_id": '{ glob = "a*" }', "level": "3"}, provider="oidc")
    [known, any_sort] = read_config(written(tmp_path, tables=tables + other)).token_rules
    assert ExactCondition("new", ("a",)) in known.conditions
    assert any_sort.conditions == (GlobCondition("group_id", "a", ""), ExactCondition("level", (3,)))


def test_a_workflow_may_be_a_glob_once_its_repository_and_path_are_stated(tmp_path: Path) -> None:
    glob = "acme/ticks/.github/workflows/publish.yaml@refs/tags/v*"
    tables = TLS + GITHUB + rule({**WHEN, "job_workflow_ref": f'{{ glob = "{glob}" }}'})
    [read] = read_config(written(tmp_path, tables=tables)).token_rules
    assert GlobCondition("job_workflow_ref", glob[:-1], "") in read.conditions


@pytest.mark.parametrize(
    ("kind", "issuer", "when", "words"),
    [
        ("gitlab", "", {"project_id": '"1"', "ref": '"main"'}, "namespace_id"),
        ("gitlab", "", {"project_id": '"1"', "namespace_id": '"2"'}, "ref or environment"),
        ("kubernetes", 'issuer = "https://k"', {"serviceaccount": '"a"'}, "namespace"),
        ("kubernetes", 'issuer = "https://k"', {"namespace": '"a"'}, "serviceaccount or serviceaccount_uid"),
    ],
)
def test_each_kind_has_claims_that_a_rule_must_state(
    tmp_path: Path, kind: str, issuer: str, when: dict[str, str], words: str
) -> None:
    provider = f'[[providers]]\nkind = "{kind}"\naudience = "a"\n{issuer}\n'
    message = refused(written(tmp_path, tables=TLS + provider + rule(when, provider=kind)))
    assert message.startswith(f"rules[1].when must state {words}")


def test_loopback_may_be_without_tls_where_it_is_said(tmp_path: Path) -> None:
    for listen in ("127.0.0.1:0", "[::1]:0", "localhost:0"):
        top = {**TOP, "listen": f'"{listen}"', "plain-http": "true"}
        assert read_config(written(tmp_path, top=top, tables=GITHUB + rule(WHEN))).tls is None


@pytest.mark.parametrize("data", [b"listen = ", b"\xff", b"listen = 'a'\nlisten = 'b'"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "exchanger.toml"
    path.write_bytes(data)
    assert "can't be read as TOML" in refused(path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    assert "can't be read" in refused(tmp_path / "none.toml")
