"""Pure builders: from admission policies as data to ValidatingAdmissionPolicies and their bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base.admission import AdmissionPolicy, Check, Resources
from components.base.admission.pod_security_levels import LEVEL_LABEL
from components.base.labels import PART_OF

if TYPE_CHECKING:
    from pulumi_kubernetes.admissionregistration.v1 import (
        NamedRuleWithOperationsArgsDict,
        ValidatingAdmissionPolicyBindingSpecArgsDict,
        ValidatingAdmissionPolicySpecArgsDict,
        ValidationArgsDict,
    )
    from pulumi_kubernetes.meta.v1 import LabelSelectorArgsDict

PREFIX = "ai-platform"


def object_name(policy: AdmissionPolicy) -> str:
    """Name of the policy in the cluster, and of its binding."""
    return f"{PREFIX}-{policy.name}"


def policy_spec(policy: AdmissionPolicy) -> ValidatingAdmissionPolicySpecArgsDict:
    """Spec of the ValidatingAdmissionPolicy. What cannot be evaluated is refused."""
    spec: ValidatingAdmissionPolicySpecArgsDict = {
        "failure_policy": "Fail",
        "match_constraints": {
            "match_policy": "Equivalent",
            "resource_rules": [_resource_rule(resources) for resources in policy.resources],
        },
        "match_conditions": [
            {"name": name, "expression": expression} for name, expression in policy.conditions.items()
        ],
        "validations": [_validation(check) for check in policy.checks],
    }
    if policy.variables:
        spec["variables"] = [{"name": name, "expression": expression} for name, expression in policy.variables.items()]
    return spec


def binding_spec(policy: AdmissionPolicy) -> ValidatingAdmissionPolicyBindingSpecArgsDict:
    """Spec of the binding: refuse, and note the refusal in the audit log."""
    spec: ValidatingAdmissionPolicyBindingSpecArgsDict = {
        "policy_name": object_name(policy),
        "validation_actions": ["Deny", "Audit"],
    }
    if not policy.everywhere:
        spec["match_resources"] = {"namespace_selector": own_namespaces()}
    return spec


def own_namespaces() -> LabelSelectorArgsDict:
    """The platform's namespaces but those that an exception makes privileged. Cluster-scoped objects always match."""
    return {
        "match_labels": {PART_OF: PREFIX},
        "match_expressions": [{"key": LEVEL_LABEL, "operator": "NotIn", "values": ["privileged"]}],
    }


def _resource_rule(resources: Resources) -> NamedRuleWithOperationsArgsDict:
    return {
        "api_groups": [resources.group],
        "api_versions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": list(resources.names),
        "scope": "*",
    }


def _validation(check: Check) -> ValidationArgsDict:
    return {"expression": check.expression, "message": check.message}
