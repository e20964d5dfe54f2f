"""Whatever a manifest names is there: `make k8s-check`."""

from collections.abc import Callable

from scripts.manifests import manifest_references as references
from scripts.manifests import named_places, network_edges
from scripts.manifests.rendering import Manifest, of_kind, pod_templates

Provided = Callable[[str], dict[str, set[str]]]


def test_pods_have_what_they_name(manifests: list[Manifest], provided: Provided) -> None:
    maps = references.config_maps(manifests, provided("ConfigMap"))
    secrets = references.secrets(manifests, provided("Secret"))
    assert list(references.unresolved_in_pods(manifests, maps, secrets)) == []


def test_selectors_select_and_ports_are_there(manifests: list[Manifest]) -> None:
    assert list(references.unresolved_selectors(manifests)) == []


def test_certificates_have_issuers_and_users(manifests: list[Manifest]) -> None:
    assert list(references.unresolved_certificates(manifests)) == []


def test_monitors_find_ports(manifests: list[Manifest]) -> None:
    assert list(references.unresolved_monitors(manifests)) == []


def test_policies_name_pods_and_ports(manifests: list[Manifest]) -> None:
    assert list(network_edges.unresolved_edges(manifests)) == []


def test_both_ends_of_an_edge_allow_it(manifests: list[Manifest]) -> None:
    assert list(network_edges.half_edges(manifests)) == []


def test_files_that_are_named_are_mounted(manifests: list[Manifest], provided: Provided) -> None:
    maps = references.config_maps(manifests, provided("ConfigMap"))
    secrets = references.secrets(manifests, provided("Secret"))
    assert list(named_places.unmounted_files(manifests, maps, secrets)) == []


def test_addresses_are_reachable_under_a_name_of_a_certificate(manifests: list[Manifest]) -> None:
    names = named_places.certificate_names(manifests)
    assert list(named_places.unreachable_addresses(manifests, names)) == []


def test_what_is_to_be_provided_is_used(prod: list[Manifest], provided: Provided) -> None:
    used = {
        (kind, name)
        for pod in pod_templates(prod)
        for volume in pod.spec.get("volumes", ())
        for kind, name, _ in references.volume_sources(volume)
    }
    used |= {
        (kind, variable["valueFrom"][member]["name"])
        for pod in pod_templates(prod)
        for container in pod.containers
        for variable in container.get("env", ())
        for kind, member in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef"))
        if member in variable.get("valueFrom", {})
    }
    asked = {(kind, name) for kind in ("Secret", "ConfigMap") for name in provided(kind)}
    assert asked
    assert asked - used == set()


def test_no_secret_is_in_the_repository(manifests: list[Manifest]) -> None:
    assert of_kind(manifests, "Secret") == []


def test_nothing_denies_less_than_all_that_no_policy_names(manifests: list[Manifest]) -> None:
    [deny] = [each for each in of_kind(manifests, "NetworkPolicy") if each.name == "default-deny"]
    assert deny.spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_no_pod_has_a_token_that_it_did_not_ask_for(manifests: list[Manifest]) -> None:
    accounts = of_kind(manifests, "ServiceAccount")
    assert all(account.content["automountServiceAccountToken"] is False for account in accounts)
    assert all(pod.spec["automountServiceAccountToken"] is False for pod in pod_templates(manifests))
