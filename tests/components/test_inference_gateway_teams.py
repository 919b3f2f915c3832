"""The script that applies teams, run as the Job runs it, against a server that answers as LiteLLM does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from components.inference_gateway import teams
from components.inference_gateway.arguments import TeamLimits
from tests.components.gateway_program import team

KEY = "sk-test"


class FakeGateway(ThreadingHTTPServer):
    """Keeps teams in memory. `not_ready` is how many probes it fails before it is ready."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.teams: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.not_ready = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the name that the base class uses
        pass

    def do_GET(self) -> None:
        gateway, address = cast("FakeGateway", self.server), urlsplit(self.path)
        if address.path == "/health/readiness":
            gateway.not_ready -= 1
            return self._answer(503 if gateway.not_ready >= 0 else 200, {"status": "healthy"})
        if not self._authenticated():
            return self._answer(401, {"error": {"message": "Authentication Error, invalid key"}})
        if address.path == "/team/list":
            return self._answer(200, list(gateway.teams.values()))
        if address.path == "/team/info":
            [team_id] = parse_qs(address.query)["team_id"]
            known = gateway.teams.get(team_id)
            if known is None:
                return self._answer(404, {"error": {"message": f"Team not found, passed team id: {team_id}."}})
            return self._answer(200, {"team_id": team_id, "team_info": known, "keys": []})
        return self._answer(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        gateway = cast("FakeGateway", self.server)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._authenticated():
            return self._answer(401, {"error": {"message": "Authentication Error, invalid key"}})
        gateway.calls.append(f"{self.path} {body['team_id']}")
        known = gateway.teams.get(body["team_id"])
        match self.path:
            case "/team/new" if known is None:
                gateway.teams[body["team_id"]] = {**body, "blocked": False, "spend": 0.0}
            case "/team/update" if known is not None:
                known.update(body)
            case "/team/block" if known is not None:
                known["blocked"] = True
            case "/team/unblock" if known is not None:
                known["blocked"] = False
            case _:
                return self._answer(400, {"error": {"message": f"{self.path} refused"}})
        return self._answer(200, gateway.teams[body["team_id"]])

    def _authenticated(self) -> bool:
        return self.headers["Authorization"] == f"Bearer {KEY}"

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    server = FakeGateway()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def apply(
    folder: Path, gateway: FakeGateway, *wanted: TeamLimits, key: str = KEY, wait: str = "30"
) -> subprocess.CompletedProcess[str]:
    """Write the ConfigMap's files to `folder` and run the script with the Job's variables."""
    for name, text in teams.config_data(wanted).items():
        (folder / name).write_text(text, "utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "GATEWAY_URL": gateway.url,
        "TEAMS_FILE": str(folder / "teams.json"),
        "LITELLM_MASTER_KEY": key,
        "WAIT_SECONDS": wait,
    }
    return subprocess.run(
        [sys.executable, str(folder / "apply_teams.py")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_missing_teams_are_created_with_their_limits(tmp_path: Path, gateway: FakeGateway) -> None:
    done = apply(tmp_path, gateway, team("lab", requests_per_minute=7), team("clinic", models=("qwen3-8b",)))
    assert done.returncode == 0, done.stderr
    assert set(gateway.teams) == {"lab", "clinic"}
    assert gateway.teams["lab"]["rpm_limit"] == 7
    assert gateway.teams["lab"]["max_budget"] == 50.0
    assert gateway.teams["clinic"]["models"] == ["qwen3-8b"]


def test_a_second_run_changes_nothing(tmp_path: Path, gateway: FakeGateway) -> None:
    apply(tmp_path, gateway, team("lab"), team("clinic"))
    before = json.dumps(gateway.teams, sort_keys=True)
    done = apply(tmp_path, gateway, team("lab"), team("clinic"))
    assert done.returncode == 0, done.stderr
    assert json.dumps(gateway.teams, sort_keys=True) == before
    assert gateway.calls[-2:] == ["/team/update lab", "/team/update clinic"]


def test_a_team_that_exists_gets_its_new_limits_and_keeps_its_spend_and_notes(
    tmp_path: Path, gateway: FakeGateway
) -> None:
    apply(tmp_path, gateway, team("lab"))
    gateway.teams["lab"]["spend"] = 12.5
    gateway.teams["lab"]["metadata"]["contact"] = "someone"
    apply(tmp_path, gateway, team("lab", tier="pro", tokens_per_minute=5))
    lab = gateway.teams["lab"]
    assert (lab["tpm_limit"], lab["spend"]) == (5, 12.5)
    assert lab["metadata"]["tier"] == "pro"
    assert lab["metadata"]["contact"] == "someone"


def test_a_team_that_the_stack_no_longer_has_is_blocked_and_one_made_by_hand_is_left_alone(
    tmp_path: Path, gateway: FakeGateway
) -> None:
    gateway.teams["by-hand"] = {"team_id": "by-hand", "metadata": None, "blocked": False}
    apply(tmp_path, gateway, team("lab"), team("clinic"))
    done = apply(tmp_path, gateway, team("lab"))
    assert done.returncode == 0, done.stderr
    assert {name: item["blocked"] for name, item in gateway.teams.items()} == {
        "lab": False,
        "clinic": True,
        "by-hand": False,
    }
    assert "team clinic: blocked, the stack no longer has it" in done.stdout


def test_a_team_that_comes_back_is_unblocked(tmp_path: Path, gateway: FakeGateway) -> None:
    apply(tmp_path, gateway, team("lab"), team("clinic"))
    apply(tmp_path, gateway, team("lab"))
    done = apply(tmp_path, gateway, team("lab"), team("clinic"))
    assert gateway.teams["clinic"]["blocked"] is False
    assert "team clinic: updated and unblocked" in done.stdout


def test_the_script_waits_for_a_gateway_that_is_still_starting(tmp_path: Path, gateway: FakeGateway) -> None:
    gateway.not_ready = 2
    done = apply(tmp_path, gateway, team("lab"))
    assert done.returncode == 0, done.stderr
    assert set(gateway.teams) == {"lab"}


def test_a_gateway_that_never_gets_ready_is_one_clear_line(tmp_path: Path, gateway: FakeGateway) -> None:
    gateway.not_ready = 1_000_000
    done = apply(tmp_path, gateway, team("lab"), wait="0.1")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("teams were not applied: the gateway was not ready within 0.1 s")
    assert gateway.teams == {}


def test_a_refused_key_is_one_clear_line_without_the_key(tmp_path: Path, gateway: FakeGateway) -> None:
    done = apply(tmp_path, gateway, team("lab"), key="sk-another")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("teams were not applied: GET /team/info?team_id=lab was answered with 401")
    assert "sk-another" not in line
    assert gateway.teams == {}
