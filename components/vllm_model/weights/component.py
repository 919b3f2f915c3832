"""A model's weights: the jobs that fill the object store and volumes, and what the servers need to read them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import peers
from components.base.handles import ClusterHandle, ObjectStore, PlatformContext
from components.base.model_weights import (
    HuggingFaceWeights,
    ImageWeights,
    StoredWeights,
    VolumeWeights,
    Weights,
    mounted_path,
)
from components.base.pins import VLLM
from components.base.pod_disk import copy_gib, pod_disk_gib
from components.base.serving import Serving
from components.vllm_model import durations, names
from components.vllm_model.environment import TOKEN_KEY, access_key_variables, variables
from components.vllm_model.pod_parts import PodParts
from components.vllm_model.weights import copies
from components.vllm_model.weights.children import Children
from components.vllm_model.weights.mounted import weights_mount, weights_volume
from components.vllm_model.weights.object_store import streamer_variables
from components.vllm_model.weights.preload import preload_container
from components.vllm_model.weights.streaming import check_container, streamed_path, streaming_arguments

TYPE = "ai-platform:vllm_model:ModelWeights"


@dataclass(frozen=True, kw_only=True)
class ModelWeightsArgs:
    """`model` is the model's name. `store` holds the weights, None where they are mounted. `hugging_face_token` is a
    secret Output for gated repositories, None where there is none. `image` is the servers' own build of vLLM, None for
    the pinned release: what runs before them needs no second image on their nodes. `adapters` is how many lie on the
    same disk."""

    model: str
    cluster: ClusterHandle
    platform: PlatformContext
    serving: Serving
    weights: Weights
    store: ObjectStore | None
    hugging_face_token: pulumi.Output[str] | None
    image: str | None = None
    adapters: int = 0


class ModelWeights(pulumi.ComponentResource):
    """Outputs: `path`, what the server is told as its model, and `parts`, what its pod needs to read the weights."""

    path: pulumi.Input[str]
    parts: PodParts

    def __init__(self, name: str, args: ModelWeightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._args = args
        weights = args.weights
        if isinstance(weights, (ImageWeights, VolumeWeights)):
            self.path = mounted_path(weights)
            self.parts = PodParts(
                # Left to itself, vLLM would fall back to pickled files where it finds no safetensors.
                arguments=("--load-format=safetensors",),
                volumes=(weights_volume(weights, args.cluster.registry),),
                mounts=(weights_mount(),),
            )
        elif args.store is not None:
            children = Children(
                name=name,
                model=args.model,
                parent=self,
                cluster=args.cluster,
                platform=args.platform,
                weights=weights,
                store=args.store,
            )
            preloaded = (self._preload(weights, children),) if isinstance(weights, HuggingFaceWeights) else ()
            self.path, self.parts = self._delivered(weights, children, preloaded)
        self.register_outputs({"path": self.path})

    def _delivered(
        self, weights: StoredWeights, children: Children, preloaded: tuple[pulumi.Resource, ...]
    ) -> tuple[pulumi.Input[str], PodParts]:
        match weights.handling.delivery:
            case "stream":
                bucket = children.store.buckets["models"].name
                return streamed_path(weights, bucket), self._streamed(weights, children, preloaded)
            case "node-cache":
                return copies.copied_path(weights), self._cached(weights, children, preloaded)
            case "shared-volume":
                return copies.copied_path(weights), self._shared(weights, children, preloaded)

    def _streamed(self, weights: StoredWeights, children: Children, preloaded: tuple[pulumi.Resource, ...]) -> PodParts:
        access = children.access("reader", names.server(self._args.model), write=False)
        plain = streamer_variables(access.grant.environment, path_style=children.store.path_style)
        parts = PodParts(
            arguments=streaming_arguments(self._args.serving),
            environment=(*variables(plain), *access_key_variables(access.secret)),
            ready=(*access.grant.ready, *preloaded),
        )
        if not weights.handling.checked:
            return parts
        check = check_container(self._image(self._args.image), children.environment(access))
        return parts + PodParts(volumes=(children.programs,), init_containers=(check,))

    def _cached(self, weights: StoredWeights, children: Children, preloaded: tuple[pulumi.Resource, ...]) -> PodParts:
        access = children.access("reader", names.server(self._args.model), write=False)
        size = copy_gib(weights, self._args.serving)
        disk = pod_disk_gib(weights, self._args.serving, self._args.adapters)
        environment = children.environment(access, copies.fetch_variables(weights, size))
        fetch = copies.fetch_container(self._image(self._args.image), environment, node_disk_gib=disk)
        return PodParts(
            arguments=streaming_arguments(self._args.serving),
            volumes=(copies.node_cache_volume(size), children.programs),
            mounts=(weights_mount(),),
            init_containers=(fetch,),
            ready=(*access.grant.ready, *preloaded),
        )

    def _shared(self, weights: StoredWeights, children: Children, preloaded: tuple[pulumi.Resource, ...]) -> PodParts:
        size = copies.shared_volume_gib(weights, self._args.serving)
        claim_name = names.volume_name(self._args.model)
        claim = k8s.core.v1.PersistentVolumeClaim(
            f"{children.name}-volume",
            metadata={
                **children.metadata(claim_name),
                "name": claim_name,
                # The engine would wait for a volume that waits for its first pod. The job proves that it is bound.
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec=copies.claim_spec(self._args.cluster.storage.shared or "", size),
            # Not guarded: it holds a copy of what the bucket has.
            opts=self._args.platform.child_options(self),
        )
        volume = claim.metadata["name"]
        return PodParts(
            arguments=streaming_arguments(self._args.serving),
            volumes=(copies.claimed_volume(volume, read_only=True),),
            mounts=(weights_mount(),),
            ready=(self._fill(weights, children, size, volume, preloaded),),
        )

    def _fill(
        self,
        weights: StoredWeights,
        children: Children,
        size: int,
        claim: pulumi.Input[str],
        preloaded: tuple[pulumi.Resource, ...],
    ) -> pulumi.Resource:
        """The job that fills the shared volume."""
        workload = names.fill(self._args.model)
        access = children.access("filler", workload, write=False)
        environment = children.environment(access, copies.fetch_variables(weights, size))
        return children.job(
            workload,
            copies.fetch_container(self._image(), environment),
            suffixes=("fill", "fill-account"),
            volumes=(copies.claimed_volume(claim, read_only=False),),
            deadline=durations.fill_seconds(self._args.serving),
            after=(*access.grant.ready, *preloaded),
        )

    def _preload(self, weights: HuggingFaceWeights, children: Children) -> pulumi.Resource:
        """The job that fills the bucket."""
        workload = names.preload(self._args.model)
        access = children.access("writer", workload, write=True)
        self._args.platform.wiring.allow(workload, peers.INTERNET, 443)
        token = self._args.hugging_face_token
        token_secret = children.secret("hub-token", {TOKEN_KEY: token}) if token is not None else None
        source = {"MODEL_REPOSITORY": weights.repository, "MODEL_REVISION": weights.revision}
        return children.job(
            workload,
            preload_container(self._image(), children.environment(access, source), token_secret),
            deadline=durations.preload_seconds(self._args.serving),
            after=tuple(access.grant.ready),
        )

    def _image(self, own: str | None = None) -> str:
        return self._args.cluster.registry.rewrite(own or VLLM.reference)
