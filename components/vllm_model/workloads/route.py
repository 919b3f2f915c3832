"""The HTTPRoute over the running version of a model and its canary (gateway.networking.k8s.io/v1)."""

from __future__ import annotations

from typing import Any

from components.base import model_proxy
from components.vllm_model.names import PORT

API_VERSION = "gateway.networking.k8s.io/v1"
KIND = "HTTPRoute"


def route_spec(model: str, canary_service: str) -> dict[str, Any]:
    """Everything below `/<model>/v1`, and nothing else of the server: its other paths need no key.

    Neither timeout nor retry: LiteLLM decides on both, and a stream may take as long as LiteLLM lets it. The weights
    are those before the first update; from then on the plug-in of Argo Rollouts sets them.
    """
    return {
        "parentRefs": [{"name": model_proxy.NAME, "namespace": model_proxy.NAMESPACE}],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": f"{model_proxy.model_path(model)}/v1"}}],
                "filters": [
                    {
                        "type": "URLRewrite",
                        "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v1"}},
                    }
                ],
                "backendRefs": [_backend(model, 100), _backend(canary_service, 0)],
                "timeouts": {"request": "0s", "backendRequest": "0s"},
            }
        ],
    }


def _backend(service: str, weight: int) -> dict[str, Any]:
    return {"group": "", "kind": "Service", "name": service, "port": PORT, "weight": weight}
