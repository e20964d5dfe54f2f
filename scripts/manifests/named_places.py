"""The files and addresses that pods are told: each file has to be mounted, each address to be a Service's."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scripts.manifests.manifest_references import Keys, volume_sources
from scripts.manifests.network_edges import allowed
from scripts.manifests.rendering import Manifest, PodTemplate, matches, of_kind, pod_templates

FILE: Final = re.compile(r"(?:^|=|,)(/(?:etc|var)/[\w./-]+)")
ADDRESS: Final = re.compile(r"([a-z][\w.-]*):(\d+)")
CLUSTER_NAME: Final = re.compile(r"^(?:(?P<pod>[\w-]+)\.)?(?P<service>[\w-]+)$")
"""A Service's name in its own namespace, or that of a StatefulSet's pod before it."""

DNS_NAMES: Final = "schemaregistry.example/dns-names"
"""The annotation by which a pod's certificate asks its signer for DNS names."""


@dataclass(frozen=True, slots=True)
class Told:
    """A text that a pod is told: an argument, or a value of a settings file."""

    pod: PodTemplate
    container: Mapping[str, Any]
    text: str


def told(manifests: list[Manifest]) -> Iterator[Told]:
    """All that containers are told in their arguments and in the TOML files that are mounted into them."""
    texts = {each.name: each.content.get("data") or {} for each in of_kind(manifests, "ConfigMap")}
    for pod in pod_templates(manifests):
        for container in pod.containers:
            for argument in container.get("args", ()):
                if "$(POD_NAME)" not in argument:  # the pod's own address, to which it doesn't connect
                    yield Told(pod, container, argument)
        for volume in pod.spec.get("volumes", ()):
            for kind, name, _ in volume_sources(volume):
                for file, text in texts.get(name, {}).items() if kind == "ConfigMap" else ():
                    if file.endswith(".toml"):
                        yield from (Told(pod, pod.containers[0], one) for one in _strings(tomllib.loads(text)))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def unmounted_files(manifests: list[Manifest], maps: Keys, secret: Keys) -> Iterator[str]:
    """Files under /etc and /var that are named and that no volume puts there."""
    for one in told(manifests):
        for path in FILE.findall(one.text):
            if not _is_mounted(one, path, maps, secret):
                yield f"{one.pod}: no volume has the file {path}"


def _is_mounted(one: Told, path: str, maps: Keys, secret: Keys) -> bool:
    volumes = {volume["name"]: volume for volume in one.pod.spec.get("volumes", ())}
    for mount in one.container.get("volumeMounts", ()):
        place = mount["mountPath"]
        if path != place and not path.startswith(f"{place}/"):
            continue
        volume = volumes.get(mount["name"], {})
        if not {"configMap", "secret", "projected"} & set(volume):  # a disk
            return True
        return path.removeprefix(f"{place}/") in _files(volume, maps, secret)
    return False


def _files(volume: Mapping[str, Any], maps: Keys, secret: Keys) -> set[str]:
    """The names of the files in a volume of ConfigMaps, Secrets, tokens and certificates."""
    found: set[str] = set()
    for source in (volume, *volume.get("projected", {}).get("sources", ())):
        for kind, member in source.items():
            if kind in {"configMap", "secret"}:
                known = (maps if kind == "configMap" else secret).get(member.get("name") or member["secretName"], set())
                found |= {item["path"] for item in member["items"]} if "items" in member else known
            elif isinstance(member, dict):
                found |= {path for key, path in member.items() if key in PATHS}
    return found


PATHS: Final = ("path", "keyPath", "certificateChainPath", "credentialBundlePath")
"""What names a file in a source of a projected volume."""


def unreachable_addresses(manifests: list[Manifest], secret_names: Mapping[str, set[str]]) -> Iterator[str]:
    """Addresses HOST:PORT of this namespace without a Service, a port, a policy, or a certificate for that name.

    `secret_names` has the DNS names in each Secret's certificate.
    """
    for one in told(manifests):
        for host, port in ADDRESS.findall(one.text):
            if found := CLUSTER_NAME.match(host):
                yield from _unreachable(manifests, one, found, int(port), secret_names)


def _unreachable(
    manifests: list[Manifest], one: Told, name: re.Match[str], number: int, secret_names: Mapping[str, set[str]]
) -> Iterator[str]:
    host = name[0]
    services = [each for each in of_kind(manifests, "Service") if each.name == name["service"]]
    if not services or (name["pod"] and name["pod"] not in _members(manifests, name["service"])):
        yield f"{one.pod}: {host} is no Service, nor a pod of one"
        return
    ports = [each["targetPort"] for each in services[0].spec["ports"] if each["port"] == number]
    if not ports:
        yield f"{one.pod}: Service {name['service']} has no port {number}"
        return
    for target in pod_templates(manifests):
        if matches({"matchLabels": services[0].spec["selector"]}, target.labels):
            if not allowed(manifests, one.pod, target, ports[0]):
                yield f"{one.pod}: no policy lets it connect to {ports[0]} of {target}"
            shown = [names for volume in target.spec.get("volumes", ()) for names in _dns_names(volume, secret_names)]
            if shown and not any(host in names for names in shown):
                yield f"{one.pod}: no certificate of {target} is for the name {host}"


def _dns_names(volume: Mapping[str, Any], secret_names: Mapping[str, set[str]]) -> Iterator[set[str]]:
    """The DNS names of each certificate in a volume, whoever signs it."""
    for kind, secret, _ in volume_sources(volume):
        if kind == "Secret" and secret in secret_names:
            yield secret_names[secret]
    for source in volume.get("projected", {}).get("sources", ()):
        if asked := source.get("podCertificate", {}).get("userAnnotations", {}).get(DNS_NAMES):
            yield set(asked.split(","))


def _members(manifests: list[Manifest], service: str) -> set[str]:
    """The names of the pods of the StatefulSets behind a Service."""
    sets = [each for each in of_kind(manifests, "StatefulSet") if each.spec["serviceName"] == service]
    return {f"{each.name}-{ordinal}" for each in sets for ordinal in range(each.spec["replicas"])}


def certificate_names(manifests: list[Manifest]) -> Mapping[str, set[str]]:
    """The DNS names of the certificate in each Secret, for those that have any."""
    return {
        each.spec["secretName"]: set(each.spec["dnsNames"])
        for each in of_kind(manifests, "Certificate")
        if each.spec.get("dnsNames")
    }
