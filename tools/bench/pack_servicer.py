"""Run by the pack's own Python: how long the pack takes for a graph, through the SDK's analyzer servicer.

Arguments: a graph file, and the number of resources to repeat it to, each copy with namespaces, names and references of
its own (`large_stack.py`); without a number the graph is judged as it is, such as that of a thousand models
(`many_models.py`), which all lie in one namespace. Prints one JSON object: resources, seconds for the requests about
single resources, seconds for the one about the stack, and the peak memory in MiB. What the engine itself adds (about
30 ms a resource) is not part of it.
"""

# The SDK lives in the pack's own environment only, where the program's type checker does not look.
# pyright: reportMissingImports=false

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer

from policies import adapter
from policies.decoding import collect_rarely
from policies.exceptions import DEFAULT_PATH, load_exceptions
from policies.rules import REGISTRY
from tools.bench.large_stack import repeated

_KIB_PER_MIB = 1024


def _fields(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": record["type"],
        "urn": record["urn"],
        "name": record["name"],
        "properties": json_format.ParseDict(record["inputs"], struct_pb2.Struct()),
        "options": proto.AnalyzerResourceOptions(parent=record["parent"], protect=record["protect"]),
    }


def main(path: Path, count: int | None = None) -> dict[str, Any]:
    """Judge the graph at `path`, repeated to `count` resources."""
    records = json.loads(path.read_text(encoding="utf-8"))["resources"]
    if count is not None:
        records = repeated(records, count)
    collect_rarely()
    rules = adapter.policies(load_exceptions(DEFAULT_PATH, REGISTRY.exemptable), datetime.now(tz=UTC).date(), "bench")
    servicer = _PolicyAnalyzerServicer(adapter.NAME, "0.0.1", rules, EnforcementLevel.MANDATORY)
    single = [proto.AnalyzeRequest(**_fields(record)) for record in records]
    whole = proto.AnalyzeStackRequest(
        resources=[
            proto.AnalyzerResource(**_fields(record), parent=record["parent"], dependencies=record["dependsOn"])
            for record in records
        ]
    )
    started = time.perf_counter()
    for request in single:
        servicer.Analyze(request, None)
    between = time.perf_counter()
    servicer.AnalyzeStack(whole, None)
    return {
        "resources": len(records),
        "resource_seconds": between - started,
        "stack_seconds": time.perf_counter() - between,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KIB_PER_MIB,
    }


sys.stdout.write(json.dumps(main(Path(sys.argv[1]), *map(int, sys.argv[2:]))) + "\n")
