from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pulumi_kubernetes as k8s
import pytest

from components.base import model_proxy, peers
from components.base.model_weights import Handling, HuggingFaceWeights
from components.base.rollout_plan import RolloutPlan, UpdateWindow
from components.base.wire_keys import wire
from components.base.wiring import Workload
from components.vllm_model import VllmModel
from components.vllm_model.adapters.arguments import Adapter, Adapters
from components.vllm_model.scaling import Scaling
from components.vllm_model.server.options import ServerOptions
from components.vllm_model.workloads.analysis import error_query, latency_query, window_query
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL, Built, Surroundings, build
from tests.components.test_vllm_model import built_with, make_model, make_serving
from tests.crd_schemas import schema_problems

CANARY = RolloutPlan(strategy="canary")
SUNDAY_NIGHT = UpdateWindow(start=6 * 24 * 60 + 60, minutes=240)
"""sun:01:00-sun:05:00"""


@pytest.fixture(scope="module")
def canary() -> Built:
    return built_with(rollout=CANARY, gateway=peers.MODEL_PROXY)


@pytest.fixture(scope="module")
def blue_green() -> Built:
    return built_with(rollout=RolloutPlan(strategy="blue-green"))


@pytest.fixture(scope="module")
def group() -> Built:
    return built_with(serving=make_serving("Qwen/Qwen3-32B", tensor_parallel=2, pipeline_parallel=2, nodes=2))


def strategy_of(built: Built, name: str) -> dict[str, Any]:
    return built.one("Rollout")["spec"]["strategy"][name]


def options_of(built: Built, kind: str, name: str) -> Any:
    (found,) = [
        resource
        for resource in built.rendered.objects
        if resource.inputs.get("kind") == kind and resource.inputs["metadata"].get("name") == name
    ]
    return found


# Every custom resource, against its definition


@pytest.mark.parametrize(
    ("built", "kinds"),
    [
        ("canary", {"Rollout", "AnalysisTemplate", "HTTPRoute"}),
        ("blue_green", {"Rollout", "AnalysisTemplate"}),
        ("group", {"LeaderWorkerSet"}),
    ],
)
def test_custom_resources_are_what_their_definitions_allow(
    built: str, kinds: set[str], request: pytest.FixtureRequest
) -> None:
    model: Built = request.getfixturevalue(built)
    assert kinds <= model.kinds
    assert [problem for kind in kinds for item in model.objects(kind) for problem in schema_problems(item)] == []


def test_windows_and_promotion_by_hand_are_what_the_definitions_allow() -> None:
    for strategy in ("canary", "blue-green"):
        built = built_with(rollout=RolloutPlan(strategy=strategy, windows=(SUNDAY_NIGHT,), manual=True))
        for kind in ("Rollout", "AnalysisTemplate"):
            assert built.objects(kind)
            assert [schema_problems(item) for item in built.objects(kind)] == [[]] * len(built.objects(kind))


# What deployed stacks hold


@pytest.mark.parametrize(
    ("kind", "name", "first"),
    [
        ("Deployment", "qwen3-8b", "qwen3-8b-deployment"),
        ("Service", "qwen3-8b", "qwen3-8b-service"),
        ("PodDisruptionBudget", "qwen3-8b", "qwen3-8b-disruption-budget"),
    ],
)
def test_an_object_that_has_moved_keeps_its_first_address(kind: str, name: str, first: str) -> None:
    """Otherwise the engine makes it anew, and the name is taken."""
    assert f"::{first}" in options_of(built_with(), kind, name).aliases


def test_what_the_weights_made_keeps_its_address_with_them() -> None:
    """Children follow the alias of their parent: their names begin with its name."""
    resources = built_with().rendered.resources
    (weights,) = [item for item in resources if item.type == "ai-platform:vllm_model:ModelWeights"]
    assert weights.aliases == ("::qwen3-8b-weights",)
    assert all(item.name.startswith(weights.name) for item in resources if item.parent == weights.urn)


# One pod template in three workloads


def everything() -> dict[str, Any]:
    """A model with all that its weights, its adapters and its server may bring to a pod."""
    checked = Handling(delivery="node-cache", digest=f"sha256:{'ab' * 32}")
    return {
        "serving": make_serving(tensor_parallel=2, adapter_slots=1, adapter_rank=16),
        "weights": HuggingFaceWeights(repository="Qwen/Qwen3-8B", revision="b" * 40, handling=checked),
        "adapters": Adapters(adapters=(Adapter(name="tuned", prefix="adapters/tuned"),), bases=("Qwen/Qwen3-8B",)),
        "server": ServerOptions(chat_template="{{ messages }}", tool_call_parser="hermes"),
    }


@pytest.mark.parametrize("parts", [{}, everything()], ids=["plain", "everything"])
@pytest.mark.parametrize("strategy", ["canary", "blue-green"])
def test_a_pod_template_reads_the_same_in_a_custom_resource_as_in_a_deployment(
    strategy: Literal["canary", "blue-green"], parts: dict[str, Any]
) -> None:
    moved = built_with(rollout=RolloutPlan(strategy=strategy), gateway=peers.MODEL_PROXY, **parts)
    rolling = built_with(**parts)
    assert moved.one("Rollout")["spec"]["template"] == rolling.one("Deployment")["spec"]["template"]


def test_parts_of_a_pod_share_no_name() -> None:
    several: dict[str, Any] = everything() | {
        "serving": make_serving("Qwen/Qwen3-32B", tensor_parallel=2, pipeline_parallel=2, nodes=2),
        "adapters": None,
    }
    spread = built_with(**several)
    pods = [
        built_with(**everything()).one("Deployment")["spec"]["template"]["spec"],
        *(template_of(spread, role)["spec"] for role in ("leader", "worker")),
    ]
    for pod in pods:
        containers = [*pod["containers"], *pod["initContainers"]]
        lists = [[item["name"] for item in pod["volumes"]], [item["name"] for item in containers]]
        for container in containers:
            lists.append([item["name"] for item in container["env"]])
            lists.append([item["mountPath"] for item in container["volumeMounts"]])
            assert {item["name"] for item in container["volumeMounts"]} <= set(lists[0])
        flags = [flag.partition("=")[0] for flag in pod["containers"][0]["args"] if flag.startswith("--")]
        for names in (*lists, flags):
            assert len(names) == len(set(names)), names


def test_keys_of_the_api_are_converted_and_keys_that_are_data_are_not() -> None:
    template: dict[str, Any] = {
        "metadata": {"labels": {"my_label": "a", "app.kubernetes.io/name": "b"}, "annotations": {"some_key": "c"}},
        "spec": {
            "host_ipc": False,
            "set_hostname_as_fqdn": True,
            "node_selector": {"node_role": "d"},
            "volumes": [{"name": "v", "projected": {"sources": [{"downward_api": {"items": []}}]}}],
            "containers": [
                {
                    "name": "c",
                    "resources": {"limits": {"vendor.com/my_gpu": 1}},
                    "startup_probe": {"exec_": {"command": ["true"]}, "period_seconds": 1},
                }
            ],
        },
    }

    def program(s: Surroundings) -> None:
        k8s.core.v1.PodTemplate(
            "t",
            metadata={"name": "t", "namespace": "models"},
            template=template,  # pyright: ignore[reportArgumentType] # spelt as the builders' typed dicts are
            opts=s.opts,
        )

    (resource,) = build(program).rendered.objects
    assert wire(template) == resource.inputs["template"]
    assert wire(wire(template)) == wire(template)


# Canary


def test_a_canary_is_these_objects(canary: Built) -> None:
    assert "Deployment" not in canary.kinds
    assert {item["metadata"]["name"] for item in canary.objects("Service")} == {"qwen3-8b", "qwen3-8b-canary"}
    names = {item["metadata"]["name"] for item in canary.objects("AnalysisTemplate")}
    assert names == {"qwen3-8b-step", "qwen3-8b-watch"}
    annotations = canary.one("Rollout")["metadata"]["annotations"]
    assert annotations["ai-platform/capabilities"] == "gpu-serving"
    assert annotations["ai-platform/model"] == "Qwen/Qwen3-8B"


def test_a_canary_grows_by_judged_steps(canary: Built) -> None:
    strategy = strategy_of(canary, "canary")
    weights = [step["setWeight"] for step in strategy["steps"] if "setWeight" in step]
    assert weights == [5, 25, 50, 100]
    kinds = [next(iter(step)) for step in strategy["steps"]]
    assert kinds == ["setWeight", "pause", "analysis"] * 3 + ["setWeight"]
    assert strategy["steps"][1] == {"pause": {"duration": "300s"}}
    # The watch begins when the canary has its first weight, not before there is one.
    assert kinds[strategy["analysis"]["startingStep"] - 1] == "setWeight"


def test_every_analysis_of_a_rollout_names_a_template_of_the_model() -> None:
    for plan in (
        RolloutPlan(strategy="canary", windows=(SUNDAY_NIGHT,)),
        RolloutPlan(strategy="blue-green", windows=(SUNDAY_NIGHT,)),
    ):
        built = built_with(rollout=plan)
        text = str(built.one("Rollout")["spec"]["strategy"])
        named = set(re.findall(r"'templateName': '([^']+)'", text))
        assert named == {item["metadata"]["name"] for item in built.objects("AnalysisTemplate")}


def test_a_window_is_waited_for_before_the_first_request_moves() -> None:
    built = built_with(rollout=RolloutPlan(strategy="canary", windows=(SUNDAY_NIGHT,)))
    strategy = strategy_of(built, "canary")
    assert strategy["steps"][0] == {"analysis": {"templates": [{"templateName": "qwen3-8b-window"}]}}
    assert strategy["steps"][1] == {"setWeight": 5}
    assert strategy["analysis"]["startingStep"] == 2
    (metric,) = built.one("AnalysisTemplate", "qwen3-8b-window")["spec"]["metrics"]
    # Closed is no failure, and open once is enough.
    assert (metric["failureLimit"], metric["consecutiveSuccessLimit"]) == (-1, 1)
    assert "count" not in metric


def test_promotion_by_hand_stops_before_everybody_is_served_by_the_new_version() -> None:
    steps = strategy_of(built_with(rollout=RolloutPlan(strategy="canary", manual=True)), "canary")["steps"]
    assert steps[-2:] == [{"pause": {}}, {"setWeight": 100}]


def test_the_route_and_the_rollout_name_the_same_services_and_route(canary: Built) -> None:
    strategy, route = strategy_of(canary, "canary"), canary.one("HTTPRoute")
    services = [strategy["stableService"], strategy["canaryService"]]
    (rule,) = route["spec"]["rules"]
    assert [backend["name"] for backend in rule["backendRefs"]] == services
    assert [backend["weight"] for backend in rule["backendRefs"]] == [100, 0]
    plugin = strategy["trafficRouting"]["plugins"]["argoproj-labs/gatewayAPI"]
    assert plugin["httpRoute"] == route["metadata"]["name"]
    assert {item["metadata"]["name"] for item in canary.objects("Service")} == set(services)


def test_the_route_leads_from_the_internal_gateway_to_the_api_of_the_server_alone(canary: Built) -> None:
    spec = canary.one("HTTPRoute")["spec"]
    assert spec["parentRefs"] == [{"name": model_proxy.NAME, "namespace": "gateway"}]
    (rule,) = spec["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/qwen3-8b/v1"}}]
    assert rule["filters"][0]["urlRewrite"]["path"] == {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v1"}
    assert rule["timeouts"] == {"request": "0s", "backendRequest": "0s"}


def test_what_argo_rollouts_writes_is_left_to_it(canary: Built) -> None:
    assert options_of(canary, "HTTPRoute", "qwen3-8b").ignore_changes == ("spec.rules",)
    for service in ("qwen3-8b", "qwen3-8b-canary"):
        assert options_of(canary, "Service", service).ignore_changes == ("spec.selector",)
    rolling = built_with()
    assert options_of(rolling, "Service", "qwen3-8b").ignore_changes == ()


def service_annotations(built: Built) -> list[dict[str, str]]:
    return [service["metadata"]["annotations"] for service in built.objects("Service")]


def test_the_engine_waits_for_no_pod_that_an_operator_makes(canary: Built, group: Built) -> None:
    for built in (canary, group):
        assert all(each["pulumi.com/skipAwait"] == "true" for each in service_annotations(built))
    assert "pulumi.com/skipAwait" not in service_annotations(built_with())[0]


def test_a_model_that_was_a_rollout_can_become_a_deployment_again(canary: Built, group: Built) -> None:
    """The selector is Argo Rollouts' then: server-side apply refuses another owner unless it is told to take over."""
    for built in (built_with(), group):
        assert [each["pulumi.com/patchForce"] for each in service_annotations(built)] == ["true"]
    assert all("pulumi.com/patchForce" not in each for each in service_annotations(canary))


@pytest.mark.parametrize("name", ["group", "canary", "blue_green"])
def test_every_workload_starts_servers_with_the_split_that_was_summed(
    name: str, request: pytest.FixtureRequest
) -> None:
    built: Built = request.getfixturevalue(name)
    if name == "group":
        templates = built.one("LeaderWorkerSet")["spec"]["leaderWorkerTemplate"]
        pods, split = [templates["leaderTemplate"], templates["workerTemplate"]], (2, 2, 1)
    else:
        pods, split = [built.one("Rollout")["spec"]["template"]], (1, 1, 1)
    for pod in pods:
        container = pod["spec"]["containers"][0]
        sizes = [
            f"--{kind}-parallel-size={size}" for kind, size in zip(("tensor", "pipeline", "data"), split, strict=True)
        ]
        assert set(sizes) <= set(container["args"])
        # GPUs of a pod are those of one node: both stages lie on nodes of their own.
        assert container["resources"]["limits"]["nvidia.com/gpu"] == str(split[0])


def test_copies_behind_one_server_have_gpus_of_their_own() -> None:
    built = built_with(serving=make_serving(tensor_parallel=2, data_parallel=2))
    container = built.one("Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert {"--tensor-parallel-size=2", "--data-parallel-size=2"} <= set(container["args"])
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "4"


def test_a_canary_is_reached_through_the_proxy_and_not_around_it(canary: Built) -> None:
    clients = {source for source, target, _ in canary.edges if target == "models/qwen3-8b"}
    assert clients == {"gateway/model-proxy", "observability/prometheus"}


def test_requests_move_only_after_the_weights_are_preloaded(canary: Built) -> None:
    jobs = {resource.urn for resource in canary.rendered.objects if resource.inputs["kind"] == "Job"}
    assert len(jobs) == 1
    depended = set(options_of(canary, "Rollout", "qwen3-8b").depends_on)
    assert jobs <= depended
    needed = {
        resource.urn
        for resource in canary.rendered.objects
        if resource.inputs["kind"] in {"Service", "HTTPRoute", "AnalysisTemplate"}
    }
    assert needed <= depended


def test_a_scaled_canary_is_scaled_as_a_rollout() -> None:
    scaling = Scaling(min_replicas=1, max_replicas=3, demand=("qwen3-8b",))
    built = built_with(rollout=CANARY, scaling=scaling)
    target = built.one("ScaledObject")["spec"]["scaleTargetRef"]
    rollout = built.one("Rollout")
    assert target == {
        "apiVersion": rollout["apiVersion"],
        "kind": rollout["kind"],
        "name": rollout["metadata"]["name"],
    }
    assert options_of(built, "Rollout", "qwen3-8b").ignore_changes == ("spec.replicas",)


# Analysis


def test_only_pods_of_the_judged_version_are_asked_about(canary: Built) -> None:
    queries = [
        metric["provider"]["prometheus"]["query"]
        for item in canary.objects("AnalysisTemplate")
        for metric in item["spec"]["metrics"]
    ]
    assert len(queries) == 4
    for query in queries:
        selectors = re.findall(r"(?<=\w)\{((?:[^{}]|\{\{[^}]*\}\})*)\}", query)
        assert selectors
        for selector in selectors:
            assert 'pod=~"qwen3-8b-{{args.pod-template-hash}}-.+"' in selector
            assert 'namespace="models"' in selector


def test_the_judgement_waits_for_requests_and_fails_at_the_first_bad_one(canary: Built) -> None:
    metrics = canary.one("AnalysisTemplate", "qwen3-8b-step")["spec"]["metrics"]
    assert {metric["name"] for metric in metrics} == {"errors", "latency"}
    for metric in metrics:
        # Without a number neither condition holds, which is inconclusive, and a day of that is borne.
        assert metric["successCondition"].startswith("len(result) > 0 && ")
        assert metric["failureCondition"].startswith("len(result) > 0 && ")
        assert metric["consecutiveSuccessLimit"] == 1
        assert "failureLimit" not in metric
        assert metric["inconclusiveLimit"] == 1440
        assert ">= 20" in metric["provider"]["prometheus"]["query"]


def test_a_model_without_text_is_judged_by_whole_requests() -> None:
    assert "vllm:time_to_first_token_seconds_bucket" in latency_query("m", "chat", "6h", 20)
    assert "http_request_duration_highr_seconds_bucket" in latency_query("m", "embedding", "6h", 20)
    assert 'status="5xx"' in error_query("m", "6h", 20)


def open_at(moment: datetime, window: UpdateWindow) -> bool:
    """Evaluates the query as Prometheus does at `moment`."""
    text = window_query((window,)).replace(" < bool ", " < ")
    for function, value in (
        ("day_of_week()", moment.isoweekday() % 7),
        ("hour()", moment.hour),
        ("minute()", moment.minute),
    ):
        text = text.replace(function, str(value))
    assert re.fullmatch(r"[\d\s+*%<()]+", text), text
    return bool(eval(text))  # noqa: S307 # digits and operators only


@pytest.mark.parametrize(
    "window",
    [
        SUNDAY_NIGHT,
        UpdateWindow(start=0, minutes=30),
        UpdateWindow(start=6 * 1440 + 1380, minutes=180),
        UpdateWindow(start=5 * 1440 + 1439, minutes=1441),
    ],
)
def test_a_window_is_open_in_its_minutes_of_the_week_and_at_no_other(window: UpdateWindow) -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert monday.isoweekday() == 1
    for minute in range(0, 7 * 1440, 7):
        expected = (minute - window.start) % (7 * 1440) < window.minutes
        assert open_at(monday + timedelta(minutes=minute), window) is expected


# Blue-green


def test_blue_green_swaps_services_and_judges_afterwards(blue_green: Built) -> None:
    strategy = strategy_of(blue_green, "blueGreen")
    assert (strategy["activeService"], strategy["previewService"]) == ("qwen3-8b", "qwen3-8b-preview")
    assert {item["metadata"]["name"] for item in blue_green.objects("Service")} == {"qwen3-8b", "qwen3-8b-preview"}
    assert strategy["autoPromotionEnabled"] is True
    assert strategy["prePromotionAnalysis"]["templates"] == [{"templateName": "qwen3-8b-before-takeover"}]
    assert strategy["postPromotionAnalysis"]["templates"] == [{"templateName": "qwen3-8b-after-takeover"}]
    # Weights are not needed: requests go straight to the active Service.
    assert "HTTPRoute" not in blue_green.kinds
    assert {source for source, target, _ in blue_green.edges if target == "models/qwen3-8b"} == {
        "gateway/litellm",
        "observability/prometheus",
    }


def test_too_few_requests_never_hold_two_sets_of_gpus(blue_green: Built) -> None:
    for metric in blue_green.one("AnalysisTemplate", "qwen3-8b-after-takeover")["spec"]["metrics"]:
        assert metric["count"] == 5
        assert metric.get("inconclusiveLimit", 5) == 5


def test_a_blue_green_update_waits_for_its_window_before_it_takes_over() -> None:
    built = built_with(rollout=RolloutPlan(strategy="blue-green", windows=(SUNDAY_NIGHT,), manual=True))
    strategy = strategy_of(built, "blueGreen")
    assert {"templateName": "qwen3-8b-window"} in strategy["prePromotionAnalysis"]["templates"]
    assert strategy["autoPromotionEnabled"] is False
    # The wait must not count as lack of progress.
    assert built.one("Rollout")["spec"]["progressDeadlineAbort"] is False
    assert built_with(rollout=CANARY).one("Rollout")["spec"]["progressDeadlineAbort"] is True


# Several nodes


def template_of(built: Built, role: str) -> dict[str, Any]:
    return built.one("LeaderWorkerSet")["spec"]["leaderWorkerTemplate"][f"{role}Template"]


def test_a_replica_on_two_nodes_is_a_group_of_two_pods(group: Built) -> None:
    spec = group.one("LeaderWorkerSet")["spec"]
    assert spec["replicas"] == 2
    assert spec["leaderWorkerTemplate"]["size"] == 2
    assert spec["leaderWorkerTemplate"]["restartPolicy"] == "RecreateGroupOnPodRestart"
    # A leader is ready only with its workers: waiting for it before they start would wait for ever.
    assert spec["startupPolicy"] == "LeaderCreated"
    assert "Deployment" not in group.kinds


def test_the_groups_service_is_another_one_than_the_models(group: Built) -> None:
    assert group.one("LeaderWorkerSet")["metadata"]["name"] == "qwen3-8b-group"
    assert group.one("Service")["metadata"]["name"] == "qwen3-8b"


def test_each_pod_asks_for_the_gpus_of_one_node_and_splits_as_the_fit_check_summed(group: Built) -> None:
    for role in ("leader", "worker"):
        container = template_of(group, role)["spec"]["containers"][0]
        assert container["resources"]["limits"]["nvidia.com/gpu"] in {2, "2"}
        assert "--tensor-parallel-size=2" in container["args"]
        assert "--pipeline-parallel-size=2" in container["args"]
        assert "/dev/shm" in [mount["mountPath"] for mount in container["volumeMounts"]]  # not a file


def test_pods_find_each_other_by_what_the_operator_tells_them(group: Built) -> None:
    leader, worker = (template_of(group, role)["spec"]["containers"][0]["args"] for role in ("leader", "worker"))
    told = [
        "--nnodes=$(LWS_GROUP_SIZE)",
        "--node-rank=$(LWS_WORKER_INDEX)",
        "--master-addr=$(LWS_LEADER_ADDRESS)",
        "--master-port=29501",
    ]
    assert set(told) <= set(leader)
    assert set(worker) - set(leader) == {"--headless"}
    assert set(leader) <= set(worker)
    address = [
        item for item in template_of(group, "worker")["spec"]["containers"][0]["env"] if "VLLM_HOST_IP" in str(item)
    ]
    assert address == [{"name": "VLLM_HOST_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]


def test_only_the_leader_serves_http(group: Built) -> None:
    leader, worker = (template_of(group, role)["spec"]["containers"][0] for role in ("leader", "worker"))
    assert leader["readinessProbe"]["httpGet"]["path"] == "/health"
    assert {"ports", "livenessProbe"} & worker.keys() == set()
    for probe in ("startupProbe", "readinessProbe"):
        assert "LWS_LEADER_ADDRESS" in worker[probe]["exec"]["command"][-1]
    assert "LWS_LEADER_ADDRESS" in worker["lifecycle"]["preStop"]["exec"]["command"][-1]
    service, labels = group.one("Service")["spec"], template_of(group, "leader")["metadata"]["labels"]
    assert service["selector"].pop("leaderworkerset.sigs.k8s.io/worker-index") == "0"
    assert service["selector"].items() <= labels.items()


def test_the_programs_of_the_workers_probes_are_python(group: Built) -> None:
    worker = template_of(group, "worker")["spec"]["containers"][0]
    programs = [worker["startupProbe"]["exec"]["command"], worker["lifecycle"]["preStop"]["exec"]["command"]]
    for interpreter, flag, text in programs:
        assert (interpreter, flag) == ("python3", "-c")
        compile(text, "<probe>", "exec")


def test_the_pods_of_a_model_reach_each_other_on_every_port_and_nobody_else_does(group: Built) -> None:
    wide = [edge for edge in group.surroundings.platform.wiring.edges if edge.last_port]
    (edge,) = wide
    assert edge.source == edge.target == Workload.of("models", "qwen3-8b", "model")
    assert (edge.port, edge.last_port) == (1024, 65535)
    assert not [edge for edge in built_with().surroundings.platform.wiring.edges if edge.last_port]


def test_the_pods_of_a_group_like_one_zone(group: Built) -> None:
    for role in ("leader", "worker"):
        spec = template_of(group, role)["spec"]
        (term,) = spec["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
        assert term["podAffinityTerm"]["topologyKey"] == "topology.kubernetes.io/zone"
        assert term["podAffinityTerm"]["matchLabelKeys"] == ["leaderworkerset.sigs.k8s.io/group-key"]
        assert [rule["topologyKey"] for rule in spec["topologySpreadConstraints"]] == ["kubernetes.io/hostname"]


def test_an_autoscaler_counts_groups(group: Built) -> None:
    def program(s: Surroundings) -> VllmModel:
        serving = make_serving("Qwen/Qwen3-32B", tensor_parallel=2, pipeline_parallel=2, nodes=2)
        scaling = Scaling(min_replicas=1, max_replicas=2, demand=("qwen3-8b",))
        return make_model(s, serving=serving, scaling=scaling)

    built = build(program, pools=(SYSTEM_POOL, GPU_POOL))
    target = built.one("ScaledObject")["spec"]["scaleTargetRef"]
    assert target == {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "name": group.one("LeaderWorkerSet")["metadata"]["name"],
    }
