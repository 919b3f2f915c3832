"""One model on vLLM: its weights in the object store, its servers, and who may reach them."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels, peers
from components.base.capabilities import provides
from components.base.handles import IdentityGrant, ObjectStore
from components.base.model_weights import HuggingFaceWeights
from components.base.wiring import Workload
from components.vllm_model import durations, names, preload, workload
from components.vllm_model.arguments import VllmModelArgs, check
from components.vllm_model.environment import (
    ACCESS_KEY_VARIABLES,
    TOKEN_KEY,
    copy_variables,
    server_environment,
    streamer_variables,
)
from components.vllm_model.server_arguments import model_path

TYPE = "ai-platform:vllm_model:VllmModel"


class VllmModel(pulumi.ComponentResource):
    """Outputs: `host` and `url` of the Service, the `workload` for the wiring, and the name clients use."""

    host: str
    url: str
    workload: Workload
    served_name: str

    def __init__(self, name: str, args: VllmModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        check(args)
        self._name, self._args = name, args
        self.workload = names.server(args.name)
        account = self._service_account("account", args.name, names.SERVER_COMPONENT)
        preloaded = (
            self._preload(args.weights, args.store)
            if isinstance(args.weights, HuggingFaceWeights) and args.store
            else None
        )
        key = self._secret("api-key", {names.API_KEY: args.api_key})
        self._deployment(key, account, preloaded)
        k8s.core.v1.Service(
            f"{name}-service",
            metadata=self._metadata(args.name, names.SERVER_COMPONENT),
            spec=workload.service_spec(args.name),
            # The engine holds a Service as long as a pod behind it is not ready, through every slow rollout.
            opts=pulumi.ResourceOptions.merge(
                args.platform.child_options(self), _patience(durations.rollout_seconds(args.serving))
            ),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=self._metadata(args.name, names.SERVER_COMPONENT),
            spec=workload.disruption_budget_spec(args.name),
            opts=args.platform.child_options(self),
        )
        for client in (args.gateway, peers.PROMETHEUS):
            args.platform.wiring.allow(client, self.workload, names.PORT)
        self.host, self.url, self.served_name = names.model_host(args.name), names.model_url(args.name), args.name
        self.register_outputs({"host": self.host, "url": self.url, "servedName": self.served_name})

    def _deployment(self, key: k8s.core.v1.Secret, account: pulumi.Resource, preloaded: pulumi.Resource | None) -> None:
        args = self._args
        store, secret, ready = {}, None, []
        bucket: pulumi.Input[str] = ""
        if args.streamed and args.store:
            grant = self._grant("reader", args.store, args.name, write=False)
            store = streamer_variables(grant.environment, path_style=args.store.path_style)
            secret, bucket, ready = self._access_key("store", grant), args.store.buckets["models"].name, grant.ready
            self._reach(self.workload, args.store)
        environment = server_environment(
            api_key_secret=key.metadata["name"],
            startup_seconds=durations.startup_seconds(args.serving),
            store=store,
            store_secret=secret,
        )
        k8s.apps.v1.Deployment(
            f"{self._name}-deployment",
            metadata={**self._metadata(args.name, names.SERVER_COMPONENT), "annotations": provides("gpu-serving")},
            spec=workload.deployment_spec(args, model=model_path(args.weights, bucket), environment=environment),
            opts=pulumi.ResourceOptions.merge(
                args.platform.child_options(self, account, *ready, *([preloaded] if preloaded else [])),
                _patience(durations.rollout_seconds(args.serving)),
            ),
        )

    def _preload(self, weights: HuggingFaceWeights, store: ObjectStore) -> pulumi.Resource:
        """The job that fills the bucket. It is auto-named: another commit or program is another job."""
        args = self._args
        account_name = names.preload_name(args.name)
        account = self._service_account("weights-account", account_name, names.PRELOAD_COMPONENT)
        grant = self._grant("writer", store, account_name, write=True)
        job_workload = names.preload(args.name)
        self._reach(job_workload, store)
        args.platform.wiring.allow(job_workload, peers.INTERNET, 443)
        token = args.hugging_face_token
        metadata = self._metadata(None, names.PRELOAD_COMPONENT, account_name)
        script = k8s.core.v1.ConfigMap(
            f"{self._name}-weights-script",
            metadata=metadata,
            data=preload.script_data(),
            opts=args.platform.child_options(self),
        )
        deadline = durations.preload_seconds(args.serving)
        environment = preload.preload_environment(
            weights=weights,
            bucket=store.buckets["models"].name,
            store=copy_variables(grant.environment, path_style=store.path_style),
            store_secret=self._access_key("weights-store", grant),
            token_secret=self._secret("hub-token", {TOKEN_KEY: token}).metadata["name"] if token is not None else None,
        )
        return k8s.batch.v1.Job(
            f"{self._name}-weights",
            metadata=metadata,
            spec=preload.job_spec(
                name=args.name,
                environment_label=args.platform.environment,
                registry=args.cluster.registry,
                script=script.metadata["name"],
                environment=environment,
                deadline_seconds=deadline,
            ),
            opts=pulumi.ResourceOptions.merge(
                args.platform.child_options(self, account, *grant.ready), _patience(deadline)
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
        return self._secret(suffix, data).metadata["name"]

    def _secret(self, suffix: str, data: dict[str, pulumi.Output[str]]) -> k8s.core.v1.Secret:
        return k8s.core.v1.Secret(
            f"{self._name}-{suffix}",
            metadata=self._metadata(None, names.SERVER_COMPONENT),
            string_data=data,
            opts=self._args.platform.child_options(self),
        )

    def _service_account(self, suffix: str, account: str, component: str) -> pulumi.Resource:
        return k8s.core.v1.ServiceAccount(
            f"{self._name}-{suffix}",
            metadata=self._metadata(account, component),
            automount_service_account_token=False,
            opts=self._args.platform.child_options(self),
        )

    def _metadata(
        self, object_name: str | None, component: str, label: str | None = None
    ) -> k8s.meta.v1.ObjectMetaArgsDict:
        """Metadata with the model's labels; `object_name` None leaves the object auto-named."""
        found: k8s.meta.v1.ObjectMetaArgsDict = {
            "namespace": names.NAMESPACE,
            "labels": labels.object_labels(label or self._args.name, component, self._args.platform.environment),
        }
        if object_name:
            found["name"] = object_name
        return found


def _patience(seconds: int) -> pulumi.ResourceOptions:
    """The engine waits ten minutes by default, less than large weights take."""
    timeout = f"{seconds}s"
    return pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout))
