"""Which image references count as pinned."""

from __future__ import annotations

import pytest

from components.base import pins
from policies.rules.images import ImageReference
from tests.policies.cases import judged
from tests.policies.objects import container, deployment, pod_spec

DIGEST = "sha256:" + "0" * 64

EXACT = [
    "nginx:1.29.1",
    "docker.io/vllm/vllm-openai:v0.33.0",
    "docker.io/qdrant/qdrant:v1.20.0-unprivileged",
    "ghcr.io/berriai/litellm:main-v1.83.0-stable",
    "docker.io/adorsys/keycloak-config-cli:6.5.1-26.5.5",
    "quay.io/minio/minio:RELEASE.2025-10-15T17-29-55Z",
    "ghcr.io/cloudnative-pg/postgresql:18-202611030815-standard-trixie",
    "docker.io/chrislusf/seaweedfs:4.44",
    "registry.k8s.io/pause:3.10",
    "registry.example.org:5000/team/app:2.0.1",
    "example.org/app:sha-0123abc",
    f"nginx@{DIGEST}",
    f"nginx:latest@{DIGEST}",
    f"registry.example.org:5000/app@{DIGEST}",
]

MOVING = [
    "nginx",
    "nginx:latest",
    "nginx:1",
    "nginx:1.29",
    "nginx:stable",
    "nginx:main",
    "nginx:1.29-alpine",
    "valkey/valkey:9.1",
    "registry.example.org:5000/app",
    "ghcr.io/cloudnative-pg/postgresql:18-standard-trixie",
    "app:v2",
    "app:nightly",
    "app@sha256:abc",
    "",
]


def _findings(image: str, rule: str) -> int:
    return len(judged([deployment(spec=pod_spec(containers=[container(image=image)]))], rule).findings)


@pytest.mark.parametrize("image", EXACT)
def test_a_digest_or_the_tag_of_one_release_is_pinned(image: str) -> None:
    assert _findings(image, "SUP-01") == 0
    assert _findings(image, "SUP-06") == 0


@pytest.mark.parametrize("image", MOVING)
def test_a_tag_that_moves_is_not_pinned(image: str) -> None:
    assert _findings(image, "SUP-01") == 1


@pytest.mark.parametrize("image", ["nginx", "nginx:latest", "host:5000/nginx", "host:5000/nginx:latest", ""])
def test_no_tag_and_latest_are_refused_by_name(image: str) -> None:
    assert _findings(image, "SUP-06") == 1


@pytest.mark.parametrize("image", ["nginx:1", "host:5000/nginx:stable"])
def test_other_tags_are_left_to_the_pinning_rule(image: str) -> None:
    assert _findings(image, "SUP-06") == 0


def test_the_port_of_a_registry_is_no_tag() -> None:
    assert ImageReference.parse("host:5000/app") == ImageReference("host:5000/app", "", "")
    assert ImageReference.parse(f"host:5000/app:1@{DIGEST}") == ImageReference("host:5000/app", "1", DIGEST)


def test_the_images_that_our_own_pods_run_are_pinned() -> None:
    own = [pins.VLLM, pins.LITELLM, pins.KEYCLOAK, pins.KEYCLOAK_CONFIG_CLI, pins.VALKEY, pins.QDRANT, pins.SEAWEEDFS]
    assert [pin.reference for pin in own if _findings(pin.reference, "SUP-01")] == []
