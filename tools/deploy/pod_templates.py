"""Pod templates as Pods, so that admission judges them: Pod Security and quotas refuse pods, not Deployments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Manifest = Mapping[str, Any]

_TEMPLATE = (("spec", "template"),)
_GROUP_TEMPLATES = tuple(("spec", "leaderWorkerTemplate", f"{role}Template") for role in ("leader", "worker"))

TEMPLATES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "Job": _TEMPLATE,
    "Rollout": _TEMPLATE,
    "LeaderWorkerSet": _GROUP_TEMPLATES,
}
"""Where each kind keeps its pod templates. Operators make the pods of the last two, which a rehearsal does not run."""


def templates_of(manifest: Manifest) -> Iterator[Manifest]:
    """The pod templates of an object, none for kinds that have none."""
    for place in TEMPLATES.get(manifest["kind"], ()):
        found: Any = manifest
        for key in place:
            found = found.get(key) or {}
        if found:
            yield found


def template_pods(manifests: Iterable[Manifest]) -> list[dict[str, Any]]:
    """One Pod per pod template, named after its workload, with the claims of a StatefulSet as volumes."""
    return [
        _pod(manifest, template, number)
        for manifest in manifests
        for number, template in enumerate(templates_of(manifest))
    ]


def _pod(manifest: Manifest, template: Manifest, number: int) -> dict[str, Any]:
    claims = [claim["metadata"]["name"] for claim in manifest["spec"].get("volumeClaimTemplates") or []]
    volumes = [
        {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{manifest['metadata']['name']}-0"}}
        for claim in claims
    ]
    metadata = template.get("metadata") or {}
    suffix = f"-{number}" if number else ""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{manifest['metadata']['name'][:44]}-{manifest['kind'].lower()}{suffix}",
            "namespace": manifest["metadata"]["namespace"],
            "labels": metadata.get("labels") or {},
            "annotations": metadata.get("annotations") or {},
        },
        "spec": template["spec"] | {"volumes": [*(template["spec"].get("volumes") or []), *volumes]},
    }
