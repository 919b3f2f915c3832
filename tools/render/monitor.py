"""The SDK's mock monitor, recording what the engine would be told about each resource."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor, Mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.sync_await import (
    _sync_await,  # pyright: ignore[reportPrivateUsage] # what MockMonitor itself does
)

from tools.render import answers, wire
from tools.render.errors import RenderError
from tools.render.event_loop import own_event_loop
from tools.render.random_values import RandomSource

STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True, kw_only=True)
class RecordedResource:
    """A resource as it was registered. `inputs` are camelCase, secrets wrapped (see `wire`)."""

    urn: str
    type: str
    name: str
    custom: bool
    inputs: dict[str, Any]
    parent: str
    provider: str
    depends_on: tuple[str, ...]
    protect: bool
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    aliases: tuple[str, ...]


class _NoMocks(Mocks):
    """The monitor answers everything itself."""

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        message = (
            f"unexpected invoke {args.token}: an invoke needs credentials and breaks offline previews; "
            "take the value from settings instead"
        )
        raise RenderError(message)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        message = f"unexpected read of {args.typ} {args.name}"
        raise RenderError(message)


@dataclass
class _Recording:
    resources: dict[str, RecordedResource] = field(default_factory=dict[str, RecordedResource])
    errors: list[RenderError] = field(default_factory=list[RenderError])
    aws_region: str | None = None


class RecordingMonitor(MockMonitor):
    """Records registrations, refuses duplicate URNs, missing providers and unknown invokes.

    `preview` tells the program whether values may be unknown to it.
    """

    preview = False

    def __init__(self, source: RandomSource) -> None:
        super().__init__(_NoMocks())
        self._source = source
        self._lock = threading.Lock()
        self._recording = _Recording()

    @property
    def recorded(self) -> tuple[RecordedResource, ...]:
        """All resources, sorted by URN: the order of registration is not deterministic."""
        return tuple(self._recording.resources[urn] for urn in sorted(self._recording.resources))

    @property
    def errors(self) -> tuple[RenderError, ...]:
        """Errors in the order they were met; the SDK wraps them in others on the way out."""
        return tuple(self._recording.errors)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the engine makes it: the types of all ancestors but the stack, joined by `$`."""
        stack, project = pulumi.get_stack(), pulumi.get_project()
        chain = parent.split("::")[2] if parent else STACK_TYPE
        qualified = type_ if chain == STACK_TYPE else f"{chain}${type_}"
        return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"

    def Invoke(self, request: Any) -> Any:  # noqa: N802 # the SDK's name
        """Refuse every invoke."""
        try:
            return super().Invoke(request)
        except RenderError as error:
            self._recording.errors.append(error)
            raise

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 # the SDK's name
        """Record one resource and answer as its provider would."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        with own_event_loop():
            inputs = wire.plain(rpc.deserialize_properties(request.object))
            identity, state = self.answer(urn, request, inputs)
            if answers.is_kubernetes_object(request.type):
                inputs = {**inputs, **state}
            self._record(_recorded(urn, request, inputs))
            self.resources[urn] = MockMonitor.ResourceRegistration(urn, identity, state)
            return resource_pb2.RegisterResourceResponse(
                urn=urn, id=identity, object=_sync_await(rpc.serialize_properties(state, {}))
            )

    def answer(self, urn: str, request: Any, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Id and outputs of a resource that was created; the id of a component is empty."""
        seen = {**self._defaults(request.type, inputs), **inputs}
        state = answers.answer(
            answers.Registration(urn=urn, type=request.type, name=request.name, inputs=seen, source=self._source)
        )
        return f"{request.name}-id" if request.custom else "", state

    def _defaults(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Properties that a resource takes from its provider: the region of AWS."""
        if type_ == "pulumi:providers:aws":
            self._recording.aws_region = inputs.get("region")
        if type_.startswith("aws:") and self._recording.aws_region:
            return {"region": self._recording.aws_region}
        return {}

    def _record(self, resource: RecordedResource) -> None:
        with self._lock:
            try:
                self._check(resource)
            except RenderError as error:
                self._recording.errors.append(error)
                raise
            self._recording.resources[resource.urn] = resource

    def _check(self, resource: RecordedResource) -> None:
        if resource.urn in self._recording.resources:
            message = f"duplicate URN {resource.urn}: give one of the two another logical name"
            raise RenderError(message)
        # The stacks disable default providers: the engine refuses such a resource at preview too.
        if resource.custom and not resource.provider and not resource.type.startswith("pulumi:"):
            message = f"{resource.urn} has no explicit provider: pass providers through its parent"
            raise RenderError(message)


def _recorded(urn: str, request: Any, inputs: dict[str, Any]) -> RecordedResource:
    return RecordedResource(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=inputs,
        parent=request.parent,
        provider=request.provider.split("::id-")[0].rsplit("::", 1)[0] if request.provider else "",
        depends_on=tuple(sorted(set(request.dependencies))),
        protect=bool(request.protect),
        retain_on_delete=bool(request.retainOnDelete),
        ignore_changes=tuple(request.ignoreChanges),
        aliases=tuple(sorted(_alias(alias) for alias in request.aliases)),
    )


def _alias(alias: Any) -> str:
    return alias.urn or f"{alias.spec.type}::{alias.spec.name}"
