"""Names of what a model has beside its own Service, and which no other model may therefore have."""

from __future__ import annotations

from components.base.rollout_plan import RolloutPlan


def successor_service(model: str, plan: RolloutPlan) -> str:
    """Service in front of the new version alone, while it is rolled out."""
    return f"{model}-canary" if plan.strategy == "canary" else f"{model}-preview"


def group_name(model: str) -> str:
    """LeaderWorkerSet of a model on several nodes. Not the model's own name: the operator makes a headless Service of
    this name, and the model's Service is another one."""
    return f"{model}-group"
