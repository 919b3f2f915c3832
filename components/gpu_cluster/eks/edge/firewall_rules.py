"""Pure builders of the web application firewall's rules.

Prompts hold code, HTML, shell commands and log lines: to signatures of attacks they look like attacks. So AWS's rules
only count what they find in a body, and one rule of the platform refuses it afterwards, everywhere but in prompts. What
they find in addresses, query strings, headers and cookies is refused everywhere, prompts included.

Sources: AWS WAF documentation, "AWS Managed Rules rule groups list" (names of rules and labels; a label is spelled
otherwise than its rule) and "Labels on web requests".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_aws as aws

from components.gpu_cluster.eks.edge.plan import FirewallPlan

COMMON = "AWSManagedRulesCommonRuleSet"
KNOWN_BAD_INPUTS = "AWSManagedRulesKnownBadInputsRuleSet"
REPUTATION = "AWSManagedRulesAmazonIpReputationList"
ANONYMOUS = "AWSManagedRulesAnonymousIpList"

BODY_RULES: Mapping[str, Mapping[str, str]] = {
    KNOWN_BAD_INPUTS: {
        "JavaDeserializationRCE_BODY": "awswaf:managed:aws:known-bad-inputs:JavaDeserializationRCE_Body",
        "Log4JRCE_BODY": "awswaf:managed:aws:known-bad-inputs:Log4JRCE_Body",
        "ReactJSRCE_BODY": "awswaf:managed:aws:known-bad-inputs:ReactJSRCE_Body",
    },
    COMMON: {
        "CrossSiteScripting_BODY": "awswaf:managed:aws:core-rule-set:CrossSiteScripting_Body",
        "EC2MetaDataSSRF_BODY": "awswaf:managed:aws:core-rule-set:EC2MetaDataSSRF_Body",
        "GenericLFI_BODY": "awswaf:managed:aws:core-rule-set:GenericLFI_Body",
        "GenericRFI_BODY": "awswaf:managed:aws:core-rule-set:GenericRFI_Body",
    },
}
"""Rules that look into bodies, with the label that each leaves."""

SIZE_RULE = "SizeRestrictions_BODY"
"""Refuses bodies above 8 KiB: every long prompt, every uploaded image."""

HOSTING_RULE = "HostingProviderIPList"
"""Refuses addresses of cloud providers, which is where programs that call the API run."""

PROMPT_LABEL = "prompt"
API_PATHS = "/v1/"
WINDOW_SECONDS = 300
TOO_MANY_REQUESTS = 429

_Statement = aws.wafv2.WebAclRuleStatementArgsDict


@dataclass(frozen=True, kw_only=True)
class FirewallRule:
    """One rule: what it matches, and its own action or, for a group of rules, None to keep theirs."""

    name: str
    statement: _Statement
    action: aws.wafv2.WebAclRuleActionArgsDict | None = None
    labels: tuple[str, ...] = ()


def firewall_rules(plan: FirewallPlan, api_host: str) -> Mapping[int, FirewallRule]:
    """All rules by priority: the lowest is tried first. `api_host` is where prompts go to.

    Each has its priority for good: rules are changed one by one, and AWS refuses two of one priority even for a moment.
    """
    places = (
        FirewallRule(name="prompts", statement=_is_prompt(api_host), action={"count": {}}, labels=(PROMPT_LABEL,)),
        _rate_limit(plan.requests_per_five_minutes),
        _managed("address-reputation", REPUTATION, []),
        _managed("anonymous-addresses", ANONYMOUS, [HOSTING_RULE]) if plan.refuse_anonymous else None,
        _managed("known-bad-inputs", KNOWN_BAD_INPUTS, list(BODY_RULES[KNOWN_BAD_INPUTS])),
        _managed("common-attacks", COMMON, [SIZE_RULE, *BODY_RULES[COMMON]]),
        _attacks_in_bodies(),
    )
    return {priority: rule for priority, rule in enumerate(places) if rule}


def _is_prompt(api_host: str) -> _Statement:
    return {
        "and_statement": {
            "statements": [
                {
                    "byte_match_statement": {
                        "field_to_match": {"single_header": {"name": "host"}},
                        "positional_constraint": "EXACTLY",
                        "search_string": api_host,
                        "text_transformations": [{"priority": 0, "type": "LOWERCASE"}],
                    }
                },
                {
                    "byte_match_statement": {
                        "field_to_match": {"uri_path": {}},
                        "positional_constraint": "STARTS_WITH",
                        "search_string": API_PATHS,
                        # Nobody gets to another path by way of this one.
                        "text_transformations": [{"priority": 0, "type": "NORMALIZE_PATH"}],
                    }
                },
            ]
        }
    }


def _rate_limit(requests: int) -> FirewallRule:
    return FirewallRule(
        name="requests-per-address",
        statement={
            "rate_based_statement": {
                # The address that connected: no header of the client can change it.
                "aggregate_key_type": "IP",
                "limit": requests,
                "evaluation_window_sec": WINDOW_SECONDS,
            }
        },
        action={"block": {"custom_response": {"response_code": TOO_MANY_REQUESTS}}},
    )


def _managed(name: str, group: str, counted: list[str]) -> FirewallRule:
    return FirewallRule(
        name=name,
        statement={
            "managed_rule_group_statement": {
                "vendor_name": "AWS",
                "name": group,
                "rule_action_overrides": [{"name": rule, "action_to_use": {"count": {}}} for rule in counted],
            }
        },
    )


def _attacks_in_bodies() -> FirewallRule:
    labels = [label for rules in BODY_RULES.values() for label in rules.values()]
    found: list[_Statement] = [_has_label(label) for label in labels]
    return FirewallRule(
        name="attacks-in-bodies",
        statement={
            "and_statement": {
                "statements": [
                    {"or_statement": {"statements": found}},
                    {"not_statement": {"statement": _has_label(PROMPT_LABEL)}},
                ]
            }
        },
        action={"block": {}},
    )


def _has_label(label: str) -> _Statement:
    return {"label_match_statement": {"scope": "LABEL", "key": label}}
