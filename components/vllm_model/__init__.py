"""A model on vLLM: weights preloaded to the object store, servers on GPUs, reachable by the gateway alone."""

from components.vllm_model.arguments import ModelError, VllmModelArgs
from components.vllm_model.component import VllmModel
from components.vllm_model.names import model_host, model_url

__all__ = ["ModelError", "VllmModel", "VllmModelArgs", "model_host", "model_url"]
