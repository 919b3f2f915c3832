"""Rules on the GPUs themselves.

Metric names: NVIDIA DCGM exporter, `etc/dcp-metrics-included.csv`, the set that the GPU operator configures.
"""

from __future__ import annotations

from components.observability_stack.arguments import Triggers
from components.observability_stack.rules.rule import Alert, Record, RuleGroup

UTILISATION = "gpu:utilisation:ratio"
MEMORY = "gpu:memory_used:ratio"

HARDWARE_XIDS = (48, 62, 64, 74, 79, 95, 119, 120, 140)
"""XID codes after which the GPU must be reset or replaced, not the application: uncorrectable and uncontained memory
errors, failed row remapping, NVLink, GPU off the bus, GSP firmware. Source: NVIDIA, "XID Errors", catalogue."""

HOTTEST_CELSIUS = 85
"""Data-centre GPUs slow down a few degrees above (NVIDIA data sheets: slowdown at 87 to 92 °C)."""


def gpu_rules(triggers: Triggers) -> RuleGroup:
    """Rules of every GPU node.

    vLLM takes its whole share of a GPU's memory when it starts (`gpuMemoryUtilization`), so a memory limit below that
    share would always fire and says nothing about load: `triggers.gpu_memory_use` lies above it. What a load does to
    memory shows in the KV cache inside that share (ModelKvCacheNearlyFull).
    """
    hardware = " or ".join(f"DCGM_FI_DEV_XID_ERRORS == {code}" for code in HARDWARE_XIDS)
    return RuleGroup(
        name="gpus",
        rules=(
            # A GPU in MIG mode reports no GPU_UTIL; the profiling counter covers it.
            Record(
                name=UTILISATION,
                expression="(DCGM_FI_DEV_GPU_UTIL / 100) or DCGM_FI_PROF_GR_ENGINE_ACTIVE",
            ),
            Record(
                name=MEMORY,
                expression="DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)",
            ),
            Alert(
                name="GpuMetricsMissing",
                expression='absent(up{job="gpu"} == 1)',
                hold="15m",
                severity="warning",
                summary="No GPU node reports metrics",
                description="Prometheus reaches no DCGM exporter: faults of GPUs go unseen.",
            ),
            Alert(
                name="GpuHardwareError",
                expression=hardware,
                hold="0s",
                severity="critical",
                summary="GPU {{ $labels.gpu }} of {{ $labels.node }} reports XID {{ $value }}",
                description="The GPU needs a reset or a replacement: drain the node, restarting the pod does not help.",
            ),
            Alert(
                name="GpuRowRemapFailed",
                expression="DCGM_FI_DEV_ROW_REMAP_FAILURE > 0",
                hold="0s",
                severity="critical",
                summary="GPU {{ $labels.gpu }} of {{ $labels.node }} ran out of spare memory rows",
                description="The GPU can no longer replace faulty memory and is due for exchange.",
            ),
            Alert(
                name="GpuApplicationError",
                expression=(
                    f"((DCGM_FI_DEV_XID_ERRORS > 0) and changes(DCGM_FI_DEV_XID_ERRORS[15m]) > 0) unless ({hardware})"
                ),
                hold="0s",
                severity="warning",
                summary="GPU {{ $labels.gpu }} of {{ $labels.node }} reported an XID error",
                description="XID {{ $value }} is usually the program's fault, not the GPU's; the pod restarts.",
            ),
            Alert(
                name="GpuTemperatureHigh",
                expression=f"DCGM_FI_DEV_GPU_TEMP > {HOTTEST_CELSIUS}",
                hold="10m",
                severity="warning",
                summary="GPU {{ $labels.gpu }} of {{ $labels.node }} is hot",
                description="{{ $value }} °C; a few degrees above, the GPU lowers its clock and its models slow down.",
            ),
            Alert(
                name="GpuMemoryNearlyFull",
                expression=f"{MEMORY} > {triggers.gpu_memory_use:g}",
                hold="10m",
                severity="warning",
                summary="Memory of GPU {{ $labels.gpu }} of {{ $labels.node }} is nearly full",
                description="{{ $value | humanizePercentage }} in use: the next allocation may end the model server.",
            ),
            Alert(
                name="GpuSaturated",
                expression=f"avg by (modelName) ({UTILISATION}) > {triggers.gpu_use:g}",
                hold="1h",
                severity="warning",
                summary="All {{ $labels.modelName }} GPUs are busy",
                description="{{ $value | humanizePercentage }} on average for an hour: there is no room for more load.",
            ),
        ),
    )
