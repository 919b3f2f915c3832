"""What LiteLLM changes on the way to model servers and back, by a module of ours that it loads."""

from components.inference_gateway.model_calls.extension import model_calls_extension

__all__ = ["model_calls_extension"]
