# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# LiteLLM and PyJWT are in LiteLLM's image, where this runs, and not among the platform's own packages.
"""LiteLLM accepts access tokens of the realm beside its own keys. Runs in LiteLLM's pods, loaded from config.yaml.

A token is checked again here, whoever checked it before: signature, issuer, audience, expiry. Its groups choose the
team, whose models, limits and budget LiteLLM enforces as for a key of that team. What is no token goes on to LiteLLM's
own check of keys, untouched. Settings: sign_on.json beside this file.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import litellm
from fastapi import Request
from litellm._logging import verbose_proxy_logger
from litellm.proxy import proxy_server
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth
from litellm.proxy.auth import user_api_key_auth as litellm_auth
from litellm.proxy.auth.auth_checks import get_user_object

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Asymmetric ones alone: with a symmetric one the public key would be the secret."""
LEEWAY_SECONDS = 10
KEYS_FRESH_SECONDS = 300
KEYS_STALE_SECONDS = 3600
"""How long known keys are good for while the realm does not answer."""
KEYS_PAUSE_SECONDS = 10
"""Least time between two readings of the keys, whatever key ids tokens name."""
TEAM_HEADER = "x-team"
_TOKEN_PARTS = 3

SETTINGS: dict[str, Any] = json.loads(Path(__file__).with_name("sign_on.json").read_text("utf-8"))


def refused(status: int, message: str) -> ProxyException:
    """The error that LiteLLM answers with."""
    return ProxyException(message=f"Authentication Error, {message}", type="auth_error", param="token", code=status)


class RealmKeys:
    """Public keys of the realm by key id, read again when a token names an unknown one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, Any] = {}
        self._read_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def key(self, key_id: str) -> Any:
        """The key. Raises ProxyException: 401 for an unknown id, 503 when the realm never answered."""
        # Nobody with a known key waits while somebody else's token has the keys read again.
        if key_id in self._keys and time.monotonic() - self._read_at < self._good_seconds():
            return self._keys[key_id]
        async with self._lock:
            now = time.monotonic()
            wanted = key_id not in self._keys or now - self._read_at > KEYS_FRESH_SECONDS
            if wanted and now - self._tried_at > KEYS_PAUSE_SECONDS:
                self._tried_at = now
                await self._read(now)
            if now - self._read_at > KEYS_STALE_SECONDS:
                raise refused(503, "the keys of the realm cannot be read, try again in a moment")
        if key_id not in self._keys:
            raise refused(401, "the token is signed with a key that the realm does not have")
        return self._keys[key_id]

    def _good_seconds(self) -> int:
        return KEYS_STALE_SECONDS if self._lock.locked() else KEYS_FRESH_SECONDS

    async def _read(self, now: float) -> None:
        try:
            async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
                answer = await client.get(self._url)
                answer.raise_for_status()
                entries = [entry for entry in answer.json()["keys"] if isinstance(entry, dict)]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            verbose_proxy_logger.error("sign-on: reading %s: %s", self._url, type(error).__name__)
            return
        # Keycloak publishes its encryption keys too; PyJWT has no use for them.
        signing = [entry for entry in entries if entry.get("kid") and entry.get("use", "sig") == "sig"]
        self._keys = dict(_usable(signing))
        self._read_at = now


def _usable(entries: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Keys by id. One of a kind that PyJWT does not know must not take the others with it."""
    for entry in entries:
        try:
            yield entry["kid"], jwt.PyJWK.from_dict(entry).key
        except jwt.PyJWTError as error:
            verbose_proxy_logger.warning("sign-on: key %s is left out: %s", entry["kid"], type(error).__name__)


KEYS = RealmKeys(SETTINGS["jwksUrl"])


async def verified_claims(token: str) -> dict[str, Any]:
    """Claims of a valid access token. Raises ProxyException for any other."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS or not isinstance(header.get("kid"), str):
            raise refused(401, "the token is not signed the way the realm signs")
        claims = jwt.decode(
            token,
            await KEYS.key(header["kid"]),
            algorithms=[header["alg"]],
            audience=SETTINGS["audience"],
            issuer=SETTINGS["issuer"],
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise refused(401, f"the token is not valid ({type(error).__name__})") from None
    # ID and refresh tokens come from the same keys; only access tokens are for programs.
    if claims.get("typ") != "Bearer":
        raise refused(401, "this is no access token")
    return claims


def chosen_team(claims: dict[str, Any], wanted: str | None) -> dict[str, Any]:
    """The team that the request is for: the only one of the person's, or the one that the client names.

    Raises ProxyException 403. The client's word chooses among the teams of the token and never adds one.
    """
    groups = claims.get("groups")
    own = set(groups) if isinstance(groups, list) else set()
    teams = {team["team"]: team for team in SETTINGS["teams"] if team["group"] in own}
    if not teams:
        raise refused(403, "you are in the group of no team; ask an administrator to add you to one")
    if wanted is not None:
        if wanted not in teams:
            raise refused(403, f"you are not in team {wanted[:64]!r}; yours: {', '.join(sorted(teams))}")
        return teams[wanted]
    if len(teams) > 1:
        raise refused(403, f"you are in several teams, name one in header {TEAM_HEADER}: {', '.join(sorted(teams))}")
    return next(iter(teams.values()))


async def known_user(claims: dict[str, Any]) -> str:
    """LiteLLM's id of the person, who gets a record there at the first request: without one no spend is kept."""
    subject: str = claims["sub"]
    if proxy_server.prisma_client is None:
        return subject
    user = await get_user_object(
        user_id=subject,
        prisma_client=proxy_server.prisma_client,
        user_api_key_cache=proxy_server.user_api_key_cache,
        user_id_upsert=True,
        proxy_logging_obj=proxy_server.proxy_logging_obj,
        # An address that nobody proved must not lead to somebody else's record.
        user_email=claims.get("email") if claims.get("email_verified") is True else None,
    )
    return user.user_id if user is not None else subject


def _check_path(path: str) -> None:
    if not any(path == allowed or path.startswith(f"{allowed}/") for allowed in SETTINGS["paths"]):
        raise refused(403, "tokens open the API alone; administration asks for a key")


async def authenticate(request: Request, api_key: str) -> UserAPIKeyAuth:
    """The person behind an access token. Raises ProxyException for everything else."""
    if not _is_token(api_key):
        raise refused(401, "neither a key nor a token")
    _check_path(request.url.path)
    claims = await verified_claims(api_key)
    team = chosen_team(claims, request.headers.get(TEAM_HEADER))
    # One name for the person in the team, not for the token: limits per key must outlive it.
    identity = hashlib.sha256("\n".join((claims["iss"], claims["sub"], team["team"])).encode()).hexdigest()
    return UserAPIKeyAuth(
        api_key=f"sign-on-{identity}",
        key_alias=f"sign-on {claims.get('preferred_username', claims['sub'])}",
        user_id=await known_user(claims),
        user_email=claims.get("email"),
        user_role=LitellmUserRoles.INTERNAL_USER,
        models=team["models"],
        max_parallel_requests=SETTINGS["maxParallelRequests"],
        team_id=team["team"],
        team_alias=team["team"],
        team_models=team["models"],
        team_rpm_limit=team["requestsPerMinute"],
        team_tpm_limit=team["tokensPerMinute"],
    )


async def before_keys(request: Request, api_key: str, user_custom_auth: object) -> UserAPIKeyAuth | None:  # noqa: ARG001 # LiteLLM's signature
    """The person behind an access token; None leaves the request to LiteLLM's own check of keys."""
    return await authenticate(request, api_key) if _is_token(api_key) else None


def _is_token(credential: object) -> bool:
    return isinstance(credential, str) and len(credential.split(".")) == _TOKEN_PARTS


def _install() -> None:
    # `custom_auth` alone replaces the check of keys. LiteLLM asks this name first, and goes on to keys after None; the
    # function that it holds otherwise is of a package whose licence is a paid one (decision 0017).
    if not hasattr(litellm_auth, "enterprise_custom_auth"):
        message = "this LiteLLM asks nobody before its own check of keys: tokens and keys cannot both be accepted"
        raise RuntimeError(message)
    litellm_auth.enterprise_custom_auth = before_keys
    # Fallback models that a client names itself are checked for tokens as they are for keys.
    litellm.enable_post_custom_auth_checks = True


_install()
