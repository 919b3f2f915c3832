from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.base.handles import ImageRegistry
from components.identity import Directory, Identity, IdentityArgs, Realm
from tests.components.surroundings import Built, Surroundings, build, make_database
from tests.crd_schemas import schema_problems

REALM = Realm(
    name="ai-platform",
    session_max_seconds=3600,
    password_min_length=15,
    password_history=5,
    mfa_roles=("admin",),
    admin_group="platform-admins",
    developer_group="platform-developers",
    team_groups=("research",),
)
DIRECTORY = Directory(
    vendor="other",
    connection_url="ldaps://ldap.example.org",
    users_dn="ou=people,dc=example,dc=org",
    groups_dn="ou=groups,dc=example,dc=org",
    bind_dn="cn=reader,dc=example,dc=org",
    cidrs=("10.20.0.0/24",),
    ca_certificate="-----BEGIN CERTIFICATE-----\ntest\n-----END CERTIFICATE-----\n",
)


def make_identity(surroundings: Surroundings, realm: Realm = REALM, **changes: Any) -> Identity:
    fields: dict[str, Any] = {
        "cluster": surroundings.cluster,
        "platform": surroundings.platform,
        "database": make_database("keycloak"),
        "realm": realm,
        "replicas": 2,
    }
    return Identity("identity", IdentityArgs(**(fields | changes)), surroundings.opts)


@pytest.fixture(scope="module")
def built() -> Built:
    return build(make_identity)


@pytest.fixture(scope="module")
def with_directory() -> Built:
    return build(lambda s: make_identity(s, replace(REALM, directory=DIRECTORY), ldap_bind_password="test-bind"))


@pytest.fixture(scope="module")
def pod(built: Built) -> dict[str, Any]:
    return built.one("StatefulSet")["spec"]["template"]["spec"]


def environment(container: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


def containers(built: Built) -> list[dict[str, Any]]:
    pods = [built.one("StatefulSet"), built.one("Job")]
    specs = [item["spec"]["template"]["spec"] for item in pods]
    return [container for spec in specs for container in [*spec.get("initContainers", []), *spec["containers"]]]


def test_it_consists_of_these_kinds(built: Built) -> None:
    assert built.kinds == {
        "ConfigMap",
        "HTTPRoute",
        "Job",
        "PodDisruptionBudget",
        "Secret",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    }


def test_every_object_lives_in_the_identity_namespace(built: Built) -> None:
    assert {item["metadata"]["namespace"] for kind in built.kinds for item in built.objects(kind)} == {"identity"}


def test_the_root_of_every_container_is_read_only(built: Built) -> None:
    found = containers(built)
    assert [container["name"] for container in found] == ["copy", "build", "keycloak", "keycloak-config-cli"]
    for container in found:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]


def test_the_server_starts_from_what_was_built_in_a_volume(pod: dict[str, Any]) -> None:
    copy, build_step = pod["initContainers"]
    [server] = pod["containers"]
    assert copy["command"] == ["cp", "-R", "/opt/keycloak/lib/quarkus/.", "/quarkus/"]
    assert copy["volumeMounts"] == [{"name": "quarkus", "mountPath": "/quarkus"}]
    assert build_step["args"] == ["build"]
    assert server["args"] == ["start", "--optimized"]
    mounts = {mount["mountPath"]: mount["name"] for mount in server["volumeMounts"]}
    assert mounts == {"/opt/keycloak/lib/quarkus": "quarkus", "/opt/keycloak/data": "data", "/tmp": "tmp"}
    assert build_step["volumeMounts"] == server["volumeMounts"]
    assert all("emptyDir" in volume for volume in pod["volumes"])
    assert copy["image"] == build_step["image"] == server["image"]


def test_the_build_and_the_start_agree(pod: dict[str, Any]) -> None:
    built_for = environment(pod["initContainers"][1])
    assert built_for["KC_DB"] == "postgres"
    assert built_for["KC_HEALTH_ENABLED"] == built_for["KC_METRICS_ENABLED"] == "true"
    assert built_for.items() <= environment(pod["containers"][0]).items()


def test_the_server_answers_at_the_public_address_and_administers_at_none(pod: dict[str, Any]) -> None:
    settings = environment(pod["containers"][0])
    assert settings["KC_HOSTNAME"] == "https://auth.ai.example.org"
    assert settings["KC_HOSTNAME_ADMIN"] == "http://localhost:8080"
    assert settings["KC_HOSTNAME_BACKCHANNEL_DYNAMIC"] == "true"
    assert settings["KC_PROXY_HEADERS"] == "xforwarded"


def test_the_server_uses_its_database_over_tls_with_few_connections(pod: dict[str, Any]) -> None:
    settings = environment(pod["containers"][0])
    assert settings["KC_DB_URL_HOST"] == "postgres-rw.data.svc.cluster.local"
    assert settings["KC_DB_URL_DATABASE"] == settings["KC_DB_USERNAME"] == "keycloak"
    assert settings["KC_DB_URL_PROPERTIES"] == "?sslmode=require"
    assert int(settings["KC_DB_POOL_MAX_SIZE"]) <= 20


def test_secrets_reach_pods_by_reference_alone(built: Built, pod: dict[str, Any]) -> None:
    secrets = {item["metadata"]["name"]: set(item["stringData"]) for item in built.objects("Secret")}
    settings = environment(pod["containers"][0])
    for variable in ("KC_DB_PASSWORD", "KC_BOOTSTRAP_ADMIN_USERNAME", "KC_BOOTSTRAP_ADMIN_PASSWORD"):
        reference = settings[variable]["secretKeyRef"]
        assert reference["key"] in secrets[reference["name"]]
    job = built.one("Job")["spec"]["template"]["spec"]["containers"][0]
    [variables] = [source["secretRef"]["name"] for source in job["envFrom"]]
    assert secrets[variables] == {"GATEWAY_CLIENT_SECRET", "GRAFANA_CLIENT_SECRET"}
    for variable in ("KEYCLOAK_USER", "KEYCLOAK_PASSWORD"):
        reference = environment(job)[variable]["secretKeyRef"]
        assert reference["key"] in secrets[reference["name"]]


def test_the_realm_that_the_job_applies_fills_in_variables_that_it_has(built: Built) -> None:
    job = built.one("Job")["spec"]["template"]["spec"]
    [name] = [volume["configMap"]["name"] for volume in job["volumes"] if "configMap" in volume]
    realm = json.loads(built.one("ConfigMap", name)["data"]["realm.json"])
    assert realm["realm"] == "ai-platform"
    settings = environment(job["containers"][0])
    assert settings["IMPORT_FILES_LOCATIONS"] == "file:/config/realm.json"
    assert settings["IMPORT_VARSUBSTITUTION_ENABLED"] == "true"
    assert settings["IMPORT_CACHE_ENABLED"] == "false"
    assert settings["KEYCLOAK_URL"] == "http://keycloak.identity.svc.cluster.local:8080"
    [mount] = [item for item in job["containers"][0]["volumeMounts"] if item["name"] == "realm"]
    assert mount["mountPath"] == "/config"


def test_a_changed_realm_is_another_job() -> None:
    first = build(make_identity).one("Job")
    second = build(lambda s: make_identity(s, replace(REALM, session_max_seconds=1800))).one("Job")
    assert first["metadata"]["name"].startswith("identity-config-")
    assert first["metadata"]["name"] != second["metadata"]["name"]


def test_the_job_follows_the_server_and_is_never_removed_by_the_cluster(built: Built) -> None:
    [job] = [item for item in built.rendered.resources if item.type.endswith(":Job")]
    assert any(":StatefulSet::" in urn for urn in job.depends_on)
    assert "ttlSecondsAfterFinished" not in built.one("Job")["spec"]


def test_no_node_waits_for_a_service(built: Built) -> None:
    [server] = [item for item in built.rendered.resources if item.type.endswith(":StatefulSet")]
    assert server.depends_on
    assert not any(":Service::" in urn for urn in server.depends_on)


def test_services_select_the_pods_and_name_their_ports(built: Built) -> None:
    template = built.one("StatefulSet")["spec"]["template"]
    ports = {port["name"]: port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
    assert ports == {"http": 8080, "management": 9000, "jgroups": 7800, "jgroups-fd": 57800}
    services = {item["metadata"]["name"]: item["spec"] for item in built.objects("Service")}
    assert set(services) == {"keycloak", "keycloak-nodes"}
    for service in services.values():
        assert service["selector"].items() <= template["metadata"]["labels"].items()
        assert {port["targetPort"] for port in service["ports"]} <= set(ports)
    assert [port["port"] for port in services["keycloak"]["ports"]] == [8080]
    assert services["keycloak-nodes"]["clusterIP"] == "None"
    assert built.one("StatefulSet")["spec"]["serviceName"] == "keycloak-nodes"


def test_one_node_may_be_drained_and_the_other_stands_elsewhere(built: Built, pod: dict[str, Any]) -> None:
    assert built.one("StatefulSet")["spec"]["replicas"] == 2
    budget = built.one("PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"] == built.one("StatefulSet")["spec"]["selector"]["matchLabels"]
    assert {item["topologyKey"] for item in pod["topologySpreadConstraints"]} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }


def test_probes_ask_the_management_port(pod: dict[str, Any]) -> None:
    [server] = pod["containers"]
    paths = {kind: server[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")}
    assert {probe["port"] for probe in paths.values()} == {"management"}
    assert {kind: probe["path"] for kind, probe in paths.items()} == {
        "startup": "/health/started",
        "readiness": "/health/ready",
        "liveness": "/health/live",
    }


def test_the_public_route_leads_to_the_realm_and_to_no_administration(built: Built) -> None:
    route = built.one("HTTPRoute")
    assert route["spec"]["hostnames"] == ["auth.ai.example.org"]
    [rule] = route["spec"]["rules"]
    prefixes = [match["path"]["value"] for match in rule["matches"]]
    assert "/realms/ai-platform" in prefixes
    for private in ("/", "/admin/", "/admin/ai-platform/console/", "/realms/master/", "/metrics", "/health/ready"):
        assert not any(private == prefix or private.startswith(f"{prefix}/") for prefix in prefixes)
    assert rule["backendRefs"] == [{"name": "keycloak", "port": 8080}]


def test_the_route_is_what_the_definition_allows(built: Built) -> None:
    assert schema_problems(built.one("HTTPRoute")) == []


def test_connections_are_declared_once_and_no_more(built: Built) -> None:
    assert built.edges == {
        ("gateway/edge-proxy", "identity/keycloak", 8080),
        ("observability/grafana", "identity/keycloak", 8080),
        ("identity/keycloak-config", "identity/keycloak", 8080),
        ("observability/prometheus", "identity/keycloak", 9000),
        ("identity/keycloak", "identity/keycloak", 7800),
        ("identity/keycloak", "identity/keycloak", 57800),
        ("identity/keycloak", "data/postgres", 5432),
    }


def test_applications_get_a_client_each(built: Built) -> None:
    identity: Identity = built.result
    assert set(identity.clients) == {"gateway", "grafana"}
    grafana = identity.clients["grafana"]
    issuer = "https://auth.ai.example.org/realms/ai-platform"
    assert grafana.issuer_url == identity.issuer_url == issuer
    assert grafana.authorization_url == f"{issuer}/protocol/openid-connect/auth"
    inside = "http://keycloak.identity.svc.cluster.local:8080/realms/ai-platform/protocol/openid-connect"
    assert (grafana.token_url, grafana.userinfo_url) == (f"{inside}/token", f"{inside}/userinfo")
    assert (grafana.peer.address, grafana.port) == ("identity/keycloak", 8080)
    assert identity.clients["gateway"].redirect_url == "https://console.ai.example.org/oauth2/callback"


def test_the_two_capabilities_are_shown_where_they_are_made(built: Built) -> None:
    shown = {
        (kind, item["metadata"]["annotations"]["ai-platform/capabilities"])
        for kind in built.kinds
        for item in built.objects(kind)
        if "ai-platform/capabilities" in (item["metadata"].get("annotations") or {})
    }
    assert shown == {("StatefulSet", "single-sign-on"), ("ConfigMap", "multi-factor-authentication")}


def test_a_directory_is_trusted_reached_and_its_password_kept_secret(with_directory: Built) -> None:
    assert ("identity/keycloak", "external/directory", 636) in with_directory.edges
    pod = with_directory.one("StatefulSet")["spec"]["template"]["spec"]
    [server] = pod["containers"]
    folder = environment(server)["KC_TRUSTSTORE_PATHS"]
    [mount] = [item for item in server["volumeMounts"] if item["name"] == "truststore"]
    assert (mount["mountPath"], mount["readOnly"]) == (folder, True)
    [volume] = [item for item in pod["volumes"] if item["name"] == "truststore"]
    certificates = with_directory.one("ConfigMap", volume["configMap"]["name"])
    assert certificates["data"] == {"directory.pem": DIRECTORY.ca_certificate}
    job = with_directory.one("Job")["spec"]["template"]["spec"]["containers"][0]
    [variables] = [source["secretRef"]["name"] for source in job["envFrom"]]
    assert "LDAP_BIND_PASSWORD" in with_directory.one("Secret", variables)["stringData"]
    assert "test-bind" not in json.dumps([with_directory.objects(kind) for kind in with_directory.kinds - {"Secret"}])


def test_without_a_directory_nothing_outside_the_cluster_is_reached(built: Built) -> None:
    assert not any(target.startswith("external/") for _, target, _ in built.edges)
    names = [volume["name"] for volume in built.one("StatefulSet")["spec"]["template"]["spec"]["volumes"]]
    assert names == ["quarkus", "data", "tmp"]


def test_images_come_from_the_mirror() -> None:
    mirrored = build(make_identity, registry=ImageRegistry(mirror="registry.example.org/mirror"))
    found = containers(mirrored)
    assert len(found) == 4
    assert all(container["image"].startswith("registry.example.org/mirror/") for container in found)


def test_a_directory_without_its_password_is_refused() -> None:
    with pytest.raises(ValueError, match="pulumi config set --secret ai-platform:ldapBindPassword"):
        build(lambda s: make_identity(s, replace(REALM, directory=DIRECTORY)))


def test_a_team_whose_group_is_the_administrators_is_refused() -> None:
    with pytest.raises(ValueError, match=r"is also identity\.adminGroup"):
        build(lambda s: make_identity(s, replace(REALM, team_groups=("platform-admins",))))
