"""LiteLLM's pod and the model servers as a rendered stack says: files, arguments, variables with their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from components.inference_gateway.names import LITELLM_NAME, NAMESPACE
from tools.render.graph import RenderedStack
from tools.render.manifests import manifest
from tools.servers.errors import ServersError

Manifest = Mapping[str, Any]

_SERVED_NAME = "--served-model-name="


@dataclass(frozen=True, kw_only=True)
class Pod:
    """The main container of a pod. `files`: absolute path → text of what its ConfigMaps mount. `variables`: values,
    those from Secrets in clear text (drawn for this render, worth nothing elsewhere)."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def served_names(self) -> tuple[str, ...]:
        """Names by which a model server answers; empty for any other pod."""
        return tuple(
            name
            for argument in self.arguments
            if argument.startswith(_SERVED_NAME)
            for name in argument.removeprefix(_SERVED_NAME).split(",")
        )


def rendered_objects(stack: RenderedStack) -> list[dict[str, Any]]:
    """Every API object of a stack, secrets in clear text."""
    return [manifest(resource, clear_text=True) for resource in stack.objects]


def litellm_pod(objects: Iterable[Manifest]) -> Pod:
    """The pod of the gateway. Raises ServersError when the stack has none."""
    every = list(objects)
    for found in every:
        if found["kind"] == "Deployment" and _address(found) == (NAMESPACE, LITELLM_NAME):
            return _pod(found, every)
    raise ServersError(f"the stack has no Deployment {LITELLM_NAME} in namespace {NAMESPACE}")


def model_servers(objects: Iterable[Manifest]) -> list[Pod]:
    """The pods that serve a model, one per workload, whatever kind of workload it is."""
    every = list(objects)
    pods = (_pod(found, every) for found in every if _template(found))
    return [pod for pod in pods if pod.served_names]


def _pod(workload: Manifest, objects: list[Manifest]) -> Pod:
    namespace, _ = _address(workload)
    template = _template(workload)
    container = template["spec"]["containers"][0]
    return Pod(
        arguments=tuple(container.get("args", ())),
        variables=_variables(container, namespace, objects),
        files=_files(template["spec"], container, namespace, objects),
    )


def _template(workload: Manifest) -> dict[str, Any]:
    spec: dict[str, Any] = workload.get("spec") or {}
    # A LeaderWorkerSet has one template for its leader and one for its workers; only the leader serves.
    spec = spec.get("leaderWorkerTemplate") or spec
    template = spec.get("leaderTemplate") or spec.get("template") or {}
    return template if "containers" in (template.get("spec") or {}) else {}


def _variables(container: Mapping[str, Any], namespace: str, objects: list[Manifest]) -> dict[str, str]:
    values: dict[str, str] = {}
    for variable in container.get("env", ()):
        if "value" in variable:
            values[variable["name"]] = str(variable["value"])
        elif reference := (variable.get("valueFrom") or {}).get("secretKeyRef"):
            secret = _find(objects, "Secret", namespace, reference["name"])
            if secret is not None and reference["key"] in secret.get("stringData", {}):
                values[variable["name"]] = str(secret["stringData"][reference["key"]])
    return values


def _files(
    pod: Mapping[str, Any], container: Mapping[str, Any], namespace: str, objects: list[Manifest]
) -> dict[str, str]:
    names = {volume["name"]: volume["configMap"]["name"] for volume in pod.get("volumes", ()) if "configMap" in volume}
    files: dict[str, str] = {}
    for mount in container.get("volumeMounts", ()):
        config = _find(objects, "ConfigMap", namespace, names.get(mount["name"], ""))
        for name, text in (config or {}).get("data", {}).items():
            files[str(PurePosixPath(mount["mountPath"]) / name)] = text
    return files


def _find(objects: list[Manifest], kind: str, namespace: str, name: str) -> Manifest | None:
    matching = (found for found in objects if found["kind"] == kind and _address(found) == (namespace, name))
    return next(matching, None)


def _address(found: Manifest) -> tuple[str, str]:
    return found["metadata"].get("namespace", ""), found["metadata"]["name"]
