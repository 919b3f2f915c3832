"""How a model's number of replicas follows its load."""

from components.vllm_model.scaling.arguments import Scaling, leave_replicas

__all__ = ["Scaling", "leave_replicas"]
