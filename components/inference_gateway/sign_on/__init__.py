"""Sign-on without a licence: LiteLLM accepts access tokens of the realm beside its own keys (decision 0017)."""

from components.inference_gateway.sign_on.extension import sign_on_extension

__all__ = ["sign_on_extension"]
