"""The LeaderWorkerSet of a model whose replicas lie on several nodes (leaderworkerset.x-k8s.io/v1, LWS 0.10).

A replica is a group of pods, one on each node. The first, the leader, serves HTTP and schedules; all hold one stage or
more of the pipeline. The groups talk over TCP on ports that NCCL, torch and vLLM choose as they run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.base import labels
from components.base.wire_keys import wire
from components.vllm_model import durations
from components.vllm_model.arguments import VllmModelArgs
from components.vllm_model.names import PORT, SERVER_COMPONENT
from components.vllm_model.pod_parts import PodParts

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict, PodTemplateSpecArgsDict

Template = dict[str, Any]
"""A pod template as the API server spells it."""

API_VERSION = "leaderworkerset.x-k8s.io/v1"
KIND = "LeaderWorkerSet"

LEADER_LABEL = {"leaderworkerset.sigs.k8s.io/worker-index": "0"}
"""Label that the operator sets on leaders."""
_GROUP_LABEL = "leaderworkerset.sigs.k8s.io/group-key"
"""Label that the operator sets on the pods of one group alike."""

MASTER_PORT = 29501
"""Where torch's rendezvous listens on the leader (`--master-port`, vLLM's default)."""

FIRST_PORT, LAST_PORT = 1024, 65535
"""Between pods of one model: the rendezvous, NCCL's and vLLM's sockets are handed out by the system."""

_ZONE = "topology.kubernetes.io/zone"
_LEADER_URL = f"http://{{os.environ['LWS_LEADER_ADDRESS']}}:{PORT}/health"
_ASK_LEADER = f'import os, urllib.request; urllib.request.urlopen(f"{_LEADER_URL}", timeout=4)'
_WAIT_FOR_LEADER = f"""import os, time, urllib.request
while True:
    try:
        urllib.request.urlopen(f"{_LEADER_URL}", timeout=4)
    except OSError:
        break
    time.sleep(1)
"""


def group_parts(*, leader: bool, startup_seconds: int) -> PodParts:
    """What a pod of a group is told beside what every server is told.

    The operator puts LWS_GROUP_SIZE, LWS_WORKER_INDEX and LWS_LEADER_ADDRESS in front of a container's own variables,
    and Kubernetes fills them into the arguments.
    """
    address: EnvVarArgsDict = {"name": "VLLM_HOST_IP", "value_from": {"field_ref": {"field_path": "status.podIP"}}}
    arguments = (
        "--nnodes=$(LWS_GROUP_SIZE)",
        "--node-rank=$(LWS_WORKER_INDEX)",
        "--master-addr=$(LWS_LEADER_ADDRESS)",
        f"--master-port={MASTER_PORT}",
        # The pods of a group do not start at once: one may still pull the image that another one has.
        f"--distributed-timeout-seconds={startup_seconds}",
    )
    return PodParts(
        arguments=arguments if leader else (*arguments, "--headless"),
        environment=(address,),
    )


def group_spec(args: VllmModelArgs, leader: PodTemplateSpecArgsDict, worker: PodTemplateSpecArgsDict) -> dict[str, Any]:
    """The LeaderWorkerSet. `leader` and `worker` are server pods with `group_parts`.

    A group works as a whole or not at all: when a container of it restarts, all of its pods are made anew. Workers
    start with their leader, which is ready only when they are there.
    """
    return {
        "replicas": args.replicas,
        "startupPolicy": "LeaderCreated",
        "networkConfig": {"subdomainPolicy": "Shared"},
        "rolloutStrategy": {
            "type": "RollingUpdate",
            "rollingUpdateConfiguration": {"maxSurge": 0, "maxUnavailable": 1, "partition": 0},
        },
        "leaderWorkerTemplate": {
            "size": args.serving.nodes,
            "restartPolicy": "RecreateGroupOnPodRestart",
            "leaderTemplate": _near_each_other(wire(leader), args.name),
            "workerTemplate": _near_each_other(_without_server(wire(worker), args), args.name),
        },
    }


def _near_each_other(template: Template, model: str) -> Template:
    """The pods of a group in one zone where that is possible: activations cross the network for every token. Groups
    spread over nodes only as far as that leaves it."""
    term = {
        "topologyKey": _ZONE,
        "labelSelector": {"matchLabels": labels.selector_labels(model, SERVER_COMPONENT)},
        "matchLabelKeys": [_GROUP_LABEL],
    }
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    spec = template["spec"]
    changed = {
        "affinity": {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}},
        "topologySpreadConstraints": [
            rule for rule in spec["topologySpreadConstraints"] if rule["topologyKey"] != _ZONE
        ],
    }
    return template | {"spec": spec | changed}


def _without_server(template: Template, args: VllmModelArgs) -> Template:
    """A worker opens no HTTP port: it is ready when its leader answers, and stays until the leader has finished."""
    spec = template["spec"]
    server, *sidecars = spec["containers"]
    worker = {key: value for key, value in server.items() if key not in {"ports", "livenessProbe"}}
    periods = durations.startup_seconds(args.serving) // durations.PROBE_PERIOD
    worker |= {
        "startupProbe": _leader_answers(failures=periods),
        "readinessProbe": _leader_answers(failures=3),
        # The leader finishes requests that need every stage.
        "lifecycle": {"preStop": {"exec": {"command": ["python3", "-c", _WAIT_FOR_LEADER]}}},
    }
    return template | {"spec": spec | {"containers": [worker, *sidecars]}}


def _leader_answers(*, failures: int) -> dict[str, Any]:
    return {
        "exec": {"command": ["python3", "-c", _ASK_LEADER]},
        "periodSeconds": durations.PROBE_PERIOD,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }
