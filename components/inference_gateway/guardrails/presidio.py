"""Presidio's two servers: the analyzer finds personal data in a text, the anonymizer replaces what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.base import labels, pod_security
from components.base.naming import service_host
from components.base.wiring import Workload
from components.inference_gateway.names import NAMESPACE, PRESIDIO_COMPONENT, PRESIDIO_PORT
from components.inference_gateway.workload import spread

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import DeploymentSpecArgsDict
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, ProbeArgsDict, ServiceSpecArgsDict
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgsDict

_UID = 1001  # `presidio` of the images


@dataclass(frozen=True, kw_only=True)
class PresidioServer:
    """One of the two. `memory` is a Kubernetes quantity."""

    name: str
    image: str
    environment: str
    replicas: int
    cpu: str
    cpu_limit: str
    memory: str


def workload_of(name: str) -> Workload:
    """The server's pods."""
    return Workload.of(NAMESPACE, name, PRESIDIO_COMPONENT)


def address(name: str) -> str:
    """Where LiteLLM reaches the server."""
    return f"http://{service_host(name, NAMESPACE)}:{PRESIDIO_PORT}"


def metadata(server: PresidioServer) -> ObjectMetaArgsDict:
    """Metadata of everything that belongs to the server."""
    return {
        "name": server.name,
        "namespace": NAMESPACE,
        "labels": labels.object_labels(server.name, PRESIDIO_COMPONENT, server.environment),
    }


def deployment_spec(server: PresidioServer) -> DeploymentSpecArgsDict:
    """Specification of the Deployment."""
    selector = labels.selector_labels(server.name, PRESIDIO_COMPONENT)
    return {
        "replicas": server.replicas,
        "selector": {"match_labels": selector},
        # Requests are refused while no server answers.
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
        "template": {
            "metadata": {"labels": labels.object_labels(server.name, PRESIDIO_COMPONENT, server.environment)},
            "spec": {
                "service_account_name": server.name,
                "automount_service_account_token": False,
                "enable_service_links": False,
                "priority_class_name": "platform-critical",
                "security_context": pod_security.pod_security_context(uid=_UID),
                "topology_spread_constraints": [
                    spread("kubernetes.io/hostname", selector),
                    spread("topology.kubernetes.io/zone", selector),
                ],
                "containers": [_container(server)],
                "volumes": [{"name": "tmp", "empty_dir": {"size_limit": "64Mi"}}],
            },
        },
    }


def _container(server: PresidioServer) -> ContainerArgsDict:
    variables = {
        "PORT": str(PRESIDIO_PORT),
        # The language model is loaded once per worker; more pods, not more workers.
        "WORKERS": "1",
        "HOME": "/tmp",  # noqa: S108 # an emptyDir of the pod's own
        "PYTHONDONTWRITEBYTECODE": "1",
        # The list of top-level domains comes with the image; asking the internet for a newer one would only wait.
        "TLDEXTRACT_CACHE": "/tmp/tldextract",  # noqa: S108 # an emptyDir of the pod's own
        "TLDEXTRACT_CACHE_TIMEOUT": "1",
    }
    return {
        "name": "presidio",
        "image": server.image,
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "ports": [{"name": "http", "container_port": PRESIDIO_PORT}],
        "resources": pod_security.resources(cpu=server.cpu, cpu_limit=server.cpu_limit, memory=server.memory),
        "security_context": pod_security.container_security_context(),
        # A pod that is told to stop answers for as long as others may still send to it.
        "lifecycle": {"pre_stop": {"sleep": {"seconds": 10}}},
        "startup_probe": _health(period=5, failures=36),
        "liveness_probe": _health(period=15, failures=4),
        "readiness_probe": _health(period=5, failures=3),
        "volume_mounts": [{"name": "tmp", "mount_path": "/tmp"}],  # noqa: S108 # an emptyDir of the pod's own
    }


def _health(*, period: int, failures: int) -> ProbeArgsDict:
    return {
        "http_get": {"path": "/health", "port": "http"},
        "period_seconds": period,
        "failure_threshold": failures,
        "timeout_seconds": 5,
    }


def service_spec(server: PresidioServer) -> ServiceSpecArgsDict:
    """Service of the server, for LiteLLM alone."""
    return {
        "selector": labels.selector_labels(server.name, PRESIDIO_COMPONENT),
        "ports": [{"name": "http", "port": PRESIDIO_PORT, "target_port": "http"}],
    }


def disruption_budget_spec(server: PresidioServer) -> PodDisruptionBudgetSpecArgsDict:
    """One pod at a time may be evicted."""
    return {
        "max_unavailable": 1,
        "selector": {"match_labels": labels.selector_labels(server.name, PRESIDIO_COMPONENT)},
    }
