"""A model's LoRA adapters: who reads them from the object store, and what keeps them beside the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels
from components.base.handles import ClusterHandle, IdentityGrant, ObjectStore, PlatformContext
from components.base.pins import VLLM
from components.base.serving import Serving
from components.vllm_model import names
from components.vllm_model.adapters.arguments import Adapters
from components.vllm_model.adapters.sidecar import adapter_parts, script_data
from components.vllm_model.environment import access_key_data, access_key_variables, variables
from components.vllm_model.pod_parts import PodParts
from components.vllm_model.weights.object_store import copy_variables

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict

TYPE = "ai-platform:vllm_model:ModelAdapters"


_LARGEST_LIST = 10
"""Adapters with a grant of their own each; a role in AWS holds about twice as many (10,240 characters)."""


@dataclass(frozen=True, kw_only=True)
class ModelAdaptersArgs:
    """`model` is the model's name, `api_key_secret` the name of the Secret with its server's key. `image` is the
    servers' own build of vLLM, None for the pinned release."""

    model: str
    cluster: ClusterHandle
    platform: PlatformContext
    serving: Serving
    adapters: Adapters
    store: ObjectStore
    api_key_secret: pulumi.Input[str]
    image: str | None


class ModelAdapters(pulumi.ComponentResource):
    """Output: `parts`, what the server's pod needs of it."""

    parts: PodParts

    def __init__(self, name: str, args: ModelAdaptersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        grants = self._grants()
        script = k8s.core.v1.ConfigMap(
            f"{name}-script",
            metadata=self._metadata(),
            data=script_data(),
            opts=args.platform.child_options(self),
        )
        self.parts = adapter_parts(
            adapters=args.adapters,
            serving=args.serving,
            image=args.cluster.registry.rewrite(args.image or VLLM.reference),
            bucket=args.store.buckets["models"].name,
            store=self._store_variables(grants[0]),
            script=script.metadata["name"],
            api_key_secret=args.api_key_secret,
        ) + PodParts(ready=tuple(resource for grant in grants for resource in grant.ready))
        self.register_outputs({"adapters": [adapter.name for adapter in args.adapters.adapters]})

    def _grants(self) -> list[IdentityGrant]:
        """Lets the servers read their adapters, and no other folder where the substrate can tell folders apart."""
        args = self._args
        server, wiring = names.server(args.model), args.platform.wiring
        wiring.allow(server, args.store.peer, args.store.port)
        args.cluster.allow_credentials(wiring, server)
        return [
            args.cluster.workload_identity.grant(
                # Short: a role in AWS, which may get its name from this, has 64 characters.
                f"{self._name.removesuffix('-adapters')}-lora-{index}",
                namespace=names.NAMESPACE,
                service_account=args.model,
                store=args.store,
                purpose="models",
                write=False,
                prefix=prefix,
                opts=args.platform.child_options(self),
            )
            for index, prefix in enumerate(readable_folders(args.adapters))
        ]

    def _store_variables(self, grant: IdentityGrant) -> tuple[EnvVarArgsDict, ...]:
        """Variables that let boto3 read the bucket. All grants of a ServiceAccount are read with the same ones."""
        args = self._args
        key = None
        if grant.access is not None:
            key = k8s.core.v1.Secret(
                f"{self._name}-store",
                metadata=self._metadata(),
                string_data=access_key_data(grant.access),
                opts=args.platform.child_options(self),
            ).metadata["name"]
        plain = variables(copy_variables(grant.environment, path_style=args.store.path_style))
        return (*plain, *access_key_variables(key))

    def _metadata(self) -> k8s.meta.v1.ObjectMetaArgsDict:
        """Metadata of an auto-named object."""
        return {
            "namespace": names.NAMESPACE,
            "labels": labels.object_labels(self._args.model, names.SERVER_COMPONENT, self._args.platform.environment),
        }


def readable_folders(adapters: Adapters) -> tuple[str, ...]:
    """Folders of the bucket that the servers may read: each adapter's, or the one that many have in common (empty: the
    whole bucket)."""
    folders = [PurePosixPath(adapter.prefix) for adapter in adapters.adapters]
    if len(folders) <= _LARGEST_LIST:
        return tuple(folder.as_posix() for folder in folders)
    common = set(folders[0].parents).intersection(*(folder.parents for folder in folders[1:]))
    return (max(common, key=lambda folder: len(folder.parts)).as_posix().removeprefix("."),)
