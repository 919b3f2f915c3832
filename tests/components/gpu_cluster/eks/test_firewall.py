"""The firewall in front of the gateway: what it refuses, what it lets be a prompt, and what its log keeps to itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.gpu_cluster.eks.edge.firewall_rules import BODY_RULES, COMMON, HOSTING_RULE, KNOWN_BAD_INPUTS
from components.gpu_cluster.eks.edge.plan import FirewallPlan
from tests.components.gpu_cluster.clusters import PUBLIC_HOSTS, edge_plan
from tests.components.gpu_cluster.eks.edge_program import ACCOUNT, REGION, BuiltEdge, build_edge


@pytest.fixture(scope="module")
def edge() -> BuiltEdge:
    return build_edge(edge_plan("application"))


def rules(edge: BuiltEdge) -> list[dict[str, Any]]:
    """Rules in the order in which they are tried."""
    found = [item.inputs for item in edge.of_type("wafv2/webAclRule:WebAclRule").values()]
    assert len({rule["priority"] for rule in found}) == len(found)
    return sorted(found, key=lambda rule: rule["priority"])


def rule(edge: BuiltEdge, name: str) -> dict[str, Any]:
    [found] = [item for item in rules(edge) if item["name"] == name]
    return found


def counted(edge: BuiltEdge, name: str) -> set[str]:
    group = rule(edge, name)["statement"]["managedRuleGroupStatement"]
    assert all(list(entry["actionToUse"]) == ["count"] for entry in group["ruleActionOverrides"])
    return {entry["name"] for entry in group["ruleActionOverrides"]}


def labels_of(statement: dict[str, Any]) -> set[str]:
    """Keys of all label matches in a statement."""
    found: set[str] = set()
    for key, value in statement.items():
        if key == "labelMatchStatement":
            found.add(value["key"])
        elif isinstance(value, dict):
            found |= labels_of(value)
        elif isinstance(value, list):
            for item in value:
                found |= labels_of(item)
    return found


def test_a_network_load_balancer_has_no_firewall() -> None:
    network = build_edge(edge_plan("network"))
    assert [item.type for item in network.built.rendered.resources if ":wafv2/" in item.type] == []


def test_another_rule_moves_no_rule_to_a_priority_that_is_still_taken(edge: BuiltEdge) -> None:
    """Rules are updated one by one, in no order, and AWS refuses two of one priority."""
    more = build_edge(
        edge_plan("application", firewall=FirewallPlan(requests_per_five_minutes=20_000, refuse_anonymous=True))
    )
    before = {item["name"]: item["priority"] for item in rules(edge)}
    after = {item["name"]: item["priority"] for item in rules(more)}
    assert after.keys() - before.keys() == {"anonymous-addresses"}
    assert before.items() <= after.items()


def test_rules_are_in_place_before_the_first_request_passes(edge: BuiltEdge) -> None:
    association = edge.one(":WebAclAssociation")
    waited = {urn.rsplit("::", 1)[1] for urn in association.depends_on}
    assert set(edge.of_type("wafv2/webAclRule:WebAclRule")) <= waited
    assert "cluster-edge-firewall-logging" in waited
    assert ":loadbalancer/app/" in association.inputs["resourceArn"]


def test_the_firewall_covers_a_load_balancer_of_the_region_and_leaves_its_rules_to_their_own_resources(
    edge: BuiltEdge,
) -> None:
    firewall = edge.one("wafv2/webAcl:WebAcl")
    assert firewall.inputs["scope"] == "REGIONAL"
    assert "rules" not in firewall.inputs
    assert firewall.ignore_changes == ("rules",)


def test_known_attacks_and_addresses_of_bad_repute_are_refused(edge: BuiltEdge) -> None:
    groups = {
        found["statement"]["managedRuleGroupStatement"]["name"]: found
        for found in rules(edge)
        if "managedRuleGroupStatement" in found["statement"]
    }
    assert set(groups) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
    }
    for found in groups.values():
        assert found["overrideAction"] == {"none": {}}
        assert found["statement"]["managedRuleGroupStatement"]["vendorName"] == "AWS"
        assert "scopeDownStatement" not in found["statement"]["managedRuleGroupStatement"]


def test_prompts_are_told_by_host_and_path_before_anything_looks_at_them(edge: BuiltEdge) -> None:
    first = rules(edge)[0]
    assert first["ruleLabels"] == [{"name": "prompt"}]
    assert first["action"] == {"count": {}}
    host, path = (part["byteMatchStatement"] for part in first["statement"]["andStatement"]["statements"])
    assert (host["fieldToMatch"], host["searchString"]) == ({"singleHeader": {"name": "host"}}, PUBLIC_HOSTS[0])
    assert (host["positionalConstraint"], path["positionalConstraint"]) == ("EXACTLY", "STARTS_WITH")
    assert (path["fieldToMatch"], path["searchString"]) == ({"uriPath": {}}, "/v1/")


def test_bodies_are_refused_everywhere_but_in_prompts(edge: BuiltEdge) -> None:
    last = rules(edge)[-1]
    either, unless = last["statement"]["andStatement"]["statements"]
    assert last["action"] == {"block": {}}
    assert labels_of(either) == {label for group in BODY_RULES.values() for label in group.values()}
    assert labels_of(unless["notStatement"]) == {"prompt"}


def test_every_rule_that_only_counts_bodies_is_made_up_for(edge: BuiltEdge) -> None:
    assert counted(edge, "known-bad-inputs") == set(BODY_RULES[KNOWN_BAD_INPUTS])
    assert counted(edge, "common-attacks") == {"SizeRestrictions_BODY", *BODY_RULES[COMMON]}
    refused = labels_of(rules(edge)[-1]["statement"]) - {"prompt"}
    assert {label.rsplit(":", 1)[1].lower() for label in refused} == {
        name.lower() for group in BODY_RULES.values() for name in group
    }


def test_no_rule_that_looks_elsewhere_is_softened(edge: BuiltEdge) -> None:
    softened = counted(edge, "known-bad-inputs") | counted(edge, "common-attacks") | counted(edge, "address-reputation")
    assert softened
    assert all(name.endswith("_BODY") for name in softened)


def test_one_address_gets_so_many_requests_and_then_429() -> None:
    edge = build_edge(
        edge_plan("application", firewall=FirewallPlan(requests_per_five_minutes=500, refuse_anonymous=False))
    )
    limit = rule(edge, "requests-per-address")
    assert limit["statement"]["rateBasedStatement"] == {
        "aggregateKeyType": "IP",
        "evaluationWindowSec": 300,
        "limit": 500,
    }
    assert limit["action"]["block"]["customResponse"]["responseCode"] == 429


def test_anonymous_addresses_are_refused_on_request_and_cloud_providers_never(edge: BuiltEdge) -> None:
    assert "anonymous-addresses" not in {found["name"] for found in rules(edge)}
    strict = build_edge(
        edge_plan("application", firewall=FirewallPlan(requests_per_five_minutes=500, refuse_anonymous=True))
    )
    assert counted(strict, "anonymous-addresses") == {HOSTING_RULE}


def test_the_log_ends_is_encrypted_and_knows_no_keys(edge: BuiltEdge) -> None:
    group = edge.of_type(":LogGroup")["cluster-edge-firewall-log"].inputs
    assert group["name"] == "aws-waf-logs-ai-platform-test"
    assert group["retentionInDays"] == 90
    assert group["kmsKeyId"].startswith("arn:aws:kms:")
    logging = edge.one(":WebAclLoggingConfiguration")
    hidden = {field["singleHeader"]["name"] for field in logging.inputs["redactedFields"]}
    assert {"authorization", "cookie", "x-api-key"} <= hidden
    assert logging.inputs["loggingFilter"]["defaultBehavior"] == "DROP"
    [kept] = logging.inputs["loggingFilter"]["filters"]
    assert {condition["actionCondition"]["action"] for condition in kept["conditions"]} == {"BLOCK", "COUNT"}


def test_samples_of_requests_which_would_hold_keys_are_not_kept(edge: BuiltEdge) -> None:
    watched = [*edge.of_type("wafv2/webAcl:WebAcl").values(), *edge.of_type("wafv2/webAclRule:WebAclRule").values()]
    assert len(watched) > 5
    assert not [item.name for item in watched if item.inputs["visibilityConfig"]["sampledRequestsEnabled"]]


def test_only_the_firewall_of_this_account_writes_its_log(edge: BuiltEdge) -> None:
    delivery = edge.one(":LogResourcePolicy")
    [statement] = json.loads(delivery.inputs["policyDocument"])["Statement"]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert statement["Resource"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-ai-platform-test:*"
    assert any(urn == delivery.urn for urn in edge.one(":WebAclLoggingConfiguration").depends_on)
