"""Where objects are made: in this stack's own cluster and account, and visible to policies."""

from __future__ import annotations

from policies.checks import together
from policies.demands import Demand, of_types, stated
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.subjects import CHART_PREFIX, KUBERNETES, Subject

AWS = "aws"
AWS_PROVIDERS = ("pulumi:providers:aws",)
KUBERNETES_PROVIDERS = ("pulumi:providers:kubernetes",)

HELM_V3 = "kubernetes:helm.sh/v3"


def _visible(subject: Subject) -> Outcomes:
    if subject.type.startswith(HELM_V3):
        yield Violation("", "must be a helm.sh/v4 Chart, whose objects are resources of their own")


def _explicit(subject: Subject) -> Outcomes:
    if subject.provider not in (AWS, KUBERNETES) or subject.type.startswith(CHART_PREFIX):
        return
    stack = subject.urn.partition("::")[0]
    where, _, name = subject.provider_urn.rpartition("::")
    # The engine calls the provider that it makes by itself `default`, and one with a version `default_7_51_1`.
    if not where.startswith(f"{stack}::") or name == "default" or name.startswith("default_"):
        yield Violation("", "must have an explicit provider of this stack")


def _names(accounts: object) -> bool:
    """Whether an account is named; providers take their inputs as JSON strings."""
    return bool(accounts) and accounts != "[]"


RULES = (
    Rule(
        id="STK-01",
        title="Helm charts show their objects",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Privileged pods, open Services and wide roles inside a Release are deployed without any rule "
        "having looked at them.",
        sources=("own",),
        remediation="Take PinnedChart (components/charts.py): no policy sees the objects of a helm.sh/v3 Release.",
        of_object=_visible,
    ),
    Rule(
        id="STK-02",
        title="Every object has a provider of this stack",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="The default provider takes whatever the shell points at: a run on a laptop changes the wrong "
        "cluster or the wrong account.",
        sources=("own", "docs/decisions/0004-explicit-providers.md"),
        remediation="Hand the cluster's provider on by child_options: the default one deploys to whatever cluster and "
        "account the shell points at.",
        of_object=_explicit,
    ),
    Rule(
        id="STK-07",
        title="Every provider names its cluster or account",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A provider that does not say where it works takes that from the shell: with the wrong profile it "
        "builds, or deletes, in another cluster or account.",
        sources=("own", "docs/decisions/0004-explicit-providers.md"),
        remediation="Set kubeconfig (Kubernetes), allowedAccountIds and region (AWS) of the provider.",
        of_object=together(
            of_types(KUBERNETES_PROVIDERS, stated("kubeconfig", expected="stated")),
            of_types(
                AWS_PROVIDERS,
                stated("region", expected="stated"),
                Demand(("allowedAccountIds",), _names, "the account"),
            ),
        ),
    ),
)
