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

from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer

from policies import adapter
from policies.exceptions import load_exceptions
from policies.rules import REGISTRY
from tests.policies.wire import analyze_requests, configuration, diagnostics, stack_request


def _servicer(request: dict[str, Any]) -> _PolicyAnalyzerServicer:
    exceptions = ()
    if request.get("exceptions"):
        exceptions = load_exceptions(Path(request["exceptions"]), REGISTRY.exemptable)
    rules = adapter.policies(exceptions, date.fromisoformat(request["today"]), request["stack"])
    servicer = _PolicyAnalyzerServicer(adapter.NAME, "0.0.1", rules, EnforcementLevel.MANDATORY)
    servicer.Configure(configuration(request.get("config", {})), None)
    return servicer


def _judge(request: dict[str, Any]) -> list[dict[str, Any]]:
    servicer = _servicer(request)
    found: list[dict[str, Any]] = []
    for urn, single in analyze_requests(request["resources"]):
        found += diagnostics(servicer.Analyze(single, None), urn)
    return found + diagnostics(servicer.AnalyzeStack(stack_request(request["resources"]), None), "")


for line in sys.stdin:
    sys.stdout.write(json.dumps(_judge(json.loads(line))) + "\n")
    sys.stdout.flush()
