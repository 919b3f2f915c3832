"""Run by the pack's own Python: starts the pack as the engine does and asks it over gRPC. Prints one JSON object."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc

pack = Path(sys.argv[1])
resource = json.loads(sys.argv[2])

with subprocess.Popen(
    [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)], stdout=subprocess.PIPE, cwd=pack
) as process:
    try:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            analyzer = analyzer_pb2_grpc.AnalyzerStub(channel)
            info = analyzer.GetAnalyzerInfo(empty_pb2.Empty())
            properties = json_format.ParseDict(resource["inputs"], struct_pb2.Struct())
            request = proto.AnalyzeRequest(
                type=resource["type"], urn=resource["urn"], name=resource["name"], properties=properties
            )
            answer = analyzer.Analyze(request)
    finally:
        process.terminate()

sys.stdout.write(
    json.dumps(
        {
            "name": info.name,
            "levels": {item.name: item.enforcementLevel == proto.MANDATORY for item in info.policies},
            "messages": [item.message for item in answer.diagnostics],
        }
    )
)
