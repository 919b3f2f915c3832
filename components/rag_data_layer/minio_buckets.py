"""The Job that creates buckets, policies and users with MinIO's own client. Running it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pulumi

from components.base import labels, pod_security
from components.base.handles import AccessKey, BucketPurpose
from components.rag_data_layer import minio_config
from components.rag_data_layer.object_store import BUCKETS_JOB, COMPONENT, NAME, bucket_name

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import JobSpecArgsDict

ALIAS_KEY = "MC_HOST_store"
"""Variable from which the client reads address and key of the alias `store`."""

_USERS_FOLDER = "/etc/users"
_POLICIES_FOLDER = "/etc/policies"

SCRIPT = f"""\
set -eu
mc ready store
for bucket in "$@"; do
  mc mb --ignore-existing "store/$bucket"
  mc admin policy create store "{minio_config.policy_name("$bucket")}" "{_POLICIES_FOLDER}/$bucket.json"
  # Both halves of the key come by standard input: arguments show in the process list.
  mc admin user add store < "{_USERS_FOLDER}/$bucket" > /dev/null
  read -r user < "{_USERS_FOLDER}/$bucket"
  mc admin policy attach store "{minio_config.policy_name("$bucket")}" --user "$user" > /dev/null
  echo "bucket $bucket has its user"
done
"""


def policies(buckets: Iterable[str]) -> dict[str, str]:
    """Data of the ConfigMap: one policy a bucket."""
    return {f"{bucket}.json": minio_config.policy(bucket) for bucket in buckets}


def secret_data(
    endpoint_host: str, administrator: AccessKey, keys: Mapping[BucketPurpose, AccessKey]
) -> dict[str, pulumi.Output[str]]:
    """Data of the Secret: the alias, and one file a bucket with the two halves of its key."""
    alias = pulumi.Output.concat(
        "http://", administrator.access_key_id, ":", administrator.secret_access_key, "@", endpoint_host
    )
    users = {
        bucket_name(purpose): pulumi.Output.concat(key.access_key_id, "\n", key.secret_access_key, "\n")
        for purpose, key in keys.items()
    }
    return {ALIAS_KEY: alias, **users}


def job_spec(
    *,
    image: str,
    environment: str,
    buckets: Iterable[str],
    config_map: pulumi.Input[str],
    secret: pulumi.Input[str],
) -> JobSpecArgsDict:
    """Specification of the Job. `config_map` holds `policies`, `secret` holds `secret_data`."""
    names = list(buckets)
    return {
        "backoff_limit": 6,
        "active_deadline_seconds": 900,
        "template": {
            "metadata": {"labels": labels.object_labels(BUCKETS_JOB, COMPONENT, environment)},
            "spec": {
                "restart_policy": "OnFailure",
                "service_account_name": NAME,
                "automount_service_account_token": False,
                "enable_service_links": False,
                "priority_class_name": "platform-critical",
                "security_context": pod_security.pod_security_context(uid=1000),
                "containers": [
                    {
                        "name": "create-buckets",
                        "image": image,
                        "command": ["/bin/sh", "-c", SCRIPT, "create-buckets"],
                        "args": names,
                        "env": [
                            {"name": ALIAS_KEY, "value_from": {"secret_key_ref": {"name": secret, "key": ALIAS_KEY}}},
                            {"name": "MC_CONFIG_DIR", "value": "/tmp/mc"},  # noqa: S108 # an own empty volume
                        ],
                        "resources": pod_security.resources(cpu="50m", memory="256Mi"),
                        "security_context": pod_security.container_security_context(),
                        "volume_mounts": [
                            {"name": "policies", "mount_path": _POLICIES_FOLDER, "read_only": True},
                            {"name": "users", "mount_path": _USERS_FOLDER, "read_only": True},
                            {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108 # an own empty volume
                        ],
                    }
                ],
                "volumes": [
                    {"name": "policies", "config_map": {"name": config_map}},
                    {
                        "name": "users",
                        "secret": {"secret_name": secret, "items": [{"key": name, "path": name} for name in names]},
                    },
                    {"name": "tmp", "empty_dir": {"size_limit": "64Mi"}},
                ],
            },
        },
    }
