"""Names, ports and workloads of a model that more than one file needs."""

from __future__ import annotations

from components.base import namespaces
from components.base.naming import service_host
from components.base.wiring import Workload

NAMESPACE = namespaces.MODELS

PORT = 8000
PORT_NAME = "http"
SERVER_COMPONENT = "model"
PRELOAD_COMPONENT = "weights"

API_KEY = "api-key"
"""Key of a model's Secret that holds the key for `/v1`."""


def model_host(name: str) -> str:
    """Host of the model's Service. A pure name, so that the gateway can be configured before the model exists."""
    return service_host(name, NAMESPACE)


def model_url(name: str) -> str:
    """Base address of the model's OpenAI-compatible API."""
    return f"http://{model_host(name)}:{PORT}/v1"


def server(name: str) -> Workload:
    """The model's servers."""
    return Workload.of(NAMESPACE, name, SERVER_COMPONENT)


def preload_name(name: str) -> str:
    """Name of the job that copies the model's weights, and of its ServiceAccount."""
    return f"{name}-weights"


def volume_name(name: str) -> str:
    """Name of the shared volume with the model's weights, and of the job that fills it."""
    return f"{name}-volume"


def fill(name: str) -> Workload:
    """The job that fills the shared volume with the model's weights."""
    return Workload.of(NAMESPACE, volume_name(name), PRELOAD_COMPONENT)


def preload(name: str) -> Workload:
    """The job that copies the model's weights: the only pods of the namespace that reach the internet."""
    return Workload.of(NAMESPACE, preload_name(name), PRELOAD_COMPONENT)
