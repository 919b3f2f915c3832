"""Model servers reach nothing outside the cluster but the object store with their weights."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

from components.base.network_policy import Policy, PolicyRule
from components.base.reachability import PRIVATE_RANGES
from policies.checks import each, per_subject
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Undecided, Violation
from policies.pods import Container, Pod
from policies.registry import Rule
from policies.selecting_policies import policies_of
from policies.stack import Stack
from policies.subjects import Subject

INSIDE = tuple(ip_network(text) for text in (*PRIVATE_RANGES, "169.254.0.0/16", "fe80::/10"))
"""Pods, nodes, and the link-local addresses of a node's own services."""

HTTPS = 443
REGION, ENDPOINT = "AWS_REGION", "AWS_ENDPOINT_URL"
"""A container that has the first without the second uses its region's own object store. Its addresses are public, and
no policy of Kubernetes tells them from others; the VPC endpoint's policy names the buckets."""


def _stays_inside(stack: Stack, subject: Subject) -> Outcomes:
    yield from each(subject.pods, lambda pod: _pod_stays_inside(stack, subject, pod) if pod.serves_model else ())


def _pod_stays_inside(stack: Stack, subject: Subject, pod: Pod) -> Outcomes:
    path = pod.field.at("metadata", "labels").path
    found = policies_of(stack, subject.namespace, pod.labels)
    isolating = [policy for policy in found.known if policy.egress is not None]
    if any(_leaves(policy, pod) for policy in isolating):
        yield Violation(path, "a network policy lets this model's servers open connections to the internet")
    elif found.unknown:
        yield Undecided(found.unknown[0])
    elif not isolating:
        yield Violation(path, "no network policy bounds whom this model's servers may connect to")


def _leaves(policy: Policy, pod: Pod) -> bool:
    return any(_is_public(rule) and not _is_cloud_store(rule, pod) for rule in policy.egress or ())


def _is_public(rule: PolicyRule) -> bool:
    return not rule.peers or any(peer.block is not None and not _is_inside(peer.block) for peer in rule.peers)


def _is_inside(block: IPv4Network | IPv6Network) -> bool:
    return any(_within(block, inside) for inside in INSIDE)


def _within(block: IPv4Network | IPv6Network, inside: IPv4Network | IPv6Network) -> bool:
    return block.network_address in inside and block.broadcast_address in inside


def _is_cloud_store(rule: PolicyRule, pod: Pod) -> bool:
    ports = {(port.protocol, port.first, port.last) for port in rule.ports}
    return bool(rule.peers) and ports == {("TCP", HTTPS, None)} and any_known(pod.containers, _uses_region_store)


def _uses_region_store(container: Container) -> bool:
    names = container.field.at("env").items()
    return any_known(names, lambda item: _is(item, REGION)) and not any_known(names, lambda item: _is(item, ENDPOINT))


def _is(item: Field, name: str) -> bool:
    return item.at("name").text() == name


RULES = (
    Rule(
        id="AI-41",
        title="Model servers cannot reach the internet",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A server that was taken over, or talked into fetching an address, sends prompts and weights "
        "anywhere on the internet.",
        sources=("vLLM security guide: network isolation", "NSA C-0030", "OWASP LLM02:2025", "own"),
        remediation="Wire a server to the object store alone. Jobs that copy weights may reach the hub, servers never; "
        "only the object store of a cloud's region, whose addresses are public, is reached by HTTPS.",
        of_stack=per_subject(lambda stack: stack.model_workloads, _stays_inside),
    ),
)
