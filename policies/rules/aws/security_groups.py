"""Security groups: who may open connections into the network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policies.addresses import is_internet
from policies.checks import each, guarded
from policies.demands import accompanied
from policies.fields import Field
from policies.findings import Level, Outcome, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.stack import Stack
from policies.subjects import Subject

GROUPS = ("aws:ec2/securityGroup:SecurityGroup",)
INGRESS_RULES = ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",)
GROUP_RULES = ("aws:ec2/securityGroupRule:SecurityGroupRule",)
DEFAULT_GROUPS = ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",)
NETWORKS = ("aws:ec2/vpc:Vpc",)
LOAD_BALANCERS = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
MEMBERS = (
    "aws:ec2/instance:Instance",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:eks/cluster:Cluster",
    "aws:rds/cluster:Cluster",
    "aws:rds/instance:Instance",
)
"""What stands in security groups beside load balancers."""

EDGE_PORTS = (80, 443)
"""What a load balancer may offer to the internet (FSBP EC2.18). Port 80 redirects only, which AWS-07 sees to."""

SOURCES = ("cidrIpv4", "cidrIpv6")
LISTED_SOURCES = ("cidrBlocks", "ipv6CidrBlocks")


def _closed_to_the_internet(stack: Stack) -> Iterator[tuple[Subject, Outcome]]:
    groups = stack.of_type(*GROUPS)
    edge = {group.urn for group in groups if _is_at_the_edge(stack, group)}
    inside = {group.urn for group in groups} - edge
    for subject in stack.of_type(*INGRESS_RULES, *GROUP_RULES, *GROUPS):
        about = {subject.urn, *subject.dependencies}
        # A rule that takes outputs of two groups may belong to either.
        at_the_edge = bool(about & edge) and not about & inside
        for outcome in guarded(partial(_closed, at_the_edge=at_the_edge), subject):
            yield subject, outcome


def _is_at_the_edge(stack: Stack, group: Subject) -> bool:
    """Whether load balancers stand in the group, and no machine or database that would be as open as they are."""
    return bool(stack.dependents(group, *LOAD_BALANCERS)) and not stack.dependents(group, *MEMBERS)


def _closed(subject: Subject, *, at_the_edge: bool) -> Outcomes:
    return each(_admissions(subject), partial(_judged, at_the_edge=at_the_edge))


def _admissions(subject: Subject) -> list[Field]:
    """The places in a group or in a rule that say who may connect where."""
    if subject.type in GROUPS:
        return subject.root.at("ingress").items()
    outward = subject.type in GROUP_RULES and subject.root.at("type").value == "egress"
    return [] if outward else [subject.root]


def _judged(place: Field, *, at_the_edge: bool) -> Outcomes:
    return each(_sources(place), partial(_not_the_internet, place, at_the_edge=at_the_edge))


def _sources(place: Field) -> list[Field]:
    listed = [source for key in LISTED_SOURCES for source in place.at(key).items()]
    return [*(place.at(key) for key in SOURCES), *listed]


def _not_the_internet(place: Field, source: Field, *, at_the_edge: bool) -> Outcomes:
    if not is_internet(source) or (at_the_edge and _offers_the_edge(place)):
        return
    yield Violation(source.path, "must not be the internet, except for the web ports of a load balancer")


def _offers_the_edge(place: Field) -> bool:
    protocol = place.at("ipProtocol").text() or place.at("protocol").text()
    ports = place.at("fromPort").value, place.at("toPort").value
    return protocol == "tcp" and ports in {(port, port) for port in EDGE_PORTS}


def _admits_nobody(group: Subject) -> bool:
    return not group.root.at("ingress").items() and not group.root.at("egress").items()


RULES = (
    Rule(
        id="AWS-04",
        title="The internet reaches load balancers at most",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Everybody on the internet can scan and attack nodes, databases and internal services, past the "
        "load balancer and the gateway behind it.",
        sources=("FSBP EC2.18, EC2.19", "CIS AWS 5.2, 5.3", "CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "CKV_AWS_277"),
        remediation="Name the networks of the clients, or another security group.",
        of_stack=_closed_to_the_internet,
    ),
    Rule(
        id="AWS-24",
        title="The default security group lets nothing in or out",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="What is made without a group of its own lands in the default one, whose members reach each other "
        "on every port.",
        sources=("FSBP EC2.2", "CIS AWS 5.4", "CKV2_AWS_12"),
        remediation="Take it over by a DefaultSecurityGroup without ingress and egress.",
        of_stack=accompanied(
            NETWORKS, DEFAULT_GROUPS, _admits_nobody, "has no DefaultSecurityGroup without ingress and egress"
        ),
    ),
)
