"""Makes LiteLLM's teams equal to those of the stack. Runs in LiteLLM's image as a Job; standard library only.

Reads the teams (a JSON list of bodies of LiteLLM's `/team/new`) from TEAMS_FILE and the gateway's address from
GATEWAY_URL; authenticates with LITELLM_MASTER_KEY. Every step may be repeated: a team is created where it is missing,
updated otherwise, and a team that the stack made once and no longer has is blocked, never deleted, because its spend
must stay on record. Teams made by hand are left alone. Exits 1 with one line when the gateway refuses something.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

MANAGER = ("managed-by", "ai-platform")
"""Entry of a team's metadata that marks it as made by the stack."""

WAIT_SECONDS = float(os.environ.get("WAIT_SECONDS", "300"))
REQUEST_SECONDS = 30


class RefusedError(Exception):
    """The gateway answered with an error. `status` is the HTTP status."""

    def __init__(self, method: str, path: str, status: int, text: str) -> None:
        self.status = status
        super().__init__(f"{method} {path} was answered with {status}: {text[:500]}")


def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Send one request to the gateway and return its JSON. Raises RefusedError for a status of 400 and above."""
    request = urllib.request.Request(  # noqa: S310 # the address is the gateway's Service
        os.environ["GATEWAY_URL"] + path,
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={
            "Authorization": f"Bearer {os.environ['LITELLM_MASTER_KEY']}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise RefusedError(method, path, error.code, error.read().decode(errors="replace")) from None


def wait_until_ready() -> None:
    """Wait for the gateway and its database. Raises TimeoutError when they are not there in time."""
    deadline = time.monotonic() + WAIT_SECONDS
    reason: Exception | None = None
    while time.monotonic() < deadline:
        try:
            call("GET", "/health/readiness")
        except (OSError, RefusedError) as error:
            reason = error
            time.sleep(1)
        else:
            return
    message = f"the gateway was not ready within {WAIT_SECONDS:g} s: {reason}"
    raise TimeoutError(message)


def existing(team_id: str) -> dict[str, Any] | None:
    """The team as LiteLLM has it, or None."""
    try:
        return call("GET", f"/team/info?team_id={urllib.parse.quote(team_id)}")["team_info"]
    except RefusedError as error:
        if error.status == 404:  # noqa: PLR2004
            return None
        raise


def apply(team: dict[str, Any]) -> str:
    """Create or update one team and return what was done."""
    current = existing(team["team_id"])
    if current is None:
        call("POST", "/team/new", team)
        return "created"
    # What an administrator noted on the team stays.
    metadata = {**(current.get("metadata") or {}), **team["metadata"]}
    call("POST", "/team/update", {**team, "metadata": metadata})
    if current.get("blocked"):
        call("POST", "/team/unblock", {"team_id": team["team_id"]})
        return "updated and unblocked"
    return "updated"


def block_removed(kept: set[str]) -> list[str]:
    """Block the stack's own teams that are not in `kept`; returns their ids."""
    key, value = MANAGER
    removed = [
        team["team_id"]
        for team in call("GET", "/team/list")
        if (team.get("metadata") or {}).get(key) == value and team["team_id"] not in kept and not team.get("blocked")
    ]
    for team_id in removed:
        call("POST", "/team/block", {"team_id": team_id})
    return removed


def main() -> int:
    """Apply the file; 0 when the gateway has every team."""
    teams = json.loads(Path(os.environ["TEAMS_FILE"]).read_text("utf-8"))
    try:
        wait_until_ready()
        for team in teams:
            print(f"team {team['team_id']}: {apply(team)}", flush=True)  # noqa: T201 # the Job's log
        for team_id in block_removed({team["team_id"] for team in teams}):
            print(f"team {team_id}: blocked, the stack no longer has it", flush=True)  # noqa: T201
    except (OSError, RefusedError) as error:
        print(f"teams were not applied: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
