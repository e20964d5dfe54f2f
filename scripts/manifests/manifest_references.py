"""Find what manifests name and don't have: ConfigMaps, Secrets, volumes, service accounts, ports, selectors, issuers.

Each function takes all objects of an overlay and yields a sentence for each name that leads nowhere.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from scripts.manifests.rendering import Manifest, PodTemplate, matches, of_kind, pod_templates

CLUSTERS_OWN: Final = {"ConfigMap": {"kube-root-ca.crt": {"ca.crt"}}}
"""What Kubernetes puts into each namespace, by kind, name and keys."""

TLS_KEYS: Final = {"tls.crt", "tls.key", "ca.crt"}
"""The keys of a Secret that cert-manager's CA issuers fill."""

Keys = Mapping[str, set[str]]
"""The keys of ConfigMaps or Secrets, by name."""


def config_maps(manifests: list[Manifest], provided: Keys) -> Keys:
    """The ConfigMaps of the overlay, those that whoever applies it provides, and the cluster's own."""
    own = {
        each.name: {*(each.content.get("data") or ()), *(each.content.get("binaryData") or ())}
        for each in of_kind(manifests, "ConfigMap")
    }
    return {**CLUSTERS_OWN["ConfigMap"], **provided, **own}


def secrets(manifests: list[Manifest], provided: Keys) -> Keys:
    """The Secrets that certificates are written to, and those that whoever applies the overlay provides."""
    return {**provided, **{each.spec["secretName"]: TLS_KEYS for each in of_kind(manifests, "Certificate")}}


def unresolved_in_pods(manifests: list[Manifest], maps: Keys, secret: Keys) -> Iterator[str]:
    """Names in the templates of pods: volumes and their sources, variables, service accounts, ports of probes."""
    accounts = {each.name for each in of_kind(manifests, "ServiceAccount")}
    claims = {each.name for each in of_kind(manifests, "PersistentVolumeClaim")}
    for pod in pod_templates(manifests):
        if pod.spec["serviceAccountName"] not in accounts:
            yield f"{pod}: there is no ServiceAccount {pod.spec['serviceAccountName']}"
        yield from _unresolved_volumes(pod, maps, secret, claims)
        for container in pod.containers:
            yield from _unresolved_in_container(pod, container, maps, secret)


def _unresolved_volumes(pod: PodTemplate, maps: Keys, secret: Keys, claims: set[str]) -> Iterator[str]:
    for volume in pod.spec.get("volumes", ()):
        claim = volume.get("persistentVolumeClaim")
        if claim and claim["claimName"] not in claims:
            yield f"{pod}: there is no PersistentVolumeClaim {claim['claimName']}"
        for kind, name, keys in volume_sources(volume):
            yield from _missing(pod, kind, name, keys, maps if kind == "ConfigMap" else secret)
    mounted = {mount["name"] for container in pod.containers for mount in container.get("volumeMounts", ())}
    here = {volume["name"] for volume in pod.spec.get("volumes", ())}
    here |= {each["metadata"]["name"] for each in pod.workload.spec.get("volumeClaimTemplates", ())}
    yield from (f"{pod}: the volume {name} that it mounts isn't among its volumes" for name in sorted(mounted - here))
    yield from (f"{pod}: no container mounts the volume {name}" for name in sorted(here - mounted))


def volume_sources(volume: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """The ConfigMaps and Secrets of a volume: kind, name and the keys that it names."""
    for source in (volume, *volume.get("projected", {}).get("sources", ())):
        for kind, member in (("ConfigMap", source.get("configMap")), ("Secret", source.get("secret"))):
            if member:
                yield kind, member.get("name") or member["secretName"], [one["key"] for one in member.get("items", ())]


def _unresolved_in_container(pod: PodTemplate, container: Mapping[str, Any], maps: Keys, secret: Keys) -> Iterator[str]:
    for variable in container.get("env", ()):
        source = variable.get("valueFrom", {})
        for kind, member in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            if named := source.get(member):
                yield from _missing(pod, kind, named["name"], [named["key"]], maps if kind == "ConfigMap" else secret)
    told = {variable["name"] for variable in container.get("env", ())}
    words = " ".join([*container.get("command", ()), *container.get("args", ())])
    for name in sorted({word.partition(")")[0] for word in words.split("$(")[1:]} - told):
        yield f"{pod}: its arguments name the variable {name}, which it isn't given"
    ports = {port["name"] for port in container.get("ports", ())}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = container.get(probe, {}).get("httpGet", {}).get("port")
        if asked and asked not in ports:
            yield f"{pod}: its {probe} asks port {asked}, which the container doesn't have"


def _missing(pod: PodTemplate, kind: str, name: str, keys: list[str], known: Keys) -> Iterator[str]:
    if name not in known:
        yield f"{pod}: there is no {kind} {name}"
        return
    for key in keys:
        if key not in known[name]:
            yield f"{pod}: {kind} {name} has no key {key}"


def unresolved_selectors(manifests: list[Manifest]) -> Iterator[str]:
    """Selectors that select no pod, ports of services that no pod has, and scalers of nothing."""
    pods = list(pod_templates(manifests))
    for service in of_kind(manifests, "Service"):
        selected = [pod for pod in pods if matches({"matchLabels": service.spec["selector"]}, pod.labels)]
        if not selected:
            yield f"{service}: it selects no pod"
        for pod in selected:
            for port in service.spec["ports"]:
                if port["targetPort"] not in pod.ports:
                    yield f"{service}: {pod} has no port {port['targetPort']}"
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        if not any(matches(budget.spec["selector"], pod.labels) for pod in pods):
            yield f"{budget}: it selects no pod"
    workloads = {str(each) for each in manifests}
    for scaler in of_kind(manifests, "HorizontalPodAutoscaler"):
        target = scaler.spec["scaleTargetRef"]
        if f"{target['kind']}/{target['name']}" not in workloads:
            yield f"{scaler}: there is no {target['kind']} {target['name']}"
    for pod in pods:
        yield from _selects_others(pod)
    yield from _without_service(manifests)


def _selects_others(pod: PodTemplate) -> Iterator[str]:
    """A workload's own selectors: which pods are its own, and from which of them they are kept apart."""
    affinity = pod.spec.get("affinity", {}).get("podAntiAffinity", {})
    terms = [
        *affinity.get("requiredDuringSchedulingIgnoredDuringExecution", ()),
        *(each["podAffinityTerm"] for each in affinity.get("preferredDuringSchedulingIgnoredDuringExecution", ())),
        *pod.spec.get("topologySpreadConstraints", ()),
    ]
    selectors = [term["labelSelector"] for term in terms]
    if pod.workload.kind in {"Deployment", "StatefulSet"}:
        selectors.append(pod.workload.spec["selector"])
    if not all(matches(selector, pod.labels) for selector in selectors):
        yield f"{pod}: a selector of its own doesn't select its pods"


def _without_service(manifests: list[Manifest]) -> Iterator[str]:
    headless = {each.name for each in of_kind(manifests, "Service") if each.spec.get("clusterIP") == "None"}
    for workload in of_kind(manifests, "StatefulSet"):
        if workload.spec["serviceName"] not in headless:
            yield f"{workload}: there is no headless Service {workload.spec['serviceName']}"


def unresolved_certificates(manifests: list[Manifest]) -> Iterator[str]:
    """Issuers that aren't there, CAs without a certificate, and secrets that two certificates would write."""
    certificates = of_kind(manifests, "Certificate")
    written = [each.spec["secretName"] for each in certificates]
    authorities = {each.spec["secretName"] for each in certificates if each.spec.get("isCA")}
    issuers = {each.name for each in of_kind(manifests, "Issuer")}
    for certificate in certificates:
        if certificate.spec["issuerRef"]["name"] not in issuers:
            yield f"{certificate}: there is no Issuer {certificate.spec['issuerRef']['name']}"
        if written.count(certificate.spec["secretName"]) > 1:
            yield f"{certificate}: another one writes the same Secret, too"
    for issuer in of_kind(manifests, "Issuer"):
        if "ca" in issuer.spec and issuer.spec["ca"]["secretName"] not in authorities:
            yield f"{issuer}: no certificate of a CA is written to {issuer.spec['ca']['secretName']}"
    used = {
        name
        for pod in pod_templates(manifests)
        for volume in pod.spec.get("volumes", ())
        for kind, name, _ in volume_sources(volume)
        if kind == "Secret"
    }
    used |= {issuer.spec["ca"]["secretName"] for issuer in of_kind(manifests, "Issuer") if "ca" in issuer.spec}
    yield from (f"Certificate/{name}: nobody uses its Secret" for name in sorted({*written} - used))


def unresolved_monitors(manifests: list[Manifest]) -> Iterator[str]:
    """ServiceMonitors and PodMonitors that select nothing, or a port that isn't there."""
    pods = list(pod_templates(manifests))
    for monitor in of_kind(manifests, "ServiceMonitor"):
        services = [one for one in of_kind(manifests, "Service") if matches(monitor.spec["selector"], one.labels)]
        ports = {port["name"] for service in services for port in service.spec["ports"]}
        yield from _unmonitored(monitor, monitor.spec["endpoints"], ports)
    for monitor in of_kind(manifests, "PodMonitor"):
        ports = {port for pod in pods if matches(monitor.spec["selector"], pod.labels) for port in pod.ports}
        yield from _unmonitored(monitor, monitor.spec["podMetricsEndpoints"], ports)


def _unmonitored(monitor: Manifest, endpoints: list[Mapping[str, str]], ports: set[str]) -> Iterator[str]:
    for endpoint in endpoints:
        if endpoint["port"] not in ports:
            yield f"{monitor}: what it selects has no port {endpoint['port']}"
