"""The operators that serving may need: autoscaling, models over several nodes, and rollouts by weight."""

from components.serving_operators.component import ServingOperators, ServingOperatorsArgs
from components.serving_operators.operator import NAMESPACE, Operator

__all__ = ["NAMESPACE", "Operator", "ServingOperators", "ServingOperatorsArgs"]
