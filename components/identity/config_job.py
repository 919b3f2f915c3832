"""Pure builder of the Job that makes the realm what the program says: keycloak-config-cli, on every change.

Keycloak's own import at start only ever creates a realm. The Job's pod names the ConfigMap and the Secret of the realm,
whose names follow their content, so a change of either is a new Job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.base import labels, namespaces, pod_security
from components.base.wiring import Workload
from components.identity.keycloak import HOST, HTTP_PORT
from components.identity.server_environment import ADMIN_PASSWORD_KEY, ADMIN_USERNAME_KEY

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import JobSpecArgsDict
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, EnvVarArgsDict

NAME = "keycloak-config"
COMPONENT = "identity-config"
CONFIG_JOB = Workload.of(namespaces.IDENTITY, NAME, COMPONENT)
REALM_FILE = "realm.json"

_LONGEST_RUN_SECONDS = 1800
"""It begins when Keycloak's first start does, which may wait for its database."""

_UID = 65534
_FOLDER = "/config"


def job_spec(
    *,
    image: str,
    environment: str,
    realm: pulumi.Input[str],
    variables: pulumi.Input[str],
    admin: pulumi.Input[str],
) -> JobSpecArgsDict:
    """`realm` is the name of the ConfigMap with the realm, `variables` of the Secret whose keys fill in its variables,
    `admin` of the Secret of the bootstrap administrator.
    """
    return {
        # Applying the realm again changes nothing, so a failed attempt is simply repeated.
        "backoff_limit": 10,
        "active_deadline_seconds": _LONGEST_RUN_SECONDS,
        "template": {
            "metadata": {"labels": labels.object_labels(NAME, COMPONENT, environment)},
            "spec": {
                "service_account_name": NAME,
                "automount_service_account_token": False,
                "enable_service_links": False,
                "priority_class_name": "platform-critical",
                "restart_policy": "OnFailure",
                "security_context": pod_security.pod_security_context(uid=_UID),
                "containers": [_container(image, variables, admin)],
                "volumes": [
                    {"name": "realm", "config_map": {"name": realm}},
                    {"name": "tmp", "empty_dir": {"size_limit": "64Mi"}},
                ],
            },
        },
    }


def _container(image: str, variables: pulumi.Input[str], admin: pulumi.Input[str]) -> ContainerArgsDict:
    return {
        "name": "keycloak-config-cli",
        "image": image,
        "env": _environment(admin),
        "env_from": [{"secret_ref": {"name": variables}}],
        "resources": pod_security.resources(cpu="250m", memory="768Mi", cpu_limit="1"),
        "security_context": pod_security.container_security_context(),
        "volume_mounts": [
            {"name": "realm", "mount_path": _FOLDER, "read_only": True},
            {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108 - a volume of the pod
        ],
    }


def _environment(admin: pulumi.Input[str]) -> list[EnvVarArgsDict]:
    plain = {
        "KEYCLOAK_URL": f"http://{HOST}:{HTTP_PORT}",
        # A first start of the server builds it and creates its schema.
        "KEYCLOAK_AVAILABILITYCHECK_ENABLED": "true",
        "KEYCLOAK_AVAILABILITYCHECK_TIMEOUT": "300s",
        "IMPORT_FILES_LOCATIONS": f"file:{_FOLDER}/{REALM_FILE}",
        "IMPORT_VARSUBSTITUTION_ENABLED": "true",
        # It would skip a file it has applied before, and leave what somebody changed by hand since.
        "IMPORT_CACHE_ENABLED": "false",
        "JAVA_OPTS": "-XX:MaxRAMPercentage=60",
    }
    return [
        *({"name": name, "value": value} for name, value in plain.items()),
        _from_secret("KEYCLOAK_USER", admin, ADMIN_USERNAME_KEY),
        _from_secret("KEYCLOAK_PASSWORD", admin, ADMIN_PASSWORD_KEY),
    ]


def _from_secret(name: str, secret: pulumi.Input[str], key: str) -> EnvVarArgsDict:
    return {"name": name, "value_from": {"secret_key_ref": {"name": secret, "key": key}}}
