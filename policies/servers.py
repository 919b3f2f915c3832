"""Third-party servers, known by the image that they run, whatever registry it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from policies.checks import guarded, per_pod
from policies.fields import Field
from policies.findings import Outcomes
from policies.normalise import join
from policies.pods import Container, Pod
from policies.registry import ObjectCheck

LITELLM = "litellm"
KEYCLOAK = "keycloak"
QDRANT = "qdrant"
SEAWEEDFS = "seaweedfs"
MINIO = "minio"
VLLM = "vllm-openai"
CACHES = ("valkey", "redis")


def image_name(container: Container) -> str:
    """Last part of the image's repository: `litellm` of `ghcr.io/berriai/litellm:v1@sha256:…`."""
    repository = container.field.at("image").text().partition("@")[0].rpartition("/")[2]
    return repository.partition(":")[0]


def runs(container: Container, *images: str) -> bool:
    """Whether it runs one of the images, or a variant of it (`vllm-openai-audio`)."""
    name = image_name(container)
    return any(name == image or name.startswith(f"{image}-") for image in images)


def servers_in(pod: Pod, *images: str) -> Iterator[Container]:
    """The main containers of a pod that keeps running and runs one of the images."""
    if pod.runs_to_completion:
        return
    for container in pod.containers:
        if container.role == "containers" and runs(container, *images):
            yield container


def per_server(check: Callable[[Container], Outcomes], *images: str) -> ObjectCheck:
    """Run `check` on every server that runs one of the images."""

    def of_pod(pod: Pod) -> Outcomes:
        for server in servers_in(pod, *images):
            for outcome in guarded(check, server):
                yield replace(outcome, container=server.name)

    return per_pod(of_pod)


def variable(container: Container, name: str) -> Field:
    """The entry of its environment of that name; the last one counts, as for the kubelet."""
    environment = container.field.at("env")
    found = [entry for entry in environment.items() if entry.at("name").text() == name]
    return found[-1] if found else Field(None, join(environment.path, name))


def words(container: Container) -> list[Field]:
    """Its command and its arguments, as far as they are lists of words."""
    return [word for part in ("command", "args") for word in container.field.at(part).items()]


def from_secret(entry: Field) -> bool:
    """Whether a variable's value comes from a Secret."""
    return entry.at("valueFrom", "secretKeyRef", "name").present
