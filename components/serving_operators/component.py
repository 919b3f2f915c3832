"""ServingOperators: the charts of the operators that a stack's models ask for."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.base.handles import ClusterHandle, PlatformContext
from components.charts import ChartSource, PinnedChart, PinnedChartArgs
from components.serving_operators.argo_rollouts import ARGO_ROLLOUTS
from components.serving_operators.keda import KEDA
from components.serving_operators.leader_worker_set import LEADER_WORKER_SET
from components.serving_operators.operator import NAMESPACE, Operator

TYPE = "ai-platform:serving_operators:ServingOperators"


@dataclass(frozen=True, kw_only=True)
class ServingOperatorsArgs:
    """What the stack's models need: `autoscaling` between a smallest and a largest number of replicas, `multi_node`
    replicas that lie on several nodes, `rollouts` that shift traffic step by step."""

    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    autoscaling: bool = False
    multi_node: bool = False
    rollouts: bool = False


class ServingOperators(pulumi.ComponentResource):
    """Custom resources of the operators must be made after `ready`, which is empty where no operator is needed."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: ServingOperatorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        operators = _needed(args)
        self.ready = tuple(
            PinnedChart(
                f"{name}-{operator.suffix}",
                PinnedChartArgs(
                    pin=operator.pin,
                    namespace=NAMESPACE.name,
                    values=operator.values(args.cluster.registry),
                    source=args.charts,
                ),
                args.platform.child_options(self),
            )
            for operator in operators
        )
        for operator in operators:
            operator.connect(args.cluster, args.platform)
        self.register_outputs({"operators": [operator.suffix for operator in operators]})


def _needed(args: ServingOperatorsArgs) -> tuple[Operator, ...]:
    wanted = ((args.autoscaling, KEDA), (args.multi_node, LEADER_WORKER_SET), (args.rollouts, ARGO_ROLLOUTS))
    return tuple(operator for needed, operator in wanted if needed)
