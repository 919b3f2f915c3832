"""Who gets to the console through the real Envoy: nobody without a sign-in, and administrators alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from components.inference_gateway.traffic_specs import IDENTITY_HEADERS
from tests.live.edge import CONSOLE, RunningEdge, running_edge


@pytest.fixture(scope="module")
def edge(envoy_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEdge]:
    with running_edge(tmp_path_factory.mktemp("edge")) as running:
        yield running


def signed_in(edge: RunningEdge, roles: list[str]) -> dict[str, str]:
    """Cookies of a person with `roles` after the whole round: to the realm, and back with a code."""
    edge.realm.person_roles = roles
    with edge.client(CONSOLE) as client:
        away = client.get("/ui/")
        assert away.status_code == 302
        target = urlsplit(away.headers["location"])
        assert f"https://{target.netloc}{target.path}" == f"{edge.realm.issuer}/protocol/openid-connect/auth"
        asked = {name: values[0] for name, values in parse_qs(target.query).items()}
        assert asked["client_id"] == "gateway"
        assert asked["redirect_uri"] == f"https://{CONSOLE}/oauth2/callback"
        cookies = cookies_of(away)
        back = client.get(
            "/oauth2/callback",
            params={"code": "any", "state": asked["state"]},
            headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())},
        )
        assert back.status_code == 302, back.text
        return cookies | cookies_of(back)


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    pairs = [line.split(";", 1)[0].partition("=") for line in answer.headers.get_list("set-cookie")]
    return {name: value for name, _, value in pairs}


def get(edge: RunningEdge, path: str, cookies: dict[str, str], **headers: str) -> httpx.Response:
    return edge.get(path, host=CONSOLE, cookie="; ".join(f"{k}={v}" for k, v in cookies.items()), **headers)


def test_an_administrator_reaches_the_console_with_the_consoles_own_credential(edge: RunningEdge) -> None:
    cookies = signed_in(edge, ["user", "developer", "admin"])
    claimed = dict.fromkeys(IDENTITY_HEADERS, "admin")
    answer = get(edge, "/ui/", cookies, authorization="Bearer sk-console", **claimed)
    assert answer.status_code == 200, answer.text
    assert answer.json()["headers"]["authorization"] == "Bearer sk-console"
    assert answer.json()["headers"].keys().isdisjoint(IDENTITY_HEADERS)


@pytest.mark.parametrize("path", ["/ui/", "/key/generate", "/team/new", "/model/info"])
def test_a_person_without_the_role_reaches_neither_console_nor_administration(edge: RunningEdge, path: str) -> None:
    cookies = signed_in(edge, ["user", "developer"])
    assert get(edge, path, cookies, authorization="Bearer sk-stolen").status_code == 403


@pytest.mark.parametrize("path", ["/ui/", "/key/generate", "/v1/chat/completions"])
def test_without_a_sign_in_everybody_is_sent_to_the_realm(edge: RunningEdge, path: str) -> None:
    for authorization in ("", "Bearer sk-one", f"Bearer {edge.realm.token(roles=['admin'])}"):
        assert edge.get(path, host=CONSOLE, authorization=authorization).status_code == 302


def test_a_cookie_that_was_made_up_is_no_sign_in(edge: RunningEdge) -> None:
    token = edge.realm.token(aud="gateway", roles=["admin"])
    assert get(edge, "/ui/", {"ConsoleIdToken": token}).status_code == 302


def test_nobody_reaches_the_metrics(edge: RunningEdge) -> None:
    cookies = signed_in(edge, ["admin"])
    assert get(edge, "/metrics", cookies).status_code == 404
    assert get(edge, "/config/yaml", cookies).status_code == 404
