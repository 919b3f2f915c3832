"""Applies a rendered stack with `kubectl apply --server-side`, phase by phase, and prunes what is gone from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tools.deploy.apply_order import Phase, phases
from tools.deploy.errors import DeployError
from tools.deploy.objects import Address, Manifest, address_of, applied_objects, changed_by_us, labelled_manifests
from tools.deploy.pod_templates import template_pods
from tools.deploy.progress import Progress
from tools.render.graph import RenderedStack
from tools.simulator.kubectl import Completed, Kubectl, KubectlError


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What one run did."""

    created: tuple[Address, ...]
    changed: tuple[Address, ...]
    pruned: tuple[Address, ...]

    @property
    def is_unchanged(self) -> bool:
        """Whether the run left the cluster as it was."""
        return not (self.created or self.changed or self.pruned)


def apply_stack(kubectl: Kubectl, rendered: RenderedStack, progress: Progress, *, delete_data: bool) -> Applied:
    """Apply all objects of `rendered`. Run again after an interruption it goes on where it stopped.

    Raises DeployError with every refusal and every warning of the API server: a warning is a manifest that the next
    version of Kubernetes, or a stricter namespace, would refuse.
    """
    manifests = labelled_manifests(rendered)
    before = applied_objects(kubectl, rendered.stack)
    for phase in phases(manifests):
        with progress.phase(f"apply {phase.title}", total=len(phase.manifests)) as advance:
            if phase.title == "workloads":
                _check_pods(kubectl, phase)
            _accepted(phase.title, lambda phase=phase: kubectl.apply(phase.manifests))
            advance(len(phase.manifests))
    pruned = _prune(kubectl, before, manifests, delete_data=delete_data)
    after = applied_objects(kubectl, rendered.stack)
    return Applied(
        created=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(sorted(key for key in after.keys() & before.keys() if changed_by_us(before[key], after[key]))),
        pruned=pruned,
    )


def _check_pods(kubectl: Kubectl, phase: Phase) -> None:
    pods = template_pods(phase.manifests)
    _accepted("pods of the workloads", lambda: kubectl.apply(pods, dry_run=True))


def _accepted(title: str, attempt: Callable[[], Completed]) -> None:
    try:
        completed = attempt()
    except KubectlError as error:
        message = f"the API server refused {title}:\n" + "\n".join(error.completed.errors)
        raise DeployError(message) from None
    if completed.warnings:
        message = f"the API server accepted {title} with a warning:\n" + "\n".join(completed.warnings)
        raise DeployError(message)


def _prune(
    kubectl: Kubectl, before: dict[Address, Manifest], manifests: Iterable[Manifest], *, delete_data: bool
) -> tuple[Address, ...]:
    wanted = {address_of(item) for item in manifests}
    gone = sorted(before.keys() - wanted)
    for address in gone:
        resource = f"{address.kind}.{address.group}" if address.group else address.kind
        kubectl.delete(resource, address.name, namespace=address.namespace or None, wait=False)
        if delete_data and address.kind == "StatefulSet":
            _delete_claims(kubectl, before[address])
    return tuple(gone)


def _delete_claims(kubectl: Kubectl, stateful_set: Manifest) -> None:
    metadata = stateful_set["metadata"]
    prefixes = tuple(
        f"{claim['metadata']['name']}-{metadata['name']}-"
        for claim in stateful_set["spec"].get("volumeClaimTemplates") or []
    )
    for claim in kubectl.get("persistentvolumeclaims", namespace=metadata["namespace"]):
        if prefixes and claim["metadata"]["name"].startswith(prefixes):
            kubectl.delete("persistentvolumeclaim", claim["metadata"]["name"], namespace=metadata["namespace"])
