"""A stand-in of the rate limit service: it writes down what proxies ask it to count, and refuses when told to.

The messages are Envoy's `envoy.service.ratelimit.v3` (rls.proto) and `envoy.extensions.common.ratelimit.v3`, described
here as far as the stand-in reads them.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from tools.simulator.ports import LOOPBACK

_OK, _OVER_LIMIT = 1, 2
Descriptors = list[list[tuple[str, str]]]


@dataclass
class CountingService:
    """`asked`: domain and descriptors (pairs of key and value) of each request so far."""

    address: str = ""
    refuses: bool = False
    asked: list[tuple[str, Descriptors]] = field(default_factory=list[tuple[str, Descriptors]])


@contextmanager
def counting_service() -> Generator[CountingService]:
    """The running service."""
    request_type, response_type = _messages()
    service = CountingService()

    def decide(request: Any, _context: grpc.ServicerContext) -> Any:
        found = [[(entry.key, entry.value) for entry in item.entries] for item in request.descriptors]
        service.asked.append((request.domain, found))
        return response_type(overall_code=_OVER_LIMIT if service.refuses else _OK)

    handler = grpc.unary_unary_rpc_method_handler(
        decide, request_deserializer=request_type.FromString, response_serializer=response_type.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    methods = grpc.method_handlers_generic_handler(
        "envoy.service.ratelimit.v3.RateLimitService", {"ShouldRateLimit": handler}
    )
    server.add_generic_rpc_handlers((methods,))
    service.address = f"{LOOPBACK}:{server.add_insecure_port(f'{LOOPBACK}:0')}"
    server.start()
    try:
        yield service
    finally:
        server.stop(grace=None).wait()


def _messages() -> tuple[Any, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="rls_stand_in.proto", package="stand_in", syntax="proto3")
    field_type = descriptor_pb2.FieldDescriptorProto

    def message(name: str, *fields: tuple[str, int, str | None, bool]) -> None:
        made = file.message_type.add(name=name)
        for label, number, of, repeated in fields:
            made.field.add(
                name=label,
                number=number,
                type=field_type.TYPE_MESSAGE if of else field_type.TYPE_STRING,
                type_name=f".stand_in.{of}" if of else None,
                label=field_type.LABEL_REPEATED if repeated else field_type.LABEL_OPTIONAL,
            )

    message("Entry", ("key", 1, None, False), ("value", 2, None, False))
    message("Descriptor", ("entries", 1, "Entry", True))
    message("Request", ("domain", 1, None, False), ("descriptors", 2, "Descriptor", True))
    response = file.message_type.add(name="Response")
    response.field.add(name="overall_code", number=1, type=field_type.TYPE_INT32, label=field_type.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    request, answer = (pool.FindMessageTypeByName(f"stand_in.{name}") for name in ("Request", "Response"))
    return message_factory.GetMessageClass(request), message_factory.GetMessageClass(answer)
