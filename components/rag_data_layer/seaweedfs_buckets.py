"""The Job that creates the buckets over the S3 interface. Running it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pulumi

from components.base import labels, pod_security
from components.base.handles import AccessKey
from components.rag_data_layer.object_store import BUCKETS_JOB, COMPONENT, NAME, REGION

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import JobSpecArgsDict

CREDENTIALS_KEY = "curl.conf"
FOLDER = "/etc/administrator"
"""Where the Job finds the administrator's key."""

SCRIPT = f"""\
set -eu
s3() {{
  curl --silent --show-error --max-time 30 --config {FOLDER}/{CREDENTIALS_KEY} \\
    --aws-sigv4 aws:amz:{REGION}:s3 --output /dev/null --write-out '%{{http_code}}' "$@"
}}
endpoint=$1
shift
until curl --silent --fail --max-time 5 --output /dev/null "$endpoint/readyz"; do sleep 2; done
for bucket in "$@"; do
  found=$(s3 --head "$endpoint/$bucket")
  case $found in
    200) echo "bucket $bucket exists" ;;
    404)
      made=$(s3 --request PUT "$endpoint/$bucket")
      echo "bucket $bucket: $made"
      # 409: another run of this Job was faster.
      [ "$made" = 200 ] || [ "$made" = 409 ]
      ;;
    *)
      echo "bucket $bucket: the store answers $found" >&2
      exit 1
      ;;
  esac
done
"""


def credentials(administrator: AccessKey) -> pulumi.Output[str]:
    """A configuration file of curl: in its arguments the key would show in the process list."""
    return pulumi.Output.concat('user = "', administrator.access_key_id, ":", administrator.secret_access_key, '"\n')


def job_spec(
    *, image: str, environment: str, endpoint: str, buckets: Iterable[str], secret: pulumi.Input[str]
) -> JobSpecArgsDict:
    """Specification of the Job. `secret` is the name of the Secret that holds `credentials`."""
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
                        "args": [endpoint, *buckets],
                        "resources": pod_security.resources(cpu="50m", memory="64Mi"),
                        "security_context": pod_security.container_security_context(),
                        "volume_mounts": [{"name": "administrator", "mount_path": FOLDER, "read_only": True}],
                    }
                ],
                "volumes": [{"name": "administrator", "secret": {"secret_name": secret}}],
            },
        },
    }
