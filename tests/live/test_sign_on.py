"""Access tokens and keys at the real LiteLLM with the rendered configuration and sign-on module."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from components.inference_gateway.sign_on.extension import FILE
from tests.live.gateway import question
from tests.live.stack import objects_of
from tests.live.tokens import Realm, new_key, published, signed, signed_with_the_public_key, unsigned
from tools.servers.litellm_proxy import config_of, fake_upstreams, litellm
from tools.servers.processes import ServerProcess
from tools.servers.rendered_gateway import Pod, litellm_pod, model_servers
from tools.simulator.ports import LOOPBACK

MODELS = ("qwen3-8b", "qwen3-32b")
LIMIT = 5


@dataclass(frozen=True, kw_only=True)
class SignOn:
    """A running LiteLLM. `realm` signs the tokens that it accepts."""

    process: ServerProcess
    realm: Realm
    master_key: str
    models: tuple[str, ...]

    def chat(self, credential: str, model: str, **more: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {credential}", **{name.replace("_", "-"): v for name, v in more.items()}}
        body = question(model, "hello there")
        return httpx.post(f"{self.process.url}/v1/chat/completions", json=body, headers=headers, timeout=60)

    def get(self, path: str, credential: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {credential}"}
        return httpx.get(f"{self.process.url}{path}", headers=headers, timeout=60)


def with_realm(pod: Pod, address: str) -> tuple[Pod, Realm]:
    """The pod with the realm's keys on loopback, and the realm that its settings name."""
    [path] = [name for name in pod.files if name.endswith(f"/{FILE}")]
    settings = json.loads(pod.files[path])
    realm = Realm(issuer=settings["issuer"], audience=settings["audience"])
    url = settings["jwksUrl"]
    settings["jwksUrl"] = url.replace(url.split("/")[2], address, 1)
    return replace(pod, files={**pod.files, path: json.dumps(settings)}), realm


@pytest.fixture(scope="module")
def gateway(litellm_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignOn]:
    folder = tmp_path_factory.mktemp("sign-on")
    team = {"tier": "free", "budgetUsdPerMonth": 10, "dataClass": "internal", "models": ["qwen3-8b"]}
    few = {"requestsPerMinute": LIMIT, "tokensPerMinute": 60000, "maxBudgetUsdPerMonth": 50, "models": ["*"]}
    changes = {
        "gateway": {"tiers": {"few": few}},
        "teams": [
            {**team, "name": "students", "group": "all-students"},
            {**team, "name": "staff", "group": "staff", "tier": "enterprise", "models": ["*"]},
            {**team, "name": "guests", "group": "guests", "tier": "few", "models": ["qwen3-8b"]},
        ],
    }
    objects = objects_of(folder / "stack", changes)
    with ExitStack() as stack:
        bare = litellm_pod(objects)
        fakes = fake_upstreams(folder, config_of(bare)[1], model_servers(objects))
        for fake in fakes.values():
            stack.enter_context(fake)
        pod, realm = with_realm(bare, "")
        pod, _ = with_realm(bare, stack.enter_context(published(realm)))
        addresses = {address: f"{LOOPBACK}:{fake.port}" for address, fake in fakes.items()}
        process = stack.enter_context(litellm(folder / "litellm", pod, addresses))
        key = pod.variables["LITELLM_MASTER_KEY"]
        yield SignOn(process=process, realm=realm, master_key=key, models=MODELS)


def status(answer: httpx.Response) -> int:
    return answer.status_code


def test_a_member_of_a_team_reaches_the_teams_models_and_no_other(gateway: SignOn) -> None:
    student = gateway.realm.token(groups=["all-students", "of-no-team"], sub="student")
    assert status(gateway.chat(student, "qwen3-8b")) == 200
    refused = gateway.chat(student, "qwen3-32b")
    assert status(refused) in {401, 403}, refused.text
    assert "qwen3-32b" in refused.text
    staff = gateway.realm.token(groups=["staff"], sub="staff")
    assert status(gateway.chat(staff, "qwen3-32b")) == 200


def test_a_member_sees_the_models_of_the_team(gateway: SignOn) -> None:
    student = gateway.realm.token(groups=["all-students"], sub="student")
    assert [model["id"] for model in gateway.get("/v1/models", student).json()["data"]] == ["qwen3-8b"]


def test_a_fallback_that_the_client_names_must_be_the_teams_too(gateway: SignOn) -> None:
    student = gateway.realm.token(groups=["all-students"], sub="student")
    body = question("qwen3-8b", "hello there") | {"fallbacks": ["qwen3-32b"]}
    headers = {"Authorization": f"Bearer {student}"}
    answer = httpx.post(f"{gateway.process.url}/v1/chat/completions", json=body, headers=headers, timeout=60)
    assert status(answer) in {401, 403}, answer.text


def test_the_limit_of_a_team_holds_for_all_its_people_together(gateway: SignOn) -> None:
    found = [
        status(gateway.chat(gateway.realm.token(groups=["guests"], sub=f"guest-{number % 2}"), "qwen3-8b"))
        for number in range(LIMIT + 3)
    ]
    assert found == [200] * LIMIT + [429] * 3


def test_who_is_in_several_teams_says_for_which(gateway: SignOn) -> None:
    both = gateway.realm.token(groups=["all-students", "staff"], sub="tutor")
    undecided = gateway.chat(both, "qwen3-8b")
    assert status(undecided) == 403
    assert "staff, students" in undecided.text
    assert status(gateway.chat(both, "qwen3-32b", x_team="staff")) == 200
    assert status(gateway.chat(both, "qwen3-32b", x_team="students")) in {401, 403}


def test_a_header_adds_no_team(gateway: SignOn) -> None:
    student = gateway.realm.token(groups=["all-students"], sub="student")
    assert status(gateway.chat(student, "qwen3-32b", x_team="staff")) == 403
    for groups in ([], ["of-no-team"], None, "all-students", {"all-students": True}):
        assert status(gateway.chat(gateway.realm.token(groups=groups), "qwen3-8b", x_team="students")) == 403


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": -3600}, id="expired"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"nbf": 3600}, id="not valid yet"),
        pytest.param({"aud": "grafana"}, id="for another audience"),
        pytest.param({"aud": None}, id="for no audience"),
        pytest.param({"iss": "https://auth.example.com/realms/ai-platform"}, id="of another realm"),
        pytest.param({"typ": "ID"}, id="an ID token"),
        pytest.param({"typ": "Refresh"}, id="a refresh token"),
        pytest.param({"typ": None}, id="of no type"),
        pytest.param({"sub": None}, id="of nobody"),
    ],
)
def test_a_token_that_is_not_for_this_api_now_is_refused(gateway: SignOn, changes: dict[str, object]) -> None:
    now = int(time.time())
    moved = {name: now + value if isinstance(value, int) else value for name, value in changes.items()}
    assert status(gateway.chat(gateway.realm.token(groups=["staff"], **moved), "qwen3-8b")) == 401


def test_a_token_that_the_realm_did_not_sign_is_refused(gateway: SignOn) -> None:
    realm, claims = gateway.realm, gateway.realm.claims(groups=["staff"])
    for token in (
        signed(claims, "first", new_key()),
        signed(claims, "unknown", new_key()),
        unsigned(claims, "first"),
        signed_with_the_public_key(claims, "first", realm.keys["first"]),
        "not.a.token",
        "..",
    ):
        assert status(gateway.chat(token, "qwen3-8b")) == 401


def test_a_new_key_of_the_realm_is_found_without_a_restart(gateway: SignOn) -> None:
    gateway.realm.keys["second"] = new_key()
    token = gateway.realm.token(signed_by="second", groups=["staff"], sub="staff")
    deadline = time.monotonic() + 30
    while status(gateway.chat(token, "qwen3-8b")) != 200:
        assert time.monotonic() < deadline
        time.sleep(1)


@pytest.mark.parametrize(
    "path", ["/key/list", "/team/list", "/user/list", "/model/info", "/v1/model/info", "/config/yaml"]
)
def test_a_token_administers_nothing(gateway: SignOn, path: str) -> None:
    admin = gateway.realm.token(groups=["staff", "platform-admins"], roles=["admin"], sub="admin")
    assert status(gateway.get(path, admin)) == 403


def test_the_master_key_still_administers(gateway: SignOn) -> None:
    assert status(gateway.chat(gateway.master_key, "qwen3-32b")) == 200
    assert status(gateway.get("/model/info", gateway.master_key)) == 200


def test_another_key_is_asked_about_in_the_database_as_ever(gateway: SignOn) -> None:
    # There is no database here: LiteLLM's own check of keys says so, and nobody else has answered before.
    answer = gateway.chat("sk-somebodys-key", "qwen3-8b")
    assert status(answer) == 400
    assert "No connected db" in answer.text
