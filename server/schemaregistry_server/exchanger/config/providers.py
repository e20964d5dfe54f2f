"""Issuers of the tokens that can be exchanged, and what is known of each kind: GitHub, GitLab, Kubernetes, any OIDC.

The claims of each kind: https://docs.github.com/actions/reference/openid-connect-reference,
https://docs.gitlab.com/ci/secrets/id_token_authentication/ and
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from schemaregistry_server.security.signed_json import ClaimValues


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """What is known of the tokens of one kind of issuer.

    `claims`: those that a rule may state; without any, the tokens may have all sorts. `numbers`: those of them that are
    no text. `required`: a rule must state at least one claim of each group, since without it others could pass.
    `exact`: claims that take no glob, beside ids. `before_glob`: what must stand before the `*` of a claim's glob, and
    how that is called. `assumed`: conditions of every rule that doesn't state its own for that claim. `nested`: names
    for claims within objects. The last five name the claims that describe the run in tokens and in the log.
    """

    issuer: str = ""
    claims: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    required: tuple[tuple[str, ...], ...] = ()
    exact: frozenset[str] = frozenset()
    before_glob: Mapping[str, tuple[re.Pattern[str], str]] = field(default_factory=dict)
    assumed: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    states_nbf: bool = True
    repository: str = ""
    commit: str = ""
    ref: str = ""
    workflow: str = ""
    run: str = ""

    def takes_glob(self, claim: str) -> bool:
        """Whether a condition for a claim may be a glob: neither for an id nor for one of a few known values."""
        return claim not in self.exact and not (self.claims and claim.endswith("_id"))


KINDS: Final[Mapping[str, ProviderKind]] = {
    "github": ProviderKind(
        issuer="https://token.actions.githubusercontent.com",
        claims=_names(
            "actor actor_id base_ref check_run_id enterprise enterprise_id environment environment_node_id event_name "
            "head_ref job_workflow_ref job_workflow_sha ref ref_protected ref_type repository repository_id "
            "repository_owner repository_owner_id repository_visibility run_attempt run_id run_number "
            "runner_environment sha sub workflow workflow_ref workflow_sha"
        ),
        # A name can be another's after an account is renamed; an id can't. The issuer is everybody's: a rule without
        # ids would let anybody's repository in.
        required=(("repository_id",), ("repository_owner_id",), ("ref", "environment"), ("job_workflow_ref",)),
        exact=_names("event_name ref_protected ref_type repository_visibility runner_environment"),
        before_glob={"job_workflow_ref": (re.compile("[^/@]+/[^/@]+/[^@]+"), "OWNER/REPOSITORY/PATH")},
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
        claims=_names(
            "ci_config_ref_uri ci_config_sha deployment_action deployment_tier environment environment_action "
            "environment_protected job_id job_namespace_id job_namespace_path job_project_id job_project_path "
            "job_source namespace_id namespace_path pipeline_id pipeline_source project_id project_path "
            "project_visibility ref ref_path ref_protected ref_type runner_environment runner_id sha sub "
            "user_access_level user_email user_id user_login"
        ),
        numbers=frozenset({"runner_id"}),
        exact=_names(
            "deployment_tier environment_protected job_source pipeline_source project_visibility ref_protected "
            "ref_type runner_environment user_access_level"
        ),
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
        claims=_names("namespace node pod pod_uid serviceaccount serviceaccount_uid sub"),
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

    `audience` is what its tokens must be for, `more_claims` are claims that rules may state beside those of the kind.
    Its keys are at `jwks_uri`, or where that is empty at the address in ISSUER/.well-known/openid-configuration. `ca`
    has the authorities of its certificate where they are private, `token_file` a bearer token to send, which Kubernetes
    asks for.
    """

    name: str
    kind: ProviderKind
    issuer: str
    audience: str
    more_claims: frozenset[str] = frozenset()
    jwks_uri: str = ""
    ca: Path | None = None
    token_file: Path | None = None

    @property
    def claims(self) -> frozenset[str]:
        """The claims that a rule may state; empty where these are any."""
        return self.kind.claims | self.more_claims if self.kind.claims else frozenset()

    def named_claims(self, claims: ClaimValues) -> dict[str, object]:
        """The claims by the names that rules use: those at the top, and those that the kind names within objects."""
        names = {name: _within(claims, path) for name, path in self.kind.nested.items()}
        return {**claims, **{name: value for name, value in names.items() if value is not None}}


def _within(claims: ClaimValues, path: tuple[str, ...]) -> object:
    value: object = claims
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
