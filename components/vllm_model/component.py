"""One model on vLLM: its weights in the object store, its servers, and who may reach them."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels, peers
from components.base.wiring import Workload
from components.vllm_model import durations, names
from components.vllm_model.adapters.component import ModelAdapters, ModelAdaptersArgs
from components.vllm_model.arguments import VllmModelArgs, check
from components.vllm_model.pod_parts import PodParts
from components.vllm_model.scaling.scaled_object import API_VERSION, KIND, scaled_object_spec
from components.vllm_model.server.environment import server_environment
from components.vllm_model.server.files import ServerFiles, ServerFilesArgs
from components.vllm_model.weights import ModelWeights, ModelWeightsArgs
from components.vllm_model.workloads.component import ModelServers, ModelServersArgs
from components.vllm_model.workloads.target import ScaleTarget

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
            # The same name, of another type: with a suffix more, names of roles and jobs would be too long.
            name,
            ModelWeightsArgs(
                model=args.name,
                cluster=args.cluster,
                platform=args.platform,
                serving=args.serving,
                weights=args.weights,
                store=args.store,
                hugging_face_token=args.hugging_face_token,
                image=args.image,
                adapters=len(args.adapters.adapters) if args.adapters else 0,
            ),
            # Its first name; children follow, so that objects, roles and grants of deployed stacks stay what they are.
            pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(aliases=[pulumi.Alias(name=f"{name}-weights")])),
        )
        key = self._api_key()
        parts = weights.parts + self._server_files() + self._adapters(key)
        self._servers(weights.path, parts, key)
        for client in (args.gateway, peers.PROMETHEUS):
            args.platform.wiring.allow(client, self.workload, names.PORT)
        self.host, self.url, self.served_name = names.model_host(args.name), names.model_url(args.name), args.name
        self.register_outputs({"host": self.host, "url": self.url, "servedName": self.served_name})

    def _api_key(self) -> pulumi.Output[str]:
        """Name of the Secret with the server's key."""
        secret = k8s.core.v1.Secret(
            f"{self._name}-api-key",
            metadata=self._metadata(None),
            string_data={names.API_KEY: self._args.api_key},
            opts=self._args.platform.child_options(self),
        )
        return secret.metadata["name"]

    def _server_files(self) -> PodParts:
        args = self._args
        files = ServerFiles(
            f"{self._name}-server",
            ServerFilesArgs(
                model=args.name,
                task=args.serving.task,
                platform=args.platform,
                chat_template=args.server.chat_template,
            ),
            args.platform.child_options(self),
        )
        return files.parts

    def _adapters(self, key: pulumi.Output[str]) -> PodParts:
        args = self._args
        if args.adapters is None or args.store is None:
            return PodParts()
        adapters = ModelAdapters(
            f"{self._name}-adapters",
            ModelAdaptersArgs(
                model=args.name,
                cluster=args.cluster,
                platform=args.platform,
                serving=args.serving,
                adapters=args.adapters,
                store=args.store,
                api_key_secret=key,
                image=args.image,
            ),
            args.platform.child_options(self),
        )
        return adapters.parts

    def _servers(self, model: pulumi.Input[str], parts: PodParts, key: pulumi.Output[str]) -> None:
        args = self._args
        child = args.platform.child_options(self)
        account = k8s.core.v1.ServiceAccount(
            f"{self._name}-account",
            metadata=self._metadata(args.name),
            automount_service_account_token=False,
            opts=child,
        )
        environment = server_environment(api_key_secret=key, startup_seconds=durations.startup_seconds(args.serving))
        servers = ModelServers(
            f"{self._name}-servers",
            ModelServersArgs(model=args, path=model, parts=parts, environment=environment, ready=(account,)),
            child,
        )
        self._scale(servers.target, servers.workload)

    def _scale(self, target: ScaleTarget, workload: pulumi.Resource) -> None:
        args = self._args
        if args.scaling is None:
            return
        k8s.apiextensions.CustomResource(
            f"{self._name}-scaling",
            api_version=API_VERSION,
            kind=KIND,
            metadata=self._metadata(args.name),
            spec=scaled_object_spec(args.name, args.serving.task, target, args.scaling),
            opts=args.platform.child_options(self, workload, *args.operators),
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
