"""Volumes for claims: what a storage driver would provision, as objects only; nothing is mounted anywhere."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from tools.simulator.api import ApiClient, ApiError, Manifest

PROVISIONER = "ai-platform/simulator"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_CLAIMS = "/api/v1/persistentvolumeclaims"
_VOLUMES = "/api/v1/persistentvolumes"
_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"


def provide_volumes(client: ApiClient) -> tuple[str, ...]:
    """Make one static PersistentVolume for each pending claim, and remove released ones; return the names made.

    The volume has the claim's size, class, access modes and volume mode, and is reserved for it; the real volume
    controller binds the two. As on a real cluster, a claim whose storage class does not exist, or that names none
    where no class is the default, stays pending. A volume whose claim is gone is removed when its class says Delete.
    """
    classes = {entry["metadata"]["name"]: entry for entry in client.list_items(_CLASSES)}
    volumes = client.list_items(_VOLUMES)
    reserved = {volume["spec"]["claimRef"]["uid"] for volume in volumes if "claimRef" in volume["spec"]}
    made: list[str] = []
    for claim in client.list_items(_CLAIMS):
        storage_class = classes.get(claim["spec"].get("storageClassName", ""))
        if storage_class is None or not _is_pending(claim) or claim["metadata"]["uid"] in reserved:
            continue
        volume = volume_for(claim, storage_class)
        if _create(client, volume):
            made.append(volume["metadata"]["name"])
    for volume in volumes:
        if _is_left_over(volume):
            client.delete(f"{_VOLUMES}/{volume['metadata']['name']}")
    return tuple(made)


def volume_for(claim: Manifest, storage_class: Manifest) -> Manifest:
    """The PersistentVolume for one claim of one storage class."""
    metadata, spec = claim["metadata"], claim["spec"]
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    reference |= {key: metadata[key] for key in ("namespace", "name", "uid")}
    volume_spec: dict[str, Any] = {
        "capacity": {"storage": spec["resources"]["requests"]["storage"]},
        "accessModes": spec["accessModes"],
        "volumeMode": spec.get("volumeMode", "Filesystem"),
        "storageClassName": spec["storageClassName"],
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
        "claimRef": reference,
        # A path that no process ever reads: there is no kubelet that could mount it.
        "hostPath": {"path": f"/simulated/{metadata['namespace']}/{metadata['name']}"},
    }
    # The annotation tells the volume controller that deleting is an outside provisioner's work.
    volume_metadata: dict[str, Any] = {
        "name": f"pvc-{metadata['uid']}",
        "annotations": {_PROVISIONED_BY: PROVISIONER},
        "labels": spec.get("selector", {}).get("matchLabels", {}),
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": volume_metadata, "spec": volume_spec}


def _create(client: ApiClient, volume: Manifest) -> bool:
    """Create the volume; False when another caller was faster, since its name follows from the claim."""
    try:
        client.create(_VOLUMES, volume)
    except ApiError as error:
        if error.status == HTTPStatus.CONFLICT:
            return False
        raise
    return True


def _is_pending(claim: Manifest) -> bool:
    pending = claim.get("status", {}).get("phase") == "Pending"
    return pending and not claim["spec"].get("volumeName") and "deletionTimestamp" not in claim["metadata"]


def _is_left_over(volume: Manifest) -> bool:
    own = volume["metadata"].get("annotations", {}).get(_PROVISIONED_BY) == PROVISIONER
    released = volume.get("status", {}).get("phase") in {"Released", "Failed"}
    return own and released and volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
