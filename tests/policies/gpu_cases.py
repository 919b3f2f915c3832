"""Cases of the rule about GPUs."""

from __future__ import annotations

from typing import Any

from tests.policies.cases import PRESENT, Case
from tests.policies.objects import gpu_deployment
from tests.policies.pod_cases import CONTAINER, SPEC

GPU = "nvidia.com/gpu"
_GPU_POOL = [{"key": "ai-platform/pool", "operator": "In", "values": ["l40s"]}]
_TERMS = f"{SPEC}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"


def _gpu(path: str, bad: Any, good: Any = PRESENT, *, absent_fails: bool, at: str | None = None, **spec: Any) -> Case:
    resources = [gpu_deployment(**spec)]
    return Case(rule="AI-04", resources=resources, path=path, bad=bad, good=good, absent_fails=absent_fails, at=at)


def _toleration(**changes: Any) -> list[dict[str, Any]]:
    return [{"key": GPU, "operator": "Equal", "value": "true", "effect": "NoSchedule"} | changes]


_LIMIT = f'{CONTAINER}.resources.limits["{GPU}"]'

GPU_CASES = [
    *(
        Case(rule="AI-04", resources=[gpu_deployment()], path=path, bad=bad, absent_fails=absent_fails)
        for path, bad, absent_fails in (
            (f'{CONTAINER}.resources.limits["{GPU}"]', "0.5", True),
            (f'{CONTAINER}.resources.requests["{GPU}"]', "2", False),
            (f"{SPEC}.tolerations", [{"key": "other", "operator": "Exists"}], True),
            (f"{SPEC}.nodeSelector", {"kubernetes.io/os": "linux"}, True),
        )
    ),
    # Whole numbers, none of them negative; nothing at all is no GPU.
    _gpu(_LIMIT, "-1", absent_fails=True),
    _gpu(_LIMIT, 2, 1, absent_fails=True, at=f'{CONTAINER}.resources.requests["{GPU}"]'),
    _gpu(f'{CONTAINER}.resources.limits["nvidia.com/mig-1g.10gb"]', "0.5", "1", absent_fails=False),
    _gpu(f'{CONTAINER}.resources.limits["nvidia.com/gpu.shared"]', "0.5", "0", absent_fails=False),
    # Tolerations: of the taint's key, of every key, of its value or any, of its effect or any.
    *(
        _gpu(f"{SPEC}.tolerations", bad, good, absent_fails=True)
        for bad, good in (
            (_toleration(value="false"), _toleration(operator="Exists", value="")),
            (_toleration(effect="NoExecute"), _toleration(effect="")),
            ([{"operator": "Equal"}], [{"operator": "Exists"}]),
            (_toleration(key="other", operator="Exists"), _toleration()),
        )
    ),
    # Affinity instead of a node selector: every alternative leads to a GPU node.
    *(
        _gpu(_TERMS, bad, good, absent_fails=True, at=f"{SPEC}.nodeSelector", nodeSelector=None)
        for bad, good in (
            ([{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}], [{"matchExpressions": _GPU_POOL}]),
            (
                [{"matchExpressions": _GPU_POOL}, {"matchExpressions": []}],
                [
                    {"matchExpressions": [{"key": "zone", "operator": "Exists"}, *_GPU_POOL]},
                    {"matchExpressions": [{"key": "nvidia.com/gpu.product", "operator": "Exists"}]},
                ],
            ),
            *(
                (
                    [{"matchExpressions": [{"key": "ai-platform/pool", "operator": operator}]}],
                    [{"matchExpressions": [{"key": "karpenter.k8s.aws/instance-gpu-name", "operator": "Exists"}]}],
                )
                for operator in ("NotIn", "DoesNotExist")
            ),
        )
    ),
    *(
        _gpu(f"{SPEC}.nodeSelector", {"kubernetes.io/os": "linux"}, {key: "x"}, absent_fails=True)
        for key in ("ai-platform/role", "node.kubernetes.io/instance-type", "nvidia.com/gpu.product")
    ),
]
