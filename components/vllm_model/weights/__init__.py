"""A model's weights: how they get into the object store, and how its servers read them."""

from components.vllm_model.weights.component import ModelWeights, ModelWeightsArgs

__all__ = ["ModelWeights", "ModelWeightsArgs"]
