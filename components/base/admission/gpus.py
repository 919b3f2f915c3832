"""GPUs are asked for in whole numbers, on nodes that have them."""

from __future__ import annotations

from components.base.admission.pod_templates import each_container, each_pod
from components.base.admission.policy import Check, text_list
from components.base.node_pools import (
    GPU_NODE_KEY_PREFIXES,
    GPU_NODE_KEYS,
    GPU_RESOURCE_PREFIXES,
    GPU_TAINT,
    POOL_LABEL,
)


def _starts_with(text: str, prefixes: tuple[str, ...]) -> str:
    return f"{text_list(prefixes)}.exists(prefix, {text}.startsWith(prefix))"


_IS_GPU = _starts_with("resource", GPU_RESOURCE_PREFIXES)
_LIMITS = "container.?resources.?limits.orValue({})"
_REQUESTS = "container.?resources.?requests.orValue({})"
_ASKS_FOR_GPUS = (
    f"pod.containers.exists(container, {_LIMITS}.exists(resource, {_IS_GPU}) || "
    f"{_REQUESTS}.exists(resource, {_IS_GPU}))"
)


def _tells_gpu_nodes(key: str) -> str:
    return f"({key} in {text_list(GPU_NODE_KEYS)} || {_starts_with(key, GPU_NODE_KEY_PREFIXES)})"


_TERMS = (
    "pod.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])"
)
_WANTED = "wanted.?key.orValue('')"
_TERM_TELLS = (
    f"term.?matchExpressions.orValue([]).exists(wanted, {_tells_gpu_nodes(_WANTED)} && "
    "!(wanted.?operator.orValue('') in ['NotIn', 'DoesNotExist']))"
)

GPU_CHECKS: tuple[Check, ...] = (
    each_container(
        "AI-04",
        "GPUs must be limited in whole numbers; a request alone is refused",
        f"{_REQUESTS}.all(resource, !{_IS_GPU} || resource in {_LIMITS}) && "
        f"{_LIMITS}.all(resource, !{_IS_GPU} || string({_LIMITS}[resource]).matches('^[0-9]+$'))",
    ),
    each_container(
        "AI-04",
        "the GPU request must equal the limit: GPUs are never overcommitted",
        f"{_REQUESTS}.all(resource, !{_IS_GPU} || !(resource in {_LIMITS}) || "
        f"string({_REQUESTS}[resource]) == string({_LIMITS}[resource]))",
    ),
    each_pod(
        "AI-04",
        f"a pod with GPUs must tolerate the taint {GPU_TAINT.key} of GPU nodes",
        f"!{_ASKS_FOR_GPUS} || pod.spec.?tolerations.orValue([]).exists(toleration, "
        f"toleration.?effect.orValue('') in ['', '{GPU_TAINT.effect}'] && ("
        "(toleration.?key.orValue('') == '' && toleration.?operator.orValue('') == 'Exists') || "
        f"(toleration.?key.orValue('') == '{GPU_TAINT.key}' && (toleration.?operator.orValue('') == 'Exists' || "
        f"toleration.?value.orValue('') == '{GPU_TAINT.value}'))))",
    ),
    each_pod(
        "AI-04",
        f"a pod with GPUs must select GPU nodes by a node label such as {POOL_LABEL}",
        f"!{_ASKS_FOR_GPUS} || pod.spec.?nodeSelector.orValue({{}}).exists(key, {_tells_gpu_nodes('key')}) || "
        f"(size({_TERMS}) > 0 && {_TERMS}.all(term, {_TERM_TELLS}))",
    ),
)
