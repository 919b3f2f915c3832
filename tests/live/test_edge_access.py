"""Who gets through the real Envoy with the rules of the rendered gateway, and what of a request does."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from components.inference_gateway.api_routes import API_PATHS, HEALTH_PATH, OTHER_CREDENTIALS
from components.inference_gateway.traffic_specs import IDENTITY_HEADERS
from tests.live.edge import API, DOMAIN, RunningEdge, running_edge, running_edge_of
from tests.live.tokens import new_key, signed, signed_with_the_public_key, unsigned
from tests.stacks.conftest import ROOT
from tools.servers.plain_stack import shipped_objects
from tools.simulator.ports import LOOPBACK

KEY = "Bearer sk-Virtual_key-1"


def running(folder: Path, edge_of: str) -> AbstractContextManager[RunningEdge]:
    if edge_of == "component":
        return running_edge(folder)
    return running_edge_of(folder, shipped_objects(ROOT, folder / "stack", {"domain": DOMAIN}))


@pytest.fixture(scope="module", params=["component", "shipped local stack"])
def edge(
    request: pytest.FixtureRequest, envoy_environment: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningEdge]:
    with running(tmp_path_factory.mktemp("edge"), request.param) as started:
        yield started


def bearer(token: str) -> str:
    return f"Bearer {token}"


@pytest.mark.parametrize("path", API_PATHS)
def test_a_key_and_a_token_reach_the_gateway_on_every_path_of_the_api(edge: RunningEdge, path: str) -> None:
    for authorization in (KEY, bearer(edge.realm.token())):
        answer = edge.get(path, authorization=authorization)
        assert answer.status_code == 200, answer.text
        assert answer.json()["path"] == path
        assert answer.json()["headers"]["authorization"] == authorization


def test_no_credential_is_refused(edge: RunningEdge) -> None:
    assert edge.get().status_code == 401
    assert edge.get(authorization="Bearer").status_code == 401
    assert edge.get(authorization="Basic c2stb25lOg==").status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": -1}, id="expired"),
        pytest.param({"nbf": 1}, id="not valid yet"),
        pytest.param({"iss": "https://auth.ai.example.org/realms/master"}, id="of another realm"),
        pytest.param({"iss": None}, id="of nobody"),
    ],
)
def test_a_token_that_is_not_for_this_api_now_is_refused(edge: RunningEdge, changes: dict[str, object]) -> None:
    hour = {"exp": -3600, "nbf": 3600}
    moved = {name: int(time.time()) + hour[name] if name in hour else value for name, value in changes.items()}
    assert edge.get(authorization=bearer(edge.realm.token(**moved))).status_code == 401


@pytest.mark.parametrize("audience", ["grafana", "api", ["grafana", "api"], None])
def test_a_token_for_somebody_else_is_refused(edge: RunningEdge, audience: object) -> None:
    assert edge.get(authorization=bearer(edge.realm.token(aud=audience))).status_code == 403


def test_a_token_that_the_realm_did_not_sign_is_refused(edge: RunningEdge) -> None:
    realm, claims = edge.realm, edge.realm.claims()
    own = realm.keys["first"]
    for token in (
        signed(claims, "first", new_key()),
        signed(claims, "unknown", new_key()),
        unsigned(claims, "first"),
        signed_with_the_public_key(claims, "first", own),
        realm.token()[:-8] + "AAAAAAAA",
    ):
        assert edge.get(authorization=bearer(token)).status_code == 401


def test_a_token_counts_in_the_authorization_header_alone(edge: RunningEdge) -> None:
    token = edge.realm.token()
    assert edge.get(f"/v1/models?access_token={token}").status_code == 401
    assert edge.get(x_api_key=token).status_code == 401
    assert edge.get(cookie=f"access_token={token}").status_code == 401


def test_a_key_is_no_way_round_the_check_of_tokens(edge: RunningEdge) -> None:
    forged = signed(edge.realm.claims(), "first", new_key())
    with edge.client() as client:
        for pair in ((KEY, bearer(forged)), (bearer(forged), KEY)):
            both = [("Authorization", value) for value in pair]
            assert client.get("/v1/models", headers=both).status_code == 401
    assert edge.get(authorization=bearer(forged), x_api_key="sk-one").status_code == 401


def test_a_key_in_x_api_key_opens_messages_alone(edge: RunningEdge) -> None:
    assert edge.get("/v1/messages", x_api_key="sk-one").status_code == 200
    assert edge.get("/v1/chat/completions", x_api_key="sk-one").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/key/generate",
        "/team/new",
        "/user/new",
        "/model/new",
        "/config/yaml",
        "/metrics",
        "/health",
        "/ui/",
        "/v1/load_lora_adapter",
        "/v1/unload_lora_adapter",
        "/v1/mcp/server",
        "/v1/model/info",
        "/v1/models/../../key/generate",
        "/v1/models/%2e%2e/%2e%2e/key/generate",
        "//key/generate",
    ],
)
def test_a_path_that_is_not_of_the_api_is_not_found_whatever_the_credential(edge: RunningEdge, path: str) -> None:
    for authorization in (KEY, bearer(edge.realm.token())):
        assert edge.get(path, authorization=authorization).status_code == 404


def test_an_escaped_slash_does_not_lead_out_of_the_api(edge: RunningEdge) -> None:
    answer = edge.get("/v1/models/..%2f..%2fkey/generate", authorization=KEY)
    assert answer.status_code == 307
    assert edge.get(answer.headers["location"], authorization=KEY).status_code == 404


def test_the_health_path_needs_no_credential_and_hands_none_on(edge: RunningEdge) -> None:
    answer = edge.get(HEALTH_PATH, authorization=KEY)
    assert answer.status_code == 200
    assert "authorization" not in answer.json()["headers"]
    with edge.client() as client:
        assert client.post(HEALTH_PATH).status_code == 404


def test_nobody_names_himself_in_a_header(edge: RunningEdge) -> None:
    claimed = dict.fromkeys((*IDENTITY_HEADERS, *OTHER_CREDENTIALS), "admin")
    for authorization in (KEY, bearer(edge.realm.token())):
        answer = edge.get(authorization=authorization, **claimed)
        assert answer.status_code == 200
        assert set(answer.json()["headers"]) & {name.lower() for name in claimed} == set()


def test_the_team_that_a_client_asks_for_is_handed_on(edge: RunningEdge) -> None:
    answer = edge.get(authorization=bearer(edge.realm.token()), x_team="research")
    assert answer.json()["headers"]["x-team"] == "research"


def test_another_name_is_not_served(edge: RunningEdge) -> None:
    with edge.client() as client:
        for name in ("litellm.gateway.svc.cluster.local", "ai.example.org", "10.0.0.1"):
            assert client.get("/v1/models", headers={"Host": name, "Authorization": KEY}).status_code == 404


def test_plain_http_is_sent_to_https(edge: RunningEdge) -> None:
    answer = httpx.get(f"http://{LOOPBACK}:{edge.addresses.http}/v1/models?limit=2", headers={"Host": API})
    assert answer.status_code == 301
    assert answer.headers["location"] == f"https://{API}/v1/models?limit=2"


def test_the_edge_speaks_tls_1_3_and_nothing_older(edge: RunningEdge) -> None:
    older = ssl.create_default_context(cafile=edge.authority)
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    url = f"https://{LOOPBACK}:{edge.addresses.https}{HEALTH_PATH}"
    for context, served in ((older, False), (ssl.create_default_context(cafile=edge.authority), True)):
        with httpx.Client(verify=context) as client:
            request = client.build_request("GET", url, headers={"Host": API}, extensions={"sni_hostname": API})
            if served:
                assert client.send(request).status_code == 200
            else:
                with pytest.raises(httpx.ConnectError):
                    client.send(request)
