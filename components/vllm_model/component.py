"""One model on vLLM: its weights in the object store, its servers, and who may reach them."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels, peers
from components.base.capabilities import provides
from components.base.wiring import Workload
from components.vllm_model import durations, names
from components.vllm_model.arguments import VllmModelArgs, check
from components.vllm_model.pod_parts import PodParts
from components.vllm_model.server.environment import server_environment
from components.vllm_model.server.pod import pod_template
from components.vllm_model.weights import ModelWeights, ModelWeightsArgs
from components.vllm_model.workloads.deployment import deployment_spec
from components.vllm_model.workloads.service import disruption_budget_spec, service_spec

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
        child = args.platform.child_options(self)
        weights = ModelWeights(
            f"{name}-weights",
            ModelWeightsArgs(
                model=args.name,
                cluster=args.cluster,
                platform=args.platform,
                serving=args.serving,
                weights=args.weights,
                store=args.store,
                hugging_face_token=args.hugging_face_token,
            ),
            child,
        )
        self._servers(weights.path, weights.parts)
        k8s.core.v1.Service(
            f"{name}-service",
            metadata=self._metadata(args.name),
            spec=service_spec(args.name),
            # The engine holds a Service as long as a pod behind it is not ready, through every slow rollout.
            opts=pulumi.ResourceOptions.merge(child, durations.patience(durations.rollout_seconds(args.serving))),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=self._metadata(args.name),
            spec=disruption_budget_spec(args.name),
            opts=child,
        )
        for client in (args.gateway, peers.PROMETHEUS):
            args.platform.wiring.allow(client, self.workload, names.PORT)
        self.host, self.url, self.served_name = names.model_host(args.name), names.model_url(args.name), args.name
        self.register_outputs({"host": self.host, "url": self.url, "servedName": self.served_name})

    def _servers(self, model: pulumi.Input[str], parts: PodParts) -> None:
        args = self._args
        child = args.platform.child_options(self)
        account = k8s.core.v1.ServiceAccount(
            f"{self._name}-account",
            metadata=self._metadata(args.name),
            automount_service_account_token=False,
            opts=child,
        )
        key = k8s.core.v1.Secret(
            f"{self._name}-api-key",
            metadata=self._metadata(None),
            string_data={names.API_KEY: args.api_key},
            opts=child,
        )
        environment = server_environment(
            api_key_secret=key.metadata["name"], startup_seconds=durations.startup_seconds(args.serving)
        )
        k8s.apps.v1.Deployment(
            f"{self._name}-deployment",
            metadata={**self._metadata(args.name), "annotations": provides("gpu-serving")},
            spec=deployment_spec(args, pod_template(args, model=model, environment=environment, parts=parts)),
            opts=pulumi.ResourceOptions.merge(
                args.platform.child_options(self, account, *parts.ready),
                durations.patience(durations.rollout_seconds(args.serving)),
            ),
        )

    def _metadata(self, object_name: str | None) -> k8s.meta.v1.ObjectMetaArgsDict:
        """Metadata with the model's labels; `object_name` None leaves the object auto-named."""
        found: k8s.meta.v1.ObjectMetaArgsDict = {
            "namespace": names.NAMESPACE,
            "labels": labels.object_labels(self._args.name, names.SERVER_COMPONENT, self._args.platform.environment),
        }
        if object_name:
            found["name"] = object_name
        return found
