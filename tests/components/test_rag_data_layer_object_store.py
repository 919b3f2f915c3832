"""Both S3 servers fulfil the same contract; what only one of them does stands at the end."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.base.handles import BucketPurpose, ImageRegistry
from components.base.node_pools import NodePool
from components.rag_data_layer import DataLayerError
from tests.components.rag_data_layer_program import IMAGE, PURPOSES, clear_secrets, store
from tests.components.surroundings import Built

SMALLEST_CLUSTERED = {"seaweedfs": 3, "minio": 4}
SYSTEM = NodePool(name="system", role="system", cpu=16, memory_gib=64, min_nodes=4, max_nodes=4)


@pytest.fixture(scope="module", params=sorted(SMALLEST_CLUSTERED))
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def single(backend: str) -> Built:
    return store(backend)


@pytest.fixture(scope="module")
def clustered(backend: str) -> Built:
    return store(backend, replicas=SMALLEST_CLUSTERED[backend], pools=(SYSTEM,))


def container(built: Built) -> dict[str, Any]:
    [only] = built.one("StatefulSet")["spec"]["template"]["spec"]["containers"]
    return only


def one_service(built: Built, *, headless: bool) -> dict[str, Any]:
    found = [item for item in built.objects("Service") if (item["spec"].get("clusterIP") == "None") == headless]
    assert len(found) == 1
    return found[0]


def bucket_reached_by(built: Built) -> dict[str, set[str]]:
    """Access key → buckets that the server lets it reach, read from what the servers are configured with."""
    secrets = clear_secrets(built)
    if "data-objects-secret" in secrets:
        identities = json.loads(secrets["data-objects-secret"]["identities.json"])["identities"]
        return {
            credential["accessKey"]: {action.partition(":")[2] or "*" for action in identity["actions"]}
            for identity in identities
            for credential in identity["credentials"]
        }
    policies = built.one("ConfigMap", "data-objects-policies")["data"]
    users = {name: text.split("\n") for name, text in secrets["data-objects-users"].items() if name != "MC_HOST_store"}
    return {lines[0]: buckets_of(json.loads(policies[f"{bucket}.json"])) for bucket, lines in users.items()}


def buckets_of(policy: dict[str, Any]) -> set[str]:
    resources = [resource for statement in policy["Statement"] for resource in statement["Resource"]]
    assert all(statement["Effect"] == "Allow" for statement in policy["Statement"])
    return {resource.removeprefix("arn:aws:s3:::").removesuffix("/*") for resource in resources}


def test_the_endpoint_is_the_same_service_whatever_answers_behind_it(single: Built) -> None:
    made, _ = single.result
    service = one_service(single, headless=False)
    [port] = service["spec"]["ports"]
    assert made.endpoint_url == f"http://object-store.data.svc.cluster.local:{port['port']}"
    assert made.path_style
    assert made.port == port["port"]
    assert dict(made.peer.selector).items() <= service["spec"]["selector"].items()
    ports = {item["name"]: item["containerPort"] for item in container(single)["ports"]}
    assert ports[port["targetPort"]] == made.port


def test_there_is_a_bucket_for_every_purpose_with_a_name_that_clients_accept(single: Built) -> None:
    made, _ = single.result
    assert set(made.buckets) == set(PURPOSES)
    for bucket in made.buckets.values():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket.name)
    [job] = single.one("Job")["spec"]["template"]["spec"]["containers"]
    assert set(job["args"]) >= {bucket.name for bucket in made.buckets.values()}


def test_every_key_reaches_its_own_bucket_and_no_other(single: Built) -> None:
    made, keys = single.result
    reached = bucket_reached_by(single)
    assert set(keys) == set(PURPOSES)
    for purpose, key in keys.items():
        assert reached[key["id"]] == {made.buckets[purpose].name}


def test_no_two_buckets_share_a_key(single: Built) -> None:
    _, keys = single.result
    values = [value for key in keys.values() for value in key.values()]
    assert len(set(values)) == len(values) == 2 * len(PURPOSES)
    assert all(re.fullmatch(r"[A-Za-z0-9]{20}", key["id"]) for key in keys.values())
    assert all(re.fullmatch(r"[A-Za-z0-9]{40}", key["secret"]) for key in keys.values())


def test_no_key_is_found_outside_of_secrets(single: Built) -> None:
    values = {value for data in clear_secrets(single).values() for text in data.values() for value in tokens(text)}
    assert len(values) >= 2 * len(PURPOSES)
    others = [item for kind in single.kinds - {"Secret"} for item in single.objects(kind)]
    assert others
    text = json.dumps(others)
    assert not [value for value in values if value in text]
    for item in [*single.objects("StatefulSet"), *single.objects("Job"), *single.objects("ConfigMap")]:
        assert "[secret]" not in json.dumps(item)


def tokens(text: str) -> list[str]:
    """Drawn values within a file: 20 characters or more of letters and digits."""
    return re.findall(r"[A-Za-z0-9]{20,}", text)


def test_a_single_server_asks_for_no_budget_and_a_cluster_loses_one_at_a_time(single: Built, clustered: Built) -> None:
    assert "PodDisruptionBudget" not in single.kinds
    budget = clustered.one("PodDisruptionBudget")["spec"]
    labels = clustered.one("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= labels.items()


def test_servers_stand_on_different_nodes_and_find_each_other_before_they_are_ready(clustered: Built) -> None:
    spec = clustered.one("StatefulSet")["spec"]
    [rule] = spec["template"]["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert rule["topologyKey"] == "kubernetes.io/hostname"
    assert rule["labelSelector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    headless = one_service(clustered, headless=True)
    assert headless["spec"]["publishNotReadyAddresses"] is True
    assert spec["serviceName"] == headless["metadata"]["name"]
    assert spec["podManagementPolicy"] == "Parallel"


def test_volumes_are_kept_and_protected(single: Built) -> None:
    spec = single.one("StatefulSet")["spec"]
    [claim] = spec["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "retained"
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    guarded = {resource.name for resource in single.rendered.resources if resource.protect}
    assert "data-objects-server" in guarded
    assert {f"data-objects-{purpose}-key" for purpose in PURPOSES} <= guarded


def test_without_the_stacks_protection_nothing_is_guarded(backend: str) -> None:
    built = store(backend, protect_data=False)
    assert not [resource.name for resource in built.rendered.resources if resource.protect]


def test_pods_are_restricted_and_hold_no_token(single: Built) -> None:
    for item in [single.one("StatefulSet"), single.one("Job")]:
        pod = item["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for each in pod["containers"]:
            assert each["securityContext"]["readOnlyRootFilesystem"] is True
            assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert each["resources"]["limits"]["memory"] == each["resources"]["requests"]["memory"]


def test_every_folder_that_is_written_is_a_volume(single: Built) -> None:
    mounts = {mount["mountPath"]: mount for mount in container(single)["volumeMounts"]}
    assert not mounts["/data"].get("readOnly")
    assert not mounts["/tmp"].get("readOnly")


def test_what_pods_read_is_replaced_with_its_content_so_that_pods_start_anew(single: Built) -> None:
    read = [item for kind in ("Secret", "ConfigMap", "Job") for item in single.objects(kind)]
    assert read
    assert all(re.search(r"-[0-9a-f]{8}$", item["metadata"]["name"]) for item in read)


def test_the_job_reaches_the_servers_and_nothing_else(single: Built) -> None:
    made, _ = single.result
    assert ("data/object-store-buckets", "data/object-store", made.port) in single.edges
    assert not [edge for edge in single.edges if edge[1] == "data/object-store-buckets"]
    labels = single.one("Job")["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "object-store-buckets"


def test_the_job_waits_for_the_servers_and_the_servers_for_no_service_that_waits_for_them(single: Built) -> None:
    by_name = {resource.name: resource for resource in single.rendered.resources}
    assert by_name["data-objects-server"].urn in by_name["data-objects-buckets"].depends_on
    assert by_name["data-objects-service"].urn not in by_name["data-objects-server"].depends_on
    assert by_name["data-objects-account"].urn in by_name["data-objects-server"].depends_on


def test_only_the_servers_themselves_use_the_ports_between_them(clustered: Built) -> None:
    made, _ = clustered.result
    for source, target, port in clustered.edges:
        if target == "data/object-store" and port != made.port and not source.endswith("prometheus"):
            assert source == "data/object-store"


def test_a_job_that_is_done_stays_so_that_it_is_not_made_again(single: Built) -> None:
    assert "ttlSecondsAfterFinished" not in single.one("Job")["spec"]


def test_more_servers_than_nodes_are_refused_before_anything_is_made(backend: str) -> None:
    few = NodePool(name="system", role="system", cpu=16, memory_gib=64, min_nodes=2, max_nodes=9)
    with pytest.raises(DataLayerError, match=r"data\.objectStore\.replicas: \d replicas need \d nodes of role system"):
        store(backend, replicas=SMALLEST_CLUSTERED[backend], pools=(few,))


def test_a_number_of_servers_without_a_majority_is_refused(backend: str) -> None:
    with pytest.raises(DataLayerError, match=r"data\.objectStore\.replicas: \w+ runs with 1"):
        store(backend, replicas=2)


def test_purposes_may_be_few(backend: str) -> None:
    only: tuple[BucketPurpose, ...] = ("backups",)
    made, keys = store(backend, purposes=only).result
    assert set(made.buckets) == set(keys) == {"backups"}


def test_seaweedfs_elects_masters_by_name_and_keeps_two_copies() -> None:
    arguments = container(store("seaweedfs", replicas=3))["args"]
    hosts = [f"object-store-{ordinal}.object-store-peers.data.svc.cluster.local:9333" for ordinal in range(3)]
    assert f"-master.peers={','.join(hosts)}" in arguments
    assert "-ip=$(POD_NAME).object-store-peers.data.svc.cluster.local" in arguments
    assert "-master.defaultReplication=001" in arguments


def test_seaweedfs_keeps_a_client_with_one_server_because_indexes_follow_each_other() -> None:
    assert one_service(store("seaweedfs", replicas=3), headless=False)["spec"]["sessionAffinity"] == "ClientIP"


def test_seaweedfs_reports_nothing_home_and_opens_no_door_beside_s3() -> None:
    arguments = container(store("seaweedfs"))["args"]
    for expected in (
        "-master.telemetry=false",
        "-disableHttp=true",
        "-s3.iam=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
    ):
        assert expected in arguments


def test_servers_of_seaweedfs_sign_what_they_ask_each_other() -> None:
    built = store("seaweedfs")
    secret = clear_secrets(built)["data-objects-secret"]
    names = [name for name in secret if name.startswith("WEED_JWT_")]
    assert len(names) == 4
    assert len({secret[name] for name in names}) == 4
    variables = {item["name"]: item for item in container(built)["env"]}
    assert all(variables[name]["valueFrom"]["secretKeyRef"]["key"] == name for name in names)


def test_no_identity_of_seaweedfs_is_anonymous_and_one_alone_administers() -> None:
    identities = json.loads(clear_secrets(store("seaweedfs"))["data-objects-secret"]["identities.json"])["identities"]
    assert "anonymous" not in {identity["name"] for identity in identities}
    assert [identity["name"] for identity in identities if "Admin" in identity["actions"]] == ["administrator"]
    assert all(":" in action for identity in identities[1:] for action in identity["actions"])


def test_seaweedfs_heals_what_a_lost_volume_held_and_never_keeps_its_index_in_postgresql() -> None:
    config = store("seaweedfs").one("ConfigMap")["data"]
    assert "volume.fix.replication -apply" in config["master.toml"]
    assert "[leveldb2]\nenabled = true" in config["filer.toml"]
    assert "/data/filerldb2" in config["filer.toml"]


def test_prometheus_reaches_the_metrics_of_seaweedfs_by_a_port_of_that_name() -> None:
    built = store("seaweedfs")
    ports = {item["name"]: item["containerPort"] for item in container(built)["ports"]}
    assert ("observability/prometheus", "data/object-store", ports["metrics"]) in built.edges


def test_images_of_seaweedfs_come_from_the_mirror_and_that_of_minio_as_it_was_given() -> None:
    registry = ImageRegistry(mirror="mirror.example.org/platform")
    for backend, start in (
        ("seaweedfs", "mirror.example.org/platform/docker.io/chrislusf/seaweedfs:"),
        ("minio", IMAGE),
    ):
        built = store(backend, registry=registry)
        [job] = built.one("Job")["spec"]["template"]["spec"]["containers"]
        assert container(built)["image"].startswith(start)
        assert job["image"] == container(built)["image"]


def test_minio_has_no_console_and_its_root_key_is_in_a_secret() -> None:
    built = store("minio")
    variables = {item["name"]: item for item in container(built)["env"]}
    assert variables["MINIO_BROWSER"]["value"] == "off"
    for name in ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"):
        reference = variables[name]["valueFrom"]["secretKeyRef"]
        assert reference["key"] in clear_secrets(built)["data-objects-root"]


def test_users_of_minio_can_neither_drop_their_bucket_nor_open_it_to_others() -> None:
    policies = store("minio").one("ConfigMap")["data"]
    assert set(policies) == {f"{purpose}.json" for purpose in PURPOSES}
    for text in policies.values():
        actions = {action for statement in json.loads(text)["Statement"] for action in statement["Action"]}
        assert {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"} <= actions
        assert not {"s3:*", "s3:DeleteBucket", "s3:PutBucketPolicy", "s3:ListAllMyBuckets"} & actions
