"""The platform's recording and alerting rules, as pure functions. Each topic is a module."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from components.observability_stack.arguments import ServiceLevels, Triggers
from components.observability_stack.rules.autoscaling import autoscaling_rules
from components.observability_stack.rules.foundation import (
    certificate_rules,
    identity_rules,
    postgres_rules,
    store_rules,
    volume_rules,
)
from components.observability_stack.rules.gateway import gateway_rules
from components.observability_stack.rules.gpus import gpu_rules
from components.observability_stack.rules.models import model_rules
from components.observability_stack.rules.rollouts import rollout_rules
from components.observability_stack.rules.rule import RuleGroup, rules_spec

__all__ = ["RuleGroup", "rule_groups", "rules_spec"]


def rule_groups(
    levels: ServiceLevels, models: Iterable[str], watched: Collection[str], triggers: Triggers
) -> tuple[RuleGroup, ...]:
    """Rules of what is `watched` (names of monitors), because an alert on something that is not there always fires.

    Volumes are always watched: the kubelet reports them.
    """
    builders: tuple[tuple[str, Callable[[], RuleGroup]], ...] = (
        ("gateway", lambda: gateway_rules(levels)),
        ("model", lambda: model_rules(levels, models, triggers)),
        ("gpu", lambda: gpu_rules(triggers)),
        ("autoscaler", autoscaling_rules),
        ("rollouts", rollout_rules),
        ("identity", identity_rules),
        ("postgres", postgres_rules),
        ("vector-store", lambda: store_rules("vector-store", "VectorStoreDown", "vector store")),
        ("object-store", lambda: store_rules("object-store", "ObjectStoreDown", "object store")),
        ("certificates", certificate_rules),
    )
    return (*(build() for name, build in builders if name in watched), volume_rules())
