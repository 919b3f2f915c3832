"""Run by the pack's own Python: starts the pack as the engine does and asks it over gRPC.

Arguments: the pack's folder and the stack's name. Reads `{"resources": […], "config": {…}}` from standard input and
prints one JSON object: the pack's name, the levels of its policies and every diagnostic.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.policies.wire import analyze_requests, configuration, diagnostics, stack_request

_LARGEST = 256 * 1024 * 1024
"""Bytes of one message: the engine sends a whole stack in one."""


def _ask(analyzer: Any, request: dict[str, Any]) -> dict[str, Any]:
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty())
    if request.get("config"):
        analyzer.Configure(configuration(request["config"]))
    found: list[dict[str, Any]] = []
    for urn, single in analyze_requests(request["resources"]):
        found += diagnostics(analyzer.Analyze(single), urn)
    found += diagnostics(analyzer.AnalyzeStack(stack_request(request["resources"])), "")
    return {
        "name": info.name,
        "levels": {item.name: item.enforcementLevel == proto.MANDATORY for item in info.policies},
        "configurable": [item.name for item in info.policies if item.configSchema.properties],
        "diagnostics": found,
    }


def main(pack: Path, stack: str) -> dict[str, Any]:
    """Start the pack at `pack` for `stack` and ask it what standard input says."""
    request = json.load(sys.stdin)
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)]
    environment = {**os.environ, "PULUMI_STACK": stack}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=pack, env=environment) as process:
        try:
            assert process.stdout is not None
            address = f"127.0.0.1:{int(process.stdout.readline())}"
            limits = [("grpc.max_send_message_length", _LARGEST), ("grpc.max_receive_message_length", _LARGEST)]
            with grpc.insecure_channel(address, options=limits) as channel:
                return _ask(analyzer_pb2_grpc.AnalyzerStub(channel), request)
        finally:
            process.terminate()


sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
