"""Issuers of the tokens that can be exchanged, and what is known of each kind: GitHub, GitLab, Kubernetes, any OIDC.

The claims of each kind: https://docs.github.com/actions/reference/openid-connect-reference,
https://docs.gitlab.com/ci/secrets/id_token_authentication/ and
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from schemaregistry_server.security.signed_json import ClaimValues


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """What is known of the tokens of one kind of issuer.

    `required`: a rule must state at least one claim of each group, since without it others could pass. `exact`: claims
    that take no glob. `assumed`: conditions of every rule that doesn't state its own for that claim. `nested`: names
    for claims within objects. The last five name the claims that describe the run in tokens and in the log.
    """

    issuer: str = ""
    required: tuple[tuple[str, ...], ...] = ()
    exact: frozenset[str] = frozenset()
    assumed: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    states_nbf: bool = True
    repository: str = ""
    commit: str = ""
    ref: str = ""
    workflow: str = ""
    run: str = ""


KINDS: Final[Mapping[str, ProviderKind]] = {
    "github": ProviderKind(
        issuer="https://token.actions.githubusercontent.com",
        # A name can be another's after an account is renamed; an id can't. The issuer is everybody's: a rule without
        # ids would let anybody's repository in.
        required=(("repository_id",), ("repository_owner_id",), ("ref", "environment"), ("job_workflow_ref",)),
        exact=frozenset({"repository_id", "repository_owner_id"}),
        # A pull request's run has a token as well, and a self-hosted runner may be anybody's machine.
        assumed={"event_name": "push", "runner_environment": "github-hosted"},
        repository="repository",
        commit="sha",
        ref="ref",
        workflow="job_workflow_ref",
        run="run_id",
    ),
    "gitlab": ProviderKind(
        issuer="https://gitlab.com",
        required=(("project_id",), ("namespace_id",), ("ref", "environment")),
        exact=frozenset({"project_id", "namespace_id"}),
        # Whoever may push a branch or a tag could name it like the protected one of the other kind.
        assumed={"ref_protected": "true", "ref_type": "branch"},
        repository="project_path",
        commit="sha",
        ref="ref",
        workflow="ci_config_ref_uri",
        run="pipeline_id",
    ),
    "kubernetes": ProviderKind(
        required=(("namespace",), ("serviceaccount", "serviceaccount_uid")),
        exact=frozenset({"namespace", "serviceaccount", "serviceaccount_uid"}),
        nested={
            "namespace": ("kubernetes.io", "namespace"),
            "serviceaccount": ("kubernetes.io", "serviceaccount", "name"),
            "serviceaccount_uid": ("kubernetes.io", "serviceaccount", "uid"),
            "pod": ("kubernetes.io", "pod", "name"),
            "pod_uid": ("kubernetes.io", "pod", "uid"),
            "node": ("kubernetes.io", "node", "name"),
        },
        run="pod",
    ),
    # OpenID Connect Core 1.0, section 2, has no `nbf`.
    "oidc": ProviderKind(states_nbf=False),
}


@dataclass(frozen=True, slots=True)
class Provider:
    """An issuer whose tokens are exchanged; `name` is how rules and the log call it.

    `audience` is what its tokens must be for. Its keys are at `jwks_uri`, or where that is empty at the address in
    ISSUER/.well-known/openid-configuration. `ca` has the authorities of its certificate where they are private,
    `token_file` a bearer token to send, which Kubernetes asks for.
    """

    name: str
    kind: ProviderKind
    issuer: str
    audience: str
    jwks_uri: str = ""
    ca: Path | None = None
    token_file: Path | None = None

    def named_claims(self, claims: ClaimValues) -> dict[str, object]:
        """The claims by the names that rules use: those at the top, and those that the kind names within objects."""
        names = {name: _within(claims, path) for name, path in self.kind.nested.items()}
        return {**claims, **{name: value for name, value in names.items() if value is not None}}


def _within(claims: ClaimValues, path: tuple[str, ...]) -> object:
    value: object = claims
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
