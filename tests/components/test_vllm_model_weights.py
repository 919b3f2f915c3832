"""How a model's servers get their weights: by stream, by a cache on their node, or by a shared volume."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.base.handles import IdentityGrant, ImageRegistry, StorageClasses
from components.base.memory_terms import checkpoint_gib
from components.base.model_catalogue import find_model
from components.base.model_weights import Handling, HuggingFaceWeights, ObjectStoreWeights, Signature
from components.base.serving import Serving
from components.base.wiring import Workload
from components.gpu_cluster.eks import policy_documents
from components.vllm_model import ModelError, VllmModel, VllmModelArgs
from components.vllm_model.adapters.arguments import Adapter, Adapters
from tests.components.surroundings import Built, Surroundings, build, object_store

REVISION = "b968826d9c46dd6066d109eabc6255188de91218"
FOLDER = f"/weights/Qwen--Qwen3-8B--{REVISION}"
DIGEST = f"sha256:{'ab' * 32}"
SERVING = Serving(architecture=find_model("Qwen/Qwen3-8B"), task="chat", max_model_len=32768)
STORE = ("data/object-store", 8333)


def hugging_face(**handling: Any) -> HuggingFaceWeights:
    return HuggingFaceWeights(repository="Qwen/Qwen3-8B", revision=REVISION, handling=Handling(**handling))


def built_with(
    weights: HuggingFaceWeights | ObjectStoreWeights, surroundings: dict[str, Any] | None = None, **changes: Any
) -> Built:
    def program(s: Surroundings) -> VllmModel:
        fields: dict[str, Any] = {
            "name": "qwen3-8b",
            "cluster": s.cluster,
            "platform": s.platform,
            "serving": SERVING,
            "weights": weights,
            "pool": "l40s",
            "replicas": 2,
            "gateway": Workload.of("gateway", "litellm", "gateway"),
            "api_key": pulumi.Output.secret("test-model-key"),
            "store": object_store("models"),
        }
        return VllmModel("qwen3-8b", VllmModelArgs(**(fields | changes)), s.opts)

    return build(program, **(surroundings or {}))


def pod_of(built: Built) -> dict[str, Any]:
    return built.one("Deployment")["spec"]["template"]["spec"]


def server_of(built: Built) -> dict[str, Any]:
    return next(item for item in pod_of(built)["containers"] if item["name"] == "vllm")


def environment_of(container: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


def volumes_of(pod: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item for item in pod["volumes"]}


def mounts_of(container: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item for item in container["volumeMounts"]}


def edges_from(built: Built, source: str) -> set[tuple[str, int]]:
    return {(target, port) for from_, target, port in built.edges if from_ == source}


@pytest.fixture(scope="module")
def streamed() -> Built:
    return built_with(hugging_face())


@pytest.fixture(scope="module")
def cached() -> Built:
    return built_with(hugging_face(delivery="node-cache", digest=DIGEST))


@pytest.fixture(scope="module")
def shared() -> Built:
    return built_with(hugging_face(delivery="shared-volume"))


@pytest.fixture(params=["streamed", "cached", "shared"])
def any_delivery(request: pytest.FixtureRequest) -> Built:
    return request.getfixturevalue(request.param)


def test_weights_are_streamed_unless_somebody_asks_for_a_copy(streamed: Built) -> None:
    assert server_of(streamed)["args"][0] == f"s3://models/Qwen/Qwen3-8B/{REVISION}"
    assert "initContainers" not in pod_of(streamed)
    assert "PersistentVolumeClaim" not in streamed.kinds


def test_a_server_is_offline_and_loads_by_the_streamer_whatever_the_delivery(any_delivery: Built) -> None:
    server = server_of(any_delivery)
    assert environment_of(server)["HF_HUB_OFFLINE"] == "1"
    assert environment_of(server)["TRANSFORMERS_OFFLINE"] == "1"
    assert "--load-format=runai_streamer" in server["args"]
    assert edges_from(any_delivery, "models/qwen3-8b") <= {STORE}


def test_only_the_preload_job_may_write_and_reach_the_internet(any_delivery: Built) -> None:
    internet = {source for source, target, _ in any_delivery.edges if target == "external/internet"}
    assert internet == {"models/qwen3-8b-weights"}


def test_a_node_cache_is_filled_on_the_node_s_disk_before_the_server_starts(cached: Built) -> None:
    pod, server = pod_of(cached), server_of(cached)
    (fetch,) = pod["initContainers"]
    size = int(volumes_of(pod)["weights"]["emptyDir"]["sizeLimit"].removesuffix("Gi"))
    assert server["args"][0] == FOLDER == environment_of(fetch)["WEIGHTS_TARGET"]
    assert environment_of(fetch)["VOLUME_GIB"] == str(size)
    assert 1.1 * checkpoint_gib(SERVING) <= size <= 1.1 * checkpoint_gib(SERVING) + 2
    assert mounts_of(fetch)["weights"] == {"name": "weights", "mountPath": "/weights", "readOnly": False}
    assert mounts_of(server)["weights"] == {"name": "weights", "mountPath": "/weights", "readOnly": True}
    assert fetch["command"] == ["python3", "-m", "scripts.fetch_weights"]


def test_a_node_cache_is_requested_as_node_disk_together_with_all_else_that_the_pod_writes(cached: Built) -> None:
    pod = pod_of(cached)
    (fetch,) = pod["initContainers"]
    limits = [
        int(item["emptyDir"]["sizeLimit"].removesuffix("Gi"))
        for item in pod["volumes"]
        if "emptyDir" in item and item["emptyDir"].get("medium") != "Memory"
    ]
    for kind in ("requests", "limits"):
        assert int(fetch["resources"][kind]["ephemeral-storage"].removesuffix("Gi")) >= sum(limits) + 10
    assert len(limits) >= 3


def test_adapters_on_the_same_disk_are_requested_with_it() -> None:
    serving = replace(SERVING, adapter_slots=2, adapter_rank=512)
    adapters = Adapters(adapters=tuple(Adapter(name=f"a{n}", prefix=f"a/{n}") for n in range(9)), bases=("base",))
    pod = pod_of(built_with(hugging_face(delivery="node-cache"), serving=serving, adapters=adapters))
    fetch = next(item for item in pod["initContainers"] if item["name"] == "fetch-weights")
    limits = [int(item["emptyDir"]["sizeLimit"].removesuffix("Gi")) for item in pod["volumes"] if "emptyDir" in item]
    assert int(fetch["resources"]["requests"]["ephemeral-storage"].removesuffix("Gi")) >= sum(limits) + 10


def test_the_copy_asks_for_no_more_than_the_server_that_follows_it(cached: Built) -> None:
    (fetch,) = pod_of(cached)["initContainers"]
    assert int(fetch["resources"]["requests"]["cpu"]) <= int(server_of(cached)["resources"]["requests"]["cpu"])
    assert fetch["resources"]["limits"]["memory"] == fetch["resources"]["requests"]["memory"] == "2Gi"


def test_only_the_container_that_copies_has_the_bucket_s_key(cached: Built) -> None:
    (fetch,) = pod_of(cached)["initContainers"]
    assert environment_of(fetch)["AWS_SECRET_ACCESS_KEY"]["secretKeyRef"]["key"] == "AWS_SECRET_ACCESS_KEY"
    assert not [name for name in environment_of(server_of(cached)) if name.startswith(("AWS_", "S3_"))]


def test_a_shared_volume_is_filled_by_one_job_and_mounted_read_only(shared: Built) -> None:
    claim = shared.one("PersistentVolumeClaim")
    fill = shared.one("Job", "qwen3-8b-fill")["spec"]["template"]["spec"]
    (fetch,) = fill["containers"]
    name = claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert claim["spec"]["storageClassName"] == "shared"
    assert volumes_of(fill)["weights"]["persistentVolumeClaim"] == {"claimName": name, "readOnly": False}
    assert volumes_of(pod_of(shared))["weights"]["persistentVolumeClaim"] == {"claimName": name, "readOnly": True}
    assert mounts_of(server_of(shared))["weights"]["readOnly"] is True
    assert server_of(shared)["args"][0] == FOLDER == environment_of(fetch)["WEIGHTS_TARGET"]
    assert "initContainers" not in pod_of(shared)


def test_a_shared_volume_has_room_for_the_next_version_beside_this_one(shared: Built) -> None:
    size = shared.one("PersistentVolumeClaim")["spec"]["resources"]["requests"]["storage"]
    assert int(size.removesuffix("Gi")) >= 2.2 * checkpoint_gib(SERVING)


def test_servers_of_a_shared_volume_reach_nothing_and_hold_no_key_of_the_bucket(shared: Built) -> None:
    assert edges_from(shared, "models/qwen3-8b") == set()
    assert edges_from(shared, "models/qwen3-8b-volume") == {STORE}
    assert not [name for name in environment_of(server_of(shared)) if name.startswith(("AWS_", "S3_"))]


def test_servers_wait_for_the_volume_and_the_volume_for_the_bucket(shared: Built) -> None:
    def waits_for(kind: str, name: str, other: str) -> bool:
        found = [item for item in shared.rendered.resources if item.type.endswith(f":{kind}") and name in item.name]
        assert len(found) == 1
        return any(urn.endswith(f"::{other}") for urn in found[0].depends_on)

    assert waits_for("Deployment", "deployment", "qwen3-8b-fill")
    assert waits_for("Job", "-fill", "qwen3-8b-job")


def test_a_size_that_the_settings_name_is_taken() -> None:
    cached = built_with(hugging_face(delivery="node-cache", volume_gib=300))
    assert volumes_of(pod_of(cached))["weights"]["emptyDir"]["sizeLimit"] == "300Gi"
    shared = built_with(hugging_face(delivery="shared-volume", volume_gib=500))
    assert shared.one("PersistentVolumeClaim")["spec"]["resources"]["requests"]["storage"] == "500Gi"


def test_streamed_weights_with_a_digest_are_checked_before_the_server_starts() -> None:
    built = built_with(hugging_face(digest=DIGEST))
    (check,) = pod_of(built)["initContainers"]
    assert check["command"] == ["python3", "-m", "scripts.check_weights"]
    assert environment_of(check)["WEIGHTS_DIGEST"] == DIGEST
    assert environment_of(check)["S3_PREFIX"] == f"Qwen/Qwen3-8B/{REVISION}"
    assert server_of(built)["args"][0].startswith("s3://")


def test_what_was_declared_reaches_every_program_that_sees_the_weights() -> None:
    signature = Signature(public_key="-----BEGIN PUBLIC KEY-----", value="c2lnbmVk")
    built = built_with(hugging_face(delivery="shared-volume", digest=DIGEST, signature=signature))
    jobs = built.objects("Job")
    assert len(jobs) == 2
    for job in jobs:
        environment = environment_of(job["spec"]["template"]["spec"]["containers"][0])
        assert environment["WEIGHTS_DIGEST"] == DIGEST
        assert environment["WEIGHTS_PUBLIC_KEY"] == signature.public_key
        assert environment["WEIGHTS_SIGNATURE"] == signature.value


def test_weights_with_code_are_a_checkpoint_of_their_own() -> None:
    weights = HuggingFaceWeights(repository="Qwen/Qwen3-8B", revision=REVISION, remote_code=True)
    built = built_with(weights)
    environment = environment_of(built.one("Job")["spec"]["template"]["spec"]["containers"][0])
    assert environment["REMOTE_CODE"] == "1"
    assert environment["S3_PREFIX"] == weights.prefix != hugging_face().prefix


@pytest.mark.parametrize("delivery", ["node-cache", "shared-volume"])
def test_weights_that_lie_in_the_bucket_are_copied_without_the_hub(delivery: Any) -> None:
    built = built_with(ObjectStoreWeights(prefix="own/tuned-8b", handling=Handling(delivery=delivery)))
    assert server_of(built)["args"][0] == "/weights/own--tuned-8b"
    assert "external/internet" not in {target for _, target, _ in built.edges}
    assert not [item for item in built.objects("Job") if "-job" in item["metadata"]["name"]]


def test_every_program_runs_restricted_from_the_config_map_in_the_servers_image() -> None:
    registry = ImageRegistry(mirror="mirror.example.org")
    own = "registry.example.org/vllm-audio:1.0"
    built = built_with(hugging_face(delivery="node-cache"), {"registry": registry}, image=own)
    pods = [pod_of(built), built.one("Job")["spec"]["template"]["spec"]]
    programs = [pods[0]["initContainers"][0], pods[1]["containers"][0]]
    assert programs[0]["image"] == server_of(built)["image"] == f"mirror.example.org/{own}"
    assert programs[1]["image"].startswith("mirror.example.org/docker.io/vllm/")
    for pod, container in zip(pods, programs, strict=True):
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        mount = mounts_of(container)["weights-programs"]
        assert mount == {"name": "weights-programs", "mountPath": "/programs/scripts", "readOnly": True}
        assert (
            volumes_of(pod)["weights-programs"]["configMap"]["name"]
            == built.one("ConfigMap", "qwen3-8b-programs")["metadata"]["name"]
        )
        assert container["workingDir"] == "/programs"
        module = container["command"][-1].removeprefix("scripts.")
        assert f"{module}.py" in built.one("ConfigMap", "qwen3-8b-programs")["data"]


def test_a_job_that_refused_its_checkpoint_is_not_repeated_and_an_evicted_one_is(streamed: Built) -> None:
    rules = streamed.one("Job")["spec"]["podFailurePolicy"]["rules"]
    assert rules[0]["onExitCodes"] == {"operator": "In", "values": [2]}
    assert rules[0]["action"] == "FailJob"
    assert rules[1]["action"] == "Ignore"
    assert rules[1]["onPodConditions"][0]["type"] == "DisruptionTarget"
    assert streamed.one("Job")["spec"]["template"]["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize("delivery", ["stream", "node-cache", "shared-volume"])
def test_grants_end_at_the_checkpoint_and_one_workload_may_write(delivery: Any) -> None:
    class Granting:
        def grant(self, name: str, *, service_account: str, write: bool, prefix: str, **rest: Any) -> IdentityGrant:
            granted.append((service_account, write, prefix))
            return IdentityGrant(environment={"AWS_REGION": "eu-central-1"}, access=None)

    granted: list[tuple[str, bool, str]] = []
    built = built_with(hugging_face(delivery=delivery), {"workload_identity": Granting()})
    reader = "qwen3-8b-volume" if delivery == "shared-volume" else "qwen3-8b"
    prefix = f"Qwen/Qwen3-8B/{REVISION}"
    assert sorted(granted) == sorted([(reader, False, prefix), ("qwen3-8b-weights", True, prefix)])
    assert {item["metadata"]["name"] for item in built.objects("ServiceAccount")} >= {reader, "qwen3-8b-weights"}


def test_a_role_reaches_objects_of_its_checkpoint_alone_and_may_list_the_bucket() -> None:
    document = policy_documents.bucket_access("arn:aws:s3:::models", "arn:key", write=True, prefix="Qwen/Qwen3-8B/1")
    resources = {action: item["Resource"] for item in document["Statement"] for action in item["Action"]}
    assert resources["s3:PutObject"] == resources["s3:GetObject"] == ["arn:aws:s3:::models/Qwen/Qwen3-8B/1/*"]
    # Whoever may not list is told "forbidden" of an object that is merely missing.
    assert resources["s3:ListBucket"] == ["arn:aws:s3:::models"]


def test_a_shared_volume_is_refused_where_no_class_has_one() -> None:
    with pytest.raises(ModelError, match=r"model qwen3-8b: weights\.delivery: shared-volume needs") as error:
        built_with(
            hugging_face(delivery="shared-volume"), {"storage": StorageClasses(fast="fast", retained="retained")}
        )
    assert "set delivery: node-cache or stream" in str(error.value)


def test_the_longest_name_of_a_model_leaves_room_for_what_is_made_from_it() -> None:
    longest = "m" * 38

    class Granting:
        def grant(self, name: str, **rest: Any) -> IdentityGrant:
            roles.append(f"{name}-role-1234567")
            return IdentityGrant(environment={"AWS_REGION": "eu-central-1"}, access=None)

    roles: list[str] = []

    def program(s: Surroundings) -> VllmModel:
        args = VllmModelArgs(
            name=longest,
            cluster=s.cluster,
            platform=s.platform,
            serving=SERVING,
            weights=hugging_face(delivery="shared-volume"),
            pool="l40s",
            replicas=1,
            gateway=Workload.of("gateway", "litellm", "gateway"),
            api_key=pulumi.Output.secret("test-model-key"),
            store=object_store("models"),
        )
        return VllmModel(f"model-{longest}", args, s.opts)

    built = build(program, workload_identity=Granting())
    assert len(built.objects("Job")) == 2
    # The name of a job is a label of its pods.
    assert all(len(item["metadata"]["name"]) <= 63 for item in built.objects("Job"))
    assert roles
    assert all(len(role) <= 64 for role in roles)
