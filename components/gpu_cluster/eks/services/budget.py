"""A monthly budget that says when money runs out before the month does. It stops nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.base import labels
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksBudget"

BudgetScope = Literal["account", "stack"]

THRESHOLDS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Kind of spending and percentage of the budget. A forecast needs about five weeks of history (AWS Budgets)."""


@dataclass(frozen=True, kw_only=True)
class BudgetPlan:
    """`monthly_usd` is a whole number of US dollars. Scope `stack` counts only what carries the environment's tag, and
    nothing at all before that tag is activated as a cost allocation tag; `account` counts everything.
    """

    monthly_usd: int
    emails: tuple[str, ...]
    scope: BudgetScope = "account"


@dataclass(frozen=True, kw_only=True)
class EksBudgetArgs:
    """What to count, and whom to tell."""

    environment: str
    account_id: str
    cluster_name: str
    plan: BudgetPlan


class EksBudget(pulumi.ComponentResource):
    """Credits do not count as saved money: the platform costs the same when they are used up."""

    budget: aws.budgets.Budget

    def __init__(self, name: str, args: EksBudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self.budget = aws.budgets.Budget(
            f"{name}-monthly",
            name=f"{args.cluster_name}-monthly",
            account_id=args.account_id,
            budget_type="COST",
            limit_amount=str(args.plan.monthly_usd),
            limit_unit="USD",
            time_unit="MONTHLY",
            cost_types={"include_credit": False, "include_refund": False},
            cost_filters=cost_filters(args.environment, args.plan.scope) or None,
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percentage,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_email_addresses": list(args.plan.emails),
                }
                for kind, percentage in THRESHOLDS
            ],
            tags=resource_tags(f"{args.cluster_name}-monthly", args.environment),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"monthlyUsd": args.plan.monthly_usd})


def cost_filters(environment: str, scope: BudgetScope) -> list[aws.budgets.BudgetCostFilterArgsDict]:
    """What the budget counts."""
    if scope == "account":
        return []
    return [{"name": "TagKeyValue", "values": [f"user:{labels.ENVIRONMENT}${environment}"]}]
