"""Keys of the SDK's typed dicts (`snake_case`) as the API server spells them (`camelCase`).

The SDK converts the keys of the kinds it knows. In a custom resource keys are sent as they are: a pod template that was
built as a typed dict is converted here before it becomes part of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

FREE_MAPS = frozenset(
    {
        "annotations",
        "binaryData",
        "data",
        "labels",
        "limits",
        "matchLabels",
        "nodeSelector",
        "overhead",
        "requests",
        "stringData",
        "volumeAttributes",
    }
)
"""Members, as the API spells them, whose own keys are data: labels, annotations, resource names, file names."""

_ACRONYMS = {
    "dataset_uuid": "datasetUUID",
    "disk_uri": "diskURI",
    "downward_api": "downwardAPI",
    "host_ip": "hostIP",
    "host_ipc": "hostIPC",
    "host_pid": "hostPID",
    "pd_id": "pdID",
    "scale_io": "scaleIO",
    "set_hostname_as_fqdn": "setHostnameAsFQDN",
    "storage_policy_id": "storagePolicyID",
    "target_wwns": "targetWWNs",
    "volume_id": "volumeID",
}
"""Members of pod templates with words in capitals."""


def wire(value: Any) -> Any:
    """`value` with the keys of every dict in it as the API server spells them; Outputs and other values stay.

    Keys below FREE_MAPS are left alone. Keys that are already in camelCase come out as they went in.
    """
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {wire_key(key): dict(item) if _is_free(key, item) else wire(item) for key, item in members.items()}
    if isinstance(value, (list, tuple)):
        return [wire(item) for item in cast("list[Any]", value)]
    return value


def wire_key(key: str) -> str:
    """One key: `image_pull_policy` → `imagePullPolicy`."""
    if key in _ACRONYMS:
        return _ACRONYMS[key]
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _is_free(key: str, value: Any) -> bool:
    return wire_key(key) in FREE_MAPS and isinstance(value, Mapping)
