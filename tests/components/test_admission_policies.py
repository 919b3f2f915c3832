from __future__ import annotations

import re
from typing import Any

import pytest

from components.admission_policies import AdmissionPolicies, AdmissionPoliciesArgs, builders
from components.base.admission import (
    AdmissionFacts,
    AdmissionPolicy,
    Check,
    Resources,
    admission_policies,
    model_server_lists,
)
from components.base.admission.policy import cel_text, text_list
from components.base.image_registries import PINNED_REGISTRIES
from components.base.namespaces import NAMESPACES
from policies.rules.models import caches, command_line, limits, remote_code, server_flags, weights
from tests.components.surroundings import Built, build

FACTS = AdmissionFacts(
    registries=frozenset({"registry.example.org/team"}),
    privileged_namespaces=frozenset({"gpu-operator"}),
    remote_code=frozenset({"read-by-us"}),
    excepted_roles=frozenset({"volume-maker"}),
)
POLICIES = {policy.name: policy for policy in admission_policies(FACTS)}
PREFIX = "ai-platform-"


@pytest.fixture(scope="module")
def built() -> Built:
    return build(
        lambda s: AdmissionPolicies(
            "admission",
            AdmissionPoliciesArgs(
                environment="test",
                namespaces=NAMESPACES,
                registries=PINNED_REGISTRIES,
                excepted_roles=frozenset(),
                remote_code=frozenset(),
            ),
            s.opts,
        )
    )


def by_name(built: Built, kind: str) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item for item in built.objects(kind)}


def expressions(name: str, rule: str) -> str:
    return " ".join(check.expression for check in POLICIES[name].checks if check.rule == rule)


def test_every_policy_is_bound_and_refuses_what_it_cannot_judge(built: Built) -> None:
    policies = by_name(built, "ValidatingAdmissionPolicy")
    bindings = by_name(built, "ValidatingAdmissionPolicyBinding")
    assert policies.keys() == bindings.keys() == {f"{PREFIX}{name}" for name in POLICIES}
    for name, binding in bindings.items():
        assert binding["spec"]["policyName"] == name
        assert binding["spec"]["validationActions"] == ["Deny", "Audit"]
        assert policies[name]["spec"]["failurePolicy"] == "Fail"


def test_only_the_policy_of_namespaces_holds_beyond_the_platforms_own(built: Built) -> None:
    selectors = {
        name: binding["spec"].get("matchResources", {}).get("namespaceSelector")
        for name, binding in by_name(built, "ValidatingAdmissionPolicyBinding").items()
    }
    assert selectors.pop(f"{PREFIX}namespaces") is None
    for selector in selectors.values():
        assert selector["matchLabels"] == {"app.kubernetes.io/part-of": "ai-platform"}
        [without] = selector["matchExpressions"]
        assert without == {
            "key": "pod-security.kubernetes.io/enforce",
            "operator": "NotIn",
            "values": ["privileged"],
        }


def test_every_object_says_what_it_is_for(built: Built) -> None:
    for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"):
        for item in built.objects(kind):
            assert item["metadata"]["annotations"] == {"ai-platform/capabilities": "admission-policy"}


def test_only_the_namespaces_that_are_privileged_by_name_may_be(built: Built) -> None:
    [rule] = by_name(built, "ValidatingAdmissionPolicy")[f"{PREFIX}namespaces"]["spec"]["validations"]
    assert "[r'gpu-operator', r'node-agents']" in rule["expression"]


def test_a_message_begins_with_the_rule_and_is_always_the_same(built: Built) -> None:
    for item in built.objects("ValidatingAdmissionPolicy"):
        for validation in item["spec"]["validations"]:
            assert re.match(r"[A-Z]+-\d\d: [^:]", validation["message"])
            assert "messageExpression" not in validation


def test_what_the_stack_declares_is_in_the_expressions() -> None:
    assert "r'registry.example.org/team/'" in expressions("pods", "SUP-02")
    assert "r'registry.example.org/team/'" in expressions("operator-images", "SUP-02")
    assert "r'read-by-us'" in expressions("model-servers", "AI-09")
    assert "r'volume-maker'" in expressions("own-roles", "RBAC-04")
    assert "r'volume-maker'" not in expressions("own-roles", "RBAC-03")


def test_a_reference_without_a_host_is_docker_hubs() -> None:
    facts = AdmissionFacts(
        registries=frozenset({"docker.io"}), privileged_namespaces=frozenset(), remote_code=frozenset()
    )
    [pods] = [policy for policy in admission_policies(facts) if policy.name == "pods"]
    [check] = [check for check in pods.checks if check.rule == "SUP-02"]
    assert "localhost" in check.expression
    assert "localhost" not in expressions("pods", "SUP-02")


def test_no_policy_is_judged_for_the_cluster_itself() -> None:
    for policy in POLICIES.values():
        assert "not-the-cluster-itself" in policy.conditions
        assert "not-being-deleted" in policy.conditions
        assert ("not-of-a-chart" in policy.conditions) == policy.name.startswith("own-")


def test_a_policy_becomes_a_spec_with_its_conditions_variables_and_checks_in_order() -> None:
    policy = AdmissionPolicy(
        name="x",
        resources=(Resources(group="apps", names=("deployments",)),),
        checks=(Check(rule="X-01", demand="be good", expression="true"),),
        conditions={"a": "1 == 1"},
        variables={"b": "2", "c": "3"},
    )
    assert builders.policy_spec(policy) == {
        "failure_policy": "Fail",
        "match_constraints": {
            "match_policy": "Equivalent",
            "resource_rules": [
                {
                    "api_groups": ["apps"],
                    "api_versions": ["*"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["deployments"],
                    "scope": "*",
                }
            ],
        },
        "match_conditions": [{"name": "a", "expression": "1 == 1"}],
        "validations": [{"expression": "true", "message": "X-01: be good"}],
        "variables": [{"name": "b", "expression": "2"}, {"name": "c", "expression": "3"}],
    }


def test_a_text_that_would_need_escapes_is_no_literal() -> None:
    assert text_list({"b", "a"}) == "[r'a', r'b']"
    for text in ("it's", "two\nlines"):
        with pytest.raises(ValueError, match="no quote and no line break"):
            cel_text(text)


def test_the_lists_about_model_servers_are_those_of_the_pack() -> None:
    assert model_server_lists.SAFE_FORMATS == weights.SAFE_FORMATS
    assert model_server_lists.REVISION_FLAGS == weights.REVISION_FLAGS
    assert model_server_lists.WEIGHT_CHECKS == weights.CHECKS
    assert model_server_lists.DANGEROUS_FLAGS == server_flags.DANGEROUS_FLAGS
    assert model_server_lists.DANGEROUS_VARIABLES == server_flags.DANGEROUS_VARIABLES
    assert model_server_lists.RUNTIME_ADAPTERS == server_flags.RUNTIME_ADAPTERS
    assert model_server_lists.GUARD == server_flags.GUARD
    assert model_server_lists.KNOWN_ROUTES == server_flags.KNOWN_ROUTES
    assert model_server_lists.BOUNDS == limits.BOUNDS
    assert model_server_lists.MOST_ANSWERS == limits.MOST_ANSWERS
    assert model_server_lists.CACHES == caches.CACHES
    assert model_server_lists.REMOTE_CODE_REASON == remote_code.REASON
    assert model_server_lists.JUDGED_FLAGS == command_line.JUDGED
