"""Files of the server that are neither in its image nor in its weights: the guard of its routes and a chat template."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels
from components.base.handles import PlatformContext
from components.base.models import Task
from components.base.tasks import served_routes
from components.vllm_model.environment import variables
from components.vllm_model.names import NAMESPACE, SERVER_COMPONENT
from components.vllm_model.pod_parts import PodParts

TYPE = "ai-platform:vllm_model:ServerFiles"

FOLDER = "/etc/ai-platform"
GUARD = "served_routes.py"
_TEMPLATE = "chat_template.jinja"


@dataclass(frozen=True, kw_only=True)
class ServerFilesArgs:
    """`model` is the model's name, `chat_template` the text of its template, None for the model's own."""

    model: str
    task: Task
    platform: PlatformContext
    chat_template: str | None


class ServerFiles(pulumi.ComponentResource):
    """Output: `parts`, what the server's pod needs of it."""

    parts: PodParts

    def __init__(self, name: str, args: ServerFilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        files = k8s.core.v1.ConfigMap(
            f"{name}-files",
            metadata={
                "namespace": NAMESPACE,
                "labels": labels.object_labels(args.model, SERVER_COMPONENT, args.platform.environment),
            },
            data=file_data(args.chat_template),
            opts=args.platform.child_options(self),
        )
        self.parts = file_parts(files.metadata["name"], task=args.task, template=args.chat_template is not None)
        self.register_outputs({"files": files.metadata["name"]})


def file_data(chat_template: str | None) -> dict[str, str]:
    """Data of the ConfigMap."""
    guard = (Path(__file__).parent / "scripts" / GUARD).read_text("utf-8")
    return {GUARD: guard} | ({_TEMPLATE: chat_template} if chat_template is not None else {})


def file_parts(config_map: pulumi.Input[str], *, task: Task, template: bool) -> PodParts:
    """Additions to the pod. `template`: a chat template is among the files."""
    module = GUARD.removesuffix(".py")
    arguments = [f"--middleware={module}.ServedRoutes"]
    if template:
        arguments.append(f"--chat-template={FOLDER}/{_TEMPLATE}")
    return PodParts(
        arguments=tuple(arguments),
        environment=tuple(variables({"PYTHONPATH": FOLDER, "SERVED_ROUTES": ",".join(served_routes(task))})),
        volumes=({"name": "server-files", "config_map": {"name": config_map}},),
        mounts=({"name": "server-files", "mount_path": FOLDER, "read_only": True},),
    )
