"""What the cases of the rules about Kubernetes objects cannot say.

Rules: SUP-02, SUP-03, SUP-04, SUP-08, POD-18, NS-02, NS-03, NET-02, NET-04, NET-05, RBAC-04, REL-04, REL-05, REL-06,
REL-10 and REL-11.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.base.dangerous_grants import DANGEROUS_GRANTS
from components.base.image_registries import PINNED_REGISTRIES
from policies.findings import Result
from policies.pack_config import read_settings
from policies.rules import REGISTRY
from tests.policies.cases import UNKNOWN, judged
from tests.policies.network_cases import EDGE_PODS, gateway, ingress, quota, redirect, served_route
from tests.policies.objects import Json, container, deployment, gpu_deployment, peer, pod_spec, resource, service
from tests.policies.rbac_cases import RBAC, binding, role
from tests.policies.reference_cases import account, policy, stateful_set
from tests.policies.supply_cases import bare_pod, chart, envoy_proxy, pinned_chart

NAMESPACED = (
    *(
        f"core/v1:{kind}"
        for kind in (
            "ConfigMap",
            "Endpoints",
            "LimitRange",
            "PersistentVolumeClaim",
            "Pod",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        )
    ),
    "apps/v1:Deployment",
    "batch/v1:Job",
    "policy/v1:PodDisruptionBudget",
    "autoscaling/v2:HorizontalPodAutoscaler",
    "discovery.k8s.io/v1:EndpointSlice",
    "coordination.k8s.io/v1:Lease",
    "networking.k8s.io/v1:Ingress",
    "networking.k8s.io/v1:NetworkPolicy",
    f"{RBAC}/v1:Role",
    f"{RBAC}/v1:RoleBinding",
    "gateway.networking.k8s.io/v1:Gateway",
    "gateway.networking.k8s.io/v1:GRPCRoute",
    "gateway.networking.k8s.io/v1:HTTPRoute",
    "gateway.networking.k8s.io/v1beta1:ReferenceGrant",
)


def _results(rule: str, *resources: Json) -> list[Result]:
    return [finding.result for finding in judged(list(resources), rule).findings]


def _vendored(item: Json) -> Json:
    return item | {"urn": item["urn"].replace("::kubernetes:", "::kubernetes:helm.sh/v4:Chart$kubernetes:")}


def _image(reference: str) -> Json:
    return deployment(spec=pod_spec(containers=[container(image=reference)]))


def test_a_digest_does_not_say_which_release_of_a_withdrawn_image_it_is() -> None:
    assert _results("SUP-04", _image("docker.io/vllm/vllm-openai@sha256:" + "a" * 64)) == [Result.UNDECIDED]


def test_a_retired_chart_is_refused_in_every_version_and_under_every_registry() -> None:
    for name in ("ingress-nginx", "oci://registry.example.org/charts/ingress-nginx"):
        assert _results("SUP-08", pinned_chart(name)) == [Result.FAIL]


@pytest.mark.parametrize("rule", ["SUP-03", "SUP-08"])
def test_a_chart_whose_properties_the_engine_hides_is_undecided(rule: str) -> None:
    hidden = chart() | {"inputs": {}}
    findings = judged([hidden], rule).findings
    assert [(finding.result, finding.path) for finding in findings] == [(Result.UNDECIDED, "chart")]


def test_a_patch_of_a_pod_needs_no_owner() -> None:
    pod = bare_pod()
    del pod["inputs"]["metadata"]["ownerReferences"]
    assert _results("POD-18", pod) == [Result.FAIL]
    assert _results("POD-18", pod | {"type": "kubernetes:core/v1:PodPatch"}) == []


def test_a_binding_that_reads_request_headers_is_the_one_thing_allowed_in_kube_system() -> None:
    allowed = binding("RoleBinding", "extension-apiserver-authentication-reader")
    other = binding("RoleBinding", "app")
    for item in (allowed, other):
        item["inputs"]["metadata"]["namespace"] = "kube-system"
    assert _results("NS-02", allowed) == []
    assert _results("NS-02", other) == [Result.FAIL]


@pytest.mark.parametrize(
    ("token", "results"),
    [
        *((token, [Result.FAIL]) for token in NAMESPACED),
        ("core/v1:Namespace", []),
        ("storage.k8s.io/v1:StorageClass", []),
        ("rbac.authorization.k8s.io/v1:ClusterRole", []),
        ("helm.sh/v4:Chart", []),
    ],
)
def test_what_names_no_namespace_lands_in_default_when_its_kind_has_one(token: str, results: list[Result]) -> None:
    assert _results("NS-02", resource(token, {"metadata": {"name": "x"}})) == results


def test_an_aws_resource_lives_in_no_namespace() -> None:
    assert _results("NS-02", resource("aws:s3/bucket:Bucket", {"metadata": {"namespace": "default"}})) == []


def test_quotas_are_asked_for_gpus_that_any_pod_of_the_stack_uses() -> None:
    model, other = gpu_deployment(), deployment("other", "data")
    assert _results("NS-03", model, quota(), other, quota("data")) == []
    bare = quota("data", pods="9")
    del bare["inputs"]["spec"]["hard"]["requests.nvidia.com/gpu"]
    [finding] = judged([model, quota(), other, bare], "NS-03").findings
    assert finding.urn == other["urn"]
    assert "requests.nvidia.com/gpu" in finding.message


def test_namespaces_in_which_only_a_chart_makes_pods_need_no_quota_of_the_program() -> None:
    assert _results("NS-03", _vendored(deployment())) == []


def test_pods_whose_resources_are_unknown_leave_the_quotas_undecided() -> None:
    unknown = deployment("x", "data")
    unknown["inputs"]["spec"]["template"]["spec"]["containers"][0]["resources"] = UNKNOWN
    findings = judged([deployment(), unknown], "NS-03").findings
    assert {(finding.result, finding.urn) for finding in findings} == {
        (Result.UNDECIDED, unknown["urn"]),
        (Result.FAIL, deployment()["urn"]),
    }


def test_the_proxies_of_the_edge_may_have_a_load_balancer_and_no_others() -> None:
    def proxies(name: str, space: str) -> Json:
        item = envoy_proxy(name=name)
        item["inputs"]["metadata"]["namespace"] = space
        item["inputs"]["spec"]["provider"]["kubernetes"]["envoyService"] = {"type": "LoadBalancer"}
        return item

    assert _results("NET-04", proxies("edge", "gateway")) == []
    assert _results("NET-04", proxies("edge", "models")) == [Result.FAIL]
    assert _results("NET-04", proxies("models", "gateway")) == [Result.FAIL]
    assert _results("NET-04", service(space="gateway", type="LoadBalancer", selector=EDGE_PODS)) == []


def test_a_patch_of_proxies_is_judged_for_the_type_that_it_sets() -> None:
    patch: Json = envoy_proxy() | {"type": "kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxyPatch"}
    service_part = patch["inputs"]["spec"]["provider"]["kubernetes"]["envoyService"]
    service_part["type"] = "NodePort"
    assert _results("NET-04", patch) == [Result.FAIL]
    del service_part["type"]
    assert _results("NET-04", patch) == []


def test_a_listener_that_passes_tls_through_needs_no_certificate() -> None:
    passing = gateway()
    passing["inputs"]["spec"]["listeners"][1]["tls"] = {"mode": "Passthrough"}
    assert _results("NET-05", passing, redirect()) == []


@pytest.mark.parametrize("protocol", ["HTTP", "TCP", "UDP"])
def test_a_listener_without_tls_serves_nobody(protocol: str) -> None:
    item = gateway()
    item["inputs"]["spec"]["listeners"][0]["protocol"] = protocol
    assert _results("NET-05", item, redirect(), served_route("https")) == []
    assert _results("NET-05", item, redirect(), served_route("http")) == [Result.FAIL]


@pytest.mark.parametrize("kind", ["GRPCRoute", "TCPRoute", "UDPRoute"])
def test_a_route_of_another_kind_is_no_redirect(kind: str) -> None:
    route = served_route("http") | {"type": f"kubernetes:gateway.networking.k8s.io/v1:{kind}"}
    assert _results("NET-05", gateway(), redirect(), route) == [Result.FAIL]


def test_routes_of_another_gateway_say_nothing_about_this_one() -> None:
    route = served_route("http")
    route["inputs"]["spec"]["parentRefs"][0]["namespace"] = "elsewhere"
    assert _results("NET-05", gateway(), route) == []


@pytest.mark.parametrize("resource_name", sorted(DANGEROUS_GRANTS))
def test_every_dangerous_grant_of_the_table_is_refused(resource_name: str) -> None:
    grant = DANGEROUS_GRANTS[resource_name]
    for verb in (*grant.verbs, "*"):
        item = role("ClusterRole", apiGroups=[grant.group], resources=[resource_name], verbs=[verb])
        assert _results("RBAC-04", item) == [Result.FAIL], verb
    harmless = role("ClusterRole", apiGroups=["other.example.org"], resources=[resource_name], verbs=[*grant.verbs])
    assert _results("RBAC-04", harmless) == []


@pytest.mark.parametrize(
    ("token", "results"),
    [
        ("policy/v1beta1:PodDisruptionBudget", [Result.FAIL]),
        ("flowcontrol.apiserver.k8s.io/v1beta3:FlowSchema", [Result.FAIL]),
        ("core/v1:Endpoints", [Result.FAIL]),
        ("core/v1:ComponentStatus", [Result.FAIL]),
        ("apps/v1:Endpoints", []),
        ("apps/v1:Deployment", []),
        ("keda.sh/v1alpha1:ScaledObject", []),
        ("helm.sh/v4:Chart", []),
        ("aws:v1beta1/thing:Thing", []),
    ],
)
def test_only_versions_of_kubernetes_itself_must_be_stable(token: str, results: list[Result]) -> None:
    assert _results("REL-04", resource(token, {"metadata": {"name": "x"}})) == results


def test_what_a_chart_makes_is_not_asked_for_its_references() -> None:
    assert _results("REL-05", _vendored(deployment())) == []
    assert _results("REL-06", _vendored(service())) == []


def test_what_a_chart_makes_can_be_referred_to() -> None:
    assert _results("REL-05", deployment(), _vendored(account())) == []
    assert _results("REL-06", service(), _vendored(deployment())) == []


def test_a_patch_is_not_the_object_that_it_changes() -> None:
    patch = account() | {"type": "kubernetes:core/v1:ServiceAccountPatch"}
    assert _results("REL-05", deployment(), patch) == [Result.FAIL]
    pods = deployment() | {"type": "kubernetes:apps/v1:DeploymentPatch"}
    assert _results("REL-06", service(), pods) == [Result.FAIL]


def test_an_object_without_a_namespace_is_found_from_default() -> None:
    own, named = account(), deployment(namespace="default")
    del own["inputs"]["metadata"]["namespace"]
    assert _results("REL-05", named, own) == []


def test_a_stateful_set_alone_needs_the_service_that_it_names() -> None:
    other = stateful_set() | {"type": "kubernetes:apps/v1:Deployment"}
    assert _results("REL-05", stateful_set(), account()) == [Result.FAIL]
    assert _results("REL-05", other, account()) == []


def test_an_object_whose_name_is_unknown_may_be_the_one() -> None:
    secret = resource("core/v1:Secret", {"metadata": {"name": UNKNOWN, "namespace": "models"}}, name="x")
    spec = pod_spec(imagePullSecrets=[{"name": "pull"}])
    assert _results("REL-05", deployment(spec=spec), account(), secret) == [Result.UNDECIDED]


def test_one_unknown_reference_hides_no_other() -> None:
    variables: list[Any] = [UNKNOWN, {"secretRef": {"name": "ghost"}}]
    pods = deployment(spec=pod_spec(containers=[container(envFrom=variables)], volumes=UNKNOWN))
    results = {(item.path, item.result) for item in judged([pods, account()], "REL-05").findings}
    path = "spec.template.spec.containers[0].envFrom"
    assert (f"{path}[0]", Result.UNDECIDED) in results
    assert (f"{path}[1].secretRef.name", Result.FAIL) in results
    assert ("spec.template.spec.volumes", Result.UNDECIDED) in results


def test_keys_of_what_an_operator_makes_are_known_from_its_table() -> None:
    def mounted(key: str) -> Json:
        volume = {"name": "tls", "secret": {"secretName": "edge-tls", "items": [{"key": key, "path": "x"}]}}
        return deployment(namespace="gateway", spec=pod_spec(volumes=[volume]))

    assert _results("REL-05", mounted("tls.crt"), account(space="gateway")) == []
    assert _results("REL-05", mounted("ghost"), account(space="gateway")) == [Result.FAIL]


def test_a_service_may_select_pods_of_an_operator_and_of_pods_whose_labels_are_unknown() -> None:
    postgres = service("pg", "data", selector={"cnpg.io/cluster": "postgres"}, ports=[{"port": 5432}])
    assert _results("REL-06", postgres) == []
    unknown = deployment()
    unknown["inputs"]["spec"]["template"]["metadata"]["labels"] = UNKNOWN
    assert _results("REL-06", service(), unknown) == [Result.UNDECIDED]
    unknown["inputs"]["spec"]["template"] = UNKNOWN
    assert _results("REL-06", service(), unknown) == [Result.UNDECIDED]


def test_a_service_without_selector_is_somebody_elses() -> None:
    assert _results("REL-06", service(selector={})) == []


def test_leaders_are_told_from_workers_by_the_label_that_their_operator_sets() -> None:
    template = {"metadata": {"labels": {"app": "m"}}, "spec": pod_spec()}
    spec = {"leaderWorkerTemplate": {"leaderTemplate": template, "workerTemplate": template}}
    group = resource(
        "leaderworkerset.x-k8s.io/v1:LeaderWorkerSet", {"metadata": {"name": "m", "namespace": "models"}, "spec": spec}
    )
    leader = service(selector={"app": "m", "leaderworkerset.sigs.k8s.io/worker-index": "0"})
    worker = service(selector={"app": "m", "leaderworkerset.sigs.k8s.io/worker-index": "1"})
    assert _results("REL-06", leader, group) == []
    assert _results("REL-06", worker, group) == [Result.FAIL]


def test_a_route_may_lead_to_a_service_of_an_operator_at_a_port_that_it_has() -> None:
    def route(port: int) -> Json:
        backend = {"name": "grafana", "namespace": "observability", "port": port}
        item = served_route()
        item["inputs"]["spec"]["rules"] = [{"backendRefs": [backend]}]
        return item

    assert _results("REL-10", route(80), gateway()) == []
    assert _results("REL-10", route(81), gateway()) == [Result.FAIL]


def test_backends_that_are_no_service_are_left_to_their_operator() -> None:
    item = served_route()
    item["inputs"]["spec"]["rules"] = [{"backendRefs": [{"kind": "InferencePool", "name": "x"}]}]
    assert _results("REL-10", item, gateway()) == []


def test_a_route_without_section_hangs_on_every_listener() -> None:
    item = served_route()
    del item["inputs"]["spec"]["parentRefs"][0]["sectionName"]
    item["inputs"]["spec"]["rules"] = []
    assert _results("REL-10", item, gateway()) == []


def test_the_default_backend_of_an_ingress_is_followed_too() -> None:
    item = ingress()
    item["inputs"]["spec"] = {"defaultBackend": {"service": {"name": "ghost"}}}
    assert _results("REL-10", item) == [Result.FAIL]


@pytest.mark.parametrize("name", ["cluster-admin", "admin", "edit", "view", "system:node"])
def test_cluster_roles_of_kubernetes_exist(name: str) -> None:
    assert _results("REL-11", binding("ClusterRoleBinding", name), account("app", "storage")) == []


def test_what_is_bound_in_kube_system_belongs_to_kubernetes() -> None:
    item = binding("RoleBinding", "extension-apiserver-authentication-reader")
    item["inputs"]["metadata"]["namespace"] = "kube-system"
    item["inputs"]["subjects"][0]["namespace"] = "kube-system"
    assert _results("REL-11", item) == []


def test_a_role_binding_may_name_a_role_of_the_cluster() -> None:
    item = binding("RoleBinding", "reader")
    item["inputs"]["roleRef"]["kind"] = "ClusterRole"
    cluster_role = role("ClusterRole")
    cluster_role["inputs"]["metadata"]["name"] = "reader"
    assert _results("REL-11", item, cluster_role, account("app", "storage")) == []
    assert _results("REL-11", item, account("app", "storage")) == [Result.FAIL]


def test_users_and_groups_are_made_elsewhere() -> None:
    item = binding("RoleBinding", kind="Group", name="team")
    assert _results("REL-11", item, role()) == []
    assert item["inputs"]["roleRef"]["apiGroup"] == RBAC


def test_the_list_of_registries_may_name_the_pinned_ones(tmp_path: Path) -> None:
    def registries(*listed: str) -> frozenset[str]:
        path = tmp_path / "stack.json"
        path.write_text(json.dumps({"resources-mandatory": {"registries": [*listed]}}))
        return read_settings(path, REGISTRY).registries

    assert registries("pinned", "registry.example.org/x") == PINNED_REGISTRIES | {"registry.example.org/x"}
    assert registries("registry.example.org/mirror") == {"registry.example.org/mirror"}


def test_addresses_outside_are_no_pods_to_look_for() -> None:
    alone = policy({"ipBlock": {"cidr": "10.0.0.0/8"}}, space="empty")
    assert [finding.path for finding in judged([alone], "NET-02").findings] == ["spec.podSelector"]


def test_a_port_of_an_incoming_rule_is_one_of_the_policys_own_pods() -> None:
    caller = deployment("caller", spec=pod_spec(containers=[container(ports=[])]))
    own = policy(peer("models", name="caller"), ports=[{"port": "http"}])
    assert _results("NET-02", own, deployment(), caller) == []


@pytest.mark.parametrize("space", ["kube-system", "kube-public", "kube-node-lease", "default"])
def test_the_namespaces_of_kubernetes_hold_nothing_of_the_platform(space: str) -> None:
    assert _results("NS-02", deployment(namespace=space)) == [Result.FAIL]


@pytest.mark.parametrize("part", ["requests", "limits"])
def test_a_gpu_counts_wherever_a_pod_asks_for_it(part: str) -> None:
    asking = deployment(spec=pod_spec(containers=[container(resources={part: {"nvidia.com/gpu": "1"}})]))
    other = quota(pods="9")
    del other["inputs"]["spec"]["hard"]["requests.nvidia.com/gpu"]
    after = deployment("zzz", "models")
    [finding] = judged([asking, after, other], "NS-03").findings
    assert finding.path == "metadata.namespace"


def test_every_priority_and_runtime_class_is_looked_for_in_the_whole_cluster() -> None:
    runtime = resource("node.k8s.io/v1:RuntimeClass", {"metadata": {"name": "kata"}})
    pods = deployment(spec=pod_spec(runtimeClassName="kata", priorityClassName="system-cluster-critical"))
    assert _results("REL-05", pods, account(), runtime) == []
    assert _results("REL-05", pods, account()) == [Result.FAIL]


def test_grpc_routes_are_followed_and_parents_may_be_of_another_kind() -> None:
    item: Json = served_route() | {"type": "kubernetes:gateway.networking.k8s.io/v1:GRPCRoute"}
    assert _results("REL-10", item, gateway()) == [Result.FAIL]
    listeners = resource(
        "gateway.networking.k8s.io/v1:ListenerSet", {"metadata": {"name": "l", "namespace": "gateway"}}
    )
    item["inputs"]["spec"] = {"parentRefs": [{"kind": "ListenerSet", "name": "l"}]}
    assert _results("REL-10", item, listeners) == []
    assert _results("REL-10", item, gateway()) == [Result.FAIL]
