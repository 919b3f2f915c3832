"""Rules on new versions of models that take over by weight or as a second set of replicas.

Metric names: Argo Rollouts 1.9, `controller/metrics/prommetrics.go`. A model and its Rollout have one name.
"""

from __future__ import annotations

from components.observability_stack.rules.rule import Alert, RuleGroup

_ROLLOUTS = 'rollout_info{namespace="models"'


def rollout_rules() -> RuleGroup:
    """Rules of the operator that rolls models out."""
    return RuleGroup(
        name="rollouts",
        rules=(
            Alert(
                name="RolloutsDown",
                expression='absent(up{job="rollouts"} == 1)',
                hold="10m",
                severity="warning",
                summary="Argo Rollouts does not answer",
                description="Models with a canary or blue-green rollout keep their pods; no update moves on or back.",
            ),
            Alert(
                name="ModelRolloutFailed",
                expression=f'max by (name, phase) ({_ROLLOUTS},phase=~"Abort|Error|InvalidSpec|Timeout"}}) == 1',
                hold="1m",
                severity="warning",
                summary="The new version of {{ $labels.name }} was not taken",
                description="Its rollout ended as {{ $labels.phase }}; the version before serves all requests.",
            ),
            Alert(
                name="ModelRolloutWaits",
                expression=f'max by (name) ({_ROLLOUTS},phase="Paused"}}) == 1',
                hold="2h",
                severity="info",
                summary="The rollout of {{ $labels.name }} waits",
                description="Somebody must promote the new version or give it up; both versions hold GPUs meanwhile.",
            ),
        ),
    )
