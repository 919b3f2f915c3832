"""Load balancers: encrypted, logged, and not deleted by mistake."""

from __future__ import annotations

import re

from policies.checks import per_type
from policies.demands import is_on, is_set, of_types, switched_on
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.rules.aws.security_groups import LOAD_BALANCERS
from policies.subjects import Subject

LISTENERS = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")

APPLICATION = "application"
ENDS_TLS = ("HTTPS", "TLS")

STRONG_POLICY = re.compile(
    r"ELBSecurityPolicy-TLS13-1-[23]-(?!Ext).*|ELBSecurityPolicy-FS-1-2-.*|ELBSecurityPolicy-TLS-1-2-2017-01"
)
"""Security policies of Elastic Load Balancing that start at TLS 1.2. Those with `Ext` add ciphers without forward
secrecy (Elastic Load Balancing documentation, "Security policies for your Application Load Balancer")."""


def _encrypted(listener: Subject) -> Outcomes:
    # The provider takes either case.
    protocol = listener.root.at("protocol").text().upper()
    if protocol == "HTTP" and not _only_redirects(listener.root.at("defaultActions").items()):
        yield Violation("defaultActions", "must redirect to HTTPS and do nothing else")
    policy = listener.root.at("sslPolicy")
    if protocol in ENDS_TLS and not STRONG_POLICY.fullmatch(policy.text()):
        yield Violation(policy.path, "must be a security policy of TLS 1.2 or later with forward secrecy alone")


def _only_redirects(actions: list[Field]) -> bool:
    return bool(actions) and not any_known(actions, lambda action: not _redirects(action))


def _redirects(action: Field) -> bool:
    return action.at("redirect", "protocol").text() == "HTTPS"


def _logged(balancer: Subject) -> Outcomes:
    if not _is_application(balancer):
        return
    log = balancer.root.at("accessLogs")
    if not is_on(log.at("enabled").value) or not is_set(log.at("bucket").value):
        yield Violation(log.path, "must be enabled and name a bucket")


def _strict(balancer: Subject) -> Outcomes:
    switch = balancer.root.at("dropInvalidHeaderFields")
    if _is_application(balancer) and not is_on(switch.value):
        yield Violation(switch.path, "must be true")


def _is_application(balancer: Subject) -> bool:
    return (balancer.root.at("loadBalancerType").text() or APPLICATION) == APPLICATION


RULES = (
    Rule(
        id="AWS-07",
        title="Load balancers speak TLS 1.2 or later",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Keys and prompts travel to the load balancer in the clear, or under ciphers that somebody who "
        "recorded them can break later.",
        sources=("FSBP ELB.1, ELB.17", "CKV_AWS_2", "CKV_AWS_103", "CKV2_AWS_20"),
        remediation="Redirect HTTP to HTTPS and set sslPolicy to an ELBSecurityPolicy-TLS13-1-2 one. A TCP listener "
        "hands the connection on unopened.",
        of_object=per_type(_encrypted, *LISTENERS),
    ),
    Rule(
        id="AWS-31",
        title="Load balancers refuse their deletion",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="One wrong click deletes the platform's only entrance and the address that every client uses.",
        sources=("FSBP ELB.6", "CKV_AWS_150"),
        remediation="Set enableDeletionProtection: true.",
        of_object=of_types(LOAD_BALANCERS, switched_on("enableDeletionProtection")),
    ),
    Rule(
        id="AWS-32",
        title="Requests through application load balancers are logged",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="After an attack or a complaint nobody can tell which address sent which request.",
        sources=("FSBP ELB.5", "CKV_AWS_91"),
        remediation="Set accessLogs with enabled: true and a bucket. Network load balancers see no requests to log.",
        of_object=per_type(_logged, *LOAD_BALANCERS),
    ),
    Rule(
        id="AWS-33",
        title="Application load balancers drop malformed headers",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="A header that the load balancer and the gateway read differently lets an attacker slip a request "
        "of their own into another client's connection.",
        sources=("FSBP ELB.4", "CKV_AWS_131"),
        remediation="Set dropInvalidHeaderFields: true: what two servers read differently smuggles requests.",
        of_object=per_type(_strict, *LOAD_BALANCERS),
    ),
)
