"""Which software may run: images that cannot change under the same name, from the registries of the stack."""

from __future__ import annotations

from collections.abc import Iterable

from components.base.admission.policy import Check, Resources, cel_text, text_list
from components.base.admission.withdrawn_images import withdrawn_images
from components.base.image_registries import DOCKER_HUB

POD_IMAGES = {"images": "variables.pods.map(pod, pod.containers.map(container, container.?image.orValue('')))"}
"""The images of a pod's containers, by pod."""

OPERATOR_RESOURCES = (
    Resources(group="gateway.envoyproxy.io", names=("envoyproxies",)),
    Resources(group="postgresql.cnpg.io", names=("clusters",)),
)
OPERATOR_IMAGES = {
    "images": """[[
  ?dyn(object).spec.?provider.?kubernetes.?envoyDeployment.?container.?image,
  ?dyn(object).spec.?imageName
]]"""
}
"""The images that a custom resource names for the pods that its operator makes."""

HOST = "^([^/]*[.:][^/]*|localhost)/"
PINNED = "@sha256:[0-9a-f]{64}$"
TAGGED = ":[^/:@]+(@.*)?$"
MOVING = ":latest(@.*)?$"

EXACT = "|".join(
    (
        # Three numbers: 26.8.2, v1.20.0-unprivileged, main-v1.83.0.
        r":([^/:@]*[^0-9./:@])?[0-9]+\.[0-9]+\.[0-9]+[^/:@]*(@.*)?$",
        # A day or a moment: RELEASE.2026-10-01T10-00-00Z, 18-20261103.
        ":[^/:@]*[0-9]{4}-?[0-9]{2}-?[0-9]{2}[^/:@]*(@.*)?$",
        # A commit.
        ":(sha-|git-)?[0-9a-f]{7,40}(@.*)?$",
        # Projects whose full version has two numbers.
        r"(^|/)(seaweedfs|pause|postgres):v?[0-9]+\.[0-9]+([-_][^/:@]*)?(@.*)?$",
    )
)
"""Image references whose tag names one release and not a line of releases, as in the policy pack's rule SUP-01."""


def each_image(rule: str, demand: str, expression: str) -> Check:
    """A check of every `image`."""
    return Check(rule=rule, demand=demand, expression=f"variables.images.all(pod, pod.all(image, {expression}))")


def image_checks(registries: Iterable[str]) -> tuple[Check, ...]:
    """Checks of every image in `variables.images`. `registries` are hosts, or hosts with a path prefix."""
    allowed = {registry.rstrip("/") for registry in registries}
    prefixes = text_list(f"{registry}/" for registry in allowed)
    # A reference that names no registry is one of Docker Hub.
    unnamed = f" || !image.matches({cel_text(HOST)})" if DOCKER_HUB in allowed else ""
    return (
        each_image(
            "SUP-02",
            "an image must come from a registry that is allowed here",
            f"{prefixes}.exists(prefix, image.startsWith(prefix)){unnamed}",
        ),
        *(each_image("SUP-04", demand, expression) for demand, expression in withdrawn_images()),
    )


PINNED_IMAGE_CHECKS: tuple[Check, ...] = (
    each_image(
        "SUP-06",
        "an image must have a tag, and not latest",
        f"image.matches({cel_text(PINNED)}) || "
        f"(image.matches({cel_text(TAGGED)}) && !image.matches({cel_text(MOVING)}))",
    ),
    each_image(
        "SUP-01",
        "an image must end in a digest or in the exact tag of one release",
        f"image.matches({cel_text(f'{PINNED}|{EXACT}')})",
    ),
)
