"""What LiteLLM is given so that it accepts access tokens: a module, a file of teams, and two settings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from components.base.oidc import TokenIssuer
from components.inference_gateway.api_routes import API_PATHS
from components.inference_gateway.arguments import TeamLimits
from components.inference_gateway.extension import Extension

MODULE = "platform_sign_on"
FILE = "sign_on.json"

_SOURCE = Path(__file__).with_name(f"{MODULE}.py")


def sign_on_extension(
    tokens: TokenIssuer, teams: Iterable[TeamLimits], *, max_parallel_requests: int | None = None
) -> Extension:
    """Module and settings for tokens of `tokens`. `max_parallel_requests` holds for each person, as for each key.

    Nothing in it is secret: tokens are checked with the realm's public keys.
    """
    return Extension(
        files={
            _SOURCE.name: _SOURCE.read_text("utf-8"),
            FILE: _settings(tokens, teams, max_parallel_requests),
        },
        general={
            "custom_auth": f"{MODULE}.authenticate",
            # Without it LiteLLM checks neither budgets nor models of the team for whoever comes with a token.
            "custom_auth_run_common_checks": True,
        },
    )


def team_entry(team: TeamLimits) -> dict[str, Any]:
    """A team as the module reads it. Its limits are those of LiteLLM's team: keys and tokens share them."""
    return {
        "team": team.name,
        "group": team.group,
        "models": list(team.models),
        "requestsPerMinute": team.requests_per_minute,
        "tokensPerMinute": team.tokens_per_minute,
    }


def _settings(tokens: TokenIssuer, teams: Iterable[TeamLimits], max_parallel_requests: int | None) -> str:
    settings = {
        "issuer": tokens.issuer_url,
        "audience": tokens.audience,
        "jwksUrl": tokens.jwks_url,
        "paths": list(API_PATHS),
        "maxParallelRequests": max_parallel_requests,
        "teams": [team_entry(team) for team in teams],
    }
    return json.dumps(settings, indent=1) + "\n"
