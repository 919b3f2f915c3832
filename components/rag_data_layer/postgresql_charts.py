"""Values of the charts of CloudNativePG's operator and of its Barman Cloud plug-in."""

from __future__ import annotations

from typing import Any

from components.base.handles import ImageRegistry

_PRIORITY = "platform-critical"
_IMAGE_HOST = "ghcr.io"


def operator_values(registry: ImageRegistry) -> dict[str, Any]:
    """The operator watches its own namespace alone, and so needs Secrets of no other one.

    The image's version is the chart's own.
    """
    return {
        "image": {"repository": registry.rewrite(f"{_IMAGE_HOST}/cloudnative-pg/cloudnative-pg")},
        "replicaCount": 2,
        "config": {"clusterWide": False},
        "priorityClassName": _PRIORITY,
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
    }


def plugin_values(registry: ImageRegistry) -> dict[str, Any]:
    """The plug-in, and the image of the container that it adds to every instance."""
    host = registry.rewrite(_IMAGE_HOST)
    return {
        "image": {"registry": host},
        "sidecarImage": {"registry": host},
        "priorityClassName": _PRIORITY,
        "resources": {
            "requests": {"cpu": "50m", "memory": "128Mi"},
            "limits": {"cpu": "500m", "memory": "128Mi"},
        },
    }
