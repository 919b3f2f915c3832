"""Pure builders of the Job that makes databases and their owners on a PostgreSQL server that has none.

A managed server comes with one administrator. The cloud's API makes no databases or users, and the server is reached
from inside the network only, so a Job in the cluster makes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from components.base.pod_security import container_security_context, pod_security_context, resources

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import JobSpecArgsDict
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict

PASSWORD_FOLDER = "/run/passwords"  # noqa: S105 # a folder
SCRIPT_FOLDER = "/run/script"
ADMINISTRATOR_KEY = "administrator"
AUTHORITY_FILE = "authority.pem"
POSTGRES_UID = 26
_LONGEST_RUN_SECONDS = 1800
"""Six attempts, each of which may wait for the database's name to resolve and its image to come."""
"""User `postgres` of the PostgreSQL image."""

SCRIPT = r"""#!/bin/sh
# Makes each database of $DATABASES and its owner of the same name, sets the owner's password, and makes the extensions
# of $EXTENSIONS (`database=extension`), which an owner who is no administrator may not make.
# Everything is conditional or repeatable, so that running it again changes nothing.
set -eu
for database in $DATABASES; do
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set name="$database" <<'SQL'
\set file /run/passwords/ :name
\set entered `cat :file`
SELECT format('CREATE ROLE %I LOGIN', :'name')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', :'name', :'entered') \gexec
-- The administrator of a managed server is no superuser: it may give a database only to a role that it is a member of.
GRANT :"name" TO CURRENT_USER;
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
  echo "database $database is ready"
done
for entry in $EXTENSIONS; do
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname "${entry%%=*}" --set extension="${entry#*=}" <<'SQL'
SELECT format('CREATE EXTENSION IF NOT EXISTS %I', :'extension') \gexec
SQL
done
"""


def script_files(authority_certificates: str | None) -> dict[str, str]:
    """Content of the ConfigMap: the script, and what it checks the server's certificate with."""
    files = {"roles.sh": SCRIPT}
    return files | ({AUTHORITY_FILE: authority_certificates} if authority_certificates else {})


def roles_job_spec(
    *,
    databases: Sequence[str],
    extensions: Mapping[str, Sequence[str]],
    service_account: str,
    labels: dict[str, str],
    image: str,
    host: pulumi.Input[str],
    port: int,
    administrator: str,
    secret: pulumi.Input[str],
    script: pulumi.Input[str],
    checked: bool = False,
) -> JobSpecArgsDict:
    """The Job.

    `extensions` are SQL extensions by database. `secret` holds the administrator's password and one key a database,
    `script` is the ConfigMap. `checked`: the server must prove its name with a certificate of `AUTHORITY_FILE`.
    Otherwise the connection is encrypted to whoever answers at an address of the data subnets.
    """
    environment: list[EnvVarArgsDict] = [
        {"name": "DATABASES", "value": " ".join(databases)},
        {"name": "EXTENSIONS", "value": " ".join(f"{key}={item}" for key in extensions for item in extensions[key])},
        {"name": "PGHOST", "value": host},
        {"name": "PGPORT", "value": str(port)},
        {"name": "PGDATABASE", "value": "postgres"},
        {"name": "PGUSER", "value": administrator},
        {"name": "PGSSLMODE", "value": "verify-full" if checked else "require"},
        {"name": "PGPASSWORD", "value_from": {"secret_key_ref": {"name": secret, "key": ADMINISTRATOR_KEY}}},
    ]
    if checked:
        environment.append({"name": "PGSSLROOTCERT", "value": f"{SCRIPT_FOLDER}/{AUTHORITY_FILE}"})
    return {
        "backoff_limit": 6,
        "active_deadline_seconds": _LONGEST_RUN_SECONDS,
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "restart_policy": "OnFailure",
                "service_account_name": service_account,
                "automount_service_account_token": False,
                "enable_service_links": False,
                "priority_class_name": "platform-critical",
                "security_context": pod_security_context(uid=POSTGRES_UID),
                "containers": [
                    {
                        "name": "psql",
                        "image": image,
                        "command": ["/bin/sh", f"{SCRIPT_FOLDER}/roles.sh"],
                        "env": environment,
                        "resources": resources(cpu="100m", memory="128Mi"),
                        "security_context": container_security_context(),
                        "volume_mounts": [
                            {"name": "passwords", "mount_path": PASSWORD_FOLDER, "read_only": True},
                            {"name": "script", "mount_path": SCRIPT_FOLDER, "read_only": True},
                        ],
                    }
                ],
                "volumes": [
                    {"name": "passwords", "secret": {"secret_name": secret, "default_mode": 0o440}},
                    {"name": "script", "config_map": {"name": script}},
                ],
            },
        },
    }
