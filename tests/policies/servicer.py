"""Run by the pack's own Python: judges what it reads on standard input through the SDK's analyzer servicer.

One JSON request per line, one JSON response per line. The servicer is the SDK's, with its real decoding, proxies,
unknown sentinels and secret wrappers; only the gRPC transport is left out.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer

from policies import adapter
from policies.exceptions import load_exceptions
from policies.rules import REGISTRY


def _servicer(request: dict[str, Any]) -> _PolicyAnalyzerServicer:
    exceptions = ()
    if request.get("exceptions"):
        exceptions = load_exceptions(Path(request["exceptions"]), REGISTRY.exemptable)
    rules = adapter.policies(exceptions, date.fromisoformat(request["today"]), request["stack"])
    return _PolicyAnalyzerServicer(adapter.NAME, "0.0.1", rules, EnforcementLevel.MANDATORY)


def _properties(inputs: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(inputs, struct_pb2.Struct())


def _fields(resource: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": resource["type"],
        "urn": resource["urn"],
        "name": resource["name"],
        "properties": _properties(properties),
    }


def _diagnostics(response: Any, urn: str) -> list[dict[str, Any]]:
    return [
        {
            "policy": item.policyName,
            "mandatory": item.enforcementLevel == proto.MANDATORY,
            "message": item.message,
            "urn": item.urn or urn,
        }
        for item in response.diagnostics
    ]


def _judge(request: dict[str, Any]) -> list[dict[str, Any]]:
    """As the engine does: the inputs of every resource by itself, then the stack of outputs (the inputs where a case
    names no outputs)."""
    servicer = _servicer(request)
    found: list[dict[str, Any]] = []
    for resource in request["resources"]:
        options = proto.AnalyzerResourceOptions(parent=resource["parent"])
        analyzed = servicer.Analyze(
            proto.AnalyzeRequest(**_fields(resource, resource["inputs"]), options=options), None
        )
        found += _diagnostics(analyzed, resource["urn"])
    records = [
        proto.AnalyzerResource(
            **_fields(resource, resource.get("outputs", resource["inputs"])), parent=resource["parent"]
        )
        for resource in request["resources"]
    ]
    return found + _diagnostics(servicer.AnalyzeStack(proto.AnalyzeStackRequest(resources=records), None), "")


for line in sys.stdin:
    sys.stdout.write(json.dumps(_judge(json.loads(line))) + "\n")
    sys.stdout.flush()
