"""Cases: whom model servers reach, and who reaches the ports on which a group talks."""

from __future__ import annotations

from typing import Any

from tests.policies.cases import Case
from tests.policies.objects import Json, default_deny
from tests.policies.serving_case_builders import (
    EGRESS,
    GROUP_LABELS,
    LABELS,
)
from tests.policies.serving_objects import (
    SERVER,
    among_themselves,
    model_group,
    model_server,
    own_policy,
    server_pod,
)


def outward(**block: Any) -> list[Json]:
    """An egress rule to an address block."""
    return [{"to": [{"ipBlock": block}], "ports": [{"port": 443, "protocol": "TCP"}]}]


def _cloud_server(**names: str) -> Json:
    variables = {"AWS_REGION": "eu-north-1"} | names
    return model_server(server_pod(env=[{"name": name, "value": value} for name, value in variables.items()]))


NETWORK_CASES = [
    Case(
        rule="AI-41",
        resources=[model_server(), default_deny()],
        path="spec.policyTypes",
        bad=["Ingress"],
        absent_fails=True,
        index=1,
        about=0,
        at=LABELS,
    ),
    Case(
        rule="AI-41",
        resources=[model_server(), default_deny(), own_policy(policyTypes=["Egress"])],
        path=EGRESS,
        bad=outward(cidr="0.0.0.0/0", **{"except": ["169.254.169.254/32"]}),
        good=outward(cidr="10.0.0.0/16"),
        absent_fails=False,
        index=2,
        about=0,
        at=LABELS,
    ),
    Case(
        rule="AI-41",
        resources=[model_server(), default_deny(), own_policy(policyTypes=["Egress"])],
        path=EGRESS,
        bad=outward(cidr="2000::/3"),
        good=outward(cidr="169.254.170.23/32"),
        absent_fails=False,
        index=2,
        about=0,
        at=LABELS,
    ),
    Case(
        rule="AI-41",
        resources=[_cloud_server(), default_deny(), own_policy(policyTypes=["Egress"])],
        path=EGRESS,
        bad=[{"ports": [{"port": 443, "protocol": "TCP"}]}],
        good=outward(cidr="0.0.0.0/0"),
        absent_fails=False,
        index=2,
        about=0,
        at=LABELS,
    ),
    Case(
        rule="AI-41",
        resources=[
            _cloud_server(),
            default_deny(),
            own_policy(policyTypes=["Egress"], egress=outward(cidr="0.0.0.0/0")),
        ],
        path="spec.egress[0].ports",
        bad=[{"port": 80, "protocol": "TCP"}],
        absent_fails=True,
        index=2,
        about=0,
        at=LABELS,
    ),
    Case(
        rule="AI-41",
        resources=[
            _cloud_server(OTHER="http://store"),
            default_deny(),
            own_policy(policyTypes=["Egress"], egress=outward(cidr="0.0.0.0/0")),
        ],
        path=f"{SERVER}.env[1].name",
        bad="AWS_ENDPOINT_URL",
        absent_fails=False,
        at=LABELS,
    ),
    Case(
        rule="AI-23",
        resources=[model_group(), default_deny(), among_themselves()],
        path="spec.ingress[0].from",
        bad=[{"podSelector": {"matchLabels": {"app.kubernetes.io/component": "model"}}}],
        # A rule without peers opens its ports to everybody.
        absent_fails=True,
        index=2,
        about=0,
        at=GROUP_LABELS,
    ),
    Case(
        rule="AI-23",
        resources=[model_group(), default_deny(), among_themselves()],
        path="spec.ingress[0].from[0].namespaceSelector",
        bad={},
        # Without it a peer means the policy's own namespace.
        absent_fails=False,
        index=2,
        about=0,
        at=GROUP_LABELS,
    ),
    Case(
        rule="AI-23",
        resources=[model_group(), default_deny(), among_themselves()],
        path="spec.ingress[0].from[0]",
        bad={"ipBlock": {"cidr": "10.0.0.0/8"}},
        absent_fails=True,
        index=2,
        about=0,
        at=GROUP_LABELS,
    ),
    Case(
        rule="AI-23",
        resources=[model_group(), default_deny(), among_themselves()],
        path="spec.ingress[0].ports",
        bad=[{"port": 8000, "protocol": "TCP"}],
        # Every port: those of the group are among them.
        absent_fails=False,
        index=2,
        about=0,
        at=GROUP_LABELS,
    ),
]
