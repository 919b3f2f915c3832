"""Every image and chart that the stack names, with its version, its digest where there is one, and who uses it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

CHART_TYPE = "ai-platform:charts:PinnedChart"
_RENDERED_CHART = "kubernetes:helm.sh/v4:Chart"
_KEYS = frozenset({"image", "imageName", "reference"})
"""Keys of API objects and chart values whose text is an image."""
_MOST_NAMED = 3

NONE = "none"
CHARTS_OWN = "the chart's own"
"""Tag of an image whose values name none: the chart fills it in."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image as it is deployed. `digest` is NONE where it names none, `tag` NONE or CHARTS_OWN."""

    repository: str
    tag: str
    digest: str
    used_by: tuple[str, ...]

    @property
    def tagged(self) -> bool:
        """Whether its tag is one."""
        return self.tag not in {NONE, CHARTS_OWN}

    @property
    def first_users(self) -> str:
        """Who uses it, in one line."""
        named = ", ".join(self.used_by[:_MOST_NAMED])
        more = len(self.used_by) - _MOST_NAMED
        return f"{named} and {more} more" if more > 0 else named


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A pinned chart."""

    name: str
    version: str
    source: str
    namespace: str
    deployed: bool


@dataclass(frozen=True, kw_only=True)
class Software:
    """Images and charts by name."""

    images: tuple[Image, ...]
    charts: tuple[Chart, ...]

    @property
    def with_digest(self) -> int:
        """Images that cannot change under their name."""
        return sum(image.digest != NONE for image in self.images)


def software(resources: Iterable[Mapping[str, Any]]) -> Software:
    """What the `resources` of a graph name. What is a secret is never an image."""
    users: dict[tuple[str, str, str], set[str]] = {}
    charts: list[Chart] = []
    for resource in resources:
        if resource["type"] == _RENDERED_CHART:
            continue
        inputs: Mapping[str, Any] = resource["inputs"]
        if resource["type"] == CHART_TYPE:
            charts.append(_chart(inputs))
        for found in _images(inputs):
            users.setdefault(found, set()).add(_user(resource))
    return Software(
        images=tuple(
            Image(repository=repository, tag=tag, digest=digest, used_by=tuple(sorted(names)))
            for (repository, tag, digest), names in sorted(users.items())
        ),
        charts=tuple(sorted(charts, key=lambda chart: (chart.name, chart.namespace))),
    )


def parts(reference: str) -> tuple[str, str, str]:
    """Repository, tag and digest of an image; NONE for what it does not name."""
    name, _, digest = reference.partition("@")
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return name, NONE, digest or NONE
    return path, tag, digest or NONE


def _images(value: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _images(item)
    if not isinstance(value, dict):
        return
    for key, item in cast("dict[str, Any]", value).items():
        if key in _KEYS and isinstance(item, str) and _is_image(item):
            yield parts(item)
        elif key == "image" and isinstance(item, dict) and isinstance(item.get("repository"), str):
            yield _of_values(cast("dict[str, Any]", item))
        else:
            yield from _images(item)


def _is_image(text: str) -> bool:
    return bool(text) and not any(character in text for character in " []{}") and "://" not in text


def _of_values(image: Mapping[str, Any]) -> tuple[str, str, str]:
    """An image as values of charts spell it: registry, repository, tag and digest as keys of their own."""
    path = "/".join(str(image[key]) for key in ("registry", "repository") if image.get(key))
    return path, str(image.get("tag") or CHARTS_OWN), str(image.get("digest") or NONE)


def _chart(inputs: Mapping[str, Any]) -> Chart:
    return Chart(
        name=inputs["chart"],
        version=inputs["version"],
        source=inputs["source"],
        namespace=inputs["namespace"],
        deployed=inputs["location"] != "none",
    )


def _user(resource: Mapping[str, Any]) -> str:
    inputs: Mapping[str, Any] = resource["inputs"]
    if resource["type"] == CHART_TYPE:
        return f"chart {inputs['chart']}"
    metadata: Mapping[str, Any] = inputs.get("metadata") or {}
    name = str(metadata.get("name") or resource["name"])
    return f"{metadata['namespace']}/{name}" if metadata.get("namespace") else name
