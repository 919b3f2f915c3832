from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.base import valkey
from components.base.valkey import ValkeyServer


def server(**changes: Any) -> ValkeyServer:
    fields: dict[str, Any] = {
        "name": "counters",
        "namespace": "gateway",
        "component": "counters",
        "environment": "test",
        "max_memory_policy": "noeviction",
        "max_memory_mib": 512,
        "storage_class": "retained",
        "storage_gib": 2,
    }
    return ValkeyServer(**(fields | changes))


def config(made: ValkeyServer) -> dict[str, str]:
    """Directives of valkey.conf, as the server reads them: one per line, name before the first blank."""
    return dict(line.split(" ", 1) for line in valkey.config_text(made).splitlines())


def container(made: ValkeyServer) -> Any:
    return valkey.pod_template(made, image="image", config_map="config", secret="secret")["spec"]["containers"][0]


@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru"])
def test_the_server_evicts_as_it_is_told(policy: str) -> None:
    assert config(server(max_memory_policy=policy))["maxmemory-policy"] == policy


@given(st.integers(min_value=1, max_value=1_000_000))
def test_the_container_has_room_for_a_rewrite_of_the_append_only_file(megabytes: int) -> None:
    made = server(max_memory_mib=megabytes)
    assert config(made)["maxmemory"] == f"{megabytes}mb"
    assert made.memory_limit_mib >= 1.5 * megabytes
    limits = container(made)["resources"]["limits"]
    assert limits["memory"] == f"{made.memory_limit_mib}Mi"


def test_a_server_with_storage_appends_to_a_file_on_a_volume_that_outlives_it() -> None:
    made = server()
    assert config(made)["appendonly"] == "yes"
    spec: Any = valkey.stateful_set_spec(made, image="image", config_map="config", secret="secret")
    [claim] = spec["volume_claim_templates"]
    assert claim["spec"]["storage_class_name"] == "retained"
    assert claim["spec"]["resources"] == {"requests": {"storage": "2Gi"}}
    assert spec["persistent_volume_claim_retention_policy"]["when_deleted"] == "Retain"
    assert "data" not in [volume["name"] for volume in spec["template"]["spec"]["volumes"]]


def test_a_server_without_storage_writes_no_file_and_claims_no_volume() -> None:
    made = server(component="cache", max_memory_policy="allkeys-lru", storage_class=None, storage_gib=0)
    assert config(made)["appendonly"] == "no"
    spec: Any = valkey.stateful_set_spec(made, image="image", config_map="config", secret="secret")
    assert "volume_claim_templates" not in spec
    assert {"name": "data", "empty_dir": {"size_limit": "64Mi"}} in spec["template"]["spec"]["volumes"]


def test_the_password_is_included_from_the_secret_and_stands_in_no_argument() -> None:
    made = container(server())
    included = config(server())["include"]
    mount = next(mount for mount in made["volume_mounts"] if mount["name"] == "secret")
    folder, file = included.rsplit("/", 1)
    assert mount["mount_path"] == folder
    volumes: Any = valkey.pod_template(server(), image="i", config_map="c", secret="the-secret")["spec"]["volumes"]
    secret = next(volume["secret"] for volume in volumes if volume["name"] == "secret")
    assert secret == {"secret_name": "the-secret", "items": [{"key": file, "path": file}]}
    assert "requirepass" not in config(server())
    assert made["command"] == ["valkey-server", "/etc/valkey/valkey.conf"]


def test_probes_read_the_password_from_the_secret() -> None:
    made = container(server())
    assert made["env"] == [
        {"name": "REDISCLI_AUTH", "value_from": {"secret_key_ref": {"name": "secret", "key": valkey.PASSWORD_KEY}}}
    ]
    assert made["readiness_probe"]["exec_"]["command"] == ["valkey-cli", "-e", "ping"]
    assert made["liveness_probe"]["exec_"]["command"] == ["valkey-cli", "ping"]


def test_service_pods_and_wiring_agree() -> None:
    made = server()
    template: Any = valkey.pod_template(made, image="image", config_map="config", secret="secret")
    service: Any = valkey.service_spec(made)
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    assert dict(made.peer.selector) == service["selector"]
    [port] = service["ports"]
    assert port["target_port"] in [item["name"] for item in container(made)["ports"]]
    assert made.host == "counters.gateway.svc.cluster.local"
