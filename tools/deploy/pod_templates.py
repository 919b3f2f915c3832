"""Pod templates as Pods, so that admission judges them: Pod Security and quotas refuse pods, not Deployments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_TEMPLATE_KINDS = {"Deployment", "StatefulSet", "DaemonSet", "Job"}


def template_pods(manifests: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One Pod per workload, named after it, with the claims of a StatefulSet as volumes."""
    return [_pod(manifest) for manifest in manifests if manifest["kind"] in _TEMPLATE_KINDS]


def _pod(manifest: Mapping[str, Any]) -> dict[str, Any]:
    template = manifest["spec"]["template"]
    claims = [claim["metadata"]["name"] for claim in manifest["spec"].get("volumeClaimTemplates") or []]
    volumes = [
        {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{manifest['metadata']['name']}-0"}}
        for claim in claims
    ]
    metadata = template.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{manifest['metadata']['name'][:50]}-{manifest['kind'].lower()}",
            "namespace": manifest["metadata"]["namespace"],
            "labels": metadata.get("labels") or {},
            "annotations": metadata.get("annotations") or {},
        },
        "spec": template["spec"] | {"volumes": [*(template["spec"].get("volumes") or []), *volumes]},
    }
