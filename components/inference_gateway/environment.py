"""Environment variables of LiteLLM's containers. Secrets are references to Secrets, never literals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.base import valkey
from components.inference_gateway import litellm_config
from components.inference_gateway.extension import Extension
from components.inference_gateway.names import console_host, model_key_variable

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict

SALT_KEY = "LITELLM_SALT_KEY"
UI_PASSWORD = "UI_PASSWORD"  # noqa: S105 # the name of a variable

REQUESTS_BEFORE_COOLDOWN = 5
"""Requests to one model, each with all its retries, after which it is left alone if none of a minute succeeded."""

_WAITS_BETWEEN_TRIES = {"INITIAL_RETRY_DELAY": "0.1", "MAX_RETRY_DELAY": "1", "JITTER": "0.2"}
"""Seconds: 0.1, 0.2 and 0.4, each longer by up to 0.2. A wait that a provider names in `Retry-After` is kept."""

CACHE_FOLDER = "/app/cache"
MIGRATIONS_FOLDER = "/app/migrations"


@dataclass(frozen=True, kw_only=True)
class SecretNames:
    """Names of the Secrets that hold the gateway's credentials, all in its namespace.

    `keys`: master, salt and console keys. `database`: the connection URL. `models`: one key per model. `cache` and
    `counters`: passwords of the two Valkeys.
    """

    keys: pulumi.Input[str]
    database: pulumi.Input[str]
    models: pulumi.Input[str]
    cache: pulumi.Input[str]
    counters: pulumi.Input[str]


def server_variables(
    models: Iterable[str],
    secrets: SecretNames,
    *,
    domain: str,
    cache_host: pulumi.Input[str],
    drain_seconds: int,
    extension: Extension | None = None,
) -> list[EnvVarArgsDict]:
    """Variables of the serving pods. `drain_seconds` is how long a terminating pod finishes its requests, `extension`
    what other parts of the gateway add."""
    added = extension or Extension()
    plain: dict[str, pulumi.Input[str]] = {
        **_common(),
        # The migration Job owns the schema; replicas racing each other through it left half-applied migrations.
        "DISABLE_SCHEMA_UPDATE": "true",
        # A model is one Service, so one deployment to LiteLLM, which is left alone only when all of so many requests
        # of a minute failed: one bad replica of several is no reason. LiteLLM's default is 1,000.
        "SINGLE_DEPLOYMENT_TRAFFIC_FAILURE_THRESHOLD": str(REQUESTS_BEFORE_COOLDOWN),
        # Another try goes to another replica, or to a server that is starting: one second in all for the three tries of
        # a request, where LiteLLM's own waits are 4 to 5 before the first fallback is asked.
        **_WAITS_BETWEEN_TRIES,
        "GRACEFUL_SHUTDOWN_TIMEOUT": str(drain_seconds),
        "LITELLM_DISABLE_ACCESS_LOG_PATHS": "/health/liveliness,/health/readiness,/metrics,/metrics/",
        # The console is copied from the image at start, to a place that can be written.
        "LITELLM_UI_PATH": f"{CACHE_FOLDER}/ui",
        "LITELLM_ASSETS_PATH": f"{CACHE_FOLDER}/assets",
        "LITELLM_DONT_SHOW_FEEDBACK_BOX": "true",
        "NO_DOCS": "true",
        "NO_REDOC": "true",
        "PROXY_BASE_URL": f"https://{console_host(domain)}",
        "UI_USERNAME": "admin",
        litellm_config.CACHE_HOST: cache_host,
        **added.variables,
    }
    return [
        *_plain_variables(plain),
        *(secret_variable(key, secrets.keys) for key in (litellm_config.MASTER_KEY, SALT_KEY, UI_PASSWORD)),
        secret_variable(litellm_config.DATABASE_URL, secrets.database),
        secret_variable(litellm_config.CACHE_PASSWORD, secrets.cache),
        secret_variable(litellm_config.COUNTERS_PASSWORD, secrets.counters, valkey.PASSWORD_KEY),
        *(secret_variable(model_key_variable(model), secrets.models) for model in models),
        *(secret_variable(name, *source) for name, source in sorted(added.secrets.items())),
    ]


def migration_variables(database_secret: pulumi.Input[str]) -> list[EnvVarArgsDict]:
    """Variables of the migration: the database and nothing else of the gateway's."""
    return [
        *_plain_variables(_common() | {"DISABLE_SCHEMA_UPDATE": "false"}),
        secret_variable(litellm_config.DATABASE_URL, database_secret),
    ]


def secret_variable(name: str, secret: pulumi.Input[str], key: str | None = None) -> EnvVarArgsDict:
    """A variable whose value is `key` (by default `name`) of the Secret named `secret`."""
    return {"name": name, "value_from": {"secret_key_ref": {"name": secret, "key": key or name}}}


def _common() -> dict[str, pulumi.Input[str]]:
    # PRISMA_BINARY_CACHE_DIR stays as the image sets it: the engines are baked in at /opt/prisma, readable by any
    # user (BerriAI/litellm#33853); pointing it elsewhere makes Prisma download them, which no egress allows.
    return {
        "HOME": "/tmp",  # noqa: S108 # an emptyDir of the pod's own
        "XDG_CACHE_HOME": CACHE_FOLDER,
        "LITELLM_MIGRATION_DIR": MIGRATIONS_FOLDER,
        "LITELLM_MODE": "PRODUCTION",
        # Prices of hosted providers would otherwise be downloaded at start.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


def _plain_variables(values: Mapping[str, pulumi.Input[str]]) -> list[EnvVarArgsDict]:
    return [{"name": name, "value": values[name]} for name in sorted(values)]
