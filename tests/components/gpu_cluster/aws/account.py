"""An account of AWS that a moto server on loopback plays, filled from the resources of a recorded program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from tools.render import answers, wire
from tools.render.graph import RenderedStack
from tools.render.monitor import RecordedResource
from tools.render.random_values import deterministic
from tools.render.substrate_answers import AWS_ACCOUNT


@dataclass(frozen=True, kw_only=True)
class Account:
    """`endpoint` is the server's URL, `program` what is created here. `known` maps what the recording monitor made up
    (ids, ARNs) to what AWS said.
    """

    endpoint: str
    region: str
    program: RenderedStack
    known: dict[str, str] = field(default_factory=dict[str, str])
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])

    def client(self, service: str, inputs: Mapping[str, Any] | None = None) -> Any:
        """A client in the region of `inputs`, or in the account's own."""
        region = str((inputs or {}).get("region") or self.region)
        if (service, region) not in self._clients:
            self._clients[service, region] = self._connect(service, region)
        return self._clients[service, region]

    def _connect(self, service: str, region: str) -> Any:
        client = boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )
        client.meta.events.register("before-send", _name_account)
        return client

    def asked(self, type_: str) -> int:
        """How many resources of `type_` (without `aws:`) the program has."""
        return sum(resource.type == f"aws:{type_}" for resource in self.program.resources)

    def create(self, resource: RecordedResource, call: Callable[[Account, Any], Mapping[str, Any]]) -> None:
        """Create `resource` by `call`, which returns outputs by path (`vpcConfig.id`); remember what AWS calls it."""
        made_up = self._made_up(resource)
        inputs = {"name": resource.name, "bucket": resource.name, "tags": {}} | wire.clear(resource.inputs)
        real = call(self, self.resolved(inputs))
        for path, value in real.items():
            before = _at(made_up, path)
            if before and before != value:
                self.known[str(before)] = str(value)

    def _made_up(self, resource: RecordedResource) -> dict[str, Any]:
        registration = answers.Registration(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            inputs={"region": self.region} | resource.inputs,
            source=deterministic,
        )
        return {**wire.clear(answers.answer(registration)), "id": f"{resource.name}-id"}

    def resolved(self, value: Any) -> Any:
        """`value` with the real ids and ARNs, inside longer texts too."""
        if isinstance(value, str):
            # Longest first: one name may be the beginning of another.
            for made_up in sorted(self.known, key=len, reverse=True):
                value = value.replace(made_up, self.known[made_up])
            return value
        if isinstance(value, dict):
            return {key: self.resolved(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        return value


def _name_account(request: Any, **_: object) -> None:
    """The account whose number stands in the documents, and not the one that moto takes by default."""
    request.headers["x-moto-account-id"] = AWS_ACCOUNT


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def in_order(rendered: RenderedStack) -> Iterator[RecordedResource]:
    """The AWS resources of `rendered`, each after what it depends on."""
    by_urn = {resource.urn: resource for resource in rendered.resources}
    done: set[str] = set()

    def visit(urn: str) -> Iterator[RecordedResource]:
        if urn in done or urn not in by_urn:
            return
        done.add(urn)
        for needed in by_urn[urn].depends_on:
            yield from visit(needed)
        if by_urn[urn].type.startswith("aws:"):
            yield by_urn[urn]

    for urn in by_urn:
        yield from visit(urn)
