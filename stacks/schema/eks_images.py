"""Images of a cluster in AWS: kept in ECR as they are pulled."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from components.base.image_upstreams import NEED_CREDENTIALS, UPSTREAM_URLS
from stacks.schema.base import NOT_EMPTY, SettingsModel

LONGEST_PREFIX = 30 - len("/registry.k8s.io")
"""ECR allows a cache rule 30 characters; the longest upstream host is one part of them."""


def _upstream(host: str) -> str:
    if host in UPSTREAM_URLS:
        return host
    if host == "nvcr.io":
        message = (
            "ECR has no pull-through cache for nvcr.io: remove it, the GPU operator's images are then pulled from "
            "NVIDIA directly; or copy all images to a registry of yours and set registry.mirror instead of imageCache"
        )
    else:
        message = f"ECR cannot pull through {host!r}: use {', '.join(UPSTREAM_URLS)}"
    raise ValueError(message)


UpstreamHost = Annotated[str, AfterValidator(_upstream)]
"""Registry that images of the platform come from and that ECR can pull through."""

SecretArn = Annotated[
    str,
    Field(pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:ecr-pullthroughcache/[\w/+=.@-]+$"),
]
"""ARN of a Secrets Manager secret whose name begins with `ecr-pullthroughcache/`, as ECR asks for."""


class ImageCacheSettings(SettingsModel):
    """A pull-through cache: a node pulls from ECR, which fetches what it lacks from upstream and keeps it.

    `nvcr.io` cannot be cached: the GPU operator's images always come from NVIDIA directly.
    """

    prefix: (
        Annotated[str, Field(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", min_length=1, max_length=LONGEST_PREFIX)] | None
    ) = None
    """First part of the repositories' names; null: `environment`. Unique in an account and region."""
    hosts: Annotated[tuple[UpstreamHost, ...], NOT_EMPTY] = tuple(UPSTREAM_URLS)
    """Upstream registries that are cached; images of any other one are pulled from there directly."""
    credentials: dict[UpstreamHost, SecretArn] = Field(default_factory=dict)
    """Secrets that you made in Secrets Manager, by upstream: keys `username` and `accessToken`. Docker Hub and GitHub
    answer ECR with a user of yours only."""
    scanning: Literal["basic", "enhanced"] | None = None
    """Scan cached images for known vulnerabilities: `basic` once as they come in, `enhanced` again and again (Amazon
    Inspector, at extra cost). It is one setting for the whole account and region, and two stacks that both have it
    overwrite each other; null leaves it alone."""

    @model_validator(mode="after")
    def _has_credentials(self) -> ImageCacheSettings:
        for host in self.hosts:
            if host in NEED_CREDENTIALS and host not in self.credentials:
                message = (
                    f"credentials: ECR pulls through {host} with a user of yours only: add credentials.{host} with the "
                    f"ARN of its secret, or leave {host} out of hosts"
                )
                raise ValueError(message)
        for host in self.credentials:
            if host not in self.hosts:
                message = f"credentials.{host}: {host} is not among hosts: add it there or remove its secret"
                raise ValueError(message)
        return self


def image_cache_problem(cache: ImageCacheSettings | None, *, region: str, account_id: str) -> str | None:
    """What does not fit the rest of the cluster, as `<key below the cluster>: <problem and fix>`; None if all does."""
    if cache is None:
        return None
    for host, arn in cache.credentials.items():
        place = tuple(arn.split(":")[3:5])
        if place != (region, account_id):
            return (
                f"imageCache.credentials.{host}: the secret is in {' of account '.join(place)}: ECR reads secrets of "
                f"its own region and account alone, put one into {region} of account {account_id}"
            )
    return None
