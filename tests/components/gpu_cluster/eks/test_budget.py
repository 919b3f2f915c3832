"""Money, and the tags by which it is counted."""

from __future__ import annotations

import importlib
import json

import pytest

from components.gpu_cluster.eks.services.budget import BudgetPlan
from tests.components.gpu_cluster.clusters import BuiltCluster
from tests.components.gpu_cluster.eks.program import build_eks, one
from tools.render.monitor import RecordedResource


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_eks()


def test_the_budget_is_a_month_of_everything_in_the_account(built: BuiltCluster) -> None:
    budget = one(built, "budgets/budget:Budget").inputs
    assert (budget["limitAmount"], budget["limitUnit"], budget["timeUnit"]) == ("60000", "USD", "MONTHLY")
    assert budget["accountId"] == "111122223333"
    assert not budget.get("costFilters")
    assert budget["costTypes"] == {"includeCredit": False, "includeRefund": False}


def test_people_are_told_before_and_when_it_is_spent_and_when_it_will_be(built: BuiltCluster) -> None:
    notifications = one(built, "budgets/budget:Budget").inputs["notifications"]
    told = {(item["notificationType"], item["threshold"], item["thresholdType"]) for item in notifications}
    assert told == {("ACTUAL", 80, "PERCENTAGE"), ("ACTUAL", 100, "PERCENTAGE"), ("FORECASTED", 100, "PERCENTAGE")}
    for item in notifications:
        assert item["comparisonOperator"] == "GREATER_THAN"
        assert item["subscriberEmailAddresses"] == ["platform@example.org"]


def test_a_shared_account_counts_what_carries_the_environments_tag() -> None:
    plan = BudgetPlan(monthly_usd=1000, emails=("a@example.org",), scope="stack")
    budget = one(build_eks(data=False, services={"budget": plan}), "budgets/budget:Budget").inputs
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:ai-platform/environment$test"]}]


def test_the_provider_adds_the_stacks_tags_to_everything_it_makes(built: BuiltCluster) -> None:
    provider = one(built, "pulumi:providers:aws").inputs
    assert json.loads(provider["defaultTags"]) == {
        "tags": {"owner": "platform-team", "cost-centre": "4711", "data-class": "confidential"}
    }


def taggable(resource: RecordedResource) -> bool:
    """Whether the SDK's class of the resource takes tags."""
    module, name = resource.type.split(":")[1].split("/", maxsplit=1)[0], resource.type.rsplit(":", 1)[1]
    return isinstance(getattr(getattr(importlib.import_module(f"pulumi_aws.{module}"), name), "tags", None), property)


def test_every_resource_that_can_be_tagged_says_what_it_is_and_whose(built: BuiltCluster) -> None:
    cloud = [resource for resource in built.rendered.resources if resource.type.startswith("aws:")]
    tagged = [resource for resource in cloud if taggable(resource)]
    assert len(tagged) > 60
    assert len(cloud) > len(tagged)
    for resource in tagged:
        assert resource.inputs["tags"]["ai-platform/environment"] == "test", resource.urn
        assert resource.inputs["tags"]["Name"], resource.urn
        assert len(resource.inputs["tags"]) <= 10, resource.urn
