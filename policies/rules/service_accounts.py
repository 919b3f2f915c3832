"""Which identity a pod has towards the Kubernetes API."""

from __future__ import annotations

from policies.checks import per_pod
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Pod
from policies.registry import Rule


def _no_token(pod: Pod) -> Outcomes:
    automount = pod.spec.at("automountServiceAccountToken")
    if automount.value is not False:
        yield Violation(automount.path, "must be false: the pod gets a token for the Kubernetes API otherwise")


def _own_account(pod: Pod) -> Outcomes:
    account = pod.spec.at("serviceAccountName")
    name = account.text() or pod.spec.at("serviceAccount").text()
    if name in {"", "default"}:
        yield Violation(account.path, "must name a ServiceAccount of its own, not default")


RULES = (
    Rule(
        id="POD-13",
        title="No token for the Kubernetes API",
        severity=Severity.MEDIUM,
        # Operators of vendored charts are clients of the API by purpose.
        level=Level.OWN_MANDATORY,
        why="Whoever breaks into a pod with a token asks the Kubernetes API for all that the pod's account may "
        "see and do.",
        sources=("NSA C-0034", "CIS 5.1.6", "CKV_K8S_38", "KSV-0036"),
        remediation="Set automountServiceAccountToken to false in the pod; name API clients in an exception.",
        of_object=per_pod(_no_token),
    ),
    Rule(
        id="POD-14",
        title="An own ServiceAccount",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        why="Pods under the account default share its rights: what is granted for one of them, every other pod "
        "of the namespace gets.",
        sources=("CIS 5.1.5", "kube-linter default-service-account", "CKV_K8S_41", "CKV_K8S_42"),
        remediation="Create a ServiceAccount for the workload and set serviceAccountName.",
        of_object=per_pod(_own_account),
    ),
)
