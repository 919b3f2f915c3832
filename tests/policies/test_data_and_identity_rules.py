"""Rules about stores, copies of data, Keycloak, the realm and Grafana (AI-18 to AI-20, AI-33, AI-35 to AI-39)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.policies.cases import UNKNOWN
from tests.policies.gateway_objects import (
    ABSENT,
    broken_at,
    keycloak,
    minio,
    monitoring_chart,
    qdrant,
    realm_map,
    routed,
    server,
    text_map,
    variables,
)
from tests.policies.objects import Json, deployment, resource

CONTAINER = "spec.template.spec.containers[0]"
ENV = f"{CONTAINER}.env"


@pytest.mark.parametrize(
    ("name", "value", "index"),
    [
        ("QDRANT__SERVICE__API_KEY", "written-out", 4),
        ("QDRANT__SERVICE__READ_ONLY_API_KEY", "written-out", 4),
        ("QDRANT__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY", "true", 4),
    ],
)
def test_the_vector_store_is_closed(name: str, value: str, index: int) -> None:
    found = broken_at("AI-18", qdrant(*variables(**{name: value})))
    assert [path.removesuffix(".value") for path in found] == [f"{ENV}[{index}]"]


def test_the_vector_store_says_what_is_missing() -> None:
    assert broken_at("AI-18", server("vectors", "qdrant/qdrant:v1")) == [
        f"{ENV}.QDRANT__SERVICE__API_KEY",
        f"{ENV}.QDRANT__SERVICE__READ_ONLY_API_KEY",
        f"{ENV}.QDRANT__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY.value",
    ]
    assert broken_at("AI-18", qdrant(*variables(QDRANT__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY="False"))) == []
    assert broken_at("AI-18", server("other", "qdrant-backup/other:v1")) == []


ARGS = f"{CONTAINER}.args"


@pytest.mark.parametrize(
    ("flags", "problems"),
    [
        (["server", "-s3=false"], 0),
        (["server"], 0),
        (["server", "-s3", "-s3.config=/a", "-s3.iam=false"], 0),
        (["server", "--s3=true", "--s3.config=/a", "--s3.iam=false"], 0),
        (["server", "-s3=true", "-s3.iam=false"], 1),
        (["server", "-s3=true", "-s3.config=", "-s3.iam=false"], 1),
        (["server", "-s3=true", "-s3.config=/a"], 1),
        (["server", "-s3=true", "-s3.config=/a", "-s3.iam"], 1),
        (["server", "-s3"], 2),
    ],
)
def test_seaweedfs_serves_whom_it_knows(flags: list[str], problems: int) -> None:
    found = server("objects", "chrislusf/seaweedfs:4.44", args=flags)
    assert broken_at("AI-19", found) == [ARGS] * problems


def test_only_minio_holds_its_root_key() -> None:
    assert broken_at("AI-19", server("objects", "minio/minio:v1")) == [
        f"{ENV}.MINIO_ROOT_USER",
        f"{ENV}.MINIO_ROOT_PASSWORD",
    ]
    assert broken_at("AI-19", minio(*variables(MINIO_ROOT_USER="admin"))) == [f"{ENV}[3]"]
    assert broken_at("AI-19", server("app", "app:1", environment=variables("MINIO_ROOT_USER"))) == [f"{ENV}[0]"]
    assert broken_at("AI-19", server("app", "app:1", environment=variables("MINIO_ROOT_PASSWORD"))) == [f"{ENV}[0]"]
    assert broken_at("AI-19", server("app", "app:1", environment=variables("MINIO_REGION"))) == []


def _bucket_policy(principal: Any, effect: str = "Allow") -> Json:
    statement = {"Effect": effect, "Principal": principal, "Action": "s3:GetObject", "Resource": "*"}
    return text_map("policies", "data", bucket__json=json.dumps({"Statement": [statement]}))


@pytest.mark.parametrize("everybody", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:role/a", "*"]}])
def test_no_bucket_is_for_everybody(everybody: Any) -> None:
    assert broken_at("AI-19", _bucket_policy(everybody)) == ['data["bucket.json"].Statement[0].Principal']
    assert broken_at("AI-19", _bucket_policy(everybody, "Deny")) == []
    assert broken_at("AI-19", _bucket_policy({"AWS": "arn:aws:iam::1:role/a"})) == []


@pytest.mark.parametrize("text", ['"Principal"', '["Principal"]', '{"Statement": [{"Effect": "Allow"}]}', '{"a": "*"}'])
def test_other_json_is_no_bucket_policy(text: str) -> None:
    assert broken_at("AI-19", text_map("other", "data", other__json=text)) == []


CACHE = "port 6379\n"


@pytest.mark.parametrize(
    "line",
    [
        "requirepass word",
        "  RequirePass word",
        "aclfile /etc/users.acl",
        "include /etc/valkey-secret/password.conf",
    ],
)
def test_a_cache_asks_for_a_password(line: str) -> None:
    assert broken_at("AI-35", text_map("cache", valkey__conf=f"{CACHE}{line}\n")) == []
    assert broken_at("AI-35", text_map("cache", redis__conf=f"{CACHE}# {line}\n")) == ['data["redis.conf"]']


@pytest.mark.parametrize("line", ["requirepass", "include /etc/other.conf", "user default on nopass"])
def test_a_cache_without_a_password_is_found(line: str) -> None:
    assert broken_at("AI-35", text_map("cache", valkey__conf=f"{line}\n{CACHE}")) == ['data["valkey.conf"]']
    assert broken_at("AI-35", text_map("other", nginx__conf=f"{CACHE}{line}\n")) == []


@pytest.mark.parametrize("image", ["valkey/valkey:9", "library/redis:8", "redis-stack:7"])
def test_a_cache_is_started_with_a_configuration(image: str) -> None:
    assert broken_at("AI-35", server("cache", image)) == [f"{CONTAINER}.command"]
    assert broken_at("AI-35", server("cache", image, args=["/etc/a.conf"])) == []
    assert broken_at("AI-35", server("cache", image, args=["--requirepass", "$(PASSWORD)"])) == []


INSIDE = "http://objects.data.svc.cluster.local:8333"


def _backed_up(endpoint: str | None, **annotations: str) -> Json:
    target = {"endpointURL": endpoint} if endpoint else {"destinationPath": "s3://b"}
    inputs = {
        "metadata": {"name": "db", "namespace": "data", "annotations": annotations},
        "spec": {"backup": {"barmanObjectStore": target}},
    }
    return resource("postgresql.cnpg.io/v1:Cluster", inputs)


def test_copies_stay_inside_unless_somebody_said_what_may_leave() -> None:
    place = "spec.backup.barmanObjectStore.endpointURL"
    assert broken_at("AI-36", _backed_up(INSIDE)) == []
    assert broken_at("AI-36", _backed_up("https://s3.example.org")) == [place]
    assert broken_at("AI-36", _backed_up(None)) == [place]
    assert broken_at("AI-36", _backed_up(None, **{"ai-platform/data-classes": "public"})) == []
    plain = resource("postgresql.cnpg.io/v1:Cluster", {"metadata": {"name": "db"}, "spec": {}})
    assert broken_at("AI-36", plain) == []


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        (variables(KC_HOSTNAME="auth.example.org"), "[2].value"),
        (variables(KC_HOSTNAME="http://auth.example.org"), "[2].value"),
        (variables(KC_HOSTNAME_STRICT="false"), "[2].value"),
        (variables(KC_HOSTNAME_STRICT="False"), "[2].value"),
        (variables(KC_BOOTSTRAP_ADMIN_PASSWORD="admin"), "[2]"),
        (variables(KEYCLOAK_ADMIN_PASSWORD="admin"), "[2]"),
        (variables(KC_DB_PASSWORD="keycloak"), "[2]"),
    ],
)
def test_keycloak_runs_for_people(environment: list[Json], problem: str) -> None:
    assert broken_at("AI-20", keycloak(*environment)) == [f"{ENV}{problem}"]


def test_keycloak_may_say_so_in_other_words() -> None:
    assert broken_at("AI-20", keycloak(*variables("KC_DB_PASSWORD", KC_HOSTNAME_STRICT="true"))) == []
    assert broken_at("AI-20", keycloak(args=("start-dev",))) == [ARGS]
    assert broken_at("AI-20", keycloak(args=("start-dev", "start"))) == []
    bare = server("keycloak", "keycloak/keycloak:26", "identity", command=["kc.sh", "start"])
    assert broken_at("AI-20", bare) == [f"{ENV}.KC_HOSTNAME.value"]
    assert broken_at("AI-20", server("config", "adorsys/keycloak-config-cli:6", "identity")) == []


@pytest.mark.parametrize(
    "path",
    ["/realms/lab", "/realms/lab/account", "/realms/masters", "/resources", "/resources/a", "/.well-known/openid"],
)
def test_signing_in_is_public(path: str) -> None:
    assert broken_at("AI-33", *routed(keycloak(), paths=(path,))) == []


@pytest.mark.parametrize(
    "path",
    ["/", "/admin", "/realms", "/realms/", "/realms/master", "/realms/master/account", "/metrics", "/resources2"],
)
def test_administration_is_not_public(path: str) -> None:
    assert broken_at("AI-33", *routed(keycloak(), paths=("/realms/lab", path))) == ["spec.rules[0].matches[1].path"]


def test_administration_is_not_public_by_other_kinds_of_routes() -> None:
    workload, own_service, _ = routed(keycloak())
    ingress = resource(
        "networking.k8s.io/v1:Ingress",
        {
            "metadata": {"name": "i", "namespace": "identity"},
            "spec": {"defaultBackend": {"service": {"name": "keycloak"}}},
        },
    )
    assert broken_at("AI-33", workload, own_service, ingress) == ["spec.defaultBackend.service"]
    assert broken_at("AI-33", *routed(deployment("app"))) == []


REALM_FAULTS: list[tuple[str, Any]] = [
    ("bruteForceProtected", False),
    ("bruteForceProtected", ABSENT),
    ("sslRequired", "none"),
    ("sslRequired", ABSENT),
    ("registrationAllowed", True),
    ("passwordPolicy", ABSENT),
    ("passwordPolicy", "length(11)"),
    ("passwordPolicy", "passwordHistory(15)"),
    ("passwordPolicy", "maxlength(15)"),
    ("eventsEnabled", False),
    ("eventsEnabled", ABSENT),
    ("adminEventsEnabled", False),
]


@pytest.mark.parametrize(("path", "value"), REALM_FAULTS)
def test_the_realm_stops_guessing(path: str, value: object) -> None:
    assert broken_at("AI-37", realm_map((path, value))) == [f'data["realm.json"].{path}']


@pytest.mark.parametrize(
    ("path", "value"), [("sslRequired", "all"), ("registrationAllowed", ABSENT), ("passwordPolicy", "a and length(14)")]
)
def test_the_realm_may_say_so_in_other_words(path: str, value: object) -> None:
    assert broken_at("AI-37", realm_map((path, value))) == []


CLIENT_FAULTS: list[tuple[str, Any]] = [
    ("implicitFlowEnabled", True),
    ("directAccessGrantsEnabled", True),
    ("redirectUris[0]", "*"),
    ("redirectUris[0]", "https://console.example.org/*"),
    ("redirectUris[0]", "http://console.example.org/callback"),
    ("redirectUris[0]", "http://localhost.example.org/callback"),
    ("webOrigins[0]", "*"),
    ("publicClient", True),
    ('attributes["pkce.code.challenge.method"]', "plain"),
    ('attributes["pkce.code.challenge.method"]', ABSENT),
]


@pytest.mark.parametrize(("path", "value"), CLIENT_FAULTS)
def test_clients_sign_people_in_safely(path: str, value: object) -> None:
    assert broken_at("AI-38", realm_map((f"clients[0].{path}", value))) == [f'data["realm.json"].clients[0].{path}']
    # A client that is switched off signs nobody in; one that does not say whether it is on, does.
    assert broken_at("AI-38", realm_map((f"clients[0].{path}", value), ("clients[0].enabled", False))) == []
    assert len(broken_at("AI-38", realm_map((f"clients[0].{path}", value), ("clients[0].enabled", ABSENT)))) == 1
    assert (
        len(broken_at("AI-38", realm_map((f"clients[0].{path}", value), ("clients[0].standardFlowEnabled", ABSENT))))
        == 1
    )


@pytest.mark.parametrize("address", ["http://localhost", "http://127.0.0.1:9000/a", "https://a.example.org", "app:/a"])
def test_a_client_returns_to_one_address(address: str) -> None:
    assert broken_at("AI-38", realm_map(("clients[0].redirectUris", [address]))) == []


def test_every_client_is_judged() -> None:
    both = (("clients[0].publicClient", True), ("clients[1].directAccessGrantsEnabled", True))
    assert broken_at("AI-38", realm_map(*both)) == [
        'data["realm.json"].clients[0].publicClient',
        'data["realm.json"].clients[1].directAccessGrantsEnabled',
    ]


@pytest.mark.parametrize("rule", ["AI-37", "AI-38"])
@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('{"realm": "a", "clients": [', ['data["realm.json"]']),
        ('["realm", "clients"]', []),
        ('{"realm": [', []),
        ('{"clients": [', []),
    ],
)
def test_a_realm_that_is_no_json_is_a_violation(rule: str, text: str, paths: list[str]) -> None:
    assert broken_at(rule, text_map("realm", "identity", realm__json=text)) == paths


GRAFANA = 'values.grafana["grafana.ini"]'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ('["auth.anonymous"].enabled', True),
        ('["auth.anonymous"].enabled', "true"),
        ('["auth.generic_oauth"].enabled', False),
        ('["auth.generic_oauth"].enabled', ABSENT),
        ('["auth.generic_oauth"].role_attribute_strict', False),
        ('["auth.generic_oauth"].role_attribute_strict', ABSENT),
    ],
)
def test_grafana_knows_who_looks(path: str, value: object) -> None:
    assert broken_at("AI-39", monitoring_chart((f'["grafana.ini"]{path}', value))) == [f"{GRAFANA}{path}"]


def test_grafana_has_no_default_password_and_is_not_opened_by_a_variable() -> None:
    assert broken_at("AI-39", monitoring_chart(('["grafana.ini"]["auth.anonymous"].enabled', False))) == []
    assert broken_at("AI-39", monitoring_chart(("admin", ABSENT))) == ["values.grafana.admin.existingSecret"]
    for value, paths in (("TRUE", [f"{ENV}[0].value"]), ("false", [])):
        opened = variables(GF_AUTH_ANONYMOUS_ENABLED=value)
        assert broken_at("AI-39", server("grafana", "grafana/grafana:13", environment=opened)) == paths
    assert broken_at("AI-39", monitoring_chart(("enabled", False), ("admin", ABSENT), ('["grafana.ini"]', {}))) == []


def test_other_entries_may_be_unknown() -> None:
    assert broken_at("AI-37", text_map("other", other__txt=UNKNOWN)) == []
