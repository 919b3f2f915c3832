"""Registries that images of the platform come from: which of them Amazon ECR can pull through, and where they keep
layers in S3.

Source: Amazon ECR documentation, "Sync an upstream registry with an Amazon ECR private registry" (2026-08). It cannot
pull through `nvcr.io`.
"""

from __future__ import annotations

UPSTREAM_URLS = {
    "docker.io": "registry-1.docker.io",
    "ghcr.io": "ghcr.io",
    "public.ecr.aws": "public.ecr.aws",
    "quay.io": "quay.io",
    "registry.k8s.io": "registry.k8s.io",
}
"""Where ECR finds each of them, by the host in an image's name."""

NEED_CREDENTIALS = ("docker.io", "ghcr.io")
"""Those that ECR asks for with a user of the operator's only."""

_LAYER_BUCKETS = ("docker-images-prod", "quayio-production-s3")
"""Where Docker Hub and Quay keep layers. From inside AWS they hand out addresses of these buckets instead of their
content delivery network's, if the caller is in the bucket's region, us-east-1."""

_KUBERNETES_LAYER_BUCKETS = {"eu-west-2": "767373bbdcb8270361b96548387bf2a9ad0d48758c35-eu-west-2"}
"""Where it is not called after its region."""


def layer_buckets(region: str) -> tuple[str, ...]:
    """Buckets of public registries to which a node in `region` is sent for the layers of an image.

    `registry.k8s.io` has one in most regions (kubernetes/registry.k8s.io, `cmd/archeio/internal/app/buckets.go`,
    2026-08); where it has none, the name belongs to nobody.
    """
    kubernetes = _KUBERNETES_LAYER_BUCKETS.get(region, f"prod-registry-k8s-io-{region}")
    return (f"prod-{region}-starport-layer-bucket", kubernetes, *_LAYER_BUCKETS)
