"""The Job that turns the stack's teams and tiers into LiteLLM teams with limits and budgets.

LiteLLM keeps teams in its database alone, so they cannot be written into config.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi

from components.base import labels, pod_security
from components.base.capabilities import provides
from components.inference_gateway.arguments import TeamLimits
from components.inference_gateway.environment import secret_variable
from components.inference_gateway.job_pods import job_template
from components.inference_gateway.litellm_config import MASTER_KEY
from components.inference_gateway.names import LITELLM_NAME, LITELLM_PORT, NAMESPACE, TEAMS_COMPONENT, TEAMS_NAME

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import JobSpecArgsDict
    from pulumi_kubernetes.core.v1 import ContainerArgsDict
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

_FOLDER = "/teams"
_SCRIPT = "apply_teams.py"
_FILE = "teams.json"
_DEADLINE_SECONDS = 1800


def team_body(team: TeamLimits) -> dict[str, Any]:
    """Body of LiteLLM's `/team/new` and `/team/update`. Its id is the team's name, so that a repeat finds it again."""
    return {
        "team_id": team.name,
        "team_alias": team.name,
        "models": list(team.models),
        "rpm_limit": team.requests_per_minute,
        "tpm_limit": team.tokens_per_minute,
        "max_budget": team.budget_usd,
        # Calendar month: LiteLLM resets `1mo` on the first day.
        "budget_duration": "1mo",
        "metadata": {
            "managed-by": "ai-platform",
            "tier": team.tier,
            "data-class": team.data_class,
            **({"external": True} if team.external else {}),
        },
    }


def config_data(teams: Iterable[TeamLimits]) -> dict[str, str]:
    """Data of the ConfigMap: the teams and the script that applies them."""
    bodies = [team_body(team) for team in teams]
    return {
        _FILE: json.dumps(bodies, indent=1) + "\n",
        _SCRIPT: (Path(__file__).parent / "scripts" / _SCRIPT).read_text("utf-8"),
    }


def metadata(environment: str) -> ObjectMetaArgsDict:
    """Metadata without a name: changed teams make a new Job."""
    return {
        "namespace": NAMESPACE,
        "labels": labels.object_labels(TEAMS_NAME, TEAMS_COMPONENT, environment),
        "annotations": provides("gateway-budgets"),
    }


def job_spec(
    *,
    image: str,
    environment: str,
    service_account: str,
    config_map: pulumi.Input[str],
    keys_secret: pulumi.Input[str],
) -> JobSpecArgsDict:
    """Specification of the Job. `config_map` holds `config_data`, `keys_secret` the master key."""
    return {
        "backoff_limit": 10,
        "active_deadline_seconds": _DEADLINE_SECONDS,
        "template": job_template(
            TEAMS_NAME,
            TEAMS_COMPONENT,
            environment=environment,
            service_account=service_account,
            priority="platform-standard",
            container=_container(image, keys_secret),
            volumes=[{"name": "teams", "config_map": {"name": config_map}}],
        ),
    }


def _container(image: str, keys_secret: pulumi.Input[str]) -> ContainerArgsDict:
    return {
        "name": "teams",
        "image": image,
        "command": ["python", f"{_FOLDER}/{_SCRIPT}"],
        "env": [
            {"name": "GATEWAY_URL", "value": f"http://{LITELLM_NAME}.{NAMESPACE}.svc.cluster.local:{LITELLM_PORT}"},
            {"name": "TEAMS_FILE", "value": f"{_FOLDER}/{_FILE}"},
            {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"},
            secret_variable(MASTER_KEY, keys_secret),
        ],
        "resources": pod_security.resources(cpu="100m", cpu_limit="500m", memory="128Mi"),
        "security_context": pod_security.container_security_context(),
        "volume_mounts": [{"name": "teams", "mount_path": _FOLDER, "read_only": True}],
    }
