"""The network in AWS: what goes over it is recorded, and nodes reach AWS without the internet."""

from __future__ import annotations

from policies.checks import per_subject, per_type
from policies.demands import accompanied
from policies.fields import any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.policy_documents import Statement, statements
from policies.registry import Rule
from policies.rules.aws.security_groups import NETWORKS
from policies.stack import Stack
from policies.subjects import Subject

FLOW_LOGS = ("aws:ec2/flowLog:FlowLog",)
ENDPOINTS = ("aws:ec2/vpcEndpoint:VpcEndpoint",)

RECORDED = ("ALL", "REJECT")
"""FSBP EC2.6 asks for the refused packets at least."""

DATA_SERVICE = "s3"
RESOURCE_ACCOUNT = "aws:resourceaccount"

SERVICES = ("ecr.api", "ecr.dkr", "s3", "sts")
"""What a node needs to start and to fetch images."""


def _records(log: Subject) -> bool:
    return log.root.at("trafficType").value in RECORDED


def _reached_inside(stack: Stack, network: Subject) -> Outcomes:
    endpoints = stack.dependents(network, *ENDPOINTS)
    for service in SERVICES:
        if not any_known(endpoints, lambda endpoint: _serves(endpoint, service)):  # noqa: B023 # called at once
            yield Violation("", f"has no VpcEndpoint for {service}")


def _leads_home(endpoint: Subject) -> Outcomes:
    document = endpoint.root.at("policy")
    if not document.present and _serves(endpoint, DATA_SERVICE):
        yield Violation(document.path, "must be stated: the default of AWS is every bucket of every account")
    for statement in statements(document):
        if _is_way_out(statement):
            yield Violation(document.path, "must name accounts or resources in every statement that allows something")


def _is_way_out(statement: Statement) -> bool:
    open_to_all = statement.is_for_everybody and not statement.narrowed
    anything = statement.is_for_everything and not statement.demands(RESOURCE_ACCOUNT)
    return statement.allows and open_to_all and anything


def _serves(endpoint: Subject, service: str) -> bool:
    return endpoint.root.at("serviceName").text().endswith(f".{service}")


RULES = (
    Rule(
        id="AWS-41",
        title="Endpoints are no way out for data",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="A pod that was broken into copies data to a bucket of a foreign account through the endpoint, past "
        "everything that guards the way to the internet.",
        sources=("AWS whitepaper: Building a data perimeter on AWS", "own"),
        remediation="Demand aws:PrincipalAccount or aws:ResourceAccount in the endpoint's policy, or name resources.",
        of_object=per_type(_leads_home, *ENDPOINTS),
    ),
    Rule(
        id="AWS-09",
        title="Traffic of the network is recorded",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="After a break-in nobody can tell which machine talked to which address, and a scan of the network "
        "leaves no trace.",
        sources=("FSBP EC2.6", "CIS AWS 3.7", "CKV2_AWS_11"),
        remediation="Give the VPC a FlowLog of trafficType ALL or REJECT.",
        of_stack=accompanied(NETWORKS, FLOW_LOGS, _records, f"has no FlowLog of trafficType {' or '.join(RECORDED)}"),
    ),
    Rule(
        id="AWS-35",
        title="Nodes reach AWS without the internet",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="Images and tokens then come over the NAT gateway: it is paid by the gigabyte, and when it fails no "
        "new node starts.",
        sources=("FSBP EC2.10, EC2.55", "own"),
        remediation=f"Make VPC endpoints for {', '.join(SERVICES)} (interfaceEndpoints of the settings).",
        of_stack=per_subject(lambda stack: stack.of_type(*NETWORKS), _reached_inside),
    ),
)
