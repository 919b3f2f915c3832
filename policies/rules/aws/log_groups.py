"""Logs in CloudWatch: kept for as long as an incident takes to be noticed, encrypted with the platform's key."""

from __future__ import annotations

from policies.demands import Demand, at_least, of_types, stated
from policies.findings import Level, Severity
from policies.registry import Rule

LOG_GROUPS = ("aws:cloudwatch/logGroup:LogGroup",)

LEAST_DAYS = 90
"""What PCI DSS asks to have at hand (10.5.1). Nothing said means for ever, at a cost that nobody decided on."""

RULES = (
    Rule(
        id="AWS-08",
        title="Logs are encrypted with a key of the platform",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="Audit and flow logs show how the platform works and who uses it, and without a key of its own "
        "nobody can lock them in an incident.",
        sources=("CKV_AWS_158",),
        remediation="Set kmsKeyId to the key of the cluster.",
        of_object=of_types(LOG_GROUPS, stated("kmsKeyId", expected="a key of the platform")),
    ),
    Rule(
        id="AWS-34",
        title="Logs are kept for a stated time",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="A break-in is often found after months, when logs that were kept too short are gone; logs that are "
        "kept for ever cost what nobody decided on.",
        sources=("FSBP CloudWatch.16", "CKV_AWS_66", "PCI DSS 10.5.1"),
        remediation=f"Set retentionInDays to {LEAST_DAYS} or more.",
        of_object=of_types(
            LOG_GROUPS, Demand(("retentionInDays",), at_least(LEAST_DAYS), f"at least {LEAST_DAYS} (days)")
        ),
    ),
)
