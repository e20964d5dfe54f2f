"""The network policies of an overlay: whom each names, and whether both ends of an edge allow it."""

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.manifests.rendering import Manifest, PodTemplate, matches, of_kind, pod_templates

Rule = Mapping[str, Any]


def unresolved_edges(manifests: list[Manifest]) -> Iterator[str]:
    """Policies that select no pod, peers that are no pod, and ports that a pod doesn't have."""
    pods = list(pod_templates(manifests))
    for policy in of_kind(manifests, "NetworkPolicy"):
        selected = [pod for pod in pods if matches(policy.spec["podSelector"], pod.labels)]
        if not selected:
            yield f"{policy}: it selects no pod"
        for rule in policy.spec.get("ingress", ()):
            yield from _peers(policy, rule.get("from", ()), pods)
            yield from _ports(policy, rule, selected)
        for rule in policy.spec.get("egress", ()):
            yield from _peers(policy, rule.get("to", ()), pods)
            for peer in rule.get("to", ()):
                yield from _ports(policy, rule, _targets(peer, pods))
        for component in _listed(policy.spec["podSelector"], *_pod_selectors(policy)):
            if not any(component in pod.labels.values() for pod in pods):
                yield f"{policy}: no pod has the label {component}"


def _listed(*selectors: Rule) -> list[str]:
    """The values that selectors list one by one."""
    return [value for one in selectors for each in one.get("matchExpressions", ()) for value in each["values"]]


def _pod_selectors(policy: Manifest) -> Iterator[Rule]:
    rules = [*policy.spec.get("ingress", ()), *policy.spec.get("egress", ())]
    for rule in rules:
        for peer in (*rule.get("from", ()), *rule.get("to", ())):
            if "namespaceSelector" not in peer:
                yield peer.get("podSelector", {})


def _targets(peer: Rule, pods: list[PodTemplate]) -> list[PodTemplate]:
    """The pods of this namespace that a peer names."""
    if "podSelector" not in peer or "namespaceSelector" in peer:
        return []
    return [pod for pod in pods if matches(peer["podSelector"], pod.labels)]


def _peers(policy: Manifest, peers: list[Rule], pods: list[PodTemplate]) -> Iterator[str]:
    for peer in peers:
        if "podSelector" in peer and "namespaceSelector" not in peer and not _targets(peer, pods):
            yield f"{policy}: a peer of it is no pod"


def _ports(policy: Manifest, rule: Rule, pods: list[PodTemplate]) -> Iterator[str]:
    for pod in pods:
        for port in rule.get("ports", ()):
            if port["port"] not in (*pod.ports, *pod.ports.values()):
                yield f"{policy}: {pod} has no port {port['port']}"


def allowed(manifests: list[Manifest], source: PodTemplate, target: PodTemplate, port: str) -> bool:
    """Whether policies let `source` connect to a named port of `target`: out of the one and into the other."""
    return lets_out(manifests, source, target, port) and lets_in(manifests, source, target, port)


def lets_out(manifests: list[Manifest], source: PodTemplate, target: PodTemplate, port: str) -> bool:
    """Whether the policies of `source` let it connect there."""
    return any(
        _names(rule, "to", target) and _has_port(rule, target, port) for rule in _rules(manifests, source, "egress")
    )


def lets_in(manifests: list[Manifest], source: PodTemplate, target: PodTemplate, port: str) -> bool:
    """Whether the policies of `target` let `source` connect there."""
    return any(
        _names(rule, "from", source) and _has_port(rule, target, port) for rule in _rules(manifests, target, "ingress")
    )


def _rules(manifests: list[Manifest], pod: PodTemplate, direction: str) -> Iterator[Rule]:
    for policy in of_kind(manifests, "NetworkPolicy"):
        if matches(policy.spec["podSelector"], pod.labels):
            yield from policy.spec.get(direction, ())


def _names(rule: Rule, ends: str, pod: PodTemplate) -> bool:
    return any(_targets(peer, [pod]) for peer in rule.get(ends, ()))


def _has_port(rule: Rule, target: PodTemplate, port: str) -> bool:
    return any(each["port"] in {port, target.ports.get(port)} for each in rule.get("ports", ()))


def half_edges(manifests: list[Manifest]) -> Iterator[str]:
    """Edges between pods of the overlay that one end allows and the other doesn't."""
    pods = list(pod_templates(manifests))
    for source in pods:
        for target in pods:
            for port in target.ports:
                out = lets_out(manifests, source, target, port)
                if out != lets_in(manifests, source, target, port):
                    yield f"{source} to {port} of {target} is allowed by {'the first' if out else 'the second'} alone"
