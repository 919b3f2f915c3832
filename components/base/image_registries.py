"""Where images may come from: the registries of the pins and of the pinned charts."""

from __future__ import annotations

from components.base import pins
from components.base.pins import ImagePin

DOCKER_HUB = "docker.io"
"""Registry of references that name none."""

CHART_REGISTRIES = frozenset({DOCKER_HUB, "ghcr.io", "nvcr.io", "public.ecr.aws", "quay.io", "registry.k8s.io"})
"""Registry hosts of the images that the pinned charts run."""

PINNED_REGISTRIES = CHART_REGISTRIES | {
    pin.repository.partition("/")[0] for pin in vars(pins).values() if isinstance(pin, ImagePin)
}
"""Registry hosts that the pins of the platform name."""
