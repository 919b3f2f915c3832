"""Cases of the rules about a whole stack."""

from __future__ import annotations

from tests.policies.cases import Case
from tests.policies.objects import (
    Json,
    default_deny,
    deployment,
    disruption_budget,
    http_route,
    model_policy,
    namespace,
    network_policy,
    peer,
    pod_spec,
    resource,
    service,
)

SPREAD = [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}]


def model(name: str = "qwen") -> Json:
    return deployment(name, component="model")


def served_model() -> list[Json]:
    """A model, its Service, the gateway before it, and the policies of both namespaces."""
    return [
        model(),
        service("qwen"),
        deployment("litellm", "gateway", "gateway", pod_spec(topologySpreadConstraints=SPREAD), replicas=2),
        service("litellm", "gateway"),
        http_route("litellm", "gateway"),
        default_deny(),
        default_deny("gateway"),
        model_policy(peer("gateway", component="gateway"), peer("observability", name="prometheus")),
        namespace(),
        namespace("gateway"),
        disruption_budget("litellm", "gateway"),
    ]


def whole_stack() -> list[Json]:
    """A served model and all that the rules ask of the stack around it."""
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "litellm"}},
    }
    gateway = deployment("litellm", "gateway", "gateway", spec=pod_spec(topologySpreadConstraints=[spread]), replicas=2)
    around = [
        item
        for space in ("models", "gateway")
        for item in (
            resource(
                "core/v1:ResourceQuota",
                {"metadata": {"name": "quota", "namespace": space}, "spec": {"hard": {"pods": "9"}}},
            ),
            resource("core/v1:ServiceAccount", {"metadata": {"name": "app", "namespace": space}}),
        )
    ]
    served = [
        gateway if item["name"] == "litellm" and "Deployment" in item["type"] else item for item in served_model()
    ]
    return [*served, disruption_budget("litellm", "gateway"), *around]


def _scaler(minimum: int) -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"}
    inputs = {
        "metadata": {"name": "app", "namespace": "models"},
        "spec": {"scaleTargetRef": target, "minReplicas": minimum, "maxReplicas": 9},
    }
    return resource("autoscaling/v2:HorizontalPodAutoscaler", inputs)


STACK_CASES = [
    Case(
        rule="NET-01",
        resources=[default_deny(), deployment()],
        path="spec.policyTypes",
        bad=["Ingress"],
        # The API server's default covers ingress only.
        absent_fails=True,
        about=1,
    ),
    Case(
        rule="NET-01",
        resources=[default_deny(), deployment(), network_policy("open", policyTypes=["Egress"])],
        path="spec.egress",
        bad=[{}],
        good=[],
        absent_fails=False,
        index=2,
        about=1,
    ),
    Case(
        rule="REL-01",
        resources=[deployment(replicas=2), disruption_budget()],
        path="spec.selector.matchLabels",
        bad={"app.kubernetes.io/name": "other"},
        # A selector without labels selects every pod of the namespace.
        absent_fails=False,
        index=1,
        about=0,
    ),
    Case(
        rule="REL-01",
        resources=[deployment(), disruption_budget("other")],
        path="spec.replicas",
        bad=3,
        absent_fails=False,
    ),
    Case(
        rule="REL-01",
        resources=[deployment(), _scaler(1)],
        path="spec.minReplicas",
        bad=2,
        absent_fails=False,
        index=1,
        about=0,
    ),
    Case(
        rule="REL-01",
        resources=[deployment(replicas=2), disruption_budget()],
        path="spec.maxUnavailable",
        bad=0,
        absent_fails=False,
        index=1,
        about=0,
    ),
    Case(rule="AI-01", resources=served_model(), path="spec.type", bad="LoadBalancer", absent_fails=False, index=1),
    Case(
        rule="AI-01",
        resources=served_model(),
        path="spec.externalIPs",
        bad=["203.0.113.9"],
        good=[],
        absent_fails=False,
        index=1,
    ),
    Case(
        rule="AI-01",
        resources=served_model(),
        path="spec.rules[0].backendRefs",
        bad=[{"name": "qwen", "namespace": "models"}],
        absent_fails=False,
        index=4,
    ),
    Case(
        rule="AI-02",
        resources=served_model(),
        path="spec.ingress",
        bad=[{"from": [peer("gateway")]}],
        absent_fails=False,
        index=7,
        about=0,
    ),
    Case(
        rule="AI-02",
        resources=served_model(),
        path="spec.ingress[0].from",
        bad=[{"podSelector": {}}],
        # A rule without peers opens the port to everybody.
        absent_fails=True,
        index=7,
        about=0,
    ),
]
