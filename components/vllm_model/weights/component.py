"""A model's weights: the job that fills the object store, and what the servers need to read them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels, peers
from components.base.handles import ClusterHandle, IdentityGrant, ObjectStore, PlatformContext
from components.base.model_weights import HuggingFaceWeights, ImageWeights, VolumeWeights, Weights, mounted_path
from components.base.serving import Serving
from components.base.wiring import Workload
from components.vllm_model import durations, names
from components.vllm_model.environment import (
    ACCESS_KEY_VARIABLES,
    TOKEN_KEY,
    access_key_variables,
    variables,
)
from components.vllm_model.pod_parts import PodParts
from components.vllm_model.weights import preload
from components.vllm_model.weights.mounted import weights_mount, weights_volume
from components.vllm_model.weights.object_store import copy_variables, streamer_variables
from components.vllm_model.weights.streaming import streamed_path, streaming_arguments

TYPE = "ai-platform:vllm_model:ModelWeights"


@dataclass(frozen=True, kw_only=True)
class ModelWeightsArgs:
    """`model` is the model's name. `store` holds the weights, None where they are mounted. `hugging_face_token` is a
    secret Output for gated repositories, None where there is none."""

    model: str
    cluster: ClusterHandle
    platform: PlatformContext
    serving: Serving
    weights: Weights
    store: ObjectStore | None
    hugging_face_token: pulumi.Output[str] | None


class ModelWeights(pulumi.ComponentResource):
    """Outputs: `path`, what the server is told as its model, and `parts`, what its pod needs to read the weights."""

    path: pulumi.Input[str]
    parts: PodParts

    def __init__(self, name: str, args: ModelWeightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        weights = args.weights
        if isinstance(weights, (ImageWeights, VolumeWeights)):
            self.path = mounted_path(weights)
            self.parts = PodParts(volumes=(weights_volume(weights, args.cluster.registry),), mounts=(weights_mount(),))
        elif args.store is not None:
            preloaded = (self._preload(weights, args.store),) if isinstance(weights, HuggingFaceWeights) else ()
            self.path = streamed_path(weights, args.store.buckets["models"].name)
            self.parts = self._streamed(args.store, preloaded)
        self.register_outputs({"path": self.path})

    def _streamed(self, store: ObjectStore, preloaded: tuple[pulumi.Resource, ...]) -> PodParts:
        grant = self._grant("reader", store, self._args.model, write=False)
        self._reach(names.server(self._args.model), store)
        plain = streamer_variables(grant.environment, path_style=store.path_style)
        key = self._access_key("store", grant)
        return PodParts(
            arguments=streaming_arguments(self._args.serving),
            environment=(*variables(plain), *access_key_variables(key)),
            ready=(*grant.ready, *preloaded),
        )

    def _preload(self, weights: HuggingFaceWeights, store: ObjectStore) -> pulumi.Resource:
        """The job that fills the bucket. It is auto-named: another commit or program is another job."""
        args = self._args
        account_name = names.preload_name(args.model)
        account = k8s.core.v1.ServiceAccount(
            f"{self._name}-account",
            metadata={
                "name": account_name,
                "namespace": names.NAMESPACE,
                "labels": labels.object_labels(args.model, names.PRELOAD_COMPONENT, args.platform.environment),
            },
            automount_service_account_token=False,
            opts=args.platform.child_options(self),
        )
        grant = self._grant("writer", store, account_name, write=True)
        job_workload = names.preload(args.model)
        self._reach(job_workload, store)
        args.platform.wiring.allow(job_workload, peers.INTERNET, 443)
        script = k8s.core.v1.ConfigMap(
            f"{self._name}-script",
            metadata=self._metadata(),
            data=preload.script_data(),
            opts=args.platform.child_options(self),
        )
        deadline = durations.preload_seconds(args.serving)
        token = args.hugging_face_token
        environment = preload.preload_environment(
            weights=weights,
            bucket=store.buckets["models"].name,
            store=copy_variables(grant.environment, path_style=store.path_style),
            store_secret=self._access_key("writer-store", grant),
            token_secret=self._secret("hub-token", {TOKEN_KEY: token}) if token is not None else None,
        )
        return k8s.batch.v1.Job(
            f"{self._name}-job",
            metadata=self._metadata(),
            spec=preload.job_spec(
                name=args.model,
                environment_label=args.platform.environment,
                registry=args.cluster.registry,
                script=script.metadata["name"],
                environment=environment,
                deadline_seconds=deadline,
            ),
            opts=pulumi.ResourceOptions.merge(
                args.platform.child_options(self, account, *grant.ready), durations.patience(deadline)
            ),
        )

    def _grant(self, suffix: str, store: ObjectStore, service_account: str, *, write: bool) -> IdentityGrant:
        return self._args.cluster.workload_identity.grant(
            f"{self._name}-{suffix}",
            namespace=names.NAMESPACE,
            service_account=service_account,
            store=store,
            purpose="models",
            write=write,
            opts=self._args.platform.child_options(self),
        )

    def _reach(self, source: Workload, store: ObjectStore) -> None:
        wiring = self._args.platform.wiring
        wiring.allow(source, store.peer, store.port)
        self._args.cluster.allow_credentials(wiring, source)

    def _access_key(self, suffix: str, grant: IdentityGrant) -> pulumi.Input[str] | None:
        if grant.access is None:
            return None
        identity, secret = ACCESS_KEY_VARIABLES
        data = {identity: grant.access.access_key_id, secret: grant.access.secret_access_key}
        return self._secret(suffix, data)

    def _secret(self, suffix: str, data: dict[str, pulumi.Output[str]]) -> pulumi.Output[str]:
        """The name of a new Secret."""
        secret = k8s.core.v1.Secret(
            f"{self._name}-{suffix}",
            metadata=self._metadata(),
            string_data=data,
            opts=self._args.platform.child_options(self),
        )
        return secret.metadata["name"]

    def _metadata(self) -> k8s.meta.v1.ObjectMetaArgsDict:
        """Metadata of an auto-named object."""
        label = names.preload_name(self._args.model)
        return {
            "namespace": names.NAMESPACE,
            "labels": labels.object_labels(label, names.PRELOAD_COMPONENT, self._args.platform.environment),
        }
