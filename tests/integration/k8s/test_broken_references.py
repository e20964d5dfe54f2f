"""A name in `prod` that is changed in one place is found, and told with the object that has it."""

from collections.abc import Callable, Iterator

import pytest
import yaml

from scripts.manifests import manifest_references as references
from scripts.manifests import named_places, network_edges
from scripts.manifests.rendering import Manifest, parsed
from tests.integration.k8s.conftest import overlay

Provided = Callable[[str], dict[str, set[str]]]


def unresolved(manifests: list[Manifest], provided: Provided) -> Iterator[str]:
    maps = references.config_maps(manifests, provided("ConfigMap"))
    secrets = references.secrets(manifests, provided("Secret"))
    yield from references.unresolved_in_pods(manifests, maps, secrets)
    yield from references.unresolved_selectors(manifests)
    yield from references.unresolved_certificates(manifests)
    yield from references.unresolved_monitors(manifests)
    yield from network_edges.unresolved_edges(manifests)
    yield from network_edges.half_edges(manifests)
    yield from named_places.unmounted_files(manifests, maps, secrets)
    yield from named_places.unreachable_addresses(manifests, named_places.certificate_names(manifests))


@pytest.fixture(scope="module")
def text() -> str:
    return yaml.safe_dump_all((dict(each.content) for each in overlay("prod")), width=10_000)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("serviceAccountName: registry\n", "serviceAccountName: lost\n", "Deployment/registry: there is no ServiceAcc"),
        ("secretName: exchanger-signing-key", "secretName: lost", "Deployment/exchanger: there is no Secret lost"),
        ("key: registry.pub", "key: lost", "ConfigMap exchanger-public-keys has no key lost"),
        ("key: AWS_REGION", "key: LOST", "has no key LOST"),
        ("$(SNAPSHOT_KEEP)", "$(LOST)", "CronJob/snapshot: its arguments name the variable LOST"),
        ("name: signing-key\n        secret", "name: lost\n        secret", "no container mounts the volume lost"),
        ("port: https\n            scheme", "port: lost\n            scheme", "its livenessProbe asks port lost"),
        ("targetPort: client", "targetPort: lost", "Service/etcd: StatefulSet/etcd has no port lost"),
        ("serviceName: etcd", "serviceName: lost", "StatefulSet/etcd: there is no headless Service lost"),
        ("kind: Deployment\n    name: registry", "kind: Deployment\n    name: lost", "there is no Deployment lost"),
        ("    name: clients-ca\n", "    name: lost\n", "there is no Issuer lost"),
        ("port: peer\n", "port: lost\n", "NetworkPolicy/etcd: StatefulSet/etcd has no port lost"),
        ("      - etcd-defrag\n", "      - lost\n", "NetworkPolicy/to-etcd: no pod has the label lost"),
        ("path: /stats/prometheus\n    port: metrics", "port: lost", "PodMonitor/gateway: what it selects has no port"),
        ("etcd-2.etcd:2379", "etcd-3.etcd:2379", "etcd-3.etcd is no Service, nor a pod of one"),
        ("etcd-2.etcd:2379", "etcd-2.etcd:2378", "Service etcd has no port 2378"),
        ("  - etcd-0.etcd\n", "", "no certificate of StatefulSet/etcd is for the name etcd-0.etcd"),
        ("/etc/schemaregistry/tls/tls.crt", "/etc/schemaregistry/tls/lost", "no volume has the file /etc/schemar"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(text: str, provided: Provided, old: str, new: str, said: str) -> None:
    assert old in text
    found = list(unresolved(parsed(text.replace(old, new)), provided))
    assert any(said in line for line in found), found
