"""The web application firewall in front of an application load balancer, and its log."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks.edge import load_balancer_policies
from components.gpu_cluster.eks.edge.firewall_rules import FirewallRule, firewall_rules
from components.gpu_cluster.eks.edge.plan import EdgePlace, FirewallPlan
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:WebApplicationFirewall"

LOG_DAYS = 90
LOG_NAME_PREFIX = "aws-waf-logs-"
"""AWS WAF delivers to log groups of such names only."""

REDACTED_HEADERS = ("authorization", "cookie", "x-api-key", "api-key")
"""Headers that carry keys and sessions. The gateway takes API keys in all but the second."""

KEPT_ACTIONS = ("BLOCK", "COUNT")


@dataclass(frozen=True, kw_only=True)
class WebApplicationFirewallArgs:
    """`api_host` is where prompts go to; `load_balancer_arn` is of an application load balancer."""

    plan: FirewallPlan
    place: EdgePlace
    api_host: str
    load_balancer_arn: pulumi.Input[str]


class WebApplicationFirewall(pulumi.ComponentResource):
    """`ready` stands between clients and the load balancer, with all of its rules."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: WebApplicationFirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        firewall = aws.wafv2.WebAcl(
            f"{name}-rules",
            scope="REGIONAL",
            description=f"Requests to {args.place.cluster_name}",
            default_action={"allow": {}},
            visibility_config=_visibility(f"{args.place.cluster_name}-edge"),
            tags=self._tags(""),
            # Its rules are resources of their own, as the provider advises: listed in here they come back in another
            # order, and every preview shows a change.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(ignore_changes=["rules"])),
        )
        rules = [
            self._rule(priority, rule, firewall) for priority, rule in firewall_rules(args.plan, args.api_host).items()
        ]
        logging = self._log(firewall)
        association = aws.wafv2.WebAclAssociation(
            f"{name}-association",
            resource_arn=args.load_balancer_arn,
            web_acl_arn=firewall.arn,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[*rules, logging])),
        )
        self.ready = (association,)
        self.register_outputs({"firewall": firewall.arn})

    def _tags(self, suffix: str) -> dict[str, str]:
        place = self._args.place
        return resource_tags(f"{place.cluster_name}-firewall{suffix}", place.environment)

    def _rule(self, priority: int, rule: FirewallRule, firewall: aws.wafv2.WebAcl) -> aws.wafv2.WebAclRule:
        return aws.wafv2.WebAclRule(
            f"{self._name}-{rule.name}",
            web_acl_arn=firewall.arn,
            name=rule.name,
            priority=priority,
            statement=rule.statement,
            action=rule.action,
            override_action=None if rule.action else {"none": {}},
            rule_labels=[{"name": label} for label in rule.labels] or None,
            visibility_config=_visibility(rule.name),
            opts=self._child,
        )

    def _log(self, firewall: aws.wafv2.WebAcl) -> aws.wafv2.WebAclLoggingConfiguration:
        """What was refused or counted; every request at all is in the load balancer's own log."""
        place = self._args.place
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-log",
            name=f"{LOG_NAME_PREFIX}{place.cluster_name}",
            retention_in_days=LOG_DAYS,
            kms_key_id=place.log_key_arn,
            tags=self._tags("-log"),
            opts=self._child,
        )
        delivery = aws.cloudwatch.LogResourcePolicy(
            f"{self._name}-log-delivery",
            policy_name=f"{place.cluster_name}-firewall",
            policy_document=group.arn.apply(
                lambda arn: json.dumps(load_balancer_policies.firewall_logs(arn, place.account_id, place.region))
            ),
            opts=self._child,
        )
        return aws.wafv2.WebAclLoggingConfiguration(
            f"{self._name}-logging",
            resource_arn=firewall.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[{"single_header": {"name": header}} for header in REDACTED_HEADERS],
            logging_filter={
                "default_behavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"action_condition": {"action": action}} for action in KEPT_ACTIONS],
                    }
                ],
            },
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[delivery])),
        )


def _visibility(metric: str) -> aws.wafv2.WebAclVisibilityConfigArgsDict:
    # A sample is a whole request, with the key of whoever sent it.
    return {"metric_name": metric, "cloudwatch_metrics_enabled": True, "sampled_requests_enabled": False}
