"""Model servers: the containers that run `vllm serve`, with their command line, variables and volumes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from weakref import WeakKeyDictionary

from policies.checks import guarded
from policies.fields import Field, MalformedError, any_known
from policies.findings import Outcome, Outcomes
from policies.pods import Container, Pod
from policies.quantities import quantity
from policies.registry import ObjectCheck
from policies.servers import VLLM, runs
from policies.subjects import Subject
from policies.vllm_command_line import CommandLine

SERVER = "vllm"
"""Name of the container, and first part of the image's own name."""

VARIABLE = "$("
"""How a text begins to take something from a variable (`$(NAME)`), which the kubelet puts in."""

GPU_PREFIXES = ("nvidia.com/gpu", "nvidia.com/mig-")
GROUP = ("leaderworkerset.x-k8s.io", "LeaderWorkerSet")


@dataclass(frozen=True, eq=False)
class ModelServer:
    """One container that runs `vllm serve`."""

    subject: Subject
    pod: Pod
    container: Container

    @cached_property
    def command(self) -> CommandLine:
        """Its arguments."""
        return CommandLine(self.container.field.at("args"))

    @property
    def arguments_path(self) -> str:
        """Where a missing argument belongs."""
        return self.container.field.at("args").path

    @property
    def name(self) -> str:
        """Name of the container."""
        return self.container.name

    def variable(self, name: str) -> Field | None:
        """The value of a variable, None when it is not set; a value from elsewhere (`valueFrom`, `$(OTHER)`) raises
        MalformedError: nobody can see it. The last of several counts."""
        entries = self.container.field.at("env").items()
        found: Field | None = None
        for entry in reversed(entries):
            # An unknown name may be the one that counts.
            if entry.at("name").text() == name:
                found = entry
                break
        if found is None:
            return None
        if found.at("valueFrom").present:
            raise MalformedError(found.at("valueFrom").path, f"{name} written out as a value")
        value = found.at("value")
        if VARIABLE in value.text():
            raise MalformedError(value.path, f"{name} written out, not taken from another variable")
        return value

    @property
    def variables_path(self) -> str:
        """Where a missing variable belongs."""
        return self.container.field.at("env").path

    def declared(self, key: str) -> Field:
        """An annotation of the workload."""
        return self.subject.root.at("metadata", "annotations", key)

    @property
    def nodes(self) -> int:
        """Nodes of one replica. Raises MalformedError when their number is none."""
        if not self.subject.is_a(*GROUP):
            return 1
        size = self.subject.root.at("spec", "leaderWorkerTemplate", "size")
        if not isinstance(size.value, int):
            raise MalformedError(size.path, "the number of nodes of a group")
        return size.value

    @property
    def gpus(self) -> int:
        """GPUs (slices, shares) of one pod."""
        limits = self.container.field.at("resources", "limits")
        return int(sum(quantity(item) or 0 for key, item in limits.entries() if key.startswith(GPU_PREFIXES)))


_SERVERS: WeakKeyDictionary[Subject, tuple[ModelServer, ...]] = WeakKeyDictionary()


def model_servers(subject: Subject) -> tuple[ModelServer, ...]:
    """The containers of `subject` that run `vllm serve`: in pods that serve a model, and in those that keep running
    vLLM's own image whatever they are labelled, those called `vllm`, of an image of that name, and with a GPU."""
    if subject not in _SERVERS:
        _SERVERS[subject] = tuple(
            ModelServer(subject, pod, container)
            for pod in subject.pods
            if pod.serves_model or _runs_servers(pod)
            for container in pod.containers
            if container.role == "containers" and _serves(container)
        )
    return _SERVERS[subject]


def _runs_servers(pod: Pod) -> bool:
    if pod.spec.at("restartPolicy").text() not in {"", "Always"}:
        return False
    return any_known(pod.containers, lambda found: found.role == "containers" and runs(found, VLLM))


def _serves(container: Container) -> bool:
    return any_known((_has_its_name, _asks_for_gpu, _has_its_image), lambda holds: holds(container))


def _has_its_name(container: Container) -> bool:
    return container.field.at("name").text() == SERVER


def _has_its_image(container: Container) -> bool:
    return container.field.at("image").text().rpartition("/")[2].startswith(SERVER)


def _asks_for_gpu(container: Container) -> bool:
    return any(key.startswith(GPU_PREFIXES) for key, _ in container.field.at("resources", "limits").entries())


def per_server(check: Callable[[ModelServer], Outcomes]) -> ObjectCheck:
    """Run `check` on every model server of a subject."""

    def of_subject(subject: Subject) -> Iterator[Outcome]:
        for server in model_servers(subject):
            inside = f"{server.container.field.path}."
            for outcome in guarded(check, server):
                yield replace(outcome, container=server.name) if outcome.path.startswith(inside) else outcome

    return lambda subject: guarded(of_subject, subject)


def set_on(variable: Field | None) -> bool:
    """Whether a variable switches something on: vLLM takes `0`, `false` and nothing as off."""
    return variable is not None and variable.text().strip().lower() not in {"", "0", "false"}
