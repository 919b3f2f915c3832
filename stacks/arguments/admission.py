"""Settings of a stack → what its admission policies are given."""

from __future__ import annotations

from components.admission_policies import AdmissionPoliciesArgs
from components.base.handles import ClusterHandle
from components.base.namespaces import PlatformNamespace
from stacks.settings import PlatformSettings


def admission(
    settings: PlatformSettings,
    cluster: ClusterHandle,
    namespaces: tuple[PlatformNamespace, ...],
) -> AdmissionPoliciesArgs:
    """What the stack declares is allowed: its registries, its models with remote code, its privileged namespaces."""
    own_images = {model.image.rpartition("/")[0] for model in settings.models if model.image and "/" in model.image}
    return AdmissionPoliciesArgs(
        environment=settings.environment,
        namespaces=namespaces,
        registries=cluster.registry.sources | own_images,
        excepted_roles=cluster.excepted_roles,
        remote_code=frozenset(model.name for model in settings.models if model.trust_remote_code),
    )
