"""A real API server refuses what the policy pack refuses, by the same rule, and accepts what the pack accepts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.base.admission import AdmissionFacts, admission_policies
from components.base.admission.inexpressible import IN_PART, reason_against
from components.base.admission.pod_templates import POD_RESOURCES
from components.base.image_registries import PINNED_REGISTRIES
from components.base.node_pools import NodePool
from policies.pods import TEMPLATES
from policies.rules import REGISTRY
from tests.policies.cases import Case, judged, put
from tests.policies.objects import container, deployment, http_route, pod_spec, service
from tests.policies.serving_objects import model_server, server_pod
from tests.policies.test_rules import CASES
from tests.simulated.admission import Answer, Server, answer, as_rollout, completed, manifest_of
from tests.simulated.manifests import eventually
from tests.simulated.test_accepted_objects import RUNTIME_CLASSES, documents
from tests.stacks.conftest import STACKS
from tools.deploy.pod_templates import template_pods
from tools.simulator.cluster import SimulatedCluster
from tools.simulator.kubectl import Completed, KubectlError

pytestmark = [pytest.mark.simulated, pytest.mark.xdist_group("admission-policies")]

SYSTEM = NodePool(name="system", role="system", cpu=4, memory_gib=16, min_nodes=1, max_nodes=1)
POLICIES = admission_policies(
    AdmissionFacts(registries=PINNED_REGISTRIES, privileged_namespaces=frozenset({"storage"}), remote_code=frozenset())
)
EMITTED = frozenset(rule for policy in POLICIES for rule in policy.rules)
ADMISSION_KINDS = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
FIRST_KINDS = ("Namespace", "PriorityClass", "ServiceAccount")
"""What pods name, in an order in which each kind may be made."""

JUDGED = [case for case in CASES if case.rule in EMITTED and (case.rule, case.path) not in IN_PART]
WITH_PODS = {"Deployment", "StatefulSet", "DaemonSet"}
POD_CASES = [case for case in JUDGED if case.resources[case.index]["type"].rpartition(":")[2] in WITH_PODS]

NEVER_VALID = {("RBAC-02", "rules[0].nonResourceURLs"), ("NET-05", "spec.rules[0].host")}
"""What the API server itself takes for invalid, before it asks a policy (the first one in a Role alone)."""

FORBIDDEN_HERE = "test-unlabelled"
"""A namespace of the platform that enforces no Pod Security level, so that only the policies can refuse a pod."""


def case_id(case: Case) -> str:
    return f"{case.rule}-{case.path.rpartition('.')[2]}"


each_case = pytest.mark.parametrize("case", JUDGED, ids=case_id)
each_pod_case = pytest.mark.parametrize("case", POD_CASES, ids=case_id)
each_other_case = pytest.mark.parametrize("case", [case for case in JUDGED if case not in POD_CASES], ids=case_id)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCluster]:
    """A cluster that holds the namespaces of all stacks and the policies of the local one, in force."""
    cluster = SimulatedCluster(tmp_path_factory.mktemp("admission"))
    try:
        cluster.start((SYSTEM,))
        found = [item for stack in STACKS for item in documents(stack)]
        cases = [manifest_of(case.compliant()[case.index]) for case in JUDGED]
        rollout = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "x", "namespace": "x"}}
        cluster.install_crds([*found, *cases, rollout, _leader_worker_set()])
        unlabelled = _namespace(FORBIDDEN_HERE, **{"app.kubernetes.io/part-of": "ai-platform"})
        owned = {"name": "app", "namespace": FORBIDDEN_HERE}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": owned}
        cluster.kubectl.apply([*RUNTIME_CLASSES, unlabelled, account])
        cluster.kubectl.apply([item for kind in FIRST_KINDS for item in found if item["kind"] == kind])
        local = [item for item in documents("local") if item["kind"] in ADMISSION_KINDS]
        assert cluster.kubectl.apply([*local, *map(_that_tells_all, _bindings(local))]).warnings == ()
        server = Server(cluster)
        for bad in (_namespace("new"), manifest_of(deployment(spec=pod_spec(hostPID=True)))):
            eventually(lambda bad=bad: not server.ask(bad).accepted)
        yield cluster
    finally:
        cluster.remove()


def _bindings(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item["kind"] == "ValidatingAdmissionPolicyBinding"]


def _that_tells_all(binding: dict[str, Any]) -> dict[str, Any]:
    """A second binding that warns: a refusal names the first rule that is broken, warnings name all of them."""
    name = f"{binding['metadata']['name']}-told"
    return binding | {"metadata": {"name": name}, "spec": binding["spec"] | {"validationActions": ["Warn"]}}


@pytest.fixture(scope="module")
def server(cluster: SimulatedCluster) -> Server:
    return Server(cluster)


def _namespace(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


PRIVILEGED = ("gpu-operator", "node-agents", "storage", "upgrades", "load-balancer")


def _changed_object(resources: list[dict[str, Any]], case: Case) -> dict[str, Any]:
    """The object that a case is about, where the policies look and as far as the API server needs it complete."""
    item = manifest_of(resources[case.index])
    metadata = item["metadata"]
    if item["kind"] == "Namespace":
        # One that is there already cannot be created; the rule does not look at its name.
        metadata["name"] = "new"
    if metadata.get("namespace") in PRIVILEGED or (item["kind"] == "Ingress" and case.rule != "AI-01"):
        metadata["namespace"] = "security"
    return completed(item)


def _complies(given: Answer, case: Case) -> bool:
    """Whether nothing speaks against the object but rules that the pack, too, finds broken besides the case's own."""
    if given.accepted or given.refuses_by(case.rule):
        return given.accepted
    return given.broken <= {finding.rule for finding in judged(case.compliant()).findings}


@each_case
def test_no_policy_refuses_what_complies(case: Case, server: Server) -> None:
    """Some objects of the cases say too little for the API server itself: those are tried as a Rollout below."""
    given = server.ask(_changed_object(case.compliant(), case))
    assert given.is_invalid or _complies(given, case), given.text


@each_case
def test_what_breaks_a_rule_is_refused(case: Case, server: Server) -> None:
    given = server.ask(_changed_object(case.violating(), case))
    assert given.refuses_by(case.rule) or given.is_invalid, given.text


@each_pod_case
def test_pods_that_the_api_server_takes_unseen_are_judged_as_by_the_pack(case: Case, server: Server) -> None:
    good, bad, absent = (
        server.ask(as_rollout(_changed_object(resources, case)))
        for resources in (case.compliant(), case.violating(), case.absent())
    )
    assert _complies(good, case), good.text
    assert bad.refuses_by(case.rule), bad.text
    assert absent.refuses_by(case.rule) == case.absent_fails, absent.text


@each_other_case
def test_other_objects_are_refused_by_the_rule_itself(case: Case, server: Server) -> None:
    good, bad = (server.ask(_changed_object(resources, case)) for resources in (case.compliant(), case.violating()))
    assert _complies(good, case), good.text
    assert bad.refuses_by(case.rule) or (case.rule, case.path) in NEVER_VALID, bad.text
    assert not bad.accepted


def test_enough_rules_are_tried_in_both_directions() -> None:
    assert len({case.rule for case in JUDGED}) >= 25


def test_every_rule_holds_at_the_api_server_or_says_why_not() -> None:
    known = {rule.id for rule in REGISTRY}
    assert known >= EMITTED
    assert {rule for rule in known if not reason_against(rule)} == EMITTED
    assert {rule for rule, _ in IN_PART} <= EMITTED


def test_no_reason_is_given_for_a_case_that_is_gone() -> None:
    assert IN_PART.keys() <= {(case.rule, case.path) for case in CASES}


def test_no_expression_has_a_type_error(cluster: SimulatedCluster) -> None:
    def checked() -> list[dict[str, Any]] | None:
        found = cluster.kubectl.get("validatingadmissionpolicies")
        return found if all("observedGeneration" in item.get("status", {}) for item in found) else None

    found = eventually(checked)
    assert len(found) == len(POLICIES)
    assert [item["status"].get("typeChecking", {}).get("expressionWarnings", []) for item in found] == [[]] * len(found)


@pytest.mark.parametrize("stack", STACKS)
def test_every_object_of_the_shipped_stacks_is_accepted(stack: str, cluster: SimulatedCluster) -> None:
    """Under its own policies: they know what the stack declares. Pods are tried by themselves as well."""
    found = documents(stack)
    cluster.kubectl.apply([item for item in found if item["kind"] in ADMISSION_KINDS])
    others = [item for item in found if item["kind"] not in ADMISSION_KINDS | {"Namespace"}]
    objects = [*others, *template_pods(found)]

    refusals: list[str] = []

    def accepted() -> Completed | None:
        try:
            return cluster.kubectl.apply(objects, dry_run=True)
        except KubectlError as error:
            # The policies of the stack before may still be in force.
            refusals[:] = error.completed.errors
            return None

    completed = eventually(accepted)
    assert completed.warnings == ()
    assert len(completed.lines) == len(objects) > len(others)


def _leader_worker_set(**leader: Any) -> dict[str, Any]:
    templates = {
        "leaderTemplate": {"metadata": {}, "spec": pod_spec(**leader)},
        "workerTemplate": {"metadata": {}, "spec": pod_spec()},
    }
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "group", "namespace": "models"},
        "spec": {"replicas": 1, "leaderWorkerTemplate": templates | {"size": 2}},
    }


def _carriers(**spec: Any) -> dict[str, dict[str, Any]]:
    """Every kind that holds pods, with the same pod in it."""
    base = manifest_of(deployment(namespace=FORBIDDEN_HERE))
    template = {"metadata": base["spec"]["template"]["metadata"], "spec": pod_spec(**spec)}
    once = {"metadata": template["metadata"], "spec": template["spec"] | {"restartPolicy": "Never"}}
    selector = base["spec"]["selector"]
    metadata = {"name": "app", "namespace": FORBIDDEN_HERE}
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "Deployment": ("apps/v1", {"spec": {"selector": selector, "template": template}}),
        "ReplicaSet": ("apps/v1", {"spec": {"selector": selector, "template": template}}),
        "DaemonSet": ("apps/v1", {"spec": {"selector": selector, "template": template}}),
        "StatefulSet": ("apps/v1", {"spec": {"serviceName": "app", "selector": selector, "template": template}}),
        "ReplicationController": ("v1", {"spec": {"selector": selector["matchLabels"], "template": template}}),
        "PodTemplate": ("v1", {"template": template}),
        "Job": ("batch/v1", {"spec": {"template": once}}),
        "CronJob": ("batch/v1", {"spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": once}}}}),
        "Rollout": ("argoproj.io/v1alpha1", {"spec": {"selector": selector, "template": template}}),
    }
    found = {
        kind: {"apiVersion": version, "kind": kind, "metadata": metadata} | body
        for kind, (version, body) in kinds.items()
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata | {"labels": template["metadata"]["labels"]}}
    cluster_wide = {"LeaderWorkerSet": _leader_worker_set(**spec)}
    return found | {"Pod": pod | {"spec": template["spec"]}} | cluster_wide


@pytest.mark.parametrize("kind", sorted(_carriers()))
def test_every_kind_that_holds_pods_is_judged(kind: str, server: Server) -> None:
    assert server.ask(_carriers()[kind]).accepted
    given = server.ask(_carriers(hostNetwork=True)[kind])
    assert given.refuses_by("POD-03"), given.text


def test_the_pack_knows_no_kind_of_kubernetes_with_pods_that_the_policies_do_not() -> None:
    assert {kind for _, kind in TEMPLATES} <= _carriers().keys()
    matched = {name for resources in POD_RESOURCES for name in resources.names if "/" not in name}
    assert matched == {f"{kind.lower()}s" for kind in _carriers()}


def test_init_and_worker_pods_are_judged_as_well(server: Server) -> None:
    first = container(name="first", image="docker.io/library/app:latest")
    given = server.ask(_carriers(initContainers=[first])["Rollout"])
    assert given.refuses_by("SUP-06"), given.text
    group = _leader_worker_set()
    put(group, "spec.leaderWorkerTemplate.workerTemplate.spec.hostPID", value=True)
    assert server.ask(group).refuses_by("POD-02")


def test_a_debugging_container_of_a_running_pod_is_judged(cluster: SimulatedCluster) -> None:
    pod = _carriers()["Pod"] | {"metadata": {"name": "debugged", "namespace": FORBIDDEN_HERE}}
    cluster.kubectl.apply([pod])
    debugger = {"name": "debugger", "image": "docker.io/library/app:1.2.3", "securityContext": {"privileged": True}}
    patch = json.dumps({"spec": {"ephemeralContainers": [debugger]}})
    done = cluster.kubectl.run(
        "patch",
        "pod",
        "debugged",
        f"--namespace={FORBIDDEN_HERE}",
        "--subresource=ephemeralcontainers",
        f"--patch={patch}",
        check=False,
    )
    assert answer(done).refuses_by("POD-01"), done.stderr


def test_the_cluster_itself_and_what_is_privileged_by_name_are_left_alone(server: Server) -> None:
    bad = manifest_of(deployment(spec=pod_spec(hostNetwork=True)))
    controller = "system:serviceaccount:kube-system:replicaset-controller"
    assert server.ask_as(bad, controller, "system:serviceaccounts:kube-system").accepted
    for place in ("kube-system", "gpu-operator", "storage"):
        assert server.ask(bad | {"metadata": {"name": "app", "namespace": place}}).accepted, place


@pytest.mark.parametrize("user", ["system:k3s-supervisor", "eks:addon-manager"])
def test_what_the_control_plane_of_a_distribution_brings_is_left_alone(user: str, server: Server) -> None:
    """A release of k3s and an add-on of EKS bring roles with wildcards and namespaces without a level."""
    for item in (_cluster_role(verbs=["*"]), _namespace("of-an-add-on")):
        assert server.ask_as(item, user).accepted, item
        assert not server.ask_as(item, "somebody").accepted, item


def test_a_chart_need_not_label_its_objects(cluster: SimulatedCluster) -> None:
    """The role of Envoy Gateway's chart carries no label at all, and reads Secrets."""
    role = _cluster_role(resources=["configmaps", "secrets", "services"], verbs=["get", "list", "watch"])

    def applied_by(manager: str, **labels: str) -> Answer:
        item = role | {"metadata": role["metadata"] | {"labels": labels}}
        arguments = ("apply", "--server-side", f"--field-manager={manager}", "--dry-run=server", "--filename=-")
        return answer(cluster.kubectl.run(*arguments, stdin=json.dumps(item), check=False))

    assert applied_by("pulumi-kubernetes-0a1b2c3d").accepted
    assert applied_by("kubectl").refuses_by("RBAC-03")
    own = applied_by("pulumi-kubernetes-0a1b2c3d", **{"app.kubernetes.io/managed-by": "pulumi"})
    assert own.refuses_by("RBAC-03")


def _cluster_role(**rule: Any) -> dict[str, Any]:
    rules = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]} | rule]
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    return kind | {"metadata": {"name": "of-a-chart"}, "rules": rules}


def test_charts_and_operators_are_held_to_pod_security_and_not_to_the_rules_for_own_pods(
    server: Server,
) -> None:
    lax = manifest_of(deployment(spec=pod_spec(automountServiceAccountToken=True)))
    assert server.ask(lax).refuses_by("POD-13")
    operator = ("system:serviceaccount:data:operator", "system:serviceaccounts")
    charted = lax | {"metadata": lax["metadata"] | {"labels": {"app.kubernetes.io/managed-by": "Helm"}}}
    own = lax | {"metadata": lax["metadata"] | {"labels": {"app.kubernetes.io/managed-by": "pulumi"}}}
    assert server.ask_as(lax, *operator).accepted
    assert server.ask(charted).accepted
    assert server.ask_as(own, *operator).refuses_by("POD-13")
    put(charted, "spec.template.spec.hostPID", value=True)
    assert server.ask_as(charted, *operator).refuses_by("POD-02")


def test_what_was_there_before_can_still_be_labelled_and_deleted_but_not_made_worse(
    cluster: SimulatedCluster, server: Server
) -> None:
    binding = {"name": "ai-platform-own-services", "namespace": None}
    open_service = manifest_of(service("before", "gateway", type="NodePort"))
    [kept] = [
        item for item in documents("local") if item["metadata"]["name"] == binding["name"] and "Binding" in item["kind"]
    ]
    cluster.kubectl.delete("validatingadmissionpolicybinding", kept["metadata"]["name"])
    eventually(lambda: server.ask(open_service).accepted)
    cluster.kubectl.apply([open_service])
    cluster.kubectl.apply([kept])
    other = manifest_of(service("after", "gateway", type="NodePort"))
    eventually(lambda: not server.ask(other).accepted)
    kubectl = cluster.kubectl
    kubectl.run("label", "service", "before", "--namespace=gateway", "touched=yes")
    worse = json.dumps({"spec": {"type": "LoadBalancer"}})
    done = kubectl.run("patch", "service", "before", "--namespace=gateway", f"--patch={worse}", check=False)
    assert answer(done).refuses_by("NET-04"), done.stderr
    kubectl.delete("service", "before", namespace="gateway")


def test_workloads_that_were_there_before_can_be_scaled_but_get_no_such_pods(cluster: SimulatedCluster) -> None:
    kubectl = cluster.kubectl
    [binding] = [item for item in _bindings(documents("local")) if item["metadata"]["name"] == "ai-platform-pods"]
    rollout = _carriers(hostNetwork=True)["Rollout"] | {"metadata": {"name": "before", "namespace": FORBIDDEN_HERE}}
    kubectl.delete("validatingadmissionpolicybinding", "ai-platform-pods")
    try:
        eventually(lambda: Server(cluster).ask(rollout).accepted)
        kubectl.apply([rollout])
    finally:
        kubectl.apply([binding])
    eventually(lambda: not Server(cluster).ask(_carriers(hostNetwork=True)["Rollout"]).accepted)
    arguments = ("patch", "rollout", "before", f"--namespace={FORBIDDEN_HERE}", "--type=merge")
    scaled = json.dumps({"spec": {"replicas": 3}})
    assert kubectl.run(*arguments, f"--patch={scaled}", check=False).returncode == 0
    worse = json.dumps({"spec": {"template": {"spec": {"hostPID": True}}}})
    assert answer(kubectl.run(*arguments, f"--patch={worse}", check=False)).refuses_by("POD-02")


def test_a_mirror_of_one_backend_leads_to_a_model_as_well(server: Server) -> None:
    """The pack sees it by the Service, the API server by the namespace alone."""

    def answer_to(namespace: str) -> Answer:
        mirror = {"name": "qwen", "namespace": namespace, "port": 8000}
        filtered = {"type": "RequestMirror", "requestMirror": {"backendRef": mirror}}
        route = manifest_of(http_route("litellm", "gateway"))
        put(route, "spec.rules[0].backendRefs[0].filters", [filtered])
        return server.ask(route)

    assert answer_to("models").refuses_by("AI-01")
    assert answer_to("gateway").accepted


def test_every_value_of_a_variable_that_is_given_twice_counts(server: Server) -> None:
    bad = manifest_of(model_server(server_pod()))
    environment = bad["spec"]["template"]["spec"]["containers"][0]["env"]
    assert server.ask(as_rollout(bad)).accepted
    environment.append({"name": "HF_HUB_OFFLINE", "value": "0"})
    assert server.ask(as_rollout(bad)).refuses_by("AI-08")


def test_vllm_is_a_model_server_whatever_its_pods_are_labelled(server: Server) -> None:
    spec = pod_spec(containers=[container(name="any", image="docker.io/vllm/vllm-openai:v0.33.0")])
    assert server.ask(as_rollout(manifest_of(deployment(spec=spec)))).refuses_by("AI-40")
    other = pod_spec(containers=[container(name="any", image="docker.io/lmcache/lmstack-router:0.33.0")])
    assert server.ask(as_rollout(manifest_of(deployment(spec=other)))).accepted


def test_a_pod_becomes_no_model_unseen(cluster: SimulatedCluster) -> None:
    """By its label alone; what else a pod is labelled with is nobody's matter."""
    spec = pod_spec(containers=[container(name="vllm")], serviceAccountName="app")
    pod = _carriers()["Pod"] | {"metadata": {"name": "relabelled", "namespace": FORBIDDEN_HERE}, "spec": spec}
    cluster.kubectl.apply([pod])

    def label(text: str) -> Answer:
        arguments = ("label", "pod", "relabelled", f"--namespace={FORBIDDEN_HERE}", text)
        return answer(cluster.kubectl.run(*arguments, check=False))

    assert label("touched=yes").accepted
    assert label("app.kubernetes.io/component=model").refuses_by("AI-40")


def test_an_unlabelled_namespace_is_refused_and_those_of_kubernetes_are_not_touched(
    cluster: SimulatedCluster, server: Server
) -> None:
    level = {"pod-security.kubernetes.io/enforce": "privileged"}
    assert server.ask(_namespace("new")).refuses_by("NS-01")
    assert server.ask(_namespace("new", **level)).refuses_by("NS-01")
    assert cluster.kubectl.run("label", "namespace", "kube-system", "touched=yes", check=False).returncode == 0
