"""Resource records as the requests that the engine sends to a policy pack. Imported by the pack's own Python only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import proto

MANDATORY = ("resources-mandatory", "stack-mandatory", "parity-contract")
ADVISORY = ("resources-advisory", "stack-advisory")


def configuration(config: dict[str, Any]) -> Any:
    """As the engine configures the pack: the properties of every policy, and its level."""
    return proto.ConfigureAnalyzerRequest(
        policyConfig={
            name: proto.PolicyConfig(
                enforcementLevel=proto.MANDATORY if name in MANDATORY else proto.ADVISORY,
                properties=_properties(config.get(name, {})),
            )
            for name in (*MANDATORY, *ADVISORY)
        }
    )


def analyze_requests(resources: Iterable[dict[str, Any]]) -> Iterable[tuple[str, Any]]:
    """Every resource's URN, and its inputs by themselves."""
    return ((item["urn"], proto.AnalyzeRequest(**_fields(item, item["inputs"]))) for item in resources)


def stack_request(resources: Iterable[dict[str, Any]]) -> Any:
    """The stack of outputs; the inputs where a record names no outputs."""
    return proto.AnalyzeStackRequest(
        resources=[
            proto.AnalyzerResource(
                **_fields(item, item.get("outputs", item["inputs"])),
                parent=item["parent"],
                dependencies=item.get("dependsOn", []),
            )
            for item in resources
        ]
    )


def diagnostics(response: Any, urn: str) -> list[dict[str, Any]]:
    """What a response reports; `urn` is that of the resource asked about, empty for the stack."""
    return [
        {
            "policy": item.policyName,
            "mandatory": item.enforcementLevel == proto.MANDATORY,
            "message": item.message,
            "urn": item.urn or urn,
        }
        for item in response.diagnostics
    ]


def _fields(resource: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": resource["type"],
        "urn": resource["urn"],
        "name": resource["name"],
        "properties": _properties(properties),
        "options": proto.AnalyzerResourceOptions(parent=resource["parent"], protect=resource.get("protect", False)),
        "provider": _provider(resource.get("provider", "")),
    }


def _provider(urn: str) -> Any:
    if not urn:
        return None
    return proto.AnalyzerProviderResource(type=urn.split("::")[2].rpartition("$")[2], urn=urn, name=urn.split("::")[3])


def _properties(inputs: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(inputs, struct_pb2.Struct())
